//! What writes for a simulated store.

use std::future::poll_fn;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Duration;

use crate::committer::{Committer, Next, Phase, Shared};
/// What the writer of a simulated store waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Nothing; others may come in between.
    On,
    /// [`SimulatedWriter::work`].
    Work,
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
}

impl SimulatedWriter {
    /// Goes on by one step, and says what comes first before the next.
    pub fn advance(&mut self) -> Writes {
        let Some(committer) = &mut self.committer else { return Writes::Over };
        match committer.advance(&self.shared) {
            Some(Next::Go) => Writes::On,
            Some(Next::Work) => Writes::Work,
            Some(Next::Pause(span)) => Writes::Pause(span),
            None => {
                if let Some(committer) = self.committer.take() {
                    committer.end(&self.shared);
                }
                Writes::Over
            }
        }
    }

    /// Waits for work, or the end of the store.
    pub async fn work(&mut self) {
        poll_fn(|context| {
            *self.shared.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
            let state = self.shared.lock();
            let idle = state.open.is_empty() && state.phase == Phase::Running;
            if idle { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}
