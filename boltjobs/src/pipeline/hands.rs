//! The tasks that run jobs, one after the other: a task for each job would cost it an allocation of two kilobytes that
//! another thread frees.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::claim::Worker;
use super::dispatch::{Start, run_job};
use crate::runtime;

/// The most hands that wait for a job.
const MOST_FREE: usize = 256;

/// The hands of a server. There are as many as jobs have run at once.
#[derive(Debug, Default)]
pub(crate) struct Hands(Mutex<Pool>);

#[derive(Debug, Default)]
struct Pool {
    /// Those that wait for a job; the latest comes last.
    free: Vec<Arc<Hand>>,
    closed: bool,
}

/// A task that runs one job at a time.
#[derive(Debug, Default)]
struct Hand {
    next: Mutex<Option<Start>>,
    given: Notify,
}

impl Hands {
    /// Gives a job to a hand that is free, or to a new one.
    pub(crate) fn give(&self, worker: &Arc<Worker>, start: Start) {
        let free = self.pool().free.pop();
        if let Some(hand) = free {
            hand.give(Some(start));
        } else {
            // In a box, as tokio moves what is spawned several times.
            let task = Box::pin(work(Arc::clone(worker), start));
            tokio::spawn(worker.runtime.steer(task));
        }
    }

    /// Lets those go that are free, and the others once they are.
    pub(crate) fn close(&self) {
        let mut pool = self.pool();
        pool.closed = true;
        pool.free.drain(..).for_each(|hand| hand.give(None));
    }

    /// Says that a hand is free, and whether it shall wait.
    fn offer(&self, hand: &Arc<Hand>) -> bool {
        let mut pool = self.pool();
        let waits = !pool.closed && pool.free.len() < MOST_FREE;
        if waits {
            pool.free.push(Arc::clone(hand));
        }
        waits
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    fn give(&self, start: Option<Start>) {
        *self.next() = start;
        self.given.notify_one();
    }

    fn next(&self) -> MutexGuard<'_, Option<Start>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a job, and then whatever else it is given.
async fn work(worker: Arc<Worker>, start: Start) {
    let (hand, mut next) = (Arc::new(Hand::default()), Some(start));
    while let Some(start) = next {
        let (runtime, running) = (Arc::clone(&worker.runtime), Arc::clone(&start.running));
        runtime::scope_job(runtime, running, run_job(&worker, start)).await;
        if !worker.hands.offer(&hand) {
            return;
        }
        hand.given.notified().await;
        next = hand.next().take();
    }
}
