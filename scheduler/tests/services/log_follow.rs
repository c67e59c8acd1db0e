//! Following a log: one question at a time to its executor, however many follow.

use super::log_origin::{Manners, Origin, log};
use super::support::{MINUTE, START, World};
use entity::job::JobState;
use entity::log::Trouble;
use entity::run::{self, RunState};
use scheduler::engine::ended::Ended;
use scheduler::logs::follow::{Follower, News};
use scheduler::logs::{LogSettings, Logs};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use std::sync::Arc;
use std::time::Duration;

struct Followed {
    world: World,
    origin: Arc<Origin>,
    logs: Logs,
    id: i64,
}

impl Followed {
    /// A run that goes on, with this log at its executor.
    async fn new(manners: Manners) -> Self {
        let world = World::new().await;
        let (origin, ended) = (Arc::new(Origin::default()), Arc::new(Ended::default()));
        let settings = LogSettings { poll: Duration::from_millis(5), ..LogSettings::default() };
        let logs = Logs::new(world.services.clone(), origin.clone(), ended, settings);
        let job = world.job("invoice", JobState::On).await;
        let running = |run: &mut run::Model| (run.state, run.instance_id) = (RunState::Running, Some(1));
        let id = world.run(&job, START, running).await;
        origin.set(id, manners);
        Self { world, origin, logs, id }
    }

    async fn follow(&self, from: i32) -> Follower {
        self.logs.follow(&self.world.root, self.id, from).await.unwrap()
    }

    /// The run ends, and its last lines have been written.
    async fn end(&self) {
        let row = self.world.stored_run(self.id).await.into_active_model();
        let ended = run::ActiveModel {
            state: Set(RunState::Failed),
            ended_at: Set(Some(START)),
            live_bucket: Set(None),
            ..row
        };
        let transaction = self.world.services.db.begin().await.unwrap();
        ended.reset_all().update(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        self.world.clock.set(START + MINUTE);
    }
}

/// The lines that come until so many have come.
async fn lines(follower: &mut Follower, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    while lines.len() < count {
        if let News::Lines(some) = follower.next().await.unwrap() {
            lines.extend(some.lines);
        }
    }
    lines
}

/// Everything else until nothing more comes.
async fn rest(follower: &mut Follower) -> Vec<News> {
    let mut rest = Vec::new();
    while let Some(news) = follower.next().await {
        rest.push(news);
    }
    rest
}

#[tokio::test]
async fn each_line_reaches_everybody_who_follows_and_the_end_says_that_it_is_one() {
    let followed = Followed::new(log(&["1", "2"])).await;
    let (mut one, mut two) = (followed.follow(1).await, followed.follow(2).await);
    assert_eq!(lines(&mut one, 2).await, ["1", "2"]);
    assert_eq!(lines(&mut two, 1).await, ["2"]);
    followed.origin.set(followed.id, log(&["1", "2", "3"]));
    assert_eq!(lines(&mut one, 1).await, ["3"]);
    assert_eq!(lines(&mut two, 1).await, ["3"]);
    followed.end().await;
    let end = vec![News::State(RunState::Failed), News::Over(None)];
    assert_eq!((rest(&mut one).await, rest(&mut two).await), (end.clone(), end));
}

#[tokio::test]
async fn however_many_follow_one_question_is_under_way_and_none_once_they_left() {
    let followed = Followed::new(log(&["1"])).await;
    followed.origin.hold(true);
    let mut followers = vec![followed.follow(1).await, followed.follow(1).await, followed.follow(1).await];
    followed.origin.until_waiting(1).await;
    assert_eq!((followed.logs.followed(), followed.origin.asked()), (1, 1));
    followed.origin.hold(false);
    for follower in &mut followers {
        assert_eq!(lines(follower, 1).await, ["1"]);
    }
    followed.origin.hold(true);
    followed.origin.until_waiting(1).await;
    followers.truncate(1);
    assert_eq!(followed.logs.followed(), 1);
    followers.clear();
    followed.origin.until_waiting(0).await;
    assert_eq!(followed.logs.followed(), 0);
}

#[tokio::test]
async fn whoever_comes_back_goes_on_where_they_were() {
    let followed = Followed::new(Manners::Long { lines: 100, page: 100 }).await;
    let mut first = followed.follow(1).await;
    assert_eq!(lines(&mut first, 100).await.len(), 100);
    let mut again = followed.follow(96).await;
    assert_eq!(lines(&mut again, 5).await, ["line 96", "line 97", "line 98", "line 99", "line 100"]);
}

#[tokio::test]
async fn an_executor_that_is_silent_for_a_while_is_told_of_and_followed_on() {
    let followed = Followed::new(Manners::Silent).await;
    let mut follower = followed.follow(1).await;
    let trouble = Trouble::Silent { text: "time-out".to_owned() };
    assert_eq!(follower.next().await, Some(News::State(RunState::Running)));
    assert_eq!(follower.next().await, Some(News::Trouble(Some(trouble))));
    followed.origin.set(followed.id, log(&["after all"]));
    assert_eq!(lines(&mut follower, 1).await, ["after all"]);
    assert_eq!(follower.next().await, Some(News::Trouble(None)));
}

#[tokio::test]
async fn the_end_of_a_run_whose_instance_is_gone_says_so() {
    let followed = Followed::new(Manners::Gone).await;
    let mut follower = followed.follow(1).await;
    followed.end().await;
    assert_eq!(rest(&mut follower).await.pop(), Some(News::Over(Some(Trouble::Gone))));
}

#[tokio::test]
async fn an_executor_that_does_not_advance_is_not_asked_for_ever() {
    let text = r#"{"code":200,"content":{"toLineNum":2147483647,"logContent":"x\n"}}"#;
    let followed = Followed::new(Manners::Serves(text.to_owned())).await;
    let mut follower = followed.follow(1).await;
    let last = rest(&mut follower).await.pop();
    assert!(matches!(last, Some(News::Over(Some(Trouble::Stuck { .. })))), "{last:?}");
}
