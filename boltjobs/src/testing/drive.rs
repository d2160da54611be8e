//! Letting jobs run and time pass, until all waits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use boltjobs_core::clock::Clock;
use boltjobs_core::store::{JobFilter, PageQuery, Store};
use boltjobs_core::watch::Interest;
use boltjobs_core::{JobId, JobState, Timestamp};

use super::park;
use super::report::Report;
use super::world::World;

/// How long, by the test's own time, handlers may run while nothing else happens, where nobody said until when.
const PATIENCE: Duration = Duration::from_hours(24);

/// How often time may jump before it seems that jobs keep coming for ever.
const JUMPS: u32 = 100_000;

/// How long to let jobs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Until everything that can start has, and waits for something.
    Begun,
    /// Until nothing can start any more, as time stands.
    Drained,
    /// Until nothing waits for a time, either.
    Idle,
    /// Until an instant.
    Time(Timestamp),
    /// Until a job has ended.
    Ended(JobId),
    /// Until a job that is performed alone has ended; no other is started.
    Alone(JobId),
}

/// Lets jobs run.
pub(super) async fn drive(world: &Arc<World>, until: Until) -> Report {
    let mut drive = Drive::begin(world, until);
    while !drive.is_over().await {}
    drive.end()
}

struct Drive<'a> {
    world: &'a Arc<World>,
    until: Until,
    watch: boltjobs_core::watch::Watch,
    report: Report,
    began: Timestamp,
    /// When something happened last.
    lively: Duration,
    jumps: u32,
}

impl<'a> Drive<'a> {
    fn begin(world: &'a Arc<World>, until: Until) -> Self {
        let watch = world.probe.watch(Interest::Moved);
        if opens(until) {
            world.open_gate();
        }
        let (began, lively) = (world.clock.now(), world.clock.monotonic());
        Self { world, until, watch, report: Report::default(), began, lively, jumps: 0 }
    }

    /// Goes on as far as it goes at once.
    async fn is_over(&mut self) -> bool {
        park::idle().await;
        if self.report.collect(&mut self.watch) {
            self.lively = self.world.clock.monotonic();
        }
        self.world.panic_if_violated();
        if self.world.is_dead() {
            self.report.crashes += 1;
            self.world.revive().await;
            self.watch = self.world.probe.watch(Interest::Moved);
            return false;
        }
        if self.world.is_busy() && self.until != Until::Begun {
            // A blocking handler runs on a thread of its own; no time passes until it has returned.
            park::next_event().await;
            return false;
        }
        if self.world.writing.load(Ordering::Relaxed) {
            // What was asked for is on its way to the disk, however far the clock is.
            park::next_event().await;
            return false;
        }
        if self.has_arrived().await {
            return true;
        }
        if self.world.is_in_flight() {
            self.flow().await;
            return false;
        }
        self.lively = self.world.clock.monotonic();
        if let Some(next) = self.next().await {
            self.jump(next).await;
            return false;
        }
        // To ask for what is next may have made something ready.
        park::idle().await;
        let before = self.report.len();
        self.report.collect(&mut self.watch);
        self.report.len() == before && !self.world.is_in_flight()
    }

    async fn has_arrived(&self) -> bool {
        match self.until {
            Until::Begun => true,
            Until::Drained | Until::Idle => false,
            Until::Time(at) => self.world.clock.now() >= at,
            Until::Ended(id) => {
                let job = self.world.probe.inner().job(id).await.unwrap_or_default();
                job.is_none_or(|job| job.state.is_final())
            }
            Until::Alone(id) => self.world.probe.alone().get(&id).is_none_or(|one| one.settlement.is_some()),
        }
    }

    /// Lets time pass by itself, to whatever is next that somebody waits for.
    async fn flow(&mut self) {
        self.world.give_outside_a_moment().await;
        let waited = self.world.clock.monotonic().saturating_sub(self.lively);
        let limit = if let Until::Time(at) = self.until {
            at
        } else {
            let who = if waited < PATIENCE { String::new() } else { running(self.world).await };
            assert!(
                waited < PATIENCE,
                "handlers have run for a day of the test's time, and nothing happens: {who}; a handler that waits for \
                 the world outside of the test needs `jobs.allow_real_io()`"
            );
            self.world.clock.now().plus(PATIENCE)
        };
        tokio::select! {
            biased;
            () = park::next_event() => {}
            () = self.world.clock.sleep_until(limit) => {}
        }
    }

    /// Returns the instant that time jumps to, if it does.
    async fn next(&self) -> Option<Timestamp> {
        match self.until {
            Until::Begun | Until::Drained | Until::Alone(_) => None,
            Until::Time(at) => {
                let times = Times::of(self.world).await;
                [Some(at), times.due, times.fire, times.expire].into_iter().flatten().min()
            }
            Until::Idle | Until::Ended(_) => {
                let times = Times::of(self.world).await;
                // What is recurring comes on the way; for its sake alone time does not pass.
                times.due.filter(|_| times.waiting).map(|due| times.fire.map_or(due, |fire| due.min(fire)))
            }
        }
    }

    async fn jump(&mut self, next: Timestamp) {
        if !matches!(self.until, Until::Time(_)) {
            self.jumps += 1;
            assert!(
                self.jumps < JUMPS,
                "time has jumped {JUMPS} times and jobs keep coming; let it pass with `jobs.advance(span)` instead"
            );
        }
        self.world.clock.advance_to(next).await;
    }

    fn end(mut self) -> Report {
        self.report.crashes += self.world.unseen.swap(0, Ordering::Relaxed);
        self.report.passed = self.world.clock.now().since(self.began);
        std::mem::take(&mut self.report)
    }
}

impl Drop for Drive<'_> {
    fn drop(&mut self) {
        if opens(self.until) {
            self.world.probe.close_gate();
        }
    }
}

/// Says whether jobs are taken meanwhile.
fn opens(until: Until) -> bool {
    !matches!(until, Until::Alone(_))
}

/// When something happens by itself.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) due: Option<Timestamp>,
    pub(super) fire: Option<Timestamp>,
    expire: Option<Timestamp>,
    /// Whether there are jobs that have not ended.
    waiting: bool,
}

impl Times {
    /// Asks the store. What is due by now has happened already.
    pub(super) async fn of(world: &World) -> Self {
        let (store, now) = (world.probe.inner(), world.clock.now());
        let counts = store.counts().await.unwrap_or_default();
        Self {
            due: store.due(now).await.unwrap_or_default(),
            fire: store.fire(now).await.unwrap_or_default(),
            expire: store.expire(world.retention(), now).await.unwrap_or_default(),
            waiting: JobState::ALL.iter().any(|state| !state.is_final() && counts.states.get(*state) > 0),
        }
    }
}

/// Names the jobs that run.
async fn running(world: &World) -> String {
    let filter = JobFilter { states: vec![JobState::Processing], ..JobFilter::default() };
    let page = world.probe.inner().page(PageQuery { filter, limit: 5, ..PageQuery::default() }).await;
    let titles = page.map(|page| page.jobs).unwrap_or_default();
    let titles: Vec<_> = titles.iter().map(|job| format!("`{}`", job.spec.title())).collect();
    if titles.is_empty() { "a job that is performed alone".to_owned() } else { titles.join(", ") }
}
