//! What writes for a simulated store.

use std::future::poll_fn;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Duration;

use super::SimulatedDisk;
use crate::committer::{Committer, Next, Shared};

/// What the writer of a simulated store waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Nothing; others may come in between.
    On,
    /// [`SimulatedWriter::work`].
    Work,
    /// [`SimulatedWriter::work`] that somebody waits for, but no longer than this.
    Doze(Duration),
    /// A while.
    Pause(Duration),
    /// Nothing is left to do: it was closed, or failed for good.
    Over,
}

/// Does for a simulated store what a thread does for a real one. Dropped, it dies with its process.
#[derive(Debug)]
pub struct SimulatedWriter {
    pub(super) shared: Arc<Shared>,
    pub(super) committer: Option<Committer>,
    pub(super) disk: SimulatedDisk,
}

impl SimulatedWriter {
    /// Goes on by one step, and says what comes first before the next.
    pub fn advance(&mut self) -> Writes {
        let Some(committer) = &mut self.committer else { return Writes::Over };
        match committer.advance(&self.shared) {
            Some(Next::Go) => Writes::On,
            Some(Next::Work) => Writes::Work,
            Some(Next::Doze(span)) => Writes::Doze(span),
            Some(Next::Pause(span)) => Writes::Pause(span),
            None => {
                if let Some(committer) = self.committer.take() {
                    committer.end(&self.shared);
                }
                Writes::Over
            }
        }
    }

    /// Waits for work, or the end of the store or of its process.
    pub async fn work(&mut self) {
        poll_fn(|context| {
            *self.shared.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
            let state = self.shared.lock();
            if state.rests(state.rest) && !self.disk.is_dead() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}
