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

/// Is no JSON, or panics on the way there.
#[derive(Debug, serde::Deserialize)]
pub struct Unwritable(bool);

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        assert!(!self.0, "in Serialize");
        Err(serde::ser::Error::custom("a map in a circle"))
    }
}

/// Does its work, and returns what can't be stored.
#[request(response = Unwritable)]
#[derive(Debug)]
pub struct Draw {
    panic: bool,
}

#[handler]
async fn draw(request: Draw) -> JobResult<Unwritable> {
    Ok(Unwritable(request.panic))
}

#[tokio::test]
async fn a_result_that_cant_be_stored_costs_no_second_run_and_whoever_waits_is_told() {
    let bench = Bench::start().await;
    for (panic, why) in [(false, "a map in a circle"), (true, "in Serialize")] {
        let job = bench.scope(async { Draw { panic }.enqueue().await.unwrap() }).await;
        let error = patiently(job.wait()).await.unwrap_err();
        assert!(matches!(&error, boltjobs::Error::NoResult { .. }), "{error}");
        assert!(error.to_string().contains("its result can't be stored as JSON: "), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        let done = bench.job(job.id()).await;
        assert_eq!((done.state(), done.attempts(), done.result()), (JobState::Succeeded, 1, None));
        assert_eq!(done.last_error(), None);
    }
}
