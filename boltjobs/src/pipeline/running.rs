//! The jobs that this server runs right now, for those who look at them from outside: heartbeat, cancellation.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boltjobs_core::JobId;
use boltjobs_core::job::{JobSpec, Lease};
use boltjobs_core::pool::Pool;
use boltjobs_core::sabotage::{self, Bug};
use tokio::sync::Notify;

use super::notebook::Notebook;
use super::stop::Stop;
use crate::meters::Meter;
use crate::trace::TraceParent;

/// One running job, from its claim until its outcome is stored.
#[derive(Debug)]
pub(crate) struct RunningJob {
    pub(crate) lease: Lease,
    pub(crate) spec: Arc<JobSpec>,
    pub(crate) attempt: u32,
    /// Fires when the handler shall stop; the handler sees it.
    pub(crate) stop: Stop,
    /// Whether it was asked to stop, so that the grace has begun.
    pub(crate) asked: AtomicBool,
    /// Fires when nobody waits for the handler any longer.
    pub(crate) abandoned: Signal,
    pub(crate) pulse: Pulse,
    /// Fires when its outcome is known.
    pub(crate) ended: Signal,
    pub(crate) call: Call,
    pub(crate) notebook: Notebook,
    pub(crate) meter: Arc<Meter>,
}

impl RunningJob {
    /// Lets jobs go, and keeps their room if nobody else has them.
    pub(crate) fn let_go(jobs: Vec<Arc<Self>>, rooms: &Pool<Arc<Self>>) {
        let specs: Vec<_> = jobs.iter().map(|job| Arc::clone(&job.spec)).collect();
        rooms.let_go(jobs, |job| job.spec = JobSpec::nothing());
        JobSpec::let_go(specs);
    }

    /// Returns the place of this attempt in its trace.
    pub(crate) fn trace(&self) -> TraceParent {
        TraceParent::of_attempt(self.enqueued_by(), self.lease)
    }

    /// Returns the place in a trace of the code that enqueued the job.
    pub(crate) fn enqueued_by(&self) -> Option<TraceParent> {
        self.spec.trace.as_deref().and_then(TraceParent::parse)
    }
}

/// Fires once, for one who waits. Unlike a token it is a part of what holds it, and costs a job next to nothing.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    fired: AtomicBool,
    waiting: Notify,
}

impl Signal {
    pub(crate) fn fire(&self) {
        self.fired.store(true, Ordering::Release);
        self.waiting.notify_one();
    }

    pub(crate) fn has_fired(&self) -> bool {
        self.fired.load(Ordering::Acquire)
    }

    /// Waits until it fires. It can be dropped and called again, until it has returned.
    pub(crate) async fn fired(&self) {
        self.waiting.notified().await;
    }
}

/// The call of a blocking handler, which may outlive its attempt.
#[derive(Debug, Default)]
pub(crate) struct Call(AtomicU8);

const WAITED_FOR: u8 = 0;
const OUTLIVED: u8 = 1;
const RETURNED: u8 = 2;

impl Call {
    /// Gives up waiting; `false` when it has returned.
    pub(crate) fn outlive(&self) -> bool {
        self.0.compare_exchange(WAITED_FOR, OUTLIVED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Returns, and says whether nobody waited any longer.
    pub(crate) fn return_late(&self) -> bool {
        self.0.swap(RETURNED, Ordering::AcqRel) == OUTLIVED
    }
}

/// Tells from outside whether a handler holds its thread.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// When the poll that runs began, in milliseconds plus one; zero between polls.
    since: AtomicU64,
    reported: AtomicBool,
}

impl Pulse {
    pub(crate) fn enter(&self, now: Duration) {
        self.since.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX - 1) + 1, Ordering::Relaxed);
    }

    pub(crate) fn leave(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// Returns for how long the handler has held its thread, once it has been longer than `limit`.
    pub(crate) fn blocking(&self, now: Duration, limit: Duration) -> Option<Duration> {
        let since = self.since.load(Ordering::Relaxed).checked_sub(1)?;
        let held = now.saturating_sub(Duration::from_millis(since));
        (held > limit && !self.reported.swap(true, Ordering::Relaxed)).then_some(held)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    jobs: HashMap<JobId, Arc<RunningJob>, BuildHasherDefault<IdHasher>>,
    /// Cancelled since the latest claim began, but not here yet: they may be on their way from the store.
    early: BTreeSet<JobId>,
}

/// Hashes an id. Half of it is chance, and there are never more of them than slots.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        // The table takes its place from the lower bits, and tells apart by the upper ones.
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn write(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            self.0 = self.0.rotate_left(32) ^ u64::from_le_bytes(word);
        }
    }
}

impl Running {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a claim begins: whatever was cancelled before is none of the jobs that it brings.
    pub(crate) fn begin_claim(&self) {
        self.table().early.clear();
    }

    /// Adds jobs, and returns those that have been cancelled already.
    pub(crate) fn insert<'a>(&self, jobs: impl Iterator<Item = &'a Arc<RunningJob>>) -> Vec<Arc<RunningJob>> {
        let (mut table, mut cancelled) = (self.table(), Vec::new());
        for job in jobs {
            if table.early.remove(&job.lease.job) {
                cancelled.push(Arc::clone(job));
            }
            // An older run of the same job, whose lease another server took: nothing else would tell it.
            if let Some(stale) = table.jobs.insert(job.lease.job, Arc::clone(job)) {
                stale.stop.fire();
            }
        }
        cancelled
    }

    /// Returns the job that shall be cancelled, now or when it comes.
    pub(crate) fn cancel(&self, id: JobId) -> Option<Arc<RunningJob>> {
        let mut table = self.table();
        let job = table.jobs.get(&id).cloned();
        if job.is_none() && !sabotage::is(Bug::CancelMissesClaim) {
            table.early.insert(id);
        }
        job
    }

    /// Forgets jobs, but for those that have been claimed again meanwhile.
    pub(crate) fn remove(&self, jobs: &[Arc<RunningJob>]) {
        let mut table = self.table();
        for RunningJob { lease, .. } in jobs.iter().map(|job| &**job) {
            if table.jobs.get(&lease.job).is_some_and(|job| job.lease == *lease) {
                table.jobs.remove(&lease.job);
            }
        }
    }

    /// Tells the handler of a lease that was lost to stop, if it still runs.
    pub(crate) fn lose(&self, lease: Lease) {
        let job = self.get(lease.job).filter(|job| job.lease == lease && !job.ended.has_fired());
        if let Some(job) = job.filter(|_| !sabotage::is(Bug::LostLeaseUntold)) {
            tracing::warn!(job = %lease.job, request = %job.spec.request, "the lease was lost; its handler is told to stop");
            job.stop.fire();
        }
    }

    fn get(&self, id: JobId) -> Option<Arc<RunningJob>> {
        self.table().jobs.get(&id).cloned()
    }

    pub(crate) fn count(&self) -> usize {
        self.table().jobs.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<RunningJob>> {
        self.table().jobs.values().cloned().collect()
    }
}
