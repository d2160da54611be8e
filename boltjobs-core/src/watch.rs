//! How a store wakes those who wait on it. Nothing polls.
//!
//! A watch collects what happened since it was last asked; asking it waits until there is something. As it collects
//! from the moment it is made, a change that comes between a look at the store and the wait is never missed.

use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};

use crate::job::{HistoryRow, JobSpec};
use crate::{JobId, JobState};

/// What a watch wants to be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Jobs became ready: claiming may find something.
    Ready,
    /// The next due instant may have moved closer.
    Due,
    /// Jobs ended.
    Ended,
    /// Running jobs shall be cancelled.
    Cancelled,
    /// Somebody gave a server an order, or took one back.
    Ordered,
    /// Jobs made a transition.
    Moved,
}

/// One transition of one job, as whoever watches is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The job.
    pub job: JobId,
    /// What it is to do.
    pub spec: Arc<JobSpec>,
    /// Where it came from; nowhere, when it is new.
    pub from: Option<JobState>,
    /// The attempts so far.
    pub attempt: u32,
    /// The row that was added to its history.
    pub row: HistoryRow,
}

/// What happened. Only jobs that are durable are named.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Jobs became ready.
    pub ready: bool,
    /// The next due instant may have moved closer.
    pub due: bool,
    /// A server was given an order, or one was taken back.
    pub ordered: bool,
    /// The jobs that ended.
    pub ended: Vec<JobId>,
    /// The running jobs that shall be cancelled.
    pub cancelled: Vec<JobId>,
    /// The transitions, in their order.
    pub moved: Vec<Arc<Transition>>,
}

impl Changes {
    /// Says whether nothing happened.
    pub fn is_empty(&self) -> bool {
        let named = [self.ended.len(), self.cancelled.len(), self.moved.len()];
        !self.ready && !self.due && !self.ordered && named == [0; 3]
    }

    /// Adds what happened later.
    pub fn merge(&mut self, later: Self) {
        self.ready |= later.ready;
        self.due |= later.due;
        self.ordered |= later.ordered;
        self.ended.extend(later.ended);
        self.cancelled.extend(later.cancelled);
        self.moved.extend(later.moved);
    }

    fn concerns(&self, interest: Interest) -> bool {
        match interest {
            Interest::Ready => self.ready,
            Interest::Due => self.due,
            Interest::Ordered => self.ordered,
            Interest::Ended => !self.ended.is_empty(),
            Interest::Cancelled => !self.cancelled.is_empty(),
            Interest::Moved => !self.moved.is_empty(),
        }
    }
}

/// The store's side: everyone who watches it.
#[derive(Debug, Default)]
pub struct Watchers(Mutex<Vec<Weak<Slot>>>);

#[derive(Debug)]
struct Slot {
    interest: Interest,
    inbox: Mutex<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    changes: Changes,
    waker: Option<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watchers {
    /// Makes a watch.
    pub fn watch(&self, interest: Interest) -> Watch {
        let slot = Arc::new(Slot { interest, inbox: Mutex::default() });
        lock(&self.0).push(Arc::downgrade(&slot));
        Watch(slot)
    }

    /// Tells everyone whom it concerns.
    pub fn notify(&self, changes: &Changes) {
        if changes.is_empty() {
            return;
        }
        let mut wakers = Vec::new();
        lock(&self.0).retain(|slot| {
            let Some(slot) = slot.upgrade() else { return false };
            if changes.concerns(slot.interest) {
                let mut inbox = lock(&slot.inbox);
                match slot.interest {
                    Interest::Ready => inbox.changes.ready = true,
                    Interest::Due => inbox.changes.due = true,
                    Interest::Ordered => inbox.changes.ordered = true,
                    Interest::Ended => inbox.changes.ended.extend_from_slice(&changes.ended),
                    Interest::Cancelled => inbox.changes.cancelled.extend_from_slice(&changes.cancelled),
                    Interest::Moved => inbox.changes.moved.extend_from_slice(&changes.moved),
                }
                wakers.extend(inbox.waker.take());
            }
            true
        });
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// The waiting side. It collects from the moment it is made until it is dropped.
#[derive(Debug)]
pub struct Watch(Arc<Slot>);

impl Watch {
    /// Waits until something happened since the last call, and returns it.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped: the next call returns it.
    pub async fn changed(&mut self) -> Changes {
        poll_fn(|context| {
            let mut inbox = lock(&self.0.inbox);
            if inbox.changes.is_empty() {
                inbox.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(mem::take(&mut inbox.changes))
        })
        .await
    }
}
