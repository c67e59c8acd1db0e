//! Enough of Rust's syntax to count lines without being misled by texts and comments.

/// `source` with comments, strings and characters blanked out; line breaks stay.
pub fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skip_text(&chars, at);
        if end > at {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            code.push(chars[at]);
            at += 1;
        }
    }
    code
}

/// Where the comment, string or character that begins at `at` ends; `at` itself when none begins there.
fn skip_text(chars: &[char], at: usize) -> usize {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => find(chars, at, |rest| rest[0] == '\n'),
        ('/', Some('*')) => skip_block_comment(chars, at),
        ('"', _) => skip_string(chars, at + 1),
        ('r', Some('"' | '#')) if !follows_word(chars, at) => skip_raw_string(chars, at),
        ('\'', Some('\\')) => find(chars, at + 3, |rest| rest[0] == '\'') + 1,
        ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
    .min(chars.len())
}

/// The first place from `from` on where `stop` holds, else the end.
fn find(chars: &[char], from: usize, stop: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| stop(&chars[*at..])).unwrap_or(chars.len())
}

fn skip_block_comment(chars: &[char], at: usize) -> usize {
    let mut depth = 0_u32;
    let mut at = at;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) if depth == 1 => return at + 2,
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn skip_string(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn skip_raw_string(chars: &[char], at: usize) -> usize {
    let open = find(chars, at + 1, |rest| rest[0] != '#');
    if chars.get(open) != Some(&'"') {
        // A raw identifier such as `r#type`.
        return at;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', open - at - 1));
    find(chars, open + 1, |rest| rest.starts_with(&end)) + end.len()
}

fn follows_word(chars: &[char], at: usize) -> bool {
    // `br"…"` is a raw string of bytes; any other letter before makes it the end of a name.
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') && chars[at - 1] != 'b'
}

/// A function: its name, first line (from 1) and number of lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
    /// Draws a page, which needs more lines than a calculation.
    pub is_view: bool,
}

/// Every function with a body in code without texts.
pub fn functions(code: &str) -> Vec<Function> {
    let lines: Vec<&str> = code.lines().collect();
    (0..lines.len())
        .filter_map(|first| Some((first, name_of_function(lines[first])?)))
        .filter_map(|(first, name)| {
            let last = end_of_body(&lines, first)?;
            let is_view = lines[first..=last].iter().any(|line| line.contains("view!"));
            Some(Function { name: name.to_owned(), line: first + 1, lines: last - first + 1, is_view })
        })
        .collect()
}

fn name_of_function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_declaration = before.split_whitespace().all(|word| {
        matches!(word, "pub" | "async" | "const" | "unsafe" | "extern") || word.starts_with("pub(")
    });
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (is_declaration && !name.is_empty()).then_some(name)
}

/// The line of the brace that closes the body; nothing for a declaration without one.
fn end_of_body(lines: &[&str], first: usize) -> Option<usize> {
    let (mut braces, mut others) = (0_i32, 0_i32);
    for (index, line) in lines.iter().enumerate().skip(first) {
        for c in line.chars() {
            match c {
                '{' => braces += 1,
                '}' => braces -= 1,
                '(' | '[' => others += 1,
                ')' | ']' => others -= 1,
                ';' if braces == 0 && others == 0 => return None,
                _ => {}
            }
            if c == '}' && braces == 0 {
                return Some(index);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_comments_are_blanked_and_lines_kept() {
        let source = "let a = \"}\"; // {\nlet b = '{'; let c = r#\"\"}\"#; /* { /* } */\n*/ fn f<'a>() {}";
        let code = code_only(source);
        assert_eq!(code.lines().count(), 3);
        assert_eq!(code.matches(['{', '}']).count(), 2, "{code}");
        assert!(code.contains("fn f<'a>() {}"));
    }

    #[test]
    fn a_function_is_measured_from_its_name_to_its_last_brace() {
        let code = "trait T {\n  fn declared(&self) -> [u8; 4];\n}\npub(crate) async fn real(\n  a: u8,\n) {\n  if a {\n  }\n}\n";
        let found = functions(code);
        assert_eq!(found, [Function { name: "real".to_owned(), line: 4, lines: 6, is_view: false }]);
    }
}
