//! The files of the site: scripts, styles, fonts, images. They lie inside the release binary, so
//! that it runs from any folder; a debug build reads them from disk.

use app::ssr::PartFiles;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What cargo-leptos built, as `[[workspace.metadata.leptos]] site-root` says.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// The folder of hashed files, and their common name.
const PACKAGE: &str = "pkg";
const OUTPUT: &str = "orrery";
/// cargo-leptos writes an MD5 in base64 without padding between name and extension.
const HASH_LENGTH: usize = 22;
/// What scripts load later; esbuild names each file after its content.
const SCRIPT_PARTS: &str = "scripts/parts/";
/// Smaller files are not worth it.
const LEAST_COMPRESSED: usize = 1024;

/// Compressed files by hash and encoding. Bounded by the site: each file has one hash.
#[derive(Clone, Default)]
pub struct CompressedFiles(Arc<Mutex<ByHash>>);

type ByHash = HashMap<([u8; 32], Encoding), Bytes>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Encoding {
    Brotli,
    Gzip,
}

/// Answers with a file of the site if the path names one.
pub async fn serve(State(compressed): State<CompressedFiles>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let path = request.uri().path().trim_start_matches('/').to_owned();
    match Site::get(&path) {
        Some(file) => answer(&path, file, request.headers(), &compressed).await,
        None if path.starts_with("pkg/") => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
        None => next.run(request).await,
    }
}

/// Whether the site was built at all.
pub fn is_built() -> bool {
    hashes().is_some()
}

/// Writes the file in which Leptos looks up the hashes of the site's files, and returns its content's
/// place: `folder` because the binary's own folder may not be writable.
pub fn write_hashes(folder: &Path) -> std::io::Result<Option<String>> {
    let Some(hashes) = hashes() else { return Ok(None) };
    let path = std::path::absolute(folder.join("site-hashes.txt"))?;
    std::fs::write(&path, hashes)?;
    Ok(Some(path.display().to_string()))
}

/// Which files each part of the browser's program needs, as the newest list of them says.
pub fn part_files() -> PartFiles {
    let is_list = |path: &str| path.starts_with("pkg/__wasm_split_manifest.") && path.ends_with(".json");
    let lists = Site::iter().filter(|path| is_list(path)).filter_map(|path| Site::get(&path));
    let newest = lists.max_by_key(|file| file.metadata.last_modified());
    let files = newest.and_then(|file| serde_json::from_slice(&file.data).ok());
    PartFiles(files.unwrap_or_default())
}

/// `js: <hash>` and so on, read from the names of the newest files.
fn hashes() -> Option<String> {
    let newest = |extension: &str| {
        let hash_of = |path: &str| {
            let rest =
                path.strip_prefix(PACKAGE)?.strip_prefix('/')?.strip_prefix(OUTPUT)?.strip_prefix('.')?;
            let hash = rest.strip_suffix(extension)?.strip_suffix('.')?;
            (hash.len() == HASH_LENGTH).then(|| hash.to_owned())
        };
        let found = Site::iter()
            .filter_map(|path| Some((Site::get(&path)?.metadata.last_modified(), hash_of(&path)?)));
        found.max().map(|(_, hash)| format!("{extension}: {hash}\n"))
    };
    Some(newest("js")? + &newest("wasm")? + &newest("css")?)
}

async fn answer(
    path: &str,
    file: EmbeddedFile,
    headers: &HeaderMap,
    compressed: &CompressedFiles,
) -> Response {
    let encoding = accepted_encoding(headers).filter(|_| is_compressible(path, file.data.len()));
    let tag = entity_tag(file.metadata.sha256_hash(), encoding);
    let mut response =
        if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mime = file.metadata.mimetype().to_owned();
            let body = match encoding {
                Some(encoding) => compressed.get(path, file, encoding).await,
                None => Bytes::from(file.data.into_owned()),
            };
            let mut response = Response::new(Body::from(body));
            if let Ok(mime) = HeaderValue::from_str(&with_charset(&mime)) {
                response.headers_mut().insert(header::CONTENT_TYPE, mime);
            }
            if let Some(encoding) = encoding {
                response
                    .headers_mut()
                    .insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
            }
            response
        };
    let cache = if is_hashed(path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

impl CompressedFiles {
    /// The file compressed: when the site was built, as releases are, or now, which is done once and kept.
    async fn get(&self, path: &str, file: EmbeddedFile, encoding: Encoding) -> Bytes {
        if let Some(beside) = Site::get(&format!("{path}.{}", encoding.extension())) {
            return Bytes::from(beside.data.into_owned());
        }
        let key = (file.metadata.sha256_hash(), encoding);
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let plain = file.data.into_owned();
        let work = tokio::task::spawn_blocking(move || encoding.compress(&plain));
        let bytes = Bytes::from(work.await.unwrap_or_default());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, bytes.clone());
        bytes
    }
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What cargo-leptos adds to a file's name.
    fn extension(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }

    fn compress(self, plain: &[u8]) -> Vec<u8> {
        // An unoptimised compressor takes minutes for what it does best.
        let thorough = !cfg!(debug_assertions);
        let mut compressed = Vec::with_capacity(plain.len() / 3);
        // Writing to memory cannot fail.
        match self {
            Self::Brotli => {
                let quality = if thorough { 10 } else { 1 };
                let _ = brotli::CompressorWriter::new(&mut compressed, 1 << 16, quality, 22).write_all(plain);
            }
            Self::Gzip => {
                let level = if thorough { flate2::Compression::best() } else { flate2::Compression::fast() };
                let _ = flate2::write::GzEncoder::new(&mut compressed, level).write_all(plain);
            }
        }
        compressed
    }
}

/// The best encoding that the browser takes and we have.
fn accepted_encoding(headers: &HeaderMap) -> Option<Encoding> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |name: &str| {
        accepted.split(',').any(|item| {
            let (found, weight) = item.split_once(';').unwrap_or((item, ""));
            let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
            found.trim() == name && !refused
        })
    };
    [Encoding::Brotli, Encoding::Gzip].into_iter().find(|encoding| takes(encoding.name()))
}

fn is_compressible(path: &str, length: usize) -> bool {
    let extensions = ["js", "wasm", "css", "svg", "json", "txt", "html"];
    length >= LEAST_COMPRESSED && extensions.iter().any(|extension| path.ends_with(&format!(".{extension}")))
}

/// Whether the name changes with the content, so that it may be kept for ever.
fn is_hashed(path: &str) -> bool {
    let is_built = || path.rsplit('.').nth(1).is_some_and(|part| part.len() == HASH_LENGTH);
    path.starts_with(SCRIPT_PARTS) || path.starts_with("pkg/") && is_built()
}

fn entity_tag(hash: [u8; 32], encoding: Option<Encoding>) -> String {
    let digits: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}{}\"", encoding.map_or("", Encoding::name))
}

fn with_charset(mime: &str) -> String {
    if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_is_smaller_and_whole() {
        let plain = b"All work and no play makes Jack a dull boy. ".repeat(100);
        let gzipped = Encoding::Gzip.compress(&plain);
        let mut restored = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gzipped[..]), &mut restored).unwrap();
        assert_eq!(restored, plain);
        let packed = Encoding::Brotli.compress(&plain);
        let mut restored = Vec::new();
        brotli::BrotliDecompress(&mut &packed[..], &mut restored).unwrap();
        assert_eq!(restored, plain);
        assert!(gzipped.len() < plain.len() / 10 && packed.len() < plain.len() / 10);
    }

    #[test]
    fn the_best_encoding_that_the_browser_takes_is_chosen() {
        let chosen = |accepted: &'static str| {
            accepted_encoding(&HeaderMap::from_iter([(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static(accepted),
            )]))
        };
        assert_eq!(chosen("gzip, deflate, br, zstd"), Some(Encoding::Brotli));
        assert_eq!(chosen("gzip;q=1.0, br;q=0"), Some(Encoding::Gzip));
        assert_eq!(chosen("identity"), None);
    }

    #[test]
    fn only_names_that_change_with_the_content_are_kept_for_ever() {
        assert!(is_hashed("pkg/orrery.1B2M2Y8AsgTpgAmY7PhCfg.wasm"));
        assert!(is_hashed("scripts/parts/shell-PTN7XY5T.js"));
        assert!(!is_hashed("scripts/code-editor.js"));
        assert!(!is_hashed("pkg/orrery.wasm"));
        assert!(!is_hashed("fonts/inter-latin-wght-normal.woff2"));
    }
}
