//! Logs as they are kept, read, searched and deleted, against executors of any manners.

use super::log_origin::{Manners, Origin, log};
use super::support::{MINUTE, START, World};
use entity::job::JobState;
use entity::log::{LogState, Trouble};
use entity::run::RunState;
use entity::{Millis, job, log_part};
use scheduler::Error;
use scheduler::clock::Clock;
use scheduler::engine::ended::{Ended, EndedRun, Wanted};
use scheduler::logs::keep::{KeepReport, Keeper};
use scheduler::logs::retention::KeptLogs;
use scheduler::logs::{Ask, LogOf, LogSettings, LogView, Logs, Search};
use scheduler::retention::{self, RetentionEdit};
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, PaginatorTrait};
use std::sync::Arc;

/// A world whose executors have logs.
struct Library {
    world: World,
    origin: Arc<Origin>,
    ended: Arc<Ended>,
    logs: Logs,
    job: job::Model,
}

impl Library {
    async fn new() -> Self {
        Self::with(LogSettings::default()).await
    }

    async fn with(settings: LogSettings) -> Self {
        let world = World::new().await;
        let (origin, ended) = (Arc::new(Origin::default()), Arc::new(Ended::default()));
        let logs = Logs::new(world.services.clone(), origin.clone(), ended.clone(), settings);
        let job = world.job("invoice", JobState::On).await;
        world.clock.set(START + MINUTE);
        Self { world, origin, ended, logs, job }
    }

    /// A run that has ended, with this log at its executor.
    async fn run(&self, manners: Manners) -> i64 {
        self.run_that(RunState::Succeeded, manners).await
    }

    async fn run_that(&self, state: RunState, manners: Manners) -> i64 {
        let id = self
            .world
            .run(&self.job, START, |run| {
                (run.state, run.instance_id, run.ended_at) = (state, Some(1), Some(START));
                (run.slot, run.live_bucket) = (-run.id, None);
                run.attention = (state != RunState::Succeeded).then_some(run.executor_id);
            })
            .await;
        self.origin.set(id, manners);
        id
    }

    /// As if it had ended at this server just now.
    fn offer(&self, run_id: i64) {
        self.ended.offer(EndedRun { run_id, not_before: 0, tries: 0 }, false);
    }

    async fn keep(&self) -> KeepReport {
        Keeper::new(self.logs.clone()).tick().await.unwrap()
    }

    async fn kept(&self, manners: Manners) -> i64 {
        let id = self.run(manners).await;
        self.offer(id);
        assert_eq!(self.keep().await.kept, 1);
        id
    }

    async fn view(&self, id: i64, ask: Ask) -> LogView {
        self.logs.view(&self.world.root, id, ask).await.unwrap()
    }

    async fn found(&self, id: i64, text: &str, from: i32) -> (Vec<i32>, Option<i32>) {
        let search = Search { text: text.to_owned(), from };
        let found = self.logs.search(&self.world.root, id, &search).await.unwrap();
        (found.matches.iter().map(|found| found.line).collect(), found.next)
    }

    async fn text(&self, id: i64) -> String {
        use futures::TryStreamExt;
        let pieces: Vec<bytes::Bytes> =
            self.logs.download(&self.world.root, id).await.unwrap().try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    }

    async fn parts(&self) -> u64 {
        log_part::Entity::find().count(self.world.services.db.reader()).await.unwrap()
    }

    async fn row(&self, id: i64) -> Option<entity::log::Model> {
        entity::log::Entity::find_by_id(id).one(self.world.services.db.reader()).await.unwrap()
    }

    fn advance(&self, by: Millis) {
        self.world.clock.advance(by);
    }
}

/// First and last line of each piece.
fn shape(view: &LogView) -> Vec<(i32, i32)> {
    view.pieces.iter().map(|piece| (piece.first, piece.end() - 1)).collect()
}

#[tokio::test]
async fn a_log_is_readable_after_its_executor_is_gone() {
    let library = Library::new().await;
    let id = library.run(log(&["one", "two <b>", "三"])).await;
    library.offer(id);
    let before = library.view(id, Ask::End).await;
    assert_eq!((before.of, shape(&before)), (LogOf::Executor, vec![(1, 3)]));
    assert_eq!(library.keep().await, KeepReport { kept: 1, ..KeepReport::default() });
    library.origin.set(id, Manners::Gone);
    let after = library.view(id, Ask::End).await;
    assert_eq!((after.of, after.trouble), (LogOf::Kept(START + MINUTE), None));
    assert_eq!(after.pieces, before.pieces);
    assert_eq!(library.text(id).await, "one\ntwo <b>\n三\n");
}

#[tokio::test]
async fn a_second_collection_changes_nothing() {
    let library = Library::new().await;
    let id = library.run(log(&["once"])).await;
    for _ in 0..3 {
        library.offer(id);
    }
    assert_eq!(library.keep().await.kept, 1);
    library.offer(id);
    assert_eq!(library.keep().await, KeepReport::default());
    // Two servers at the same moment.
    let long = library.run(Manners::Long { lines: 40_000, page: 1_000 }).await;
    library.offer(long);
    let mut one = Keeper::new(library.logs.clone());
    let other_ended = Arc::new(Ended::default());
    let settings = LogSettings::default();
    let other =
        Logs::new(library.world.services.clone(), library.origin.clone(), other_ended.clone(), settings);
    other_ended.offer(EndedRun { run_id: long, not_before: 0, tries: 0 }, false);
    let mut two = Keeper::new(other);
    let (one, two) = tokio::join!(one.tick(), two.tick());
    let kept = [one, two].map(|tick| tick.map_or(0, |report| report.kept));
    assert_eq!(kept.iter().sum::<usize>(), 1, "{kept:?}");
    assert_eq!(shape(&library.view(long, Ask::End).await), [(39_001, 40_000)]);
    assert_eq!(library.parts().await as i64, 1 + library.parts_of(long).await);
}

impl Library {
    async fn parts_of(&self, id: i64) -> i64 {
        use sea_orm::{ColumnTrait, QueryFilter};
        let claim = self.row(id).await.unwrap().claim;
        let own = log_part::Entity::find().filter(log_part::Column::RunId.eq(id));
        own.filter(log_part::Column::Claim.eq(claim)).count(self.world.services.db.reader()).await.unwrap()
            as i64
    }
}

#[tokio::test]
async fn any_part_of_a_long_log_is_shown_and_the_rest_is_a_link_away() {
    let library = Library::new().await;
    let id = library.run(Manners::Long { lines: 50_000, page: 10_000 }).await;
    library.offer(id);
    for of in [false, true] {
        let end = library.view(id, Ask::End).await;
        assert_eq!((shape(&end), end.has_later, end.next), (vec![(49_001, 50_000)], false, 50_001));
        let middle = library.view(id, Ask::Around(20_000)).await;
        assert_eq!((shape(&middle), middle.has_later, middle.next), (vec![(19_900, 20_899)], true, 20_900));
        assert_eq!(middle.pieces[0].lines[100], "line 20000");
        assert_eq!(shape(&library.view(id, Ask::Before(19_900)).await), [(18_900, 19_899)]);
        assert_eq!(matches!(end.of, LogOf::Kept(_)), of);
        library.keep().await;
    }
}

#[tokio::test]
async fn of_a_log_that_is_too_long_the_beginning_and_the_end_are_kept() {
    let library = Library::with(LogSettings { run_bytes: 2 << 20, ..LogSettings::default() }).await;
    let id = library.kept(Manners::Long { lines: 1_000_000, page: 1_000_000 }).await;
    let row = library.row(id).await.unwrap();
    assert_eq!((row.state, row.last_line, row.trouble), (LogState::Kept, 1_000_000, None));
    assert!(library.parts().await <= 9);
    assert_eq!(shape(&library.view(id, Ask::End).await), [(999_001, 1_000_000)]);
    assert_eq!(shape(&library.view(id, Ask::Around(1)).await), [(1, 900)]);
    let text = library.text(id).await;
    assert!(text.len() < 3 << 20);
    assert_eq!(text.matches("are left out]").count(), 1);
    assert!(text.starts_with("line 1\n") && text.ends_with("line 1000000\n"));
}

#[tokio::test]
async fn matching_lines_are_found_with_their_numbers_kept_or_not() {
    let library = Library::new().await;
    let id = library.run(Manners::Long { lines: 30_000, page: 7_000 }).await;
    library.offer(id);
    for _ in 0..2 {
        let expected: Vec<i32> = [2_999].into_iter().chain(29_990..30_000).collect();
        assert_eq!(library.found(id, "LINE 2999", 1).await, (expected, None));
        let (first, next) = library.found(id, "line", 5).await;
        assert_eq!((first.len(), first[0], next), (200, 5, Some(205)));
        assert_eq!(library.found(id, "nothing", 1).await, (vec![], None));
        library.keep().await;
    }
}

#[tokio::test]
async fn whoever_may_not_see_the_run_reads_nothing() {
    let library = Library::new().await;
    let id = library.kept(log(&["secret"])).await;
    let stranger = library.world.stranger();
    let search = Search { text: "secret".to_owned(), from: 1 };
    assert!(matches!(library.logs.view(&stranger, id, Ask::End).await, Err(Error::NotFound("run"))));
    assert!(matches!(library.logs.search(&stranger, id, &search).await, Err(Error::NotFound("run"))));
    assert!(matches!(library.logs.download(&stranger, id).await.err(), Some(Error::NotFound("run"))));
    assert!(matches!(library.logs.follow(&stranger, id, 1).await.err(), Some(Error::NotFound("run"))));
}

#[tokio::test]
async fn failed_runs_go_first_and_no_more_than_allowed_in_a_tick() {
    let library = Library::with(LogSettings { per_second: 2, ..LogSettings::default() }).await;
    for _ in 0..3 {
        let id = library.run(log(&["fine"])).await;
        library.offer(id);
    }
    let failed = library.run_that(RunState::Failed, log(&["bad"])).await;
    library.ended.offer(EndedRun { run_id: failed, not_before: 0, tries: 0 }, true);
    let mut keeper = Keeper::new(library.logs.clone());
    assert_eq!(keeper.tick().await.unwrap().kept, 2);
    assert!(library.row(failed).await.is_some());
    assert_eq!(keeper.tick().await.unwrap().kept, 2);
}

#[tokio::test]
async fn what_was_left_out_is_found_by_a_sweep_and_by_whoever_looks_at_it() {
    let library = Library::new().await;
    let (swept, young) = (library.run(log(&["x"])).await, library.run(log(&["y"])).await);
    // A start: nothing has been noted.
    let mut keeper = Keeper::new(library.logs.clone());
    assert_eq!(keeper.tick().await.unwrap().kept, 2);
    assert!(library.row(swept).await.is_some() && library.row(young).await.is_some());
    let looked_at = library.run(log(&["z"])).await;
    assert_eq!(keeper.tick().await.unwrap(), KeepReport::default());
    library.view(looked_at, Ask::End).await;
    assert_eq!(keeper.tick().await.unwrap().kept, 1);
}

#[tokio::test]
async fn where_only_failures_are_kept_nothing_else_is() {
    let library = Library::with(LogSettings { keep: Wanted::Failed, ..LogSettings::default() }).await;
    let (fine, bad) =
        (library.run(log(&["x"])).await, library.run_that(RunState::TimedOut, log(&["y"])).await);
    library.view(fine, Ask::End).await;
    assert_eq!(library.keep().await.kept, 1);
    assert!(library.row(fine).await.is_none() && library.row(bad).await.is_some());
}

#[tokio::test]
async fn an_executor_without_logs_is_asked_once() {
    let library = Library::new().await;
    let id = library.run(Manners::Serves(r#"{"code":200,"content":null}"#.into())).await;
    library.offer(id);
    assert_eq!(library.keep().await.none, 1);
    let asked = library.origin.asked();
    library.offer(id);
    assert_eq!(library.keep().await, KeepReport::default());
    assert_eq!(library.origin.asked(), asked);
    assert!(library.view(id, Ask::End).await.has_no_log);
}

#[tokio::test]
async fn an_executor_that_does_not_answer_is_asked_again_and_then_left() {
    let library = Library::new().await;
    let id = library.run(Manners::Silent).await;
    library.offer(id);
    let mut keeper = Keeper::new(library.logs.clone());
    for _ in 0..2 {
        assert_eq!(keeper.tick().await.unwrap().postponed, 1);
        assert_eq!(keeper.tick().await.unwrap(), KeepReport::default(), "not at once");
        library.advance(MINUTE);
    }
    assert_eq!(keeper.tick().await.unwrap().left, 1);
    assert!(library.row(id).await.is_none());
}

#[tokio::test]
async fn old_logs_go_and_the_oldest_where_all_take_too_much() {
    const DAY: Millis = 86_400_000;
    let library = Library::new().await;
    assert_eq!(library.logs.kept(), None, "nobody has looked yet");
    assert_eq!(library.logs.count_kept().await.unwrap(), KeptLogs::default());
    let old = library.kept(log(&["old"])).await;
    let kept_at = library.row(old).await.unwrap().kept_at;
    library.advance(DAY);
    let young = library.kept(Manners::Long { lines: 100_000, page: 100_000 }).await;
    let stored = library.row(old).await.unwrap().stored + library.row(young).await.unwrap().stored;
    let expected = KeptLogs { logs: 2, bytes: stored, oldest: Some(kept_at) };
    assert_eq!(library.logs.count_kept().await.unwrap(), expected);
    assert_eq!(library.logs.kept(), Some(expected));
    let now = library.world.clock.now();
    assert_eq!(library.logs.delete_old(now).await.unwrap(), 0);
    assert_eq!(library.logs.delete_old(now + 29 * DAY + 1).await.unwrap(), 1);
    assert!(library.row(old).await.is_none() && library.row(young).await.is_some());
    assert!(!library.view(young, Ask::End).await.pieces.is_empty());
    let services = &library.world.services;
    let policy = retention::current(services).await.unwrap();
    let tight = RetentionEdit { log_mib: 1, ..RetentionEdit::from(&policy) };
    retention::edit(services, &library.world.root, 0, &tight).await.unwrap();
    assert_eq!(library.logs.delete_old(now).await.unwrap(), 0, "there is room for it");
    let transaction = services.db.begin().await.unwrap();
    let grown =
        entity::log::Entity::update_many().col_expr(entity::log::Column::Stored, Expr::value(2 << 20));
    grown.exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(library.logs.delete_old(now).await.unwrap(), 1);
    assert_eq!(library.parts().await, 0);
}

#[tokio::test]
async fn what_a_server_left_behind_amid_a_log_is_kept_anew() {
    let library = Library::new().await;
    let id = library.run(log(&["a", "b"])).await;
    library.world.begun_log(id, START).await;
    library.offer(id);
    assert_eq!(library.keep().await, KeepReport::default(), "its server may still be at it");
    assert_eq!(library.view(id, Ask::End).await.of, LogOf::Executor);
    library.advance(20 * MINUTE);
    library.offer(id);
    assert_eq!(library.keep().await.kept, 1);
    assert_eq!((library.text(id).await.as_str(), library.parts().await), ("a\nb\n", 1));
}

#[tokio::test]
async fn executors_without_manners_are_bounded_and_explained() {
    let library = Library::new().await;
    let chunk = |to: i64, content: &str| {
        Manners::Serves(
            serde_json::json!({ "code": 200, "content": { "toLineNum": to, "logContent": content, "isEnd": false } })
                .to_string(),
        )
    };
    for (manners, expected, trouble) in [
        // The same text whatever is asked for.
        (chunk(2, "fixed\ntext\n"), vec![(1, 2)], None),
        (chunk(0, "no file"), vec![], None),
        (chunk(i64::from(i32::MAX), "x\n"), vec![(1, 1)], Some(Trouble::Stuck { line: 1 })),
        (
            Manners::Serves(r#"{"code":500,"msg":"Log not found"}"#.into()),
            vec![],
            Some(Trouble::Refused { text: "Log not found".into() }),
        ),
        (
            Manners::Serves("<html>502</html>".into()),
            vec![],
            Some(Trouble::Refused { text: "<html>502</html>".into() }),
        ),
        (Manners::Gone, vec![], Some(Trouble::Gone)),
    ] {
        let id = library.run(manners).await;
        let view = library.view(id, Ask::End).await;
        assert_eq!((shape(&view), view.trouble), (expected, trouble));
    }
}

#[tokio::test]
async fn an_answer_without_end_and_a_line_without_end_are_not_heard_out() {
    let library = Library::new().await;
    let endless = library.run(Manners::Endless { line: 10_000 }).await;
    let view = library.view(endless, Ask::End).await;
    assert_eq!(view.trouble, Some(Trouble::TooMuch { bytes: 64 << 20 }));
    assert_eq!(
        (view.pieces.iter().map(|piece| piece.lines.len()).sum::<usize>(), view.has_later),
        (52, true)
    );
    let line = library.run(Manners::Endless { line: 1 << 30 }).await;
    let view = library.view(line, Ask::End).await;
    assert_eq!(shape(&view), [(1, 1)]);
    let shown = &view.pieces[0].lines[0];
    assert!(shown.len() < 70_000 && shown.ends_with("more bytes]"), "{}", shown.len());
    assert!(library.origin.sent() < 300 << 20, "{}", library.origin.sent());
}

#[tokio::test]
async fn an_executor_that_never_says_the_end_is_left_at_a_stated_size() {
    let library = Library::with(LogSettings { run_bytes: 1 << 20, ..LogSettings::default() }).await;
    let id = library.kept(Manners::Endless { line: 10_000 }).await;
    let row = library.row(id).await.unwrap();
    assert_eq!(row.trouble.as_deref(), Some(r#"{"is":"too_much","bytes":268435456}"#));
    assert!(library.parts().await <= 6);
    assert_eq!(library.view(id, Ask::End).await.trouble, Some(Trouble::TooMuch { bytes: 256 << 20 }));
}
