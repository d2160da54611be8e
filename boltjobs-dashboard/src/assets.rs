//! The style, the script and the icon. They lie in the program, under names that change with what is in them, so that a
//! browser asks for each of them once.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file that pages ask for.
#[derive(Debug)]
pub(crate) struct Asset {
    stem: &'static str,
    extension: &'static str,
    kind: &'static str,
    body: &'static str,
    /// Its path below that of the pages, with the hash of its content.
    pub(crate) path: String,
    /// The same in gzip; empty if that failed.
    zipped: Bytes,
}

pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("style", "css", "text/css; charset=utf-8", include_str!("../assets/style.css"))
});

pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("script", "js", "text/javascript; charset=utf-8", include_str!("../assets/script.js"))
});

pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")));

impl Asset {
    fn new(stem: &'static str, extension: &'static str, kind: &'static str, body: &'static str) -> Self {
        let path = format!("/assets/{stem}-{:016x}.{extension}", hash(body));
        Self { stem, extension, kind, body, path, zipped: zip(body).into() }
    }

    /// Says whether a file is this one, in this version or another.
    fn is(&self, name: &str) -> bool {
        let hash = name.strip_prefix(self.stem).and_then(|rest| rest.strip_suffix(self.extension));
        hash.is_some_and(|hash| hash.starts_with('-') && hash.ends_with('.'))
    }

    fn answer(&self, name: &str, zip: bool) -> Response {
        // While a program is replaced, a page of one version may ask the other one. It gets what there is, for now.
        let keep = if self.path.ends_with(name) { "public, max-age=31536000, immutable" } else { "no-store" };
        let headers = [(CONTENT_TYPE, self.kind), (CACHE_CONTROL, keep), (VARY, "accept-encoding")];
        if zip && !self.zipped.is_empty() {
            return (headers, [(CONTENT_ENCODING, "gzip")], self.zipped.clone()).into_response();
        }
        (headers, self.body).into_response()
    }
}

/// Answers with a file, in gzip if that is understood.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let found = [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.is(&name));
    match found {
        Some(asset) => asset.answer(&name, takes_gzip(headers.get(ACCEPT_ENCODING))),
        // Strangers ask here, too: it is no page, and tells nothing of those.
        None => (StatusCode::NOT_FOUND, "there is no such file\n").into_response(),
    }
}

/// Says whether a browser reads gzip: it says so, and not with a weight of zero.
fn takes_gzip(accepted: Option<&HeaderValue>) -> bool {
    let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn zip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Neither fails in memory. If they did, the file would go out as it is.
    encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// The hash FNV-1a: it tells versions apart, and is the same on every machine that has this one.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod contrast;
#[cfg(test)]
mod tests;
