//! The labels of an instance, as servers read them.

use crate::settings::Error;

/// Labels of one instance.
const MOST: usize = 20;
/// Characters of a key, and of a value.
const LONGEST_WORD: usize = 63;

/// Keys and values, as they were given.
#[derive(Default)]
pub(crate) struct Labels(pub Vec<(String, String)>);

/// `key=value` with commas between, in the order of the keys.
///
/// # Errors
/// A label that a server would not read, the same key twice, or too many.
pub(crate) fn on_the_wire(labels: &Labels) -> Result<String, Error> {
    let mut sorted: Vec<&(String, String)> = labels.0.iter().collect();
    sorted.sort();
    let mut texts: Vec<String> = Vec::new();
    let mut before = None;
    for (key, value) in sorted {
        let text = format!("{key}={value}");
        let wrong = |problem| Err(Error::Label { label: text.clone(), problem });
        if !is_word(key) || !is_word(value) {
            return wrong("key and value have 1 to 63 letters, digits and characters of -_./");
        }
        if before == Some(key) {
            return wrong("this key is there twice");
        }
        if texts.len() == MOST {
            return wrong("an instance has at most 20 labels");
        }
        before = Some(key);
        texts.push(text);
    }
    Ok(texts.join(","))
}

fn is_word(word: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    (1..=LONGEST_WORD).contains(&word.len()) && word.bytes().all(is_allowed)
}
