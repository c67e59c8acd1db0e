//! One connection to an executor: a request out, its answer in. HTTP/1.1 as RFC 9112 has it, and of that what a client
//! needs which posts and reads.

use bytes::{Buf, Bytes, BytesMut};
use futures::future::poll_immediate;
use httparse::{EMPTY_HEADER, Header, InvalidChunkSize, Status};
use std::io::{self, ErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a head, of a chunk's first line and of what follows the last chunk.
const MOST_HEAD: usize = 64 << 10;
const MOST_HEADERS: usize = 100;
/// Room for the usual answer.
const READ_AT_ONCE: usize = 2 << 10;

/// A connection, with what was read of it and belongs to no answer yet.
pub struct Wire<S> {
    stream: S,
    read: BytesMut,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub body: Bytes,
    /// Whether both sides keep the connection open, and nothing is left in it.
    pub is_kept: bool,
}

/// Why nothing came back that counts.
#[derive(Debug)]
pub enum Unanswered {
    /// Nothing of the request was written.
    Unsent(io::Error),
    /// Some of it, or all, was.
    Broken(io::Error),
    /// It was answered with what HTTP does not allow, or with more than was wanted.
    Garbage(String),
}

/// How an answer's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Bytes(usize),
    Chunks,
    /// With the connection.
    Rest,
}

/// What the head of an answer says of what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    length: usize,
    /// Another head follows instead of a body.
    is_interim: bool,
    extent: Extent,
    is_kept: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, read: BytesMut::new() }
    }

    /// Whether the other side has neither closed it nor said anything that nobody asked for.
    pub async fn is_alive(&mut self) -> bool {
        poll_immediate(self.stream.read_u8()).await.is_none()
    }

    /// Sends a whole request, head and body, and reads the answer; its body has at most `limit` bytes.
    pub async fn exchange(&mut self, request: &[u8], limit: usize) -> Result<Answer, Unanswered> {
        self.send(request).await?;
        let head = loop {
            let head = self.head().await?;
            if !head.is_interim {
                break head;
            }
        };
        let body = match head.extent {
            Extent::Bytes(length) => self.known(length, limit).await?,
            Extent::Chunks => self.chunks(limit).await?,
            Extent::Rest => self.rest(limit).await?,
        };
        Ok(Answer { body, is_kept: head.is_kept && self.read.is_empty() })
    }

    async fn send(&mut self, mut request: &[u8]) -> Result<(), Unanswered> {
        let whole = request.len();
        while !request.is_empty() {
            let written = match self.stream.write(request).await {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                written => written,
            };
            let failed = if request.len() == whole { Unanswered::Unsent } else { Unanswered::Broken };
            request = &request[written.map_err(failed)?..];
        }
        self.stream.flush().await.map_err(Unanswered::Broken)
    }

    /// The next head, which is taken out of what was read.
    async fn head(&mut self) -> Result<Head, Unanswered> {
        let head = self.part("head", head).await?;
        self.read.advance(head.length);
        Ok(head)
    }

    async fn known(&mut self, length: usize, limit: usize) -> Result<Bytes, Unanswered> {
        if length > limit {
            return Err(too_long(limit));
        }
        while self.read.len() < length {
            self.fill().await?;
        }
        Ok(self.read.split_to(length).freeze())
    }

    async fn rest(&mut self, limit: usize) -> Result<Bytes, Unanswered> {
        while self.read.len() <= limit {
            if self.read_more().await? == 0 {
                return Ok(self.read.split().freeze());
            }
        }
        Err(too_long(limit))
    }

    async fn chunks(&mut self, limit: usize) -> Result<Bytes, Unanswered> {
        let mut body = BytesMut::new();
        loop {
            let (line, size) = self.part("chunk", chunk).await?;
            self.read.advance(line);
            if size == 0 {
                let trailer = self.part("trailer", trailer).await?;
                self.read.advance(trailer);
                return Ok(body.freeze());
            }
            if size > limit - body.len() {
                return Err(too_long(limit));
            }
            while self.read.len() < size + LINE_END.len() {
                self.fill().await?;
            }
            body.extend_from_slice(&self.read.split_to(size));
            if self.read.split_to(LINE_END.len()) != LINE_END {
                return Err(Unanswered::Garbage(
                    "a chunk of the answer does not end where it says".to_owned(),
                ));
            }
        }
    }

    /// Reads until `parse` finds a whole one of what it looks for.
    async fn part<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&[u8]) -> Result<Option<T>, String>,
    ) -> Result<T, Unanswered> {
        loop {
            let garbage = |error: String| Unanswered::Garbage(format!("the answer's {name}: {error}"));
            if let Some(found) = parse(&self.read).map_err(garbage)? {
                return Ok(found);
            }
            if self.read.len() > MOST_HEAD {
                return Err(garbage(format!("longer than {MOST_HEAD} bytes")));
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), Unanswered> {
        match self.read_more().await? {
            0 => {
                let text = "the connection was closed before the answer's end";
                Err(Unanswered::Broken(io::Error::new(ErrorKind::UnexpectedEof, text)))
            }
            _ => Ok(()),
        }
    }

    async fn read_more(&mut self) -> Result<usize, Unanswered> {
        self.read.reserve(READ_AT_ONCE);
        self.stream.read_buf(&mut self.read).await.map_err(Unanswered::Broken)
    }
}

const LINE_END: &[u8] = b"\r\n";

fn too_long(limit: usize) -> Unanswered {
    Unanswered::Garbage(format!("the answer is longer than {limit} bytes"))
}

/// The head at the beginning of what was read; none while it is not whole.
fn head(read: &[u8]) -> Result<Option<Head>, String> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let Status::Complete(length) = response.parse(read).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let (status, is_1_1) = (response.code.unwrap_or_default(), response.version == Some(1));
    if status == 101 {
        return Err("another protocol".to_owned());
    }
    let extent = extent(status, response.headers)?;
    let says = |word| is_said(response.headers, "connection", word);
    let is_kept = if is_1_1 { !says("close") } else { says("keep-alive") };
    Ok(Some(Head { length, is_interim: status < 200, extent, is_kept: is_kept && extent != Extent::Rest }))
}

/// RFC 9112, 6.3.
fn extent(status: u16, headers: &[Header<'_>]) -> Result<Extent, String> {
    if matches!(status, ..200 | 204 | 304) {
        return Ok(Extent::Bytes(0));
    }
    if let Some(coding) = values(headers, "transfer-encoding").last() {
        let is_chunked = coding.eq_ignore_ascii_case(b"chunked");
        return Ok(if is_chunked { Extent::Chunks } else { Extent::Rest });
    }
    let mut lengths = values(headers, "content-length").map(length);
    let Some(first) = lengths.next().transpose()? else {
        return Ok(Extent::Rest);
    };
    match lengths.all(|other| other == Ok(first)) {
        true => Ok(Extent::Bytes(first)),
        false => Err("several lengths".to_owned()),
    }
}

fn length(value: &[u8]) -> Result<usize, String> {
    let digits =
        std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| "a length that is no number".to_owned())
}

fn is_said(headers: &[Header<'_>], name: &str, word: &str) -> bool {
    values(headers, name).any(|value| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// What headers of this name list, in order (RFC 9110, 5.6.1).
fn values<'a>(headers: &'a [Header<'_>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.flat_map(|header| header.value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// The bytes of a chunk's first line and of the chunk.
fn chunk(read: &[u8]) -> Result<Option<(usize, usize)>, String> {
    match httparse::parse_chunk_size(read) {
        Ok(Status::Complete((line, size))) => {
            let size = usize::try_from(size).map_err(|error| error.to_string())?;
            Ok(Some((line, size)))
        }
        Ok(Status::Partial) => Ok(None),
        Err(InvalidChunkSize) => Err("a size that is no number".to_owned()),
    }
}

/// The bytes of what follows the last chunk, which nobody needs.
fn trailer(read: &[u8]) -> Result<Option<usize>, String> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    match httparse::parse_headers(read, &mut headers) {
        Ok(Status::Complete((length, _))) => Ok(Some(length)),
        Ok(Status::Partial) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};

    const LIMIT: usize = 100;

    /// What comes of a request that is answered with these pieces, read one by one, before the connection is closed.
    async fn answered(pieces: &[&str]) -> Result<Answer, Unanswered> {
        let (ours, mut theirs) = duplex(1);
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        let answering = tokio::spawn(async move {
            let mut request = [0; 4];
            theirs.read_exact(&mut request).await.unwrap();
            for piece in pieces {
                // Who has read enough reads no further.
                if theirs.write_all(piece.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
        let answer = Wire::new(ours).exchange(b"POST", LIMIT).await;
        answering.await.unwrap();
        answer
    }

    async fn body_of(text: &str) -> (String, bool) {
        let answer = answered(&[text]).await.unwrap();
        (String::from_utf8(answer.body.to_vec()).unwrap(), answer.is_kept)
    }

    fn said(body: &str, is_kept: bool) -> (String, bool) {
        (body.to_owned(), is_kept)
    }

    #[tokio::test]
    async fn an_answer_ends_where_its_head_says() {
        let known = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(body_of(known).await, said("hello", true));
        let twice = "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(body_of(twice).await, said("hello", true));
        let rest = "HTTP/1.1 500 No\r\n\r\nhello";
        assert_eq!(body_of(rest).await, said("hello", false));
        let nothing = "HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(body_of(nothing).await, said("", true));
        let interim =
            format!("HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n{known}");
        assert_eq!(body_of(&interim).await, said("hello", true));
    }

    #[tokio::test]
    async fn chunks_are_joined_and_what_is_said_of_them_is_left_out() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
        let plain = format!("{head}3\r\nhel\r\n2;why=so\r\nlo\r\n0\r\n\r\n");
        assert_eq!(body_of(&plain).await, said("hello", true));
        let trailed = format!("{head}5\r\nhello\r\n0\r\nsum: 7\r\n\r\n");
        assert_eq!(body_of(&trailed).await, said("hello", true));
        let unended = answered(&[head, "5\r\nhello\r\n0\r\n"]).await;
        assert!(matches!(unended, Err(Unanswered::Broken(_))), "{unended:?}");
    }

    #[tokio::test]
    async fn a_connection_is_kept_where_both_sides_keep_it_and_nothing_is_left_in_it() {
        let with = |version: &str, headers: &str| {
            format!("{version} 200 OK\r\n{headers}content-length: 2\r\n\r\nok")
        };
        for (version, headers, is_kept) in [
            ("HTTP/1.1", "", true),
            ("HTTP/1.1", "connection: Upgrade, Close\r\n", false),
            ("HTTP/1.0", "", false),
            ("HTTP/1.0", "connection: Keep-Alive\r\n", true),
        ] {
            assert_eq!(body_of(&with(version, headers)).await, said("ok", is_kept), "{version} {headers}");
        }
        let (ours, mut theirs) = duplex(1024);
        theirs.write_all(with("HTTP/1.1", "").as_bytes()).await.unwrap();
        theirs.write_all(b"more").await.unwrap();
        assert!(!Wire::new(ours).exchange(b"POST", LIMIT).await.unwrap().is_kept);
    }

    #[tokio::test]
    async fn what_http_does_not_allow_is_garbage_and_what_breaks_off_is_no_answer() {
        let long = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MOST_HEAD));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(MOST_HEADERS + 1));
        for text in [
            "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
            "HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            &long,
            &many,
        ] {
            let answer = answered(&[text]).await;
            assert!(matches!(answer, Err(Unanswered::Garbage(_))), "{answer:?} to {text:.80}");
        }
        for limited in ["content-length: 101", "transfer-encoding: chunked\r\n\r\n65", ""] {
            let text = format!("HTTP/1.1 200 OK\r\n{limited}\r\n\r\n{}", "y".repeat(LIMIT + 1));
            match answered(&[&text]).await {
                Err(Unanswered::Garbage(text)) => assert_eq!(text, "the answer is longer than 100 bytes"),
                other => panic!("{other:?} to {limited}"),
            }
        }
        for text in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell"] {
            let answer = answered(&[text]).await;
            assert!(matches!(answer, Err(Unanswered::Broken(_))), "{answer:?} to {text}");
        }
    }

    #[tokio::test]
    async fn whether_anything_was_written_is_known() {
        let closed = |capacity| -> Wire<DuplexStream> { Wire::new(duplex(capacity).0) };
        let unsent = closed(64).exchange(b"POST", LIMIT).await;
        assert!(matches!(unsent, Err(Unanswered::Unsent(_))), "{unsent:?}");
        let (ours, mut theirs) = duplex(2);
        let reading = tokio::spawn(async move { theirs.read_u8().await });
        let broken = Wire::new(ours).exchange(b"POST", LIMIT).await;
        assert_eq!(reading.await.unwrap().unwrap(), b'P');
        assert!(matches!(broken, Err(Unanswered::Broken(_))), "{broken:?}");
    }

    #[tokio::test]
    async fn what_was_closed_or_speaks_unasked_is_not_alive() {
        let (ours, mut theirs) = duplex(64);
        let mut wire = Wire::new(ours);
        assert!(wire.is_alive().await);
        theirs.write_all(b"x").await.unwrap();
        assert!(!wire.is_alive().await);
        drop(theirs);
        assert!(!wire.is_alive().await);
    }
}
