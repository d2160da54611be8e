//! Answers in JSON.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use boltjobs_core::store::StoreError;
use serde_json::{Value, json};

use crate::refused::Refused;

/// The largest integer below which a program that reads numbers as doubles takes none for another one.
const EXACT: u64 = (1 << 53) - 1;

/// The most bytes of an error that is written anew.
const LONGEST: usize = 64 << 10;

/// Why there is no answer, and the status that says so.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    why: String,
}

impl Fault {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let (status, why) = refused.told();
        Self::new(status, why)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        json(self.status, json!({ "error": self.why }))
    }
}

/// What an endpoint answers.
pub(super) struct Answer(pub(super) Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        json(StatusCode::OK, self.0)
    }
}

fn json(status: StatusCode, value: Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], exact(value).to_string()).into_response()
}

/// Writes integers as texts that would come out as others where numbers are doubles, as in JavaScript: an id in a payload
/// must be the one that it was.
pub(super) fn exact(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let exact = match (number.as_u64(), number.as_i64()) {
                (Some(natural), _) => natural <= EXACT,
                (None, Some(negative)) => negative.unsigned_abs() <= EXACT,
                (None, None) => true,
            };
            if exact { Value::Number(number) } else { Value::String(number.to_string()) }
        }
        Value::Array(items) => items.into_iter().map(exact).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, exact(value))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// Says whether a path is one of those that answer in JSON.
pub(crate) fn has(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Writes in JSON what others say below `/api` when they answer with an error: what stands before every page, and the
/// framework.
pub(crate) async fn in_json(request: Request, next: Next) -> Response {
    let concerns = has(request.uri().path());
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE);
    let written = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !concerns || written || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let why = match (text.trim(), status) {
        ("", StatusCode::METHOD_NOT_ALLOWED) => "There is no such method here; /api/openapi.json lists them.",
        ("", _) => status.canonical_reason().unwrap_or("It failed."),
        (text, _) => text,
    };
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(json!({ "error": why }).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_that_doubles_can_not_hold_are_texts() {
        let ids = json!({ "ids": [9_007_199_254_740_991_u64, 9_007_199_254_740_993_u64, u64::MAX] });
        assert_eq!(
            exact(ids),
            json!({ "ids": [9_007_199_254_740_991_u64, "9007199254740993", u64::MAX.to_string()] })
        );
        assert_eq!(
            exact(json!([-9_007_199_254_740_991_i64, i64::MIN, 1e300, 0.5])),
            json!([-9_007_199_254_740_991_i64, "-9223372036854775808", 1e300, 0.5])
        );
    }
}
