//! What this executor wants to know of a `/run` request, found without reading the rest of it.

/// The part of a trigger that is measured and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub job: i64,
    /// The run's id.
    pub id: i64,
    /// Ms since 1970.
    pub due: i64,
}

/// Finds the runs of a request that carries many.
pub fn find_all(body: &[u8]) -> impl Iterator<Item = Trigger> {
    let begins = body.windows(FIRST.len()).enumerate().filter(|(_, part)| *part == FIRST);
    begins.filter_map(|(at, _)| find(&body[at..]))
}

/// The field that each run begins with.
const FIRST: &[u8] = b"\"jobId\":";

/// Finds the three numbers; none where one is missing. A name within a text cannot be mistaken for a
/// field: there its quotes are escaped.
pub fn find(body: &[u8]) -> Option<Trigger> {
    let number = |name| number_after(body, name);
    Some(Trigger { job: number(FIRST)?, id: number(b"\"logId\":")?, due: number(b"\"logDateTime\":")? })
}

fn number_after(body: &[u8], name: &[u8]) -> Option<i64> {
    let at = body.windows(name.len()).position(|part| part == name)? + name.len();
    let digits = body.get(at..)?.trim_ascii_start().iter().take_while(|byte| byte.is_ascii_digit());
    let mut value = None;
    for digit in digits {
        value = Some(value.unwrap_or(0_i64).checked_mul(10)?.checked_add(i64::from(digit - b'0'))?);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_found_wherever_they_stand() {
        let body = br#"{"jobId":71,"executorParams":"{\"logId\":5}","logId": 9001,"logDateTime":1781000000000,"x":1}"#;
        assert_eq!(find(body), Some(Trigger { job: 71, id: 9001, due: 1_781_000_000_000 }));
        let second = br#"{"jobId":72,"logId":9002,"logDateTime":2}"#;
        let both = [br#"{"runs":["#, &body[..], b",", second].concat();
        assert_eq!(find_all(&both).map(|run| run.id).collect::<Vec<_>>(), [9001, 9002]);
        assert_eq!(find(br#"{"jobId":71,"logId":null,"logDateTime":1}"#), None);
        assert_eq!(find(br#"{"jobId":71,"logId":99999999999999999999,"logDateTime":1}"#), None);
    }
}
