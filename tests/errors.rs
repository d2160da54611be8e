//! Errors and panics that come from what surrounds a handler.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};

/// Panics wherever code of the user's can.
#[derive(Debug)]
struct Explosive;

impl std::fmt::Display for Explosive {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("in Display")
    }
}

impl std::error::Error for Explosive {}

impl Drop for Explosive {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("in Drop");
        }
    }
}

/// Panics where it is told.
#[request]
#[derive(Debug)]
pub struct Explode {
    #[serde(deserialize_with = "explode")]
    place: String,
}

fn explode<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let place: String = serde::Deserialize::deserialize(deserializer)?;
    assert!(place != "Deserialize", "in Deserialize");
    Ok(place)
}

#[handler(retries = 0, timeout = "5s")]
async fn detonate(request: Explode) -> JobResult {
    if request.place == "Display" {
        return Err(Explosive.into());
    }
    let _held = Explosive;
    std::future::pending().await
}

#[tokio::test]
async fn a_panic_of_whatever_serves_the_handler_is_a_failure_too() {
    let bench = Bench::start().await;
    for place in ["Deserialize", "Display", "Drop"] {
        let job = bench.scope(async { Explode { place: place.to_owned() }.enqueue().await.unwrap() }).await;
        patiently(async {
            while bench.job(job.id()).await.state() != JobState::Failed {
                bench.clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
        })
        .await;
        let message = bench.job(job.id()).await.last_error().unwrap().message.clone();
        assert!(message.contains(&format!("in {place}")), "{message}");
    }
}

/// An error of the user's that stands before a `JobError`.
#[derive(Debug)]
struct Wrapped(JobError);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("wrapped")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Its discard is wrapped.
#[request]
#[derive(Debug)]
pub struct Wrap;

#[handler]
async fn wrap(_: Wrap) -> Result<(), Wrapped> {
    Err(Wrapped(JobError::discard("no use")))
}

#[tokio::test]
async fn a_directive_is_heeded_behind_other_errors() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Wrap.enqueue().await.unwrap() }).await;
    assert_eq!(bench.until(job.id(), JobState::Failed).await.attempts(), 1);
}
