//! Everyone who waits for one group to be durable.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use boltjobs_core::store::StoreError;

/// Opens once, for all who wait and all who come later.
///
/// One gate serves a whole group, so a caller costs a waker in a list and no allocation of its own.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    outcome: OnceLock<Result<(), StoreError>>,
    wakers: Mutex<Vec<Waker>>,
}

impl Gate {
    /// Lets everyone through. Only the first outcome counts.
    pub(crate) fn open(&self, outcome: Result<(), StoreError>) {
        let first = self.outcome.set(outcome).is_ok();
        if first {
            let wakers = std::mem::take(&mut *self.wakers.lock().unwrap_or_else(PoisonError::into_inner));
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// Waits until the gate opens.
    ///
    /// # Cancel safety
    /// What is waited for happens all the same.
    pub(crate) fn passed(self: &Arc<Self>) -> Passage {
        Passage { gate: Arc::clone(self), place: None }
    }
}

/// The wait at a gate.
#[derive(Debug)]
pub(crate) struct Passage {
    gate: Arc<Gate>,
    /// Where the waker of the latest poll is.
    place: Option<usize>,
}

impl Future for Passage {
    type Output = Result<(), StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(outcome) = this.gate.outcome.get() {
            return Poll::Ready(outcome.clone());
        }
        let mut wakers = this.gate.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have opened since; whoever opens it takes the list only after it set the outcome.
        if let Some(outcome) = this.gate.outcome.get() {
            return Poll::Ready(outcome.clone());
        }
        if let Some(waker) = this.place.and_then(|place| wakers.get_mut(place)) {
            waker.clone_from(context.waker());
        } else {
            this.place = Some(wakers.len());
            wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_gate_wakes_each_who_waits_once_however_often_it_looked() {
        let (gate, count) = (Arc::new(Gate::default()), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut passages = [gate.passed(), gate.passed()];
        for look in 0..10 {
            assert!(Pin::new(&mut passages[look % 2]).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        gate.open(Ok(()));
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        for passage in &mut passages {
            assert_eq!(Pin::new(passage).poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(())));
        }
    }

    #[test]
    fn who_comes_late_goes_through_with_the_first_outcome() {
        let gate = Arc::new(Gate::default());
        gate.open(Err(StoreError::Closed));
        gate.open(Ok(()));
        assert_eq!(pollster::block_on(gate.passed()), Err(StoreError::Closed));
    }
}
