//! Running a test with many seeds, each of which decides what goes wrong.

use std::any::Any;
use std::env;
use std::fmt::{self, Write};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::jobs::TestJobs;
use super::media::Kind;
use super::run::run_in;
use super::world::{With, World};

/// A [`TestJobs`] in whose world a seed decides what goes wrong, and who comes first.
///
/// In the course of a run processes are killed, stand still and lose the power, the wall clock is set forward and back,
/// calls of the store fail, and its disk fails, is full or loses what was not synced. Calls of the test itself are
/// spared, so that an `enqueue().await?` in it works. The run ends calmly: `run_until_idle` always comes to an end.
///
/// Meanwhile, and once more when the body has ended, it is checked that nothing acknowledged was lost, that no ended job
/// ran again, that stale leases changed nothing, that limits held, that nothing was early, that no instant of a recurring
/// definition fired twice, that counters equal a recount, and that parents and continuations agree. A run that breaks
/// one of these fails.
#[derive(Debug, Clone)]
pub struct Sim(TestJobs);

impl Deref for Sim {
    type Target = TestJobs;

    fn deref(&self) -> &TestJobs {
        &self.0
    }
}

impl Sim {
    /// Returns the seed of this run.
    pub fn seed(&self) -> u64 {
        self.0.0.seed.unwrap_or_default()
    }

    /// Says whether calls of the test itself are struck, too: an `enqueue()` then returns an error now and then, or the
    /// process that it runs in dies. Default: they are not.
    pub fn strike_the_test(&self, strike: bool) {
        if let Some(storm) = &self.0.0.storm {
            super::world::lock(storm).rough = strike;
        }
    }

    /// Lets nothing go wrong from now on, and waits until what has failed works again.
    ///
    /// # Cancel safety
    /// Do not drop it: a process that is about to be started would never be.
    pub async fn calm(&self) {
        self.0.0.calm().await;
    }

    /// Returns a number below `limit` that the seed decides, for what the test itself leaves to chance.
    ///
    /// # Panics
    /// When the limit is 0.
    pub fn below(&self, limit: usize) -> usize {
        assert!(limit > 0, "there is no number below 0");
        self.0.0.storm.as_ref().map_or(0, |storm| super::world::lock(storm).below(limit))
    }
}

/// How one run went.
struct Outcome {
    trace: (u64, u64, Vec<String>),
    weather: String,
    failure: Option<Box<dyn Any + Send>>,
}

/// Runs the body of a test with one seed after the other.
///
/// # Panics
/// When a run fails; the message says with which seed.
#[doc(hidden)]
pub fn simulate<F: Future<Output = T>, T: Ended>(name: &str, runs: u32, with: With, body: impl Fn(Sim) -> F) {
    let seeds = match variable("BOLTJOBS_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("BOLTJOBS_TEST_RUNS").unwrap_or_else(|| u64::from(runs)),
    };
    for seed in seeds {
        let outcome = one(seed, with, &body);
        let Some(failure) = outcome.failure else { continue };
        let (count, hash, lines) = outcome.trace;
        let mut text = format!(
            "\n`{name}` failed with seed {seed}; run it again with BOLTJOBS_TEST_SEED={seed}\nweather: {}\nthe last of \
             {count} calls of the store (trace {hash:016x}):",
            outcome.weather
        );
        for line in lines {
            let _ = write!(text, "\n  {line}");
        }
        // On the output of the test, before the panic goes on.
        #[expect(clippy::print_stderr, reason = "it is where a test says what went wrong")]
        {
            eprintln!("{text}");
        }
        resume_unwind(failure);
    }
}

/// Runs one seed, and returns the sum of everything that was asked of the store and answered by it.
#[doc(hidden)]
pub fn trace_of<F: Future<Output = T>, T: Ended>(
    seed: u64,
    with: With,
    body: impl Fn(Sim) -> F,
) -> (u64, u64) {
    let outcome = one(seed, with, &body);
    if let Some(failure) = outcome.failure {
        resume_unwind(failure);
    }
    (outcome.trace.0, outcome.trace.1)
}

fn one<F: Future<Output = T>, T: Ended>(seed: u64, with: With, body: &impl Fn(Sim) -> F) -> Outcome {
    let mut kept = None;
    let ran = catch_unwind(AssertUnwindSafe(|| {
        run_in(with, Kind::Seeded(seed), |world: Arc<World>| {
            kept.clone_from(&world.storm);
            let body = body(Sim(TestJobs(Arc::clone(&world))));
            async move {
                body.await.or_panic();
                world.conclude().await;
            }
        });
    }));
    let storm = kept.as_ref().map(|storm| super::world::lock(storm));
    Outcome {
        trace: storm.as_ref().map(|storm| storm.trace()).unwrap_or_default(),
        weather: storm.as_ref().map(|storm| storm.describe()).unwrap_or_default(),
        failure: ran.err(),
    }
}

fn variable(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    let number = value.parse();
    assert!(number.is_ok(), "{name} is `{value}`; it must be a number");
    number.ok()
}

/// What the body of a simulation may return.
#[doc(hidden)]
pub trait Ended {
    fn or_panic(self);
}

impl Ended for () {
    fn or_panic(self) {}
}

impl<E: fmt::Debug> Ended for Result<(), E> {
    fn or_panic(self) {
        if let Err(error) = self {
            panic!("the test returned {error:?}");
        }
    }
}
