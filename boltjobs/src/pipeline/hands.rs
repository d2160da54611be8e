//! The tasks that run jobs, one after the other: a task for each job would cost it an allocation of two kilobytes that
//! another thread frees, and a thread for each that wakes for it.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::claim::Worker;
use super::dispatch::{Start, run_job};
use crate::runtime;

/// The most hands that wait for a job.
const MOST_FREE: usize = 256;

/// What it may take until another thread has woken. What is done sooner than that, one hand does alone.
const WAKING: Duration = Duration::from_micros(50);

/// How long jobs wait for a hand that was expected to be done by then.
pub(crate) const PATIENCE: Duration = Duration::from_millis(10);

/// The hands of a server. There are as many as jobs have run at once.
///
/// Jobs that are given to them stand in a line. So many hands are called as these jobs need, by what others of their kind took
/// lately: one for each that takes its time or is the first of its kind, and one alone for a few that only count, as threads
/// take longer to wake than these to run. A hand that has to wait in a job calls another one for the line.
#[derive(Debug)]
pub(crate) struct Hands {
    line: Mutex<Line>,
    /// Wakes who sees to it that those in the line do not wait for ever.
    pub(crate) left: Notify,
    program: Handle,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Start>,
    /// How many have left the line.
    taken: u64,
    /// The hands that wait for a call; the latest comes last.
    free: Vec<Arc<Notify>>,
    closed: bool,
}

impl Hands {
    /// Makes the hands of a server, whose tasks run on the runtime that this is called on.
    pub(crate) fn new() -> Self {
        Self { line: Mutex::default(), left: Notify::new(), program: Handle::current() }
    }

    /// Puts jobs into the line.
    pub(crate) fn give(&self, worker: &Arc<Worker>, starts: Vec<Start>) {
        let calls = needed(starts.iter().map(|start| &start.running.meter.pace));
        if calls < starts.len() {
            self.left.notify_one();
        }
        self.line().waiting.extend(starts);
        (0..calls).for_each(|_| self.call(worker));
    }

    /// Calls a hand that is free, or a new one, if there is something to do.
    pub(crate) fn call(&self, worker: &Arc<Worker>) {
        let mut line = self.line();
        if line.waiting.is_empty() {
            return;
        }
        let free = line.free.pop();
        drop(line);
        if let Some(hand) = free {
            hand.notify_one();
        } else {
            // In a box, as tokio moves what is spawned several times.
            let task = Box::pin(work(Arc::clone(worker)));
            self.program.spawn(worker.runtime.steer(task));
        }
    }

    /// Lets those go that are free, and the others once there is nothing left to do.
    pub(crate) fn close(&self) {
        let mut line = self.line();
        line.closed = true;
        line.free.drain(..).for_each(|hand| hand.notify_one());
    }

    /// Returns how many jobs had been taken when the line was as it is now; nothing if nobody waits.
    pub(crate) fn taken(&self) -> Option<u64> {
        let line = self.line();
        (!line.waiting.is_empty()).then_some(line.taken)
    }

    /// Says what a hand that is done does next.
    fn next(&self, hand: &Arc<Notify>) -> Next {
        let mut line = self.line();
        if let Some(start) = line.waiting.pop_front() {
            line.taken += 1;
            return Next::Run(start);
        }
        if line.closed || line.free.len() >= MOST_FREE {
            return Next::Leave;
        }
        line.free.push(Arc::clone(hand));
        Next::Wait
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a hand does.
#[derive(Debug)]
enum Next {
    Run(Start),
    Wait,
    Leave,
}

/// Runs jobs while there are any, and then whenever it is called.
async fn work(worker: Arc<Worker>) {
    let hand = Arc::new(Notify::new());
    loop {
        match worker.hands.next(&hand) {
            Next::Run(start) => run(&worker, start).await,
            Next::Wait => hand.notified().await,
            Next::Leave => return,
        }
    }
}

async fn run(worker: &Arc<Worker>, start: Start) {
    let clock = &worker.runtime.clock;
    let started = clock.monotonic();
    let (runtime, running) = (Arc::clone(&worker.runtime), Arc::clone(&start.running));
    let meter = Arc::clone(&running.meter);
    let mut job = pin!(runtime::scope_job(runtime, running, run_job(worker, start, started)));
    let mut began = Some(started);
    poll_fn(|context| {
        let polled = job.as_mut().poll(context);
        if let Some(began) = began.take() {
            meter.pace.note(clock.monotonic().saturating_sub(began));
            if polled.is_pending() {
                worker.hands.call(worker);
            }
        }
        polled
    })
    .await;
}

/// How long jobs of a kind hold a hand until they are over or wait for something, lately: in nanoseconds, or 0 where it is not known.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    /// Takes what one took. A clock that stands still tells nothing.
    fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let pace = self.0.load(Ordering::Relaxed);
        let pace = if pace == 0 { took } else { pace - pace / 8 + took / 8 };
        self.0.store(pace, Ordering::Relaxed);
    }
}

/// Returns how many hands jobs of these kinds need.
fn needed<'a>(paces: impl ExactSizeIterator<Item = &'a Pace>) -> usize {
    let (jobs, waking) = (paces.len(), WAKING.as_nanos());
    let paces = paces.map(|pace| u128::from(pace.0.load(Ordering::Relaxed)));
    let long = |pace| if pace == 0 { waking } else { pace };
    let all: u128 = paces.map(long).sum();
    usize::try_from(all.div_ceil(waking)).map_or(jobs, |hands| hands.min(jobs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(took: &[Duration]) -> Pace {
        let pace = Pace::default();
        for took in took {
            pace.note(*took);
        }
        pace
    }

    #[test]
    fn a_hand_is_called_for_each_job_but_those_that_are_over_before_it_comes() {
        let (unknown, long) = (after(&[]), after(&[Duration::from_millis(1)]));
        let short = after(&[Duration::from_micros(10)]);
        let needed = |paces: &[&Pace]| super::needed(paces.iter().copied());
        assert_eq!([needed(&[]), needed(&[&unknown]), needed(&[&short])], [0, 1, 1]);
        assert_eq!([needed(&[&unknown; 9]), needed(&[&long; 9]), needed(&[&short; 5])], [9, 9, 1]);
        assert_eq!([needed(&[&short; 6]), needed(&[&short; 100])], [2, 20]);
        assert_eq!([needed(&[&short, &unknown]), needed(&[&short, &long])], [2, 2]);
    }

    #[test]
    fn one_job_that_took_long_counts_for_many_that_come_after_it() {
        let (long, short) = (Duration::from_secs(1), Duration::from_micros(10));
        let pace = after(&[long]);
        for _ in 0..50 {
            assert_eq!(needed([&pace; 2].into_iter()), 2);
            pace.note(short);
        }
        (0..50).for_each(|_| pace.note(short));
        assert_eq!(needed([&pace; 2].into_iter()), 1);
    }
}
