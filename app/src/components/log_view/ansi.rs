//! The escape sequences of terminals (ECMA-48): colours become classes, everything else vanishes.

/// How a piece of a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// 0–7 in the order of the standard: black, red, green, yellow, blue, magenta, cyan, white.
    colour: Option<u8>,
    bold: bool,
    dim: bool,
}

impl Style {
    /// The classes in `style/run.css`; `None` for plain text.
    pub fn class(self) -> Option<String> {
        let colour = self.colour.and_then(|colour| match colour {
            1 => Some("a-r"),
            2 => Some("a-g"),
            3 => Some("a-y"),
            4 => Some("a-b"),
            5 => Some("a-m"),
            6 => Some("a-c"),
            // Black and white are the page's own ink, whatever its theme.
            _ => None,
        });
        let classes: Vec<&str> =
            [colour, self.bold.then_some("a-1"), self.dim.then_some("a-d")].into_iter().flatten().collect();
        (!classes.is_empty()).then(|| classes.join(" "))
    }

    /// Applies the parameters of one “select graphic rendition” sequence.
    fn select(&mut self, parameters: &str) {
        let mut codes = parameters.split(';').map(|code| code.parse::<u8>().unwrap_or(0));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                22 => (self.bold, self.dim) = (false, false),
                30..=37 => self.colour = Some(code - 30),
                90 => self.dim = true,
                91..=97 => self.colour = Some(code - 90),
                39 => self.colour = None,
                // 256 colours and RGB, for the text and for the ground: their arguments are skipped.
                38 | 48 => match codes.next() {
                    Some(5) => drop(codes.nth(0)),
                    Some(2) => drop(codes.nth(2)),
                    _ => {}
                },
                _ => {}
            }
        }
    }
}

/// Splits a line into pieces of equal style. Control characters other than tab are dropped.
pub fn spans(line: &str) -> Vec<(Style, String)> {
    let mut pieces: Vec<(Style, String)> = Vec::new();
    let mut style = Style::default();
    let mut rest = line.chars().peekable();
    while let Some(char) = rest.next() {
        if char == '\u{1b}' {
            if rest.peek() == Some(&'[') {
                rest.next();
                let mut parameters = String::new();
                // A sequence ends with a byte from @ to ~; one that never ends eats the line.
                let end = rest.by_ref().find(|next| {
                    let is_end = ('@'..='~').contains(next);
                    if !is_end {
                        parameters.push(*next);
                    }
                    is_end
                });
                if end == Some('m') {
                    style.select(&parameters);
                }
            }
        } else if !char.is_control() || char == '\t' {
            match pieces.last_mut() {
                Some((last, text)) if *last == style => text.push(char),
                _ => pieces.push((style, char.to_string())),
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(line: &str) -> Vec<(Option<String>, String)> {
        spans(line).into_iter().map(|(style, text)| (style.class(), text)).collect()
    }

    #[test]
    fn colours_and_weights_become_classes() {
        let line = "a\u{1b}[1;31mERROR\u{1b}[0m b\u{1b}[96mc";
        let expected = [(None, "a"), (Some("a-r a-1"), "ERROR"), (None, " b"), (Some("a-c"), "c")];
        assert_eq!(classes(line), expected.map(|(class, text)| (class.map(str::to_owned), text.to_owned())));
    }

    #[test]
    fn arguments_of_extended_colours_are_not_taken_for_codes() {
        let line = "\u{1b}[38;5;31mx\u{1b}[48;2;1;31;2my";
        assert_eq!(classes(line), [(None, "xy".to_owned())]);
    }

    #[test]
    fn other_sequences_and_control_characters_vanish() {
        assert_eq!(classes("\u{1b}[2K\u{7}a\tb\r\u{1b}7"), [(None, "a\tb7".to_owned())]);
        assert_eq!(classes("a\u{1b}[31"), [(None, "a".to_owned())]);
    }

    #[test]
    fn markup_stays_text() {
        assert_eq!(classes("<script>"), [(None, "<script>".to_owned())]);
    }
}
