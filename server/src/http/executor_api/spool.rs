//! Callbacks that the database did not take in time, kept in a file of the data folder until it does.
//!
//! Some clients report a result once and never again. So when the database is silent, what they sent goes
//! to disk as it came and is answered with success; it is worked through again, in order, as soon as the
//! database answers, and after a restart too. Working through it twice changes nothing: a result that is
//! known already is a duplicate.

use super::callback;
use crate::http::credentials::Credentials;
use crate::state::ServerState;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Bytes kept at most; beyond it clients are told to send again later.
const MOST: u64 = 256 << 20;
/// How often the database is tried.
const EVERY: Duration = Duration::from_secs(1);
/// How long the database may take for one callback.
const PATIENCE: Duration = Duration::from_secs(10);

/// One callback as it came.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// Those by which it is seen whose it is.
    headers: Vec<(String, String)>,
    body: String,
}

/// The file. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
    /// Held while the file is written, or set aside.
    turn: Arc<Mutex<()>>,
}

impl Spool {
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), turn: Arc::default() }
    }

    /// Appends a callback; it is on disk when this returns.
    ///
    /// # Errors
    /// That of the file system; [`io::ErrorKind::QuotaExceeded`] when too much is kept already.
    pub async fn keep(&self, headers: &HeaderMap, body: &[u8]) -> io::Result<()> {
        let named = |name: &&str| Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()));
        let kept = Kept {
            headers: Credentials::HEADERS.iter().filter_map(named).collect(),
            body: String::from_utf8_lossy(body).into_owned(),
        };
        let own = self.clone();
        tokio::task::spawn_blocking(move || own.append(&kept)).await.map_err(io::Error::other)?
    }

    fn append(&self, kept: &Kept) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = serde_json::to_vec(kept)?;
        line.push(b'\n');
        // It holds tokens.
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(self.incoming())?;
        if file.metadata()?.len() + line.len() as u64 > MOST {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        file.write_all(&line)?;
        file.sync_data()
    }

    /// Sets aside what was kept, unless an earlier part is not done, and reads it. A line that a crash
    /// cut off was never answered with success, and is left out.
    fn take(&self) -> io::Result<Vec<Kept>> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.aside().exists() {
            match fs::rename(self.incoming(), self.aside()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                renamed => renamed?,
            }
        }
        let lines = BufReader::new(File::open(self.aside())?).split(b'\n');
        let lines: Vec<Vec<u8>> = lines.collect::<io::Result<_>>()?;
        Ok(lines.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// What was set aside has been worked through.
    fn done(&self) -> io::Result<()> {
        match fs::remove_file(self.aside()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn incoming(&self) -> PathBuf {
        self.folder.join("callbacks.spool")
    }

    fn aside(&self) -> PathBuf {
        self.folder.join("callbacks.replay")
    }
}

/// Works through what is kept until the server stops.
pub async fn replay(state: ServerState, stop: CancellationToken) {
    loop {
        if let Err(error) = replay_once(&state).await {
            tracing::warn!(%error, "callbacks that were kept cannot be recorded yet");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn replay_once(state: &ServerState) -> anyhow::Result<()> {
    let spool = state.spool.clone();
    let kept = tokio::task::spawn_blocking(move || spool.take()).await??;
    for Kept { headers, body } in &kept {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        let credentials = Credentials::of(&map);
        tokio::time::timeout(PATIENCE, callback::callback(state, &credentials, body.as_bytes())).await??;
    }
    if !kept.is_empty() {
        tracing::info!(callbacks = kept.len(), "callbacks that were kept have been recorded");
    }
    Ok(state.spool.done()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("xxl-job-access-token", HeaderValue::from_static("secret"));
        headers.insert("cookie", HeaderValue::from_static("not needed"));
        headers
    }

    #[tokio::test]
    async fn what_is_kept_comes_back_in_order_until_it_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path());
        assert_eq!(spool.take().unwrap(), []);
        for body in ["one", "two\nlines"] {
            spool.keep(&headers(), body.as_bytes()).await.unwrap();
        }
        let bodies = |kept: Vec<Kept>| kept.into_iter().map(|kept| kept.body).collect::<Vec<_>>();
        let kept = spool.take().unwrap();
        assert_eq!(kept[0].headers, [("xxl-job-access-token".to_owned(), "secret".to_owned())]);
        assert_eq!(bodies(kept), ["one", "two\nlines"]);
        // What comes meanwhile waits for its turn.
        spool.keep(&headers(), b"three").await.unwrap();
        assert_eq!(bodies(Spool::new(folder.path()).take().unwrap()), ["one", "two\nlines"]);
        spool.done().unwrap();
        assert_eq!(bodies(spool.take().unwrap()), ["three"]);
        spool.done().unwrap();
        assert_eq!(spool.take().unwrap(), []);
    }

    #[tokio::test]
    async fn a_line_that_was_cut_off_is_left_out_and_the_file_is_nobody_elses() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path());
        spool.keep(&headers(), b"whole").await.unwrap();
        let path = folder.path().join("callbacks.spool");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"headers\":[],\"bo").unwrap();
        let kept = spool.take().unwrap();
        assert_eq!((kept.len(), kept[0].body.as_str()), (1, "whole"));
    }
}
