//! When a runtime has nothing to do.
//!
//! A runtime of one thread calls a hook each time it is about to park, which is when everything waits. So whoever asks
//! for that moment gets it, without a timer and without asking again and again.

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};

thread_local! {
    static WAITING: RefCell<Vec<Waiting>> = const { RefCell::new(Vec::new()) };
}

struct Waiting {
    /// How often the thread may park before.
    parks: u32,
    over: Arc<AtomicBool>,
    waker: Waker,
}

/// The hook.
pub(crate) fn parks() {
    let mut woken = Vec::new();
    WAITING.with_borrow_mut(|waiting| {
        waiting.retain_mut(|one| {
            if one.parks > 0 {
                one.parks -= 1;
                return true;
            }
            one.over.store(true, Ordering::Relaxed);
            woken.push(one.waker.clone());
            false
        });
    });
    woken.into_iter().for_each(Waker::wake);
}

/// Waits until everything else waits.
pub(crate) async fn idle() {
    after(0).await;
}

/// Waits until everything has waited, something has come, by time or from outside, and all waits again.
pub(crate) async fn next_event() {
    after(1).await;
}

async fn after(parks: u32) {
    let over = Arc::new(AtomicBool::new(false));
    let mut asked = false;
    poll_fn(|context| {
        if over.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        if !asked {
            asked = true;
            let waiting = Waiting { parks, over: Arc::clone(&over), waker: context.waker().clone() };
            WAITING.with_borrow_mut(|all| all.push(waiting));
        }
        Poll::Pending
    })
    .await;
}
