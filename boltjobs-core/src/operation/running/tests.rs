//! Work that is dropped, and a store that does not answer.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Context;

use pollster::block_on;

use super::*;
use crate::Timestamp;
use crate::clock::Sleep;
use crate::memory::MemoryStore;
use crate::operation::Bulk;

/// A clock that counts how often somebody sleeps, for no time at all.
#[derive(Debug, Default)]
struct Hasty(AtomicU32);

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep<'_> {
        self.sleep(Duration::ZERO)
    }

    fn sleep(&self, _: Duration) -> Sleep<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

#[test]
fn work_that_is_dropped_keeps_nobody_waiting() {
    let clock = Arc::new(Hasty::default());
    let all = Operations::new(Arc::new(MemoryStore::new()), clock);
    let id = JobId::from_parts(Timestamp::EPOCH, 1);
    let order = Order {
        bulk: Bulk::Delete,
        filter: JobFilter::default(),
        careful: false,
        held: false,
        limit: None,
        actor: "ada".to_owned(),
    };
    let (operation, work) = block_on(all.begin(id, order)).unwrap();
    let mut settled = pin!(all.settled(id));
    let mut context = Context::from_waker(Waker::noop());
    assert!(settled.as_mut().poll(&mut context).is_pending());
    drop(work);
    assert!(settled.as_mut().poll(&mut context).is_ready());
    assert!(!all.pause(id), "nobody works on it");
    assert!(all.work(operation).is_some(), "somebody may work on it again");
}
