//! The engine's look at its own promises.

use crate::rows::job;
use crate::world::World;
use entity::user::UserRole;
use scheduler::authority::Caller;
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::engine::scan;
use scheduler::store::engine::Breaches;

#[tokio::test]
async fn a_fire_that_stays_unplanned_is_found_until_it_is_planned() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    assert_eq!(scan::tick(&server.shared).await.unwrap(), Some(Breaches::default()));
    world.clock.advance(16 * 60_000);
    let found = scan::tick(&server.shared).await.unwrap();
    assert_eq!(found, Some(Breaches { unplanned: 1, ..Breaches::default() }));
    assert_eq!(server.handle.status().breaches.unplanned, 1);
    let seen_by = |caller: &Caller| server.handle.broken_promises(caller).unwrap();
    let broken = seen_by(&Caller::operator()).unwrap();
    assert_eq!((broken.breaches.unplanned, broken.violations), (1, 0));
    let nobody = Caller { role: UserRole::Ordinary, ..Caller::operator() };
    assert_eq!(seen_by(&nobody), None);
    server.turn().await;
    scan::tick(&server.shared).await.unwrap();
    assert_eq!(server.handle.status().breaches, Breaches::default());
    assert_eq!(server.handle.broken_promises(&Caller::operator()).unwrap(), None);
}
