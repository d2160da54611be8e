//! The slots of a server. Each runs one job at a time and has a number, which the history of its jobs shows.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::yield_now;

/// The slots of a server.
#[derive(Debug)]
pub(crate) struct Slots {
    /// The numbers of those that are free; the latest that became free comes last.
    free: Mutex<Vec<u32>>,
    /// Tells the one who claims.
    freed: Notify,
}

/// Slots that are taken to be used, and those of them that are not used until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    numbers: Vec<u32>,
    pool: Arc<Slots>,
}

/// A slot that is used, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    number: u32,
    pool: Arc<Slots>,
}

impl Slots {
    pub(crate) fn new(count: u32) -> Arc<Self> {
        let free = Mutex::new((1..=count).rev().collect());
        Arc::new(Self { free, freed: Notify::new() })
    }

    /// Waits until a slot is free, and takes all that are.
    pub(crate) async fn take(self: &Arc<Self>) -> Taken {
        loop {
            let numbers = mem::take(&mut *self.free());
            if !numbers.is_empty() {
                return Taken { numbers, pool: Arc::clone(self) };
            }
            self.freed.notified().await;
            // Handlers that end in the same turn of the runtime share a claim: it costs as much for one slot as for all.
            yield_now().await;
        }
    }

    fn free(&self) -> MutexGuard<'_, Vec<u32>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Returns the numbers of the slots, in the order in which they are used.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.numbers.iter().rev().copied().collect()
    }

    /// Uses the next one.
    pub(crate) fn next(&mut self) -> Option<Slot> {
        let number = self.numbers.pop()?;
        Some(Slot { number, pool: Arc::clone(&self.pool) })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // Nobody is told: whoever waits for slots took these.
        self.pool.free().append(&mut self.numbers);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.free().push(self.number);
        self.pool.freed.notify_one();
    }
}
