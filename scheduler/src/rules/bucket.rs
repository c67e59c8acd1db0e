//! Which bucket a job lies in, and which server should own a bucket.
//!
//! Both are part of what is stored and of what several servers must agree on: the functions never
//! change.

use entity::BUCKETS;
use protocol::native::SENDS;

/// The bucket of a job whose executor limits nothing, 0 … 255: the top eight bits of its id, mixed.
pub fn bucket_of(job_id: i32) -> i16 {
    let top = mixed(u64::from(job_id.cast_unsigned())) >> 56;
    top as i16 % BUCKETS
}

/// The bucket of all jobs of an executor that limits its runs, so that one server counts them.
pub fn bucket_of_limited(executor_id: i32) -> i16 {
    let top = mixed(mixed(u64::from(executor_id.cast_unsigned()))) >> 56;
    top as i16 % BUCKETS
}

/// The bucket in which a job of an executor lies that lets `max_parallel` runs out, 0 = any number.
pub fn bucket_among(job_id: i32, executor_id: i32, max_parallel: i32) -> i16 {
    if max_parallel > 0 { bucket_of_limited(executor_id) } else { bucket_of(job_id) }
}

/// Where runs of a job may lie whose executor has, or had a moment ago, a limit or none.
pub fn possible_buckets(job_id: i32, executor_id: i32) -> [i16; 2] {
    [bucket_of(job_id), bucket_of_limited(executor_id)]
}

/// The fence of a run that is put into another bucket: above every fence that it had, with as many sendings as it
/// had. See [`protocol::native`].
pub fn fence_elsewhere(fence: i64) -> i64 {
    fence + SENDS
}

/// The server that should own a bucket, by rendezvous hashing: each server has a weight for each
/// bucket, and the heaviest gets it. When a server leaves, only its buckets move; when one joins,
/// it takes its share evenly from all. None when there are no servers.
///
/// Also for [`entity::DUTY_BUCKET`]. The order of the servers does not matter.
pub fn server_for(bucket: i16, servers: &[i32]) -> Option<i32> {
    let weight =
        |server: i32| mixed(mixed(u64::from(server.cast_unsigned())) ^ u64::from(bucket.cast_unsigned()));
    servers.iter().copied().max_by_key(|&server| (weight(server), server))
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number
/// generators*, 2014) with its increment: every bit of the input reaches every bit of the output.
pub(super) fn mixed(input: u64) -> u64 {
    let mut bits = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::DUTY_BUCKET;
    use protocol::native::epoch;

    #[test]
    fn the_mixing_is_splitmix64() {
        // The first outputs of the published generator for the seeds 0 and 1234567.
        assert_eq!(mixed(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mixed(1_234_567), 6_457_827_717_110_365_317);
    }

    #[test]
    fn a_job_stays_in_its_bucket_for_ever() {
        assert_eq!([1, 2, 3, 1_000, i32::MAX].map(bucket_of), [145, 151, 29, 60, 97]);
    }

    #[test]
    fn jobs_of_an_executor_with_a_limit_share_a_bucket() {
        assert_eq!([1, 2, 3, i32::MAX].map(bucket_of_limited), [94, 100, 188, 10]);
        let buckets = |max_parallel| [1, 2, 3].map(|job| bucket_among(job, 7, max_parallel));
        assert_eq!(buckets(0), [1, 2, 3].map(bucket_of));
        assert_eq!(buckets(5), [bucket_of_limited(7); 3]);
    }

    #[test]
    fn a_run_that_moves_was_sent_as_often_as_before() {
        for fence in [0, 1, 17, 18, 31] {
            let moved = fence_elsewhere(fence);
            assert!(epoch(moved) > epoch(fence) && moved % SENDS == fence % SENDS, "{fence} then {moved}");
        }
    }

    #[test]
    fn every_server_computes_the_same_owner() {
        let owner = |bucket| server_for(bucket, &[3, 1, 2]).unwrap();
        assert_eq!([0, 1, 2, 255, DUTY_BUCKET].map(owner), [3, 3, 1, 2, 3]);
    }

    #[test]
    fn jobs_spread_evenly_over_the_buckets() {
        let mut jobs = [0u32; BUCKETS as usize];
        for job_id in 1..=25_600 {
            jobs[bucket_of(job_id) as usize] += 1;
        }
        assert!(jobs.iter().all(|count| (50..=150).contains(count)), "{jobs:?}");
    }

    #[test]
    fn a_leaving_server_moves_only_its_own_buckets() {
        for bucket in 0..=DUTY_BUCKET {
            let before = server_for(bucket, &[11, 12, 13]).unwrap();
            let after = server_for(bucket, &[13, 11]).unwrap();
            assert!(before == after || before == 12);
        }
    }

    #[test]
    fn servers_share_the_buckets_about_evenly() {
        let share =
            |server| (0..BUCKETS).filter(|bucket| server_for(*bucket, &[1, 2, 3, 4]) == Some(server)).count();
        assert!((1..=4).all(|server| (40..=90).contains(&share(server))));
    }

    #[test]
    fn without_servers_nobody_owns_a_bucket() {
        assert_eq!(server_for(0, &[]), None);
    }
}
