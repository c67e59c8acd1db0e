//! Rows as the services would have written them.

use crate::database::Fresh;
use entity::{calendar, executor, instance, job, job_child, job_cursor, run, run_text};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};

impl Fresh {
    pub async fn put_executor(&self, row: executor::Model) {
        self.put::<executor::Entity, _>(row.into_active_model().reset_all()).await;
    }

    pub async fn put_instance(&self, row: instance::Model) {
        self.put::<instance::Entity, _>(row.into_active_model().reset_all()).await;
    }

    pub async fn put_job(&self, job: job::Model, cursor: job_cursor::Model) {
        self.put::<job::Entity, _>(job.into_active_model().reset_all()).await;
        self.put::<job_cursor::Entity, _>(cursor.into_active_model().reset_all()).await;
    }

    pub async fn put_calendar(&self, row: calendar::Model) {
        self.put::<calendar::Entity, _>(row.into_active_model().reset_all()).await;
    }

    pub async fn put_child(&self, parent_id: i32, child_id: i32) {
        let link = job_child::Model { parent_id, child_id };
        self.put::<job_child::Entity, _>(link.into_active_model().reset_all()).await;
    }

    pub async fn put_run(&self, run: run::Model, parameter: Option<&str>) {
        if let Some(parameter) = parameter {
            let texts = run_text::ActiveModel {
                run_id: Set(run.id),
                parameter: Set(Some(parameter.to_owned())),
                started_by: Set(Some(1)),
                ended_by: Set(None),
                tries: Set(None),
                dispatch: Set(None),
                result: Set(None),
                late_result: Set(None),
            };
            self.put::<run_text::Entity, _>(texts).await;
        }
        self.put::<run::Entity, _>(run.into_active_model().reset_all()).await;
    }

    async fn put<E, A>(&self, row: A)
    where
        E: EntityTrait,
        A: ActiveModelTrait<Entity = E> + Send,
    {
        let transaction = self.databases.web.begin().await.unwrap();
        E::insert(row).exec_without_returning(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }
}
