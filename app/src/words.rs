//! Sentences chosen at run time by their code, in the viewer's language.

use crate::error::Message;
use crate::i18n::Locale;

include!(concat!(env!("OUT_DIR"), "/coded_texts.rs"));

/// The sentence of `message`. A code without a text shows itself: better a code that can be
/// searched for than nothing.
pub fn sentence(locale: Locale, message: &Message) -> String {
    match template(locale, &message.code) {
        Some(text) => fill(text, message),
        None => message.code.clone(),
    }
}

/// Puts the arguments into their `{{ placeholders }}`; one without an argument becomes a dash.
fn fill(text: &str, message: &Message) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        filled.push_str(before);
        filled.push_str(message.args.get(name.trim()).map_or("–", String::as_str));
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_both_languages() {
        let message = Message::new("out_of_range").arg("min", 1).arg("max", 59);
        assert_eq!(sentence(Locale::en, &message), "From 1 to 59.");
        assert_eq!(sentence(Locale::zh_CN, &message), "应在 1 到 59 之间。");
    }

    #[test]
    fn an_argument_is_never_read_as_a_placeholder() {
        let message = Message::new("malformed").arg("detail", "{{ detail }}");
        assert_eq!(sentence(Locale::en, &message), "The request could not be read: {{ detail }}.");
    }

    #[test]
    fn an_unknown_code_shows_itself() {
        assert_eq!(sentence(Locale::en, &Message::new("no_such_code")), "no_such_code");
    }
}
