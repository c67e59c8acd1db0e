//! What processors do, told apart into user and system: only Linux shows it in a way that can be read without
//! further rights, `sysinfo` shows it nowhere.

/// What all processors together have done since the host started, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    user: u64,
    system: u64,
    idle: u64,
    /// Taken by the host of a virtual machine.
    stolen: u64,
}

/// Shares of all processors, in per cent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    pub total: f64,
    pub user: f64,
    pub system: f64,
}

impl Times {
    /// None where the system does not show them.
    pub fn now() -> Option<Self> {
        parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The shares between two readings; none where nothing has been counted in between.
    pub fn since(self, before: Self) -> Option<Shares> {
        let grown = |now: u64, before: u64| now.saturating_sub(before) as f64;
        let (user, system) = (grown(self.user, before.user), grown(self.system, before.system));
        let (idle, stolen) = (grown(self.idle, before.idle), grown(self.stolen, before.stolen));
        let all = user + system + idle + stolen;
        let share = |part: f64| part / all * 100.0;
        (all > 0.0).then(|| Shares {
            total: share(user + system + stolen),
            user: share(user),
            system: share(system),
        })
    }
}

/// Reads the line of all processors: `cpu user nice system idle iowait irq softirq steal guest guest_nice`, of
/// which `user` and `nice` contain the guests. Old kernels have fewer numbers.
fn parse(stat: &str) -> Option<Times> {
    let mut words = stat.lines().next()?.split_ascii_whitespace();
    let numbers: Vec<u64> = match words.next()? {
        "cpu" => words.map_while(|word| word.parse().ok()).collect(),
        _ => return None,
    };
    let number = |index: usize| numbers.get(index).copied().unwrap_or(0);
    (numbers.len() >= 4).then(|| Times {
        user: number(0) + number(1),
        system: number(2) + number(5) + number(6),
        idle: number(3) + number(4),
        stolen: number(7),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_are_told_apart() {
        let before = parse("cpu  100 10 50 800 20 5 5 10 7 1\ncpu0 1 2 3 4\n").unwrap();
        assert_eq!(before, Times { user: 110, system: 60, idle: 820, stolen: 10 });
        let now = parse("cpu  120 20 60 850 30 5 5 10 9 1\n").unwrap();
        let shares = now.since(before).unwrap();
        assert_eq!(shares, Shares { total: 40.0, user: 30.0, system: 10.0 });
    }

    #[test]
    fn what_is_no_such_line_and_a_clock_that_stands_say_nothing() {
        for text in ["", "intr 1 2 3 4", "cpu 1 2", "cpu one two three four"] {
            assert_eq!(parse(text), None, "{text}");
        }
        let times = parse("cpu 1 2 3 4").unwrap();
        assert_eq!(times.since(times), None);
        assert_eq!(times.since(parse("cpu 9 9 9 9").unwrap()), None, "counters never go back");
    }
}
