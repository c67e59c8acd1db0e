//! The other servers as this one sees them, on its own clock, and what to do about them and about the
//! buckets.
//!
//! Buckets go to *candidates*, each to the one that [`server_for`] names. A newcomer is a candidate once it
//! has lived for a whole lease, so that servers that come and go every few seconds move nothing; whoever owns
//! a bucket is one, so that every server names the same. Where servers differ about the candidates for a
//! while, a bucket still comes to rest: each giver that takes part itself gives to a heavier one.

use crate::engine::settings::{renewal_of, silence_of};
use crate::rules::bucket::server_for;
use crate::store::engine::{Assignment, Lease, Renewal};
use entity::bucket::Model as Bucket;
use entity::server::{Model as Server, ServerState};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// How long a free bucket is left to the server it is meant for; then anybody may take it.
const COURTESY: Duration = Duration::from_secs(2);

/// What was seen of the others and of free buckets, and when. Instants are this machine's.
#[derive(Debug)]
pub struct Neighbours {
    joined_at: Instant,
    others: HashMap<i32, Seen>,
    /// Buckets without a living owner, and since when they are.
    free: HashMap<i16, Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    incarnation: i64,
    counter: i64,
    /// Since when the counter stands there.
    still_since: Instant,
    /// Since when this life is known.
    known_since: Instant,
}

/// After how long a server that does not move is dead, and after how much longer its buckets are taken.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub ttl: Duration,
    pub grace: Duration,
    /// After how long it is given nothing any more.
    pub silence: Duration,
}

impl Patience {
    /// By its own lease: until that is over it may still send.
    fn with(self, server: &Server) -> Self {
        match u64::try_from(server.lease_ms) {
            Ok(ms) if ms > 0 => {
                let ttl = Duration::from_millis(ms);
                Self { ttl, silence: silence_of(renewal_of(ttl)), ..self }
            }
            _ => self,
        }
    }
}

/// What to do about the others and the buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    pub depose: Vec<Server>,
    pub take: Vec<Assignment>,
    /// Own buckets that are meant for others.
    pub give: Vec<Assignment>,
}

impl Neighbours {
    pub fn new(joined_at: Instant) -> Self {
        Self { joined_at, others: HashMap::new(), free: HashMap::new() }
    }

    /// Notes what a renewal found.
    pub fn note(&mut self, own: Lease, renewal: &Renewal, now: Instant) {
        let is_other = |server: &&Server| server.state.is_alive() && server.id != own.server_id;
        let others: HashMap<i32, &Server> =
            renewal.servers.iter().filter(is_other).map(|server| (server.id, server)).collect();
        self.others
            .retain(|id, seen| others.get(id).is_some_and(|server| server.incarnation == seen.incarnation));
        for (id, server) in &others {
            let Server { incarnation, counter, .. } = **server;
            let fresh = Seen { incarnation, counter, still_since: now, known_since: now };
            let seen = self.others.entry(*id).or_insert(fresh);
            if seen.counter != counter {
                (seen.counter, seen.still_since) = (counter, now);
            }
        }
        let is_free = |bucket: &&Bucket| {
            bucket.owner.is_none_or(|owner| owner != own.server_id && !others.contains_key(&owner))
        };
        let free: HashSet<i16> = renewal.buckets.iter().filter(is_free).map(|bucket| bucket.id).collect();
        self.free.retain(|id, _| free.contains(id));
        for id in free {
            self.free.entry(id).or_insert(now);
        }
    }

    /// What follows from what was noted.
    pub fn moves(&self, own: Lease, renewal: &Renewal, patience: Patience, now: Instant) -> Moves {
        let is_still = |server: &&Server| {
            let seen = self.others.get(&server.id);
            let Patience { ttl, grace, .. } = patience.with(server);
            seen.is_some_and(|seen| now.saturating_duration_since(seen.still_since) >= ttl + grace)
        };
        let depose: Vec<Server> = renewal.servers.iter().filter(is_still).cloned().collect();
        let candidates = self.candidates(own, renewal, patience, now);
        let is_meant_to_take = candidates.contains(&own.server_id) || takes_part(own, renewal);
        let mut moves = Moves { depose, ..Moves::default() };
        for bucket in &renewal.buckets {
            let Some(meant) = server_for(bucket.id, &candidates) else { continue };
            let to = |owner| Assignment { bucket: bucket.id, seen: bucket.epoch, owner };
            match self.free.get(&bucket.id) {
                Some(since)
                    if meant == own.server_id
                        || is_meant_to_take && now.saturating_duration_since(*since) >= COURTESY =>
                {
                    moves.take.push(to(own.server_id));
                }
                None if bucket.owner == Some(own.server_id) && meant != own.server_id => {
                    moves.give.push(to(meant));
                }
                _ => {}
            }
        }
        moves
    }

    /// Who is to share the buckets. Where nobody would, all that live. Never who has missed a renewal: it may
    /// be dead, and what it is given would be late.
    fn candidates(&self, own: Lease, renewal: &Renewal, patience: Patience, now: Instant) -> Vec<i32> {
        let owners: HashSet<i32> = renewal.buckets.iter().filter_map(|bucket| bucket.owner).collect();
        let known_since = |id: i32| match id == own.server_id {
            true => Some(self.joined_at),
            false => self.others.get(&id).map(|seen| seen.known_since),
        };
        let is_settled = |id: i32| {
            let long = |since: Instant| now.saturating_duration_since(since) >= patience.ttl;
            owners.contains(&id) || known_since(id).is_some_and(long)
        };
        let is_silent = |server: &Server| {
            let (seen, silence) = (self.others.get(&server.id), patience.with(server).silence);
            seen.is_some_and(|seen| now.saturating_duration_since(seen.still_since) >= silence)
        };
        let is_there = |server: &&Server| server.state.is_alive() && !is_silent(server);
        let alive = || renewal.servers.iter().filter(is_there);
        let ready = || alive().filter(|server| server.state == ServerState::Live);
        let choices = [
            ready().filter(|server| is_settled(server.id)).map(|server| server.id).collect::<Vec<_>>(),
            ready().map(|server| server.id).collect(),
            alive().map(|server| server.id).collect(),
        ];
        choices.into_iter().find(|choice| !choice.is_empty()).unwrap_or_default()
    }
}

/// Whether this server is not one that drains.
fn takes_part(own: Lease, renewal: &Renewal) -> bool {
    renewal.servers.iter().any(|server| server.id == own.server_id && server.state == ServerState::Live)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::Told;

    const TTL: Duration = Duration::from_secs(6);
    const PATIENCE: Patience = Patience { ttl: TTL, grace: Duration::ZERO, silence: Duration::from_secs(3) };
    const ME: Lease = Lease { server_id: 1, incarnation: 10 };

    /// Servers by id, counter and state; the owners of eight buckets.
    fn seen(servers: &[(i32, i64, ServerState)], owners: [Option<i32>; 8]) -> Renewal {
        let server = |&(id, counter, state): &(i32, i64, ServerState)| Server {
            id,
            identity: id.to_string(),
            incarnation: i64::from(id) * 10,
            counter,
            state,
            address: String::new(),
            cluster_url: String::new(),
            lease_ms: 0,
            version: String::new(),
            freeze_seen: 0,
            started_at: 0,
            beat_at: 0,
            lateness_ms: 0,
            waiting: 0,
        };
        let buckets = (0..).zip(owners).map(|(id, owner)| Bucket { id, owner, epoch: 5 });
        let now = Instant::now();
        let told = Told { time: 0, asked: now, answered: now };
        Renewal { servers: servers.iter().map(server).collect(), buckets: buckets.collect(), told }
    }

    /// What server 1, which joined at 0, makes of what it saw at each of these seconds.
    fn moves_after(history: &[(u64, Renewal)], patience: Patience) -> Moves {
        let begin = Instant::now();
        let mut neighbours = Neighbours::new(begin);
        let mut moves = Moves::default();
        for (second, renewal) in history {
            let now = begin + Duration::from_secs(*second);
            neighbours.note(ME, renewal, now);
            moves = neighbours.moves(ME, renewal, patience, now);
        }
        moves
    }

    fn buckets(assignments: &[Assignment]) -> Vec<(i16, i32)> {
        assignments.iter().map(|to| (to.bucket, to.owner)).collect()
    }

    const LIVE: ServerState = ServerState::Live;
    const ALONE: [(i32, i64, ServerState); 1] = [(1, 1, LIVE)];
    const MINE: [Option<i32>; 8] = [Some(1); 8];

    /// The buckets of 0 … 7 that are meant for server 2 when there are 1 and 2.
    fn of_two() -> Vec<(i16, i32)> {
        (0..8).filter(|id| server_for(*id, &[1, 2]) == Some(2)).map(|id| (id, 2)).collect()
    }

    #[test]
    fn whoever_is_alone_takes_everything_at_once() {
        let moves = moves_after(&[(0, seen(&ALONE, [None; 8]))], PATIENCE);
        assert_eq!(buckets(&moves.take), (0..8).map(|id| (id, 1)).collect::<Vec<_>>());
        assert!(moves.give.is_empty());
    }

    #[test]
    fn a_newcomer_gets_its_share_once_it_has_lived_for_a_lease() {
        let with = |counter| seen(&[(1, 1, LIVE), (2, counter, LIVE)], MINE);
        let young = moves_after(&[(0, with(1)), (5, with(2))], PATIENCE);
        assert_eq!(young, Moves::default());
        let grown = moves_after(&[(0, with(1)), (5, with(2)), (6, with(3))], PATIENCE);
        assert!(!of_two().is_empty() && of_two().len() < 8);
        assert_eq!(buckets(&grown.give), of_two());
        assert!(grown.take.is_empty());
    }

    #[test]
    fn a_new_life_is_a_newcomer_again() {
        let mut back = seen(&[(1, 1, LIVE), (2, 9, LIVE)], MINE);
        let before = back.clone();
        back.servers[1].incarnation += 1;
        assert_eq!(moves_after(&[(0, before), (6, back)], PATIENCE), Moves::default());
    }

    #[test]
    fn who_does_not_move_for_a_lease_and_the_grace_is_dead() {
        let still = |owner| seen(&[(1, 1, LIVE), (2, 7, LIVE)], [Some(owner); 8]);
        let patience = Patience { grace: Duration::from_secs(30), ..PATIENCE };
        let deposed = |moves: Moves| moves.depose.iter().map(|server| server.id).collect::<Vec<_>>();
        assert_eq!(deposed(moves_after(&[(0, still(2)), (5, still(2))], PATIENCE)), [0; 0]);
        assert_eq!(deposed(moves_after(&[(0, still(2)), (6, still(2))], PATIENCE)), [2]);
        assert_eq!(deposed(moves_after(&[(0, still(2)), (35, still(2))], patience)), [0; 0]);
        assert_eq!(deposed(moves_after(&[(0, still(2)), (36, still(2))], patience)), [2]);
        // Nothing is given to it any more.
        assert!(moves_after(&[(0, still(1)), (6, still(1))], PATIENCE).give.is_empty());
    }

    #[test]
    fn free_buckets_go_to_whom_they_are_meant_for_and_later_to_anybody() {
        let free = seen(&[(1, 1, LIVE), (2, 1, LIVE)], [None, None, None, None, None, None, None, Some(2)]);
        let mut moved = free.clone();
        moved.servers[1].counter += 1;
        let mine: Vec<_> =
            (0..7).filter(|id| server_for(*id, &[1, 2]) == Some(1)).map(|id| (id, 1)).collect();
        // Both are candidates: one owns a bucket, the other has been there for long.
        let before = (0, seen(&[(1, 1, LIVE), (2, 0, LIVE)], [Some(2); 8]));
        let at_once = moves_after(&[before.clone(), (7, free.clone())], PATIENCE);
        assert_eq!(buckets(&at_once.take), mine);
        let later = moves_after(&[before, (7, free), (9, moved)], PATIENCE);
        assert_eq!(later.take.len(), 7);
    }

    #[test]
    fn what_a_dead_server_was_given_amid_its_death_is_free() {
        let dead = seen(&[(1, 1, LIVE), (2, 7, ServerState::Dead)], [Some(2); 8]);
        assert_eq!(moves_after(&[(0, dead)], PATIENCE).take.len(), 8);
    }

    #[test]
    fn who_drains_gives_everything_unless_there_is_nobody_else() {
        let drained = |other| seen(&[(1, 1, ServerState::Draining), (2, other, LIVE)], MINE);
        let moves = moves_after(&[(0, drained(1)), (5, drained(2))], PATIENCE);
        assert_eq!(moves.give.len(), 8);
        let alone = seen(&[(1, 1, ServerState::Draining)], MINE);
        assert_eq!(moves_after(&[(0, alone)], PATIENCE), Moves::default());
    }

    #[test]
    fn who_drains_takes_nothing_that_another_can_have() {
        let freed = |mine| seen(&[(1, 1, ServerState::Draining), (2, mine, LIVE)], [None; 8]);
        let moves = moves_after(&[(0, freed(1)), (2, freed(2)), (4, freed(3))], PATIENCE);
        assert_eq!(moves, Moves::default());
        // The other one does not answer.
        let moves = moves_after(&[(0, freed(1)), (2, freed(1)), (4, freed(1))], PATIENCE);
        assert_eq!(moves.take.len(), 8);
    }

    #[test]
    fn who_missed_a_renewal_is_given_nothing_however_long_the_grace() {
        let with = |counter| seen(&[(1, 1, LIVE), (2, counter, LIVE)], MINE);
        let patience = Patience { grace: Duration::from_secs(60), ..PATIENCE };
        let history = [(0, with(1)), (6, with(2)), (8, with(2))];
        assert_eq!(buckets(&moves_after(&history, patience).give), of_two());
        let silent = [&history[..], &[(10, with(2)), (30, with(2))]].concat();
        assert_eq!(moves_after(&silent[..4], patience), Moves::default());
        assert_eq!(moves_after(&silent, patience), Moves::default());
        let back = [&silent[..], &[(32, with(3))]].concat();
        assert_eq!(buckets(&moves_after(&back, patience).give), of_two());
    }

    #[test]
    fn each_is_waited_for_as_long_as_its_own_lease() {
        let with = |lease_ms| {
            let mut renewal = seen(&[(1, 1, LIVE), (2, 1, LIVE)], MINE);
            renewal.servers[1].lease_ms = lease_ms;
            renewal
        };
        let is_dead_after = |seconds: u64, lease_ms| {
            let history = [(0, with(lease_ms)), (seconds, with(lease_ms))];
            !moves_after(&history, PATIENCE).depose.is_empty()
        };
        assert_eq!([5, 6].map(|seconds| is_dead_after(seconds, 0)), [false, true], "as long as this one's");
        assert_eq!([19, 20].map(|seconds| is_dead_after(seconds, 20_000)), [false, true]);
        assert_eq!([1, 2].map(|seconds| is_dead_after(seconds, 1_500)), [false, true]);
    }

    #[test]
    fn who_missed_a_renewal_is_given_nothing_however_long_the_lease() {
        let with = |counter| seen(&[(1, 1, LIVE), (2, counter, LIVE)], MINE);
        let patience = Patience { ttl: Duration::from_secs(60), ..PATIENCE };
        let history = [(0, with(1)), (60, with(2)), (62, with(2)), (63, with(2))];
        assert_eq!(buckets(&moves_after(&history[..3], patience).give), of_two());
        assert_eq!(moves_after(&history, patience), Moves::default());
    }

    #[test]
    fn nothing_moves_while_servers_come_and_go() {
        let mut history = Vec::new();
        for round in 0_u64..10 {
            let mut with = seen(&[(1, 1, LIVE), (2, 1, LIVE)], MINE);
            with.servers[1].incarnation = round.cast_signed();
            history.push((round * 4, with));
            history.push((round * 4 + 2, seen(&ALONE, MINE)));
        }
        let begin = Instant::now();
        let mut neighbours = Neighbours::new(begin);
        for (second, renewal) in &history {
            let now = begin + Duration::from_secs(*second);
            neighbours.note(ME, renewal, now);
            assert_eq!(neighbours.moves(ME, renewal, PATIENCE, now), Moves::default(), "{second}");
        }
    }
}
