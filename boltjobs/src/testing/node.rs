//! The process that a test pretends a server to be: it can be killed, or stand still, at any moment.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio_util::sync::CancellationToken;

use crate::handler::BoxFuture;

/// Everything that one server runs passes through its node.
#[derive(Debug, Default)]
pub(crate) struct Node {
    state: Mutex<State>,
    /// How many handlers run on threads of their own.
    busy: AtomicU64,
    death: CancellationToken,
}

/// A handler that runs on a thread of its own.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Node>);

impl Busy {
    pub(crate) fn node(&self) -> &Node {
        &self.0
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets a node go on when it is dropped.
#[derive(Debug)]
pub(super) struct Standstill(Arc<Node>);

impl Drop for Standstill {
    fn drop(&mut self) {
        self.0.resume();
    }
}

#[derive(Debug, Default)]
struct State {
    life: Life,
    /// Who was polled last and by whom it is woken, by a number of its own.
    wakers: BTreeMap<u64, Waker>,
    next: u64,
    /// Decides who is held back for a moment, so that others come first.
    shuffle: Option<fastrand::Rng>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Life {
    #[default]
    Running,
    Paused,
    Dead,
}

thread_local! {
    /// Whether what runs right now is a part of a node.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

impl Node {
    /// Makes a node in which a seed decides who comes first.
    pub(crate) fn shuffled(seed: u64) -> Self {
        let shuffle = Some(fastrand::Rng::with_seed(seed));
        Self { state: Mutex::new(State { shuffle, ..State::default() }), ..Self::default() }
    }

    /// Says whether a seed decides everything, so that nothing may run on a thread of its own.
    pub(crate) fn is_shuffled(&self) -> bool {
        self.state().shuffle.is_some()
    }

    /// Waits until it is killed.
    pub(super) async fn died(&self) {
        self.death.cancelled().await;
    }

    /// Says whether the caller runs in a node, and not in the body of a test.
    pub(crate) fn is_inside() -> bool {
        INSIDE.get()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a future a part of the node.
    pub(crate) fn steer(
        self: &Arc<Self>,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> BoxFuture<()> {
        let (node, mut future) = (Arc::clone(self), Some(Box::pin(future)));
        let number = {
            let mut state = self.state();
            state.next += 1;
            state.next
        };
        Box::pin(poll_fn(move |context| match node.turn(number, context) {
            Turn::Wait => Poll::Pending,
            Turn::Over => {
                future = None;
                Poll::Ready(())
            }
            Turn::Go => {
                let Some(running) = &mut future else { return Poll::Ready(()) };
                let outside = INSIDE.replace(true);
                let polled = running.as_mut().poll(context);
                INSIDE.set(outside);
                if polled.is_ready() {
                    future = None;
                    node.state().wakers.remove(&number);
                }
                polled
            }
        }))
    }

    fn turn(&self, number: u64, context: &Context<'_>) -> Turn {
        let mut state = self.state();
        if state.life == Life::Dead {
            return Turn::Over;
        }
        state.wakers.insert(number, context.waker().clone());
        if state.life == Life::Paused {
            return Turn::Wait;
        }
        if state.shuffle.as_mut().is_some_and(|chance| chance.u8(0..4) == 0) {
            context.waker().wake_by_ref();
            return Turn::Wait;
        }
        Turn::Go
    }

    /// Ends everything at once, without a word to anybody.
    pub(crate) fn kill(&self) {
        self.live(Life::Dead);
        self.death.cancel();
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().life == Life::Dead
    }

    pub(super) fn is_paused(&self) -> bool {
        self.state().life == Life::Paused
    }

    /// Counts a handler that runs on a thread of its own, until what is returned is dropped.
    pub(crate) fn occupy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Says whether a handler runs on a thread of its own.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// Lets everything stand still until what is returned is dropped.
    pub(super) fn stand_still(self: &Arc<Self>) -> Standstill {
        self.pause();
        Standstill(Arc::clone(self))
    }

    /// Lets everything stand still, as a process does that gets no time.
    pub(crate) fn pause(&self) {
        let mut state = self.state();
        if state.life == Life::Running {
            state.life = Life::Paused;
        }
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        if self.state().life == Life::Paused {
            self.live(Life::Running);
        }
    }

    fn live(&self, life: Life) {
        let mut state = self.state();
        state.life = life;
        let wakers = mem::take(&mut state.wakers);
        drop(state);
        wakers.into_values().for_each(Waker::wake);
    }
}

enum Turn {
    Go,
    Wait,
    Over,
}
