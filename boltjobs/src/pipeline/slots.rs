//! The slots of a server. Each runs one job at a time and has a number, which the history of its jobs shows.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The free slots.
#[derive(Debug)]
pub(crate) struct Slots {
    /// One permit for each number below, so that one can wait for them.
    permits: Arc<Semaphore>,
    free: Mutex<Vec<u32>>,
}

/// A slot that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) number: u32,
    pool: Arc<Slots>,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub(crate) fn new(count: u32) -> Arc<Self> {
        let numbers: Vec<_> = (1..=count).rev().collect();
        let permits = Arc::new(Semaphore::new(numbers.len()));
        Arc::new(Self { permits, free: Mutex::new(numbers) })
    }

    /// Waits until a slot is free, and takes all that are.
    pub(crate) async fn take(self: &Arc<Self>) -> Vec<Slot> {
        // Nobody closes the semaphore.
        let Ok(mut permits) = Arc::clone(&self.permits).acquire_owned().await else { return Vec::new() };
        let more = u32::try_from(self.permits.available_permits()).unwrap_or(u32::MAX);
        if let Ok(more) = Arc::clone(&self.permits).try_acquire_many_owned(more) {
            permits.merge(more);
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slots = Vec::with_capacity(permits.num_permits());
        while let Some(permit) = permits.split(1) {
            // There is a number for each permit: it is put back before the permit is.
            let Some(number) = free.pop() else { break };
            slots.push(Slot { number, pool: Arc::clone(self), _permit: permit });
        }
        slots
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
    }
}
