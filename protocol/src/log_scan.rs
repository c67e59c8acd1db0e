//! Reading an answer to `POST /log` while it arrives: Java answers with the whole rest of a log at once,
//! however long that is. Lines come out as they are complete, and nothing else of the answer is held.

use crate::json;
use crate::words::{FAILURE, SUCCESS};

/// Bytes of one line that are kept; of a longer one the rest is left out, and said so at its end.
pub const LINE_BYTES: usize = 64 << 10;
/// Bytes kept of a key, a number or a text of the envelope.
const SHORT: usize = 1_000;
/// Bytes kept of the answer's beginning, for people, where it is not of the protocol.
const HEAD: usize = 300;
/// Objects within objects; what lies deeper is passed over.
const DEEPEST: usize = 64;

/// Reads one answer. Feed it, take the lines, and ask for the rest when it has ended.
#[derive(Debug, Default)]
pub struct LogScan {
    head: Vec<u8>,
    frames: Vec<Frame>,
    /// Objects and arrays that are open beyond [`DEEPEST`].
    deeper: usize,
    token: Token,
    /// The token's text, where it is a short one.
    short: Vec<u8>,
    /// The first half of a surrogate pair.
    half: Option<u16>,
    started: bool,
    foreign: bool,
    code: Option<i32>,
    text: String,
    has_payload: bool,
    has_content: bool,
    to_line: Option<i32>,
    is_end: bool,
    cutter: Cutter,
}

/// What an answer came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogVerdict {
    /// A part of a log, maybe an empty one.
    Chunk,
    /// A success without a log: there is none, or the executor serves none.
    Nothing,
    /// An error in the executor's words, or something that is not of the protocol.
    Refused(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    is_object: bool,
    /// In an object: whether a text that begins is a key.
    expects_key: bool,
    field: Field,
}

/// The field whose value comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Code,
    Text,
    Payload,
    Content,
    ToLine,
    IsEnd,
    Other,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Token {
    #[default]
    Between,
    /// A number, `true`, `false` or `null`.
    Word,
    Text(Purpose, Escape),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Key,
    Content,
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Begun,
    Unicode { digits: u8, value: u16 },
}

impl LogScan {
    /// Reads on. Bytes that make no sense are passed over.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        let missing = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        while let [first, rest @ ..] = bytes {
            match self.token {
                _ if self.foreign => return,
                Token::Text(purpose, Escape::None) => {
                    let plain = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
                    let (text, after) = bytes.split_at(plain.unwrap_or(bytes.len()));
                    self.text(purpose, text);
                    bytes = after;
                    if let [byte, after @ ..] = bytes {
                        bytes = after;
                        match byte {
                            b'"' => self.end_text(purpose),
                            _ => self.token = Token::Text(purpose, Escape::Begun),
                        }
                    }
                    continue;
                }
                Token::Text(purpose, escape) => self.escaped(purpose, escape, *first),
                Token::Word if is_word(*first) => self.keep_short(&[*first]),
                Token::Word => {
                    self.end_word();
                    self.between(*first);
                }
                Token::Between => self.between(*first),
            }
            bytes = rest;
        }
    }

    /// The lines that have become complete since the last time.
    pub fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.cutter.lines)
    }

    /// Ends the line that is being read where it is already longer than is kept; else it stays to be asked
    /// for again. For whoever reads no further.
    pub fn cut_line(&mut self) {
        if self.cutter.beyond > 0 {
            self.cutter.end_line();
        }
    }

    /// The number of the last line delivered, as far as it has been read by now.
    pub fn to_line(&self) -> Option<i32> {
        self.to_line
    }

    /// Whether the executor says that no more will come. Counts only together with the end of the run.
    pub fn is_end(&self) -> bool {
        self.is_end
    }

    /// What the answer, which has ended, came to.
    pub fn verdict(&self) -> LogVerdict {
        let excerpt = || json::shorten(json::text_of(&self.head).trim(), HEAD);
        match self.code {
            Some(SUCCESS) if self.has_payload => LogVerdict::Chunk,
            Some(SUCCESS) => LogVerdict::Nothing,
            Some(_) if self.text.contains("uri-mapping(") => LogVerdict::Nothing,
            Some(_) if !self.text.is_empty() => LogVerdict::Refused(self.text.clone()),
            _ if self.head.trim_ascii().is_empty() => LogVerdict::Refused("The answer is empty.".to_owned()),
            _ => LogVerdict::Refused(excerpt()),
        }
    }

    fn between(&mut self, byte: u8) {
        if !self.started && !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(&byte) {
            self.started = true;
            self.foreign = !matches!(byte, b'{' | b'[');
        }
        match byte {
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' if self.deeper > 0 => self.deeper -= 1,
            b'}' | b']' => drop(self.frames.pop()),
            b',' => self.expect_key(true),
            b':' => self.expect_key(false),
            b'"' => self.begin_text(),
            byte if is_word(byte) => {
                self.short.clear();
                self.short.push(byte);
                self.token = Token::Word;
            }
            _ => {}
        }
    }

    fn open(&mut self, is_object: bool) {
        if self.frames.len() >= DEEPEST {
            self.deeper += 1;
            return;
        }
        self.has_payload |= is_object && self.field() == Field::Payload;
        self.frames.push(Frame { is_object, expects_key: is_object, field: Field::Other });
    }

    fn expect_key(&mut self, expected: bool) {
        if let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_object) {
            frame.expects_key = expected;
        }
    }

    /// The field whose value comes now.
    fn field(&self) -> Field {
        match self.deeper {
            0 => self.frames.last().map_or(Field::Other, |frame| frame.field),
            _ => Field::Other,
        }
    }

    fn begin_text(&mut self) {
        self.short.clear();
        let expects_key = self.deeper == 0 && self.frames.last().is_some_and(|frame| frame.expects_key);
        let purpose = match self.field() {
            _ if expects_key => Purpose::Key,
            // Some send the same payload under two names.
            Field::Content if !self.has_content => Purpose::Content,
            _ => Purpose::Value,
        };
        self.has_content |= purpose == Purpose::Content;
        self.token = Token::Text(purpose, Escape::None);
    }

    fn text(&mut self, purpose: Purpose, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.half.take().is_some() {
            self.put(purpose, "\u{fffd}".as_bytes());
        }
        self.put(purpose, bytes);
    }

    fn put(&mut self, purpose: Purpose, bytes: &[u8]) {
        match purpose {
            Purpose::Content => self.cutter.push(bytes),
            Purpose::Key | Purpose::Value => self.keep_short(bytes),
        }
    }

    fn keep_short(&mut self, bytes: &[u8]) {
        let room = SHORT.saturating_sub(self.short.len()).min(bytes.len());
        self.short.extend_from_slice(&bytes[..room]);
    }

    fn escaped(&mut self, purpose: Purpose, escape: Escape, byte: u8) {
        self.token = Token::Text(purpose, Escape::None);
        match escape {
            Escape::Unicode { digits, value } => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                let value = (value << 4) | u16::try_from(digit).unwrap_or(0);
                match digits {
                    3 => self.unit(purpose, value),
                    _ => {
                        let escape = Escape::Unicode { digits: digits + 1, value };
                        self.token = Token::Text(purpose, escape);
                    }
                }
            }
            _ => match byte {
                b'n' => self.text(purpose, b"\n"),
                b'r' => self.text(purpose, b"\r"),
                b't' => self.text(purpose, b"\t"),
                b'b' => self.text(purpose, b"\x08"),
                b'f' => self.text(purpose, b"\x0c"),
                b'u' => self.token = Token::Text(purpose, Escape::Unicode { digits: 0, value: 0 }),
                other => self.text(purpose, &[other]),
            },
        }
    }

    /// A unit of UTF-16; half of a pair without the other becomes U+FFFD.
    fn unit(&mut self, purpose: Purpose, unit: u16) {
        let pair = self.half.map(|high| [high, unit]);
        let both = pair.and_then(|pair| char::decode_utf16(pair).next()?.ok());
        if let Some(char) = both {
            self.half = None;
            self.put(purpose, char.encode_utf8(&mut [0; 4]).as_bytes());
        } else if (0xd800..0xdc00).contains(&unit) {
            if self.half.replace(unit).is_some() {
                self.put(purpose, "\u{fffd}".as_bytes());
            }
        } else {
            let char = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
            self.text(purpose, char.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn end_text(&mut self, purpose: Purpose) {
        if self.half.take().is_some() {
            self.put(purpose, "\u{fffd}".as_bytes());
        }
        self.token = Token::Between;
        match purpose {
            Purpose::Key => {
                let field = self.named();
                if let Some(frame) = self.frames.last_mut() {
                    frame.field = field;
                }
            }
            Purpose::Content => self.cutter.end_text(),
            Purpose::Value => self.value(),
        }
    }

    fn end_word(&mut self) {
        self.token = Token::Between;
        self.value();
    }

    /// Which field the key that has just been read names, by where it stands.
    fn named(&self) -> Field {
        // Go executors refuse with an array, of which the first element counts.
        let outermost = usize::from(self.frames.first().is_some_and(|frame| !frame.is_object));
        let parent = self.frames.len().checked_sub(2).and_then(|at| self.frames.get(at));
        let in_payload = parent.is_some_and(|frame| frame.field == Field::Payload);
        match (self.frames.len() - outermost.min(self.frames.len()), self.short.as_slice()) {
            (1, b"code") => Field::Code,
            (1, b"msg") => Field::Text,
            (1, b"content" | b"data") => Field::Payload,
            (2, b"logContent") if in_payload => Field::Content,
            (2, b"toLineNum") if in_payload => Field::ToLine,
            (2, b"isEnd") if in_payload => Field::IsEnd,
            _ => Field::Other,
        }
    }

    fn value(&mut self) {
        let text = String::from_utf8_lossy(&self.short);
        let number = || text.trim().parse::<f64>().ok().filter(|number| number.fract() == 0.0);
        match self.field() {
            Field::Code => self.code = Some(number().map_or(FAILURE, |code| code as i32)),
            Field::Text if text != "null" => self.text = text.into_owned(),
            Field::Payload if text != "null" && self.text.is_empty() => self.text = text.into_owned(),
            Field::ToLine if self.to_line.is_none() => self.to_line = number().map(|line| line as i32),
            Field::IsEnd => self.is_end = text == "true",
            _ => {}
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// Cuts a text into lines.
#[derive(Debug, Default)]
struct Cutter {
    line: Vec<u8>,
    /// Bytes of the line that are left out.
    beyond: u64,
    lines: Vec<String>,
}

impl Cutter {
    fn push(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        if let Some(first) = parts.next() {
            self.extend(first);
        }
        for part in parts {
            self.end_line();
            self.extend(part);
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.line.len()).min(bytes.len());
        self.line.extend_from_slice(&bytes[..room]);
        self.beyond += (bytes.len() - room) as u64;
    }

    fn end_line(&mut self) {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let mut text = String::from_utf8_lossy(line).into_owned();
        if self.beyond > 0 {
            text.push_str(&format!(" […{} more bytes]", self.beyond));
        }
        self.lines.push(text);
        self.line.clear();
        self.beyond = 0;
    }

    /// A last line need not be ended.
    fn end_text(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }
}

#[cfg(test)]
#[path = "log_scan_tests.rs"]
mod tests;
