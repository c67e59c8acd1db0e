//! A message as an e-mail: subject, and a body of plain text.

use super::message::Message;
use entity::fault::Fault;

/// Addresses of one channel at most.
const MOST: u32 = 50;
/// Characters of an address.
const LONGEST: u32 = 254;

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: Vec<String>,
    pub subject: String,
    pub body: String,
}

pub fn letter(to: Vec<String>, message: &Message) -> Letter {
    let mut body = message.title.clone();
    body.push_str("\n\n");
    for line in &message.lines {
        body.push_str(&line.text);
        body.push('\n');
        if let Some(link) = &line.link {
            body.push_str(link);
            body.push('\n');
        }
    }
    Letter { to, subject: message.title.clone(), body }
}

/// The addresses, one a line.
///
/// # Errors
/// [`Fault::Required`], [`Fault::TooMany`], or [`Fault::Line`] for one that is none.
pub fn addresses(text: &str) -> Result<Vec<String>, Fault> {
    let mut addresses = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let address = line.trim();
        if !address.is_empty() && !is_address(address) {
            return Err(Fault::Line { number, text: address.to_owned() });
        }
        addresses.extend((!address.is_empty()).then(|| address.to_owned()));
    }
    match addresses.len() {
        0 => Err(Fault::Required),
        number if number > MOST as usize => Err(Fault::TooMany { max: MOST }),
        _ => Ok(addresses),
    }
}

fn is_address(text: &str) -> bool {
    text.len() <= LONGEST as usize && text.parse::<lettre::Address>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_named_with_its_line() {
        assert_eq!(addresses(" a@b.example \n\nc@d.example").unwrap(), ["a@b.example", "c@d.example"]);
        assert_eq!(addresses(" \n"), Err(Fault::Required));
        let line = |text: &str| Err(Fault::Line { number: 2, text: text.to_owned() });
        assert_eq!(addresses("a@b.example\nnobody"), line("nobody"));
        assert_eq!(addresses("a@b.example\nA <a@b.example>"), line("A <a@b.example>"));
    }
}
