//! What is held in memory while a log of 100 MB is kept, shown, searched and downloaded: counted by the
//! allocator. One test, so that nobody else's allocations are counted.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]

#[cfg(test)]
#[path = "support/database.rs"]
mod database;

#[cfg(test)]
mod counting {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The system's allocator, and how much of it is in use.
    pub struct Counting;

    static HELD: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    static LARGEST: AtomicUsize = AtomicUsize::new(0);

    // SAFETY: it only hands on to the system's allocator.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
            MOST.fetch_max(held, Ordering::Relaxed);
            LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
            // SAFETY: the caller's promise is the system's.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            HELD.fetch_sub(layout.size(), Ordering::Relaxed);
            // SAFETY: the caller's promise is the system's.
            unsafe { System.dealloc(pointer, layout) }
        }
    }

    /// Counts from now on.
    pub fn begin() {
        MOST.store(HELD.load(Ordering::Relaxed), Ordering::Relaxed);
        LARGEST.store(0, Ordering::Relaxed);
    }

    /// By how many bytes more was held than when `before` bytes were, and the largest single piece.
    pub fn most_since(before: usize) -> (usize, usize) {
        (MOST.load(Ordering::Relaxed).saturating_sub(before), LARGEST.load(Ordering::Relaxed))
    }

    pub fn held() -> usize {
        HELD.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

#[cfg(test)]
mod log_memory {
    use super::counting;
    use super::database::Fresh;
    use async_trait::async_trait;
    use bytes::Bytes;
    use entity::log::Trouble;
    use entity::run::{Model as Run, RunKind, RunState};
    use futures::{StreamExt, TryStreamExt};
    use scheduler::Services;
    use scheduler::authority::Caller;
    use scheduler::clock::ManualClock;
    use scheduler::engine::dispatcher::LogBody;
    use scheduler::engine::ended::{Ended, EndedRun};
    use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
    use scheduler::jobs::{self, JobDraft};
    use scheduler::logs::keep::Keeper;
    use scheduler::logs::{Ask, LogSettings, Logs, Search};
    use scheduler::namespaces;
    use scheduler::rules::audit::Key;
    use scheduler::store::ids::RunIds;
    use sea_orm::{EntityTrait, IntoActiveModel};
    use std::sync::Arc;

    const LINES: i32 = 1_000_000;
    const LENGTH: usize = 100;
    /// What may be held beside what was held before.
    const MOST: usize = 10 << 20;
    const LARGEST: usize = 2 << 20;
    const NOW: i64 = 1_795_219_200_000;

    /// An executor that answers as Java does: all of the log at once.
    struct Java;

    #[async_trait]
    impl scheduler::logs::Origin for Java {
        async fn open(&self, _: &Run, from: i32) -> Result<LogBody, Trouble> {
            let head = format!(r#"{{"code":200,"content":{{"toLineNum":{LINES},"logContent":""#);
            let hundred = move |first: i32| {
                let lines = first..(first + 100).min(LINES + 1);
                lines.map(|line| format!("{line:0LENGTH$}\\n")).collect::<String>()
            };
            let pieces = (from..=LINES).step_by(100).map(hundred);
            let pieces = std::iter::once(head).chain(pieces).chain([r#""}}"#.to_owned()]);
            Ok(futures::stream::iter(pieces.map(|piece| Ok(Bytes::from(piece)))).boxed())
        }

        fn has_duties(&self) -> bool {
            true
        }
    }

    async fn ended_run(services: &Services) -> i64 {
        let (root, namespace) = (Caller::operator(), namespaces::ensure(services, "a", "b").await.unwrap());
        let edit = ExecutorEdit {
            app_name: "worker".to_owned(),
            title: "worker".to_owned(),
            registration: entity::executor::Registration::Automatic,
            addresses: String::new(),
            max_parallel: 0,
        };
        let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
        let (executor, _) = executors::create(services, &root, draft).await.unwrap();
        let draft = JobDraft::by_hand(executor.id, "big", "big");
        let job = jobs::create(services, &root, draft, entity::job::JobState::Stopped).await.unwrap();
        let id = services.run_ids.take_one().await.unwrap();
        let run = Run {
            kind: RunKind::Manual,
            state: RunState::Succeeded,
            live_bucket: None,
            instance_id: Some(1),
            ended_at: Some(NOW - 60_000),
            ..Run::waiting(id, &job, 1, NOW - 60_000)
        };
        let transaction = services.db.begin().await.unwrap();
        entity::run::Entity::insert(run.into_active_model())
            .exec_without_returning(&transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        id
    }

    #[track_caller]
    fn check(what: &str, before: usize) {
        let (most, largest) = counting::most_since(before);
        println!("{what}: {most} bytes held at most, {largest} in one piece");
        assert!(most < MOST && largest < LARGEST, "{what}: {most} held, {largest} in one piece");
    }

    #[tokio::test]
    async fn a_log_of_a_hundred_megabytes_does_not_move_the_memory() {
        let fresh = Fresh::sqlite().await;
        let db = fresh.databases.web.clone();
        let services = Services {
            run_ids: Arc::new(RunIds::new(db.clone())),
            db,
            clock: ManualClock::at(NOW),
            signals: Default::default(),
            audit: Arc::new(Key::new([7; 32])),
        };
        let id = ended_run(&services).await;
        let ended = Arc::new(Ended::default());
        let logs = Logs::new(services, Arc::new(Java), ended.clone(), LogSettings::default());
        let (root, search) = (Caller::operator(), Search { text: "99999".to_owned(), from: 1 });
        for kept in [false, true] {
            let before = counting::held();
            counting::begin();
            let view = logs.view(&root, id, Ask::Around(5_000)).await.unwrap();
            assert_eq!(view.pieces.len(), 1);
            drop(view);
            check("one part shown", before);
            drop(logs.view(&root, id, Ask::End).await.unwrap());
            check("the end shown", before);
            drop(logs.search(&root, id, &search).await.unwrap());
            check("searched", before);
            let mut text = Box::pin(logs.download(&root, id).await.unwrap());
            let mut bytes = 0;
            while let Some(piece) = text.try_next().await.unwrap() {
                bytes += piece.len();
            }
            drop(text);
            assert!(kept || bytes == LINES as usize * (LENGTH + 1), "{bytes}");
            check("downloaded", before);
            ended.offer(EndedRun { run_id: id, not_before: 0, tries: 0 }, false);
            let report = Keeper::new(logs.clone()).tick().await.unwrap();
            assert_eq!(report.kept, usize::from(!kept));
            check("kept", before);
        }
    }
}
