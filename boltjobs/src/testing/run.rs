//! Running a test.
#![expect(clippy::disallowed_methods, reason = "it waits by tokio's clock, which is the one of the test")]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Builder;

use super::jobs::TestJobs;
use super::media::Kind;
use super::park;
use super::world::{With, World};

/// How long a test may wait by its own time while it lets nothing run.
const PATIENCE: Duration = Duration::from_hours(24);

/// What the world outside is given before such a test is ended.
const GRACE: Duration = Duration::from_secs(2);

/// Runs the body of a test.
///
/// # Panics
/// When the body does, when the program has faults, and when the body waits for what never comes.
#[doc(hidden)]
pub fn run<T, F: Future<Output = T>>(with: With, body: impl FnOnce(TestJobs) -> F) -> T {
    run_on(Kind::Memory, with, body)
}

/// The same on something else.
#[doc(hidden)]
pub fn run_on<T, F: Future<Output = T>>(kind: Kind, with: With, body: impl FnOnce(TestJobs) -> F) -> T {
    run_in(with, kind, |world| body(TestJobs(world)))
}

/// The same in a world in which a seed may decide what goes wrong.
pub(super) fn run_in<T, F: Future<Output = T>>(
    with: With,
    kind: Kind,
    body: impl FnOnce(Arc<World>) -> F,
) -> T {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .on_thread_park(park::parks)
        .build()
        .unwrap_or_else(|error| panic!("can't make the runtime of the test: {error}"));
    let ended = runtime.block_on(async {
        let world = World::begin(with, kind).await;
        let body = body(Arc::clone(&world));
        // A task of its own, so that its timers are none of the body's.
        let hopeless = tokio::spawn(watch_over(Arc::clone(&world)));
        tokio::select! {
            biased;
            ended = guarded(&world, body) => ended,
            _ = hopeless => panic!(
                "the test waits, and nothing that it waits for can come: jobs run only while it awaits `jobs.drain()`, \
                 `jobs.run_until_idle()`, `jobs.advance(span)` or `jobs.wait_for(job)`"
            ),
        }
    });
    // A blocking handler that does not return is left to itself.
    runtime.shutdown_background();
    ended
}

/// Counts how often the body goes on.
async fn guarded<T>(world: &World, body: impl Future<Output = T>) -> T {
    let mut body = pin!(body);
    poll_fn(|context| {
        world.polls.fetch_add(1, Ordering::Relaxed);
        body.as_mut().poll(context)
    })
    .await
}

/// Returns when the test has waited for long while it let nothing run.
async fn watch_over(world: Arc<World>) {
    loop {
        let before = world.polls.load(Ordering::Relaxed);
        tokio::time::sleep(PATIENCE).await;
        if world.polls.load(Ordering::Relaxed) != before {
            continue;
        }
        // The clock of the test does not move while a thread is at work.
        let _ = tokio::task::spawn_blocking(|| std::thread::sleep(GRACE)).await;
        if world.polls.load(Ordering::Relaxed) == before {
            return;
        }
    }
}
