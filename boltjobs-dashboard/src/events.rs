//! Tells browsers that something has changed, as it does. What has changed they see by asking for their page again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use boltjobs_core::store::StoreError;
use futures_util::stream::{self, Stream};

use crate::Source;

/// How long a change waits at most until it is told, and so how many are told at most in a time.
const LOOK: Duration = Duration::from_secs(1);

/// After how many looks without a change a line is sent that says nothing, so that nobody between takes the connection
/// for a dead one.
const QUIET: u32 = 15;

/// After what time a browser asks again, when the connection was lost.
const RETRY: Duration = Duration::from_secs(2);

/// Answers with a stream of `change` events, each with the number of what there is. The first one comes at once, unless
/// the browser says that it has seen that number.
pub(crate) async fn events(State(source): State<Source>, headers: HeaderMap) -> Response {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<u64>().ok());
    match source.store.revision().await {
        Ok(revision) => {
            // The second is for nginx, which would collect events before it hands them on.
            let headers = [("cache-control", "no-store"), ("x-accel-buffering", "no")];
            (headers, Sse::new(changes(source, revision, seen))).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// What was told of, and how many looks ago.
struct Told {
    source: Source,
    seen: Option<u64>,
    looks: u32,
}

/// Tells of changes until the store fails. Then it ends, and the browser is told why when it comes back.
fn changes(
    source: Source,
    first: u64,
    seen: Option<u64>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let greeting = if seen == Some(first) { Event::default().comment("") } else { change(first) };
    let greeting = stream::iter([Ok(greeting.retry(RETRY))]);
    let told = Told { source, seen: Some(first), looks: 0 };
    stream::StreamExt::chain(
        greeting,
        stream::unfold(told, |mut told| async move {
            let event = next(&mut told).await.ok()?;
            Some((Ok(event), told))
        }),
    )
}

async fn next(told: &mut Told) -> Result<Event, StoreError> {
    loop {
        told.source.clock.sleep(LOOK).await;
        let revision = told.source.store.revision().await?;
        if told.seen != Some(revision) {
            (told.seen, told.looks) = (Some(revision), 0);
            return Ok(change(revision));
        }
        told.looks += 1;
        if told.looks == QUIET {
            told.looks = 0;
            return Ok(Event::default().comment(""));
        }
    }
}

fn change(revision: u64) -> Event {
    let revision = revision.to_string();
    Event::default().event("change").id(&revision).data(&revision)
}

#[cfg(test)]
mod tests;
