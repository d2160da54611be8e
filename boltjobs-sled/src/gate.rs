//! Everyone who waits for one group to be durable.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use boltjobs_core::store::{Answer, StoreError};

/// What an answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Everything that was applied so far; no longer when the disk fails.
    Durable,
    /// The same, however long the disk fails: whoever asks could not ask again.
    AtLast,
    /// The same as [`Wait::Durable`] for who changed something, and nothing for who did not.
    Changed,
    /// Nothing.
    No,
}

/// Opens once, for all who wait and all who come later.
///
/// One gate serves a whole group, so a caller costs a waker in a list and no allocation of its own.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    outcome: OnceLock<Result<(), StoreError>>,
    line: Mutex<Line>,
}

/// Those who wait.
#[derive(Debug, Default)]
struct Line {
    wakers: Vec<Waker>,
    /// Why the gate may stay closed for long. Only the patient wait for that.
    stalled: Option<StoreError>,
}

impl Gate {
    /// Lets everyone through. Only the first outcome counts.
    pub(crate) fn open(&self, outcome: Result<(), StoreError>) {
        let first = self.outcome.set(outcome).is_ok();
        if first {
            let wakers = std::mem::take(&mut self.line().wakers);
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// Sends away with an error who is not patient; the others wait on.
    pub(crate) fn stall(&self, error: StoreError) {
        let mut line = self.line();
        line.stalled = Some(error);
        // They stay in their places, for some of them come back.
        line.wakers.iter().for_each(Waker::wake_by_ref);
    }

    /// Lets wait again whoever wants to.
    pub(crate) fn resume(&self) {
        self.line().stalled = None;
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the gate opens or stalls.
    ///
    /// # Cancel safety
    /// What is waited for happens all the same.
    pub(crate) fn passed(self: &Arc<Self>) -> Passage {
        Passage { gate: Arc::clone(self), patient: false, place: None }
    }

    /// Waits until the gate opens, however long it stalls.
    ///
    /// # Cancel safety
    /// As for [`Gate::passed`].
    pub(crate) fn passed_at_last(self: &Arc<Self>) -> Passage {
        Passage { gate: Arc::clone(self), patient: true, place: None }
    }
}

/// The wait at a gate.
#[derive(Debug)]
pub(crate) struct Passage {
    gate: Arc<Gate>,
    patient: bool,
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
        let mut line = this.gate.line();
        // It may have opened since; whoever opens it takes the list only after it set the outcome.
        if let Some(outcome) = this.gate.outcome.get() {
            return Poll::Ready(outcome.clone());
        }
        if let Some(error) = line.stalled.as_ref().filter(|_| !this.patient) {
            return Poll::Ready(Err(error.clone()));
        }
        if let Some(waker) = this.place.and_then(|place| line.wakers.get_mut(place)) {
            waker.clone_from(context.waker());
        } else {
            this.place = Some(line.wakers.len());
            line.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// Gives an answer once the gate is open that it waits for.
pub(crate) fn answer_after<'a, T: Send + 'a>(
    gate: Option<Arc<Gate>>,
    wait: Wait,
    answer: T,
) -> Answer<'a, T> {
    let Some(gate) = gate else { return Box::pin(ready(Ok(answer))) };
    let passage = if wait == Wait::AtLast { gate.passed_at_last() } else { gate.passed() };
    Box::pin(async move { passage.await.map(|()| answer) })
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

    #[test]
    fn a_gate_that_stalls_keeps_the_patient_and_sends_the_others_away() {
        let (gate, count) = (Arc::new(Gate::default()), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let (mut patient, mut hasty) = (gate.passed_at_last(), gate.passed());
        assert!(Pin::new(&mut patient).poll(&mut context).is_pending());
        assert!(Pin::new(&mut hasty).poll(&mut context).is_pending());
        gate.stall(StoreError::Closed);
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        assert_eq!(Pin::new(&mut hasty).poll(&mut context), Poll::Ready(Err(StoreError::Closed)));
        assert!(Pin::new(&mut patient).poll(&mut context).is_pending());
        gate.resume();
        let mut late = gate.passed();
        assert!(Pin::new(&mut late).poll(&mut context).is_pending());
        gate.open(Ok(()));
        for mut passage in [patient, late] {
            assert_eq!(Pin::new(&mut passage).poll(&mut context), Poll::Ready(Ok(())));
        }
    }
}
