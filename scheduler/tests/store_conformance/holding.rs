//! What holds fires back.

use super::*;
use entity::calendar;

conform!(a_cursor_keeps_from_when_fires_are_held_and_may_move_without_a_row, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    let store = bench.store();
    let held = [Advance { held_from: Some(START + 200), ..advance(&one, START, vec![]) }];
    assert_eq!(store.plan(&authority, &held).await.unwrap().won, [1].into());
    let moved = &store.cursors_of(&[1]).await.unwrap()[0];
    assert_eq!((moved.next_at, moved.held_from), (Some(START + 1_000), Some(START + 200)));
    let free = [advance(&one, START + 1_000, vec![])];
    store.plan(&authority, &free).await.unwrap();
    assert_eq!(store.cursors_of(&[1]).await.unwrap()[0].held_from, None);
});

conform!(calendars_are_read_by_their_ids, async |bench: &Bench| {
    let calendar = |id: i32| calendar::Model {
        id,
        namespace_id: 1,
        name: format!("calendar {id}"),
        days: "sat\nsun".to_owned(),
        version: 3,
        created_at: START,
        updated_at: START,
        updated_by: None,
    };
    for id in [1, 2] {
        bench.put_calendar(calendar(id)).await;
    }
    assert_eq!(bench.store().calendars(&[2, 9]).await.unwrap(), [calendar(2)]);
    assert_eq!(bench.store().calendars(&[]).await.unwrap(), []);
});
