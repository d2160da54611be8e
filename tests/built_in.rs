//! What the built-in interceptors log.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::Builder;
use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};
use tokio::sync::Semaphore;

/// Holds the handler until the test lets it go.
#[derive(Debug)]
pub struct Gate {
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

/// Waits at the gate.
#[request(name = "wait")]
#[derive(Debug)]
pub struct Wait;

#[handler(timeout = "30s")]
async fn wait(_: Wait, gate: Data<Gate>) -> JobResult {
    gate.entered.add_permits(1);
    gate.open.acquire().await?.forget();
    Ok(())
}

/// Collects what is logged.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs a job for 25 seconds of its 30, and returns what was logged meanwhile.
async fn logged(settings: impl FnOnce(Builder) -> Builder) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    // The handler runs on this thread, too.
    let _guard = tracing::subscriber::set_default(subscriber);
    let (entered, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gate = Gate { entered: Arc::clone(&entered), open: Arc::clone(&open) };
    let bench = Bench::with(|builder| settings(builder.provide(gate))).await;
    let job = bench.scope(async { Wait.enqueue().await.unwrap() }).await;
    patiently(entered.acquire()).await.unwrap().forget();
    bench.clock.advance(Duration::from_secs(25));
    open.add_permits(1);
    patiently(job.wait()).await.unwrap();
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn the_trace_and_the_stopwatch_speak_unless_they_are_left_out() {
    let (span, slow) =
        ("request=\"wait\" attempt=1", "took more than four fifths of its timeout ran=25s limit=30s");
    let log = logged(|builder| builder).await;
    let line = log.lines().find(|line| line.contains(slow)).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("job{id=") && line.contains(span), "the stopwatch is inside of the trace: {line}");
    let log = logged(|builder| builder.without_interceptor("trace").without_interceptor("stopwatch")).await;
    assert!(!log.contains(slow) && !log.contains("job{id="), "{log}");
}
