use super::support::{MINUTE, START, World, draft, faults};
use entity::fault::Fault;
use entity::id_block;
use entity::job::JobState;
use entity::run::RunState;
use entity::run_by_job;
use scheduler::jobs::{self, JobDraft, JobFilter, JobOrder, JobPage};
use scheduler::runs::{self, RunFilter};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

async fn page(world: &World, order: JobOrder, after: Option<&str>) -> JobPage {
    jobs::list(&world.services, &world.root, &JobFilter::default(), order, after).await.unwrap()
}

fn names(page: &JobPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.name.as_str()).collect()
}

#[tokio::test]
async fn pages_follow_one_another_without_gaps_in_both_orders() {
    let world = World::new().await;
    for number in 0..120 {
        let state = if number % 3 == 0 { JobState::Stopped } else { JobState::On };
        world.job(&format!("job {number:03}"), state).await;
    }
    for order in [JobOrder::Name, JobOrder::NextFire] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = page(&world, order, after.as_deref()).await;
            seen.extend(page.rows.iter().map(|row| (row.next_at, row.name.clone())));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 120, "{order:?}");
        let mut sorted = seen.clone();
        match order {
            JobOrder::Name => sorted.sort_by(|a, b| a.1.cmp(&b.1)),
            JobOrder::NextFire => sorted.sort_by_key(|row| (row.0.is_none(), row.0)),
        }
        assert_eq!(seen, sorted, "{order:?}");
    }
}

#[tokio::test]
async fn a_place_that_nobody_gave_out_is_a_wrong_field() {
    let world = World::new().await;
    for after in ["", "x", "⏰", "WyJhIl0"] {
        let filter = JobFilter::default();
        let list = jobs::list(&world.services, &world.root, &filter, JobOrder::Name, Some(after)).await;
        assert_eq!(faults(list), [("after", Fault::Choice)]);
    }
}

#[tokio::test]
async fn filters_narrow_by_text_id_owner_state_namespace_and_executor() {
    let world = World::new().await;
    let first = world.job("Invoice 100%", JobState::On).await;
    let (other, _) = world.executor("other", "zeta").await;
    let mail = JobDraft {
        name: "mail".into(),
        description: "Reminders to customers".into(),
        owner: "Ada".into(),
        handler: "sendMail".into(),
        schedule: "0 30 7 ? * MON-FRI".into(),
        ..draft(other.id)
    };
    let mail = jobs::create(&world.services, &world.root, mail, JobState::Stopped).await.unwrap();
    let found = async |filter: JobFilter| {
        let page = jobs::list(&world.services, &world.root, &filter, JobOrder::Name, None).await.unwrap();
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let text = |text: &str| JobFilter { text: text.into(), ..Default::default() };
    assert_eq!(found(text("INVOICE")).await, [first.id]);
    assert_eq!(found(text("100%")).await, [first.id]);
    assert_eq!(found(text("sendmail")).await, [mail.id]);
    assert_eq!(found(text("reminders")).await, [mail.id]);
    assert_eq!(found(text("30 7")).await, [mail.id]);
    assert!(found(text(&mail.id.to_string())).await.contains(&mail.id));
    assert_eq!(found(text("' OR 1=1 --")).await, [] as [i32; 0]);
    assert_eq!(found(JobFilter { owner: "ada".into(), ..Default::default() }).await, [mail.id]);
    assert_eq!(found(JobFilter { state: Some(JobState::On), ..Default::default() }).await, [first.id]);
    assert_eq!(found(JobFilter { executor_id: Some(other.id), ..Default::default() }).await, [mail.id]);
    let namespace_id = Some(other.namespace_id);
    assert_eq!(found(JobFilter { namespace_id, ..Default::default() }).await, [mail.id]);
}

#[tokio::test]
async fn a_row_names_its_executor_and_next_fire() {
    let world = World::new().await;
    world.job("invoice", JobState::On).await;
    let page = page(&world, JobOrder::Name, None).await;
    let row = &page.rows[0];
    assert_eq!((row.app_name.as_str(), row.namespace.as_str()), ("worker", "default:default"));
    assert_eq!(row.next_at, Some(START + MINUTE));
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn the_last_twenty_runs_come_from_the_settled_and_the_unsettled_ones() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let neighbour = world.job("neighbour", JobState::On).await;
    let ended = |run: &mut entity::run::Model| {
        run.state = RunState::Succeeded;
        (run.sent_at, run.ended_at) = (Some(run.due_at), Some(run.due_at + 250));
    };
    let mut ids = Vec::new();
    for minute in 0..30 {
        ids.push(world.run(&job, START + minute * MINUTE, ended).await);
    }
    world.run(&neighbour, START, ended).await;
    let recent = async || {
        let detail = jobs::get(&world.services, &world.root, job.id).await.unwrap();
        detail.recent.into_iter().map(|run| (run.id, run.duration_ms())).collect::<Vec<_>>()
    };
    let expected: Vec<_> = ids.iter().rev().take(20).map(|id| (*id, Some(250))).collect();
    assert_eq!(recent().await, expected, "nothing is settled");
    settle(&world, &job, &ids[..20]).await;
    assert_eq!(recent().await, expected, "some are settled");
    let listed = page(&world, JobOrder::Name, None).await;
    assert_eq!(names(&listed), ["invoice", "neighbour"]);
    assert_eq!((listed.rows[0].recent.len(), listed.rows[1].recent.len()), (20, 1));
}

#[tokio::test]
async fn a_run_that_is_being_settled_is_listed_once() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let mut ids = Vec::new();
    for minute in 0..30 {
        ids.push(world.run(&job, START + minute * MINUTE, |_| ()).await);
    }
    let filter = RunFilter { job_id: Some(job.id), ..RunFilter::default() };
    let listed = async || {
        let page = runs::list(&world.services, &world.root, &filter, None).await.unwrap();
        page.rows.iter().map(|row| row.run.id).collect::<Vec<_>>()
    };
    let expected: Vec<i64> = ids.iter().rev().copied().collect();
    // Some are entered, and nothing says so yet: the pass goes on, or broke off there.
    enter(&world, &job, &ids[..10]).await;
    enter(&world, &job, &ids[25..]).await;
    assert_eq!(listed().await, expected);
    settle(&world, &job, &ids[10..25]).await;
    assert_eq!(listed().await, expected);
}

/// What the settle pass does with a slice of runs.
async fn enter(world: &World, job: &entity::job::Model, ids: &[i64]) {
    let transaction = world.services.db.begin().await.unwrap();
    for id in ids {
        let run = world.stored_run(*id).await;
        let row = run_by_job::ActiveModel { job_id: Set(job.id), due_at: Set(run.due_at), run_id: Set(*id) };
        run_by_job::Entity::insert(row).exec_without_returning(&transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// What the settle pass does with the first runs of a block.
async fn settle(world: &World, job: &entity::job::Model, ids: &[i64]) {
    enter(world, job, ids).await;
    let transaction = world.services.db.begin().await.unwrap();
    let end = ids.iter().max().unwrap() + 1;
    id_block::Entity::update_many()
        .col_expr(id_block::Column::SettledTo, Expr::value(end))
        .filter(id_block::Column::Start.lte(end))
        .exec(&transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn without_a_grant_the_list_is_empty() {
    let world = World::new().await;
    world.job("invoice", JobState::On).await;
    let stranger = world.stranger();
    let page =
        jobs::list(&world.services, &stranger, &JobFilter::default(), JobOrder::Name, None).await.unwrap();
    assert_eq!(page.rows, []);
}
