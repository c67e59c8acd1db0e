//! By how much a job's fires are late on purpose, so that what is scheduled for the same moment does
//! not go out at the same moment.
//!
//! The function never changes: the delay is part of `job_cursor.next_at`.

use entity::Millis;

/// 2⁶⁴ divided by the golden ratio. Its multiples, taken modulo 2⁶⁴, fall each into one of the widest
/// gaps that the ones before have left (Knuth, *The Art of Computer Programming* 3, 6.4): a few jobs
/// are spread as evenly as many, where a random hash would make some collide.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// How many milliseconds after its nominal time each fire of the job is due: from 0 to the whole
/// spread, the same for ever. `spread_s` is in seconds; a negative one counts as 0.
pub fn delay_ms(job_id: i32, spread_s: i32) -> Millis {
    let hash = u64::from(job_id.cast_unsigned()).wrapping_mul(GOLDEN);
    let choices = u128::from(spread_s.max(0).cast_unsigned()) * 1_000 + 1;
    let delay = (u128::from(hash) * choices) >> 64;
    // Less than `choices`, which is below 2⁴².
    delay as Millis
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_delay_of_a_job_stays_for_ever() {
        assert_eq!(
            [1, 2, 3, 1_000, i32::MAX].map(|id| delay_ms(id, 600)),
            [370_821, 141_641, 512_462, 20_393, 78_348]
        );
        assert_eq!([1, 2, 3].map(|id| delay_ms(id, 0)), [0, 0, 0]);
    }

    #[test]
    fn a_few_jobs_are_spread_as_evenly_as_many() {
        for (first, jobs) in [(1, 10), (1, 1_000), (4_321, 100)] {
            let mut delays: Vec<_> = (first..first + jobs).map(|id| delay_ms(id, 3_600)).collect();
            delays.sort_unstable();
            let even = 3_600_000 / i64::from(jobs);
            let gaps = delays.windows(2).map(|pair| pair[1] - pair[0]);
            assert!(gaps.clone().all(|gap| (even / 3..=even * 3).contains(&gap)), "{jobs} from {first}");
        }
    }

    #[test]
    fn every_part_of_the_spread_gets_its_share_of_the_jobs() {
        let mut tenths = [0; 10];
        for id in 1..=10_000 {
            tenths[(delay_ms(id, 86_400) / 8_640_001) as usize] += 1;
        }
        assert!(tenths.iter().all(|jobs| (950..=1_050).contains(jobs)), "{tenths:?}");
    }

    proptest! {
        #[test]
        fn a_delay_lies_within_the_spread_and_grows_with_it(id in 1..=i32::MAX, spread_s in 0..86_400) {
            let delay = delay_ms(id, spread_s);
            prop_assert!((0..=Millis::from(spread_s) * 1_000).contains(&delay));
            prop_assert!(delay_ms(id, spread_s + 1) >= delay);
        }
    }
}
