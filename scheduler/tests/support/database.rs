//! A database of its own for each test, on each backend that can be had.

use entity::{executor, instance, job, job_cursor, run, run_text};
use scheduler::store::{Databases, schema};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Set};
use tempfile::TempDir;

/// A migrated, empty database that is gone when the test ends.
pub struct Fresh {
    pub databases: Databases,
    _folder: Option<TempDir>,
}

impl Fresh {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("orrery.db").display());
        Self { _folder: Some(folder), ..Self::at(&url).await }
    }

    /// The database of this URL, which is empty.
    pub async fn at(url: &str) -> Self {
        let databases = Databases::connect(url).await.unwrap();
        schema::up(&databases.engine).await.unwrap();
        Self { databases, _folder: None }
    }

    /// A new database on the server of this URL.
    pub async fn on_server(server: &str) -> Self {
        let admin = Databases::connect(server).await.unwrap();
        let name = format!("orrery_test_{:x}", rand::random::<u64>());
        admin.web.reader().execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        let (base, query) = server.split_once('?').map_or((server, None), |(a, b)| (a, Some(b)));
        let (base, _) = base.rsplit_once('/').unwrap();
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Self::at(&format!("{base}/{name}{query}")).await
    }

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

    pub async fn put_run(&self, run: run::Model, parameter: Option<&str>) {
        if let Some(parameter) = parameter {
            let texts = run_text::ActiveModel {
                run_id: Set(run.id),
                parameter: Set(Some(parameter.to_owned())),
                started_by: Set(Some(1)),
                ended_by: Set(None),
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
