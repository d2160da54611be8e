//! What a test does with its jobs.

use std::any::TypeId;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::clock::Clock;
use boltjobs_core::job::Job;
use boltjobs_core::store::{JobFilter, PageQuery};
use boltjobs_core::{JobId, JobState, Timestamp};
use chrono::{DateTime, Utc};

use super::drive::{Times, Until, drive};
use super::faults::{CrashPoint, StoreCall};
use super::perform::Perform;
use super::report::Report;
use super::world::World;
use crate::client::Client;
use crate::details::JobDetails;
use crate::handle::JobHandle;
use crate::pipeline::enqueue::IntoInstant;
use crate::provider::share;
use crate::request::Request;

/// The jobs of one test: a store in memory, a clock, and a server that runs what it is told to.
///
/// Nothing runs until the test says so, and time stands still until the test lets it pass: the methods that return a
/// [`Report`] do both. Cheap to clone.
#[derive(Clone)]
pub struct TestJobs(pub(super) Arc<World>);

/// Names a job: a [`JobHandle`], or its id.
pub trait IntoJobId {
    #[doc(hidden)]
    fn into_job_id(self) -> JobId;
}

impl IntoJobId for JobId {
    fn into_job_id(self) -> JobId {
        self
    }
}

impl<R: Request> IntoJobId for &JobHandle<R> {
    fn into_job_id(self) -> JobId {
        self.id()
    }
}

impl TestJobs {
    /// Returns the client of the server, as `boltjobs::client()` does anywhere in the test.
    ///
    /// # Panics
    /// While the server starts.
    pub fn client(&self) -> Client {
        let life = self.0.life();
        match &*life {
            Some(life) => life.server.client(),
            None => panic!("the server of the test is not there yet"),
        }
    }

    // Running jobs.

    /// Runs every job that can start now, and what these enqueue to be run at once, until nothing is left to do.
    ///
    /// Time stands still, but for what handlers wait for themselves: a handler that sleeps for an hour takes an hour of
    /// the test's time, and no time of yours.
    ///
    /// # Panics
    /// When handlers have run for a day of the test's time and nothing happens.
    ///
    /// # Cancel safety
    /// Dropped, it lets no further job begin. What runs stays running, and goes on whenever the test awaits something; the
    /// next call takes up where this one stopped. In a simulation do not drop it: a process that is about to be started
    /// would never be.
    pub async fn drain(&self) -> Report {
        drive(&self.0, Until::Drained).await
    }

    /// Runs jobs until none is left: time jumps from due job to due job. What follows from a job is run, too: retries,
    /// continuations, jobs that it enqueues for later.
    ///
    /// Recurring definitions fire on the way, but for their sake alone time does not pass.
    ///
    /// # Panics
    /// When jobs keep coming: after 100,000 jumps. When handlers have run for a day of the test's time and nothing happens.
    ///
    /// # Cancel safety
    /// That of [`drain`](Self::drain).
    pub async fn run_until_idle(&self) -> Report {
        drive(&self.0, Until::Idle).await
    }

    /// Lets time pass and runs what becomes due meanwhile, in order, each at its time.
    ///
    /// # Panics
    /// When handlers have run for a day of the test's time and nothing happens.
    ///
    /// # Cancel safety
    /// That of [`drain`](Self::drain).
    pub async fn advance(&self, span: Duration) -> Report {
        drive(&self.0, Until::Time(self.0.clock.now().plus(span))).await
    }

    /// Lets time pass until an instant, as [`advance`](Self::advance) does.
    ///
    /// # Panics
    /// When the instant has passed, and as `advance`.
    ///
    /// # Cancel safety
    /// That of [`drain`](Self::drain).
    pub async fn advance_to(&self, at: impl IntoInstant) -> Report {
        let (at, now) = (at.into_instant(), self.0.clock.now());
        assert!(
            at >= now,
            "{at} has passed: it is {now} in the test; to set the clock back, use `set_clock`"
        );
        drive(&self.0, Until::Time(at)).await
    }

    /// Lets time pass until the next instant at which something is due, recurring definitions included, and runs it.
    /// Nothing happens when nothing is due.
    ///
    /// # Panics
    /// As `advance`.
    ///
    /// # Cancel safety
    /// That of [`drain`](Self::drain).
    pub async fn skip_to_next(&self) -> Report {
        match self.due().await {
            Some(next) => drive(&self.0, Until::Time(next)).await,
            None => Report::default(),
        }
    }

    /// Starts every job that can start now, and returns as soon as all handlers wait for something: a time, a channel,
    /// another job.
    ///
    /// They go on whenever the test awaits something; use it to see, steer or crash jobs that run.
    ///
    /// # Cancel safety
    /// That of [`drain`](Self::drain).
    pub async fn begin(&self) -> Report {
        drive(&self.0, Until::Begun).await
    }

    /// Runs jobs until one has ended, and returns it; time jumps as in [`run_until_idle`](Self::run_until_idle). One that
    /// has ended already is returned at once.
    ///
    /// # Panics
    /// When the job does not exist, or nothing is left to do and it has not ended; the message says why.
    ///
    /// # Cancel safety
    /// That of [`drain`](Self::drain).
    pub async fn wait_for(&self, job: impl IntoJobId) -> JobDetails {
        let id = job.into_job_id();
        drive(&self.0, Until::Ended(id)).await;
        let ended = self.job(id).await;
        if !ended.state().is_final() {
            let why = self.explain(id).await;
            panic!("job {id} `{}` does not end: it is {}; {why}", ended.title(), ended.state());
        }
        ended
    }

    /// Runs the handler of a request alone, with everything around it: the request is encoded and decoded, providers and
    /// interceptors are at work, and what comes of it is decided as for a job. Nothing of it is stored.
    ///
    /// What the handler enqueues is enqueued, and does not run.
    pub fn perform<R: Request>(&self, request: R) -> Perform<R> {
        Perform::new(Arc::clone(&self.0), request)
    }

    // Looking.

    /// Returns everything that is known of a job.
    ///
    /// # Panics
    /// When it does not exist.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn job(&self, job: impl IntoJobId) -> JobDetails {
        let (id, store) = (job.into_job_id(), self.0.probe.inner());
        let found = store.job(id).await.unwrap_or_default();
        let Some(found) = found else { panic!("there is no job {id}, or its retention is over") };
        JobDetails::new(found).with_notes(store.notes(id).await.unwrap_or_default())
    }

    /// Returns the jobs of a request that have not ended, in the order in which they were enqueued.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn pending<R: Request>(&self) -> Vec<R> {
        let name = R::INFO.name();
        let jobs = self.unfinished().await;
        let ours = jobs.iter().filter(|job| *job.spec.request == *name);
        ours.filter_map(|job| serde_json::from_slice(&job.spec.payload).ok()).collect()
    }

    /// Returns the time of the test. It begins on 2026-01-01 at 00:00 UTC, a Thursday.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now().to_datetime()
    }

    /// Returns when something is due next: a job, or a recurring definition.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due().await.map(Timestamp::to_datetime)
    }

    async fn due(&self) -> Option<Timestamp> {
        let times = Times::of(&self.0).await;
        times.due.into_iter().chain(times.fire).min()
    }

    /// Asserts that no job is left: none that runs, is ready, or waits for a time or another job. Recurring definitions do
    /// not count.
    ///
    /// # Panics
    /// When there is one; the message lists them, each with what it waits for.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn assert_idle(&self) {
        let left = self.unfinished().await;
        if left.is_empty() {
            return;
        }
        let mut lines = String::new();
        for job in left.iter().take(10) {
            let why = self.explain(job.id).await;
            let _ = write!(lines, "\n  {} `{}`: {why}", job.state, job.spec.title());
        }
        if left.len() > 10 {
            let _ = write!(lines, "\n  .. and {} more", left.len() - 10);
        }
        let (count, s) = (left.len(), if left.len() == 1 { "" } else { "s" });
        panic!("{count} job{s} left, where none should be:{lines}");
    }

    async fn unfinished(&self) -> Vec<Job> {
        let states = JobState::ALL.into_iter().filter(|state| !state.is_final()).collect();
        let filter = JobFilter { states, ..JobFilter::default() };
        let (mut jobs, mut after) = (Vec::new(), None);
        loop {
            let query = PageQuery { filter: filter.clone(), oldest_first: true, after, limit: 1_000 };
            let Ok(page) = self.0.probe.inner().page(query).await else { return jobs };
            jobs.extend(page.jobs);
            after = page.next;
            if after.is_none() {
                return jobs;
            }
        }
    }

    async fn explain(&self, id: JobId) -> String {
        let explanation = self.0.probe.inner().explain(id, self.0.clock.now()).await;
        explanation.map_or_else(|error| error.to_string(), |explanation| explanation.to_string())
    }

    // What is given.

    /// Puts a value in the place of what a `#[provider]` builds of its type, or provides one that nothing else does. It is
    /// there for every handler that asks for `Data<T>` from now on, also after a crash.
    pub fn provide<T: Send + Sync + 'static>(&self, value: T) {
        self.0.provide(TypeId::of::<T>(), &share(value));
    }

    /// Says that handlers wait for the world outside of the test: a network, a process, another thread.
    ///
    /// Whenever everything in the test waits, the world outside is then given 20 ms before the test's time passes. Without
    /// it time passes at once, and so every timeout of a handler that waits for the outside.
    pub fn allow_real_io(&self) {
        self.0.outside.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    // What goes wrong.

    /// Sets the wall clock of the server, as an administrator does who moves it forward or back. No time passes.
    pub fn set_clock(&self, at: impl IntoInstant) {
        self.0.clock.set(at.into_instant());
    }

    /// Lets a call of the store fail: the `nth` from now on, where 1 is the next. Nothing of that call is stored.
    ///
    /// # Panics
    /// When `nth` is 0.
    pub fn fail_nth(&self, call: StoreCall, nth: u64) {
        self.0.probe.plan().fail(call, nth);
    }

    /// Lets the process die when it comes to a point next, once. It is started again with what is stored; whatever runs
    /// was not finished, and is run again. A call of the test itself returns an error then.
    pub fn crash_at(&self, point: CrashPoint) {
        self.crash_at_nth(point, 1);
    }

    /// The same for the `nth` time that it comes to the point.
    ///
    /// # Panics
    /// When `nth` is 0.
    pub fn crash_at_nth(&self, point: CrashPoint, nth: u64) {
        self.0.probe.plan().crash(point, nth);
    }

    /// Returns what was asked for with `fail_nth` and `crash_at` and has not happened yet, in words.
    pub fn pending_faults(&self) -> Vec<String> {
        self.0.probe.plan().pending()
    }

    /// Lets the process die now, in the middle of whatever its handlers do, and starts it again with what is stored.
    ///
    /// # Cancel safety
    /// Do not drop it: the process is dead once it was polled, and the next one may never be there.
    pub async fn crash(&self) {
        self.0.kill();
        self.0.revive().await;
    }

    /// Lets the whole process stand still while time passes, as under a debugger or on a machine that sleeps: its leases
    /// run out. Then it goes on.
    ///
    /// # Cancel safety
    /// Dropped, it lets the process go on.
    pub async fn pause(&self, span: Duration) -> Report {
        let still = self.0.node().map(|node| node.stand_still());
        self.0.clock.advance_to(self.0.clock.now().plus(span)).await;
        drop(still);
        drive(&self.0, Until::Begun).await
    }

    /// Takes a running job away from the server, as if it had not been heard of for the time of its lease: the job is
    /// ready again, and whatever its handler returns does not count.
    ///
    /// # Panics
    /// When the job does not run.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn expire_lease(&self, job: impl IntoJobId) {
        let id = job.into_job_id();
        let job = self.0.probe.inner().job(id).await.unwrap_or_default();
        let Some(job) = job.filter(|job| job.state == JobState::Processing) else {
            panic!("job {id} does not run, so it has no lease; start it with `jobs.begin().await`")
        };
        let taken = self.0.expire_leases(vec![job.lease()]).await;
        assert!(taken.is_ok(), "the store can't take the job back: {taken:?}");
    }
}

/// Lets jobs run until one has ended, if it is the body of a test that waits for it.
pub(crate) async fn run_to_the_end(job: JobId) {
    if let Some(world) = World::outside() {
        TestJobs(world).wait_for(job).await;
    }
}

/// Lets jobs run until none is left, if it is the body of a test that waits.
pub(crate) async fn run_all() {
    if let Some(world) = World::outside() {
        drive(&world, Until::Idle).await;
    }
}

impl fmt::Debug for TestJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestJobs").field("now", &self.now()).finish_non_exhaustive()
    }
}
