//! What a child's run is told of the run whose success started it: places in the child job's parameter,
//! filled when its row is made.

use entity::run::Model as Run;

const RESULT: &str = "{{parent.result}}";
const CODE: &str = "{{parent.code}}";
const RUN_ID: &str = "{{parent.run_id}}";
/// Stands where a text was cut; shorter than [`RESULT`], whose place it may take.
const CUT: &str = "… (cut)";

/// What the parent reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    One(String),
    /// Of a run that was split: each shard's text, by index.
    Shards(Vec<String>),
}

/// Whether the parameter has a place for what a parent reported.
pub fn wants_result(parameter: &str) -> bool {
    parameter.contains(RESULT)
}

/// The parameter with its places filled; none where it has none. It gets at most `most` bytes, unless
/// it had more before: texts are cut to an equal share of what is left, and say so. Nothing is filled
/// within what was filled in.
pub fn fill(parameter: &str, parent: &Run, reported: &Reported, most: usize) -> Option<String> {
    if ![RESULT, CODE, RUN_ID].iter().any(|place| parameter.contains(place)) {
        return None;
    }
    let known = parameter.replace(CODE, &parent.code.to_string()).replace(RUN_ID, &parent.id.to_string());
    let places = known.matches(RESULT).count();
    if places == 0 {
        return Some(known);
    }
    let left = most.saturating_sub(known.len() - places * RESULT.len());
    Some(known.replace(RESULT, &reported.within(left / places)))
}

impl Reported {
    /// The text in so many bytes; for shards a JSON array of texts, which stays one when it is cut.
    fn within(&self, most: usize) -> String {
        match self {
            Self::One(text) => cut(text, most),
            Self::Shards(texts) => array_within(texts, most),
        }
    }
}

/// The array with each text cut alike, as little as necessary; an empty one where nothing fits.
fn array_within(texts: &[String], most: usize) -> String {
    let array = |limit: usize| {
        let texts: Vec<String> = texts.iter().map(|text| cut(text, limit)).collect();
        serde_json::Value::from(texts).to_string()
    };
    let longest = texts.iter().map(String::len).max().unwrap_or(0);
    // The first limit at which it does not fit any more.
    let (mut fits, mut too_long) = (0, longest + 1);
    if array(longest).len() <= most {
        return array(longest);
    }
    while fits + 1 < too_long {
        let middle = fits.midpoint(too_long);
        match array(middle).len() <= most {
            true => fits = middle,
            false => too_long = middle,
        }
    }
    let found = array(fits);
    if found.len() <= most { found } else { "[]".to_owned() }
}

/// The beginning of the text and the mark; nothing where not even the mark fits.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    match most.checked_sub(CUT.len()) {
        Some(room) => format!("{}{CUT}", &text[..text.floor_char_boundary(room)]),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::follow::tests::run;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    const MOST: usize = 64 << 10;

    fn parent() -> Run {
        Run { code: 200, ..run(7) }
    }

    fn one(text: &str) -> Reported {
        Reported::One(text.to_owned())
    }

    fn shards(texts: &[&str]) -> Reported {
        Reported::Shards(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn a_child_is_told_the_result_the_code_and_the_id_of_its_parent() {
        let parameter = "{{parent.run_id}}: {{parent.code}} {{parent.result}}, again {{parent.result}}";
        let filled = fill(parameter, &parent(), &one("42 rows"), MOST);
        assert_eq!(filled.as_deref(), Some("7: 200 42 rows, again 42 rows"));
        for untouched in ["", "plain", "{{ parent.result }}", "{{parent.other}}", "{{parent.result"] {
            assert_eq!(fill(untouched, &parent(), &one("x"), MOST), None, "{untouched}");
        }
        assert!(wants_result(parameter) && !wants_result("{{parent.code}}"));
    }

    #[test]
    fn of_a_broadcast_it_is_told_every_shards_text_as_json() {
        let filled = fill("{{parent.result}}", &parent(), &shards(&["a \"1\"", "", "中"]), MOST);
        assert_eq!(filled.as_deref(), Some(r#"["a \"1\"","","中"]"#));
        assert_eq!(fill("{{parent.result}}", &parent(), &shards(&[]), MOST).as_deref(), Some("[]"));
    }

    #[test]
    fn what_was_filled_in_is_not_filled_again() {
        let filled = fill("{{parent.result}}", &parent(), &one("{{parent.code}} {{parent.result}}"), MOST);
        assert_eq!(filled.as_deref(), Some("{{parent.code}} {{parent.result}}"));
    }

    #[test]
    fn a_long_result_is_cut_and_says_so() {
        let filled = fill("<{{parent.result}}>", &parent(), &one(&"中".repeat(30)), 30).unwrap();
        assert_eq!(filled, "<中中中中中中… (cut)>");
        assert!(filled.len() <= 30);
        let texts = ["x".repeat(100), "short".to_owned(), "y".repeat(100)];
        let filled = fill("{{parent.result}}", &parent(), &Reported::Shards(texts.to_vec()), 60).unwrap();
        let read: Vec<String> = serde_json::from_str(&filled).unwrap();
        assert_eq!(read[1], "short");
        assert!(read[0].ends_with(CUT) && read[2].len() == read[0].len());
    }

    #[test]
    fn whatever_is_passed_on_fits_and_stays_readable() {
        let mut random = StdRng::seed_from_u64(1);
        let letters = ["a", "\"", "\n", "中", "\u{1}", "{{parent.result}}"];
        for _ in 0..3_000 {
            let mut text = || -> String {
                (0..random.random_range(0..60))
                    .map(|_| letters[random.random_range(0..letters.len())])
                    .collect()
            };
            let texts = vec![text(), text(), text()];
            let most = random.random_range(RESULT.len()..300);
            let filled = fill(RESULT, &parent(), &one(&texts[0]), most).unwrap();
            assert!(filled.len() <= most && (filled == texts[0] || filled.ends_with(CUT)), "{filled}");
            let filled = fill(RESULT, &parent(), &Reported::Shards(texts.clone()), most).unwrap();
            assert!(filled.len() <= most, "{filled}");
            let read: Vec<String> = serde_json::from_str(&filled).unwrap();
            let is_told = |(read, text): (&String, &String)| {
                read == text || read.is_empty() || text.starts_with(read.trim_end_matches(CUT))
            };
            assert!(read.is_empty() || read.iter().zip(&texts).all(is_told), "{filled}");
        }
    }
}
