//! Whom a message mentions: what is typed with a channel, one a line.

use entity::fault::Fault;

/// People of one channel at most.
const MOST: u32 = 50;
/// Characters of a user id.
const LONGEST: usize = 64;

/// The people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    pub everybody: bool,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// Ids that the receiver knows people by.
    pub ids: Vec<String>,
}

impl Mentions {
    /// Reads `all`, phone numbers (`13800000000`, `+86 138…`) and user ids, one a line.
    ///
    /// # Errors
    /// [`Fault::Line`] for a line that is none of these; [`Fault::TooMany`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut mentions = Self::default();
        for (line, number) in text.lines().zip(1..) {
            let word = line.trim();
            if number > MOST {
                return Err(Fault::TooMany { max: MOST });
            }
            match word {
                "" => {}
                "all" => mentions.everybody = true,
                _ => match (phone(word), is_id(word)) {
                    (Some(phone), _) => mentions.phones.push(phone),
                    (None, true) => mentions.ids.push(word.to_owned()),
                    (None, false) => return Err(Fault::Line { number, text: word.to_owned() }),
                },
            }
        }
        Ok(mentions)
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Ten digits and more, with or without `+`, blanks and hyphens.
fn phone(word: &str) -> Option<String> {
    let bare: String = word.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    let is_number = (10..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(bare)
}

fn is_id(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.@".contains(c);
    word.len() <= LONGEST && word.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_phone_numbers_and_ids_are_told_apart() {
        let mentions = Mentions::parse("all\n 13800000000 \n\n+86 139-0000-0000\nzhang.san\nU012AB").unwrap();
        assert!(mentions.everybody);
        assert_eq!(mentions.phones, ["13800000000", "+8613900000000"]);
        assert_eq!(mentions.ids, ["zhang.san", "U012AB"]);
        assert!(Mentions::parse(" \n").unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_neither_is_named() {
        let line = Fault::Line { number: 2, text: "<!channel>".to_owned() };
        assert_eq!(Mentions::parse("all\n<!channel>"), Err(line));
        assert_eq!(Mentions::parse(&"a\n".repeat(51)), Err(Fault::TooMany { max: 50 }));
    }
}
