//! What somebody has ordered this server to do: see [`boltjobs_core::order`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use boltjobs_core::Timestamp;
use boltjobs_core::notes::LogLevel;
use boltjobs_core::order::{Order, Orders};
use tokio::sync::{Notify, watch};

/// The orders of a server.
#[derive(Debug)]
pub(crate) struct Ordered {
    work: watch::Sender<Option<Order>>,
    logs: Mutex<Option<(LogLevel, Timestamp)>>,
    /// Whether there was any: then they are removed at the end.
    seen: AtomicBool,
    /// Whether somebody waits for the order to stop.
    stoppable: AtomicBool,
    /// Fires with each heartbeat, so that orders are read again that nobody was woken for.
    pub(crate) beaten: Notify,
}

impl Default for Ordered {
    fn default() -> Self {
        Self {
            work: watch::Sender::new(None),
            logs: Mutex::default(),
            seen: AtomicBool::default(),
            stoppable: AtomicBool::default(),
            beaten: Notify::new(),
        }
    }
}

impl Ordered {
    /// Takes note of what is ordered by now, and says whether anything changed.
    pub(crate) fn obey(&self, orders: &Orders, now: Timestamp) -> bool {
        let work = orders.work.as_ref().map(|it| it.order);
        let logs = orders.log.as_ref().filter(|it| it.until > now).map(|it| (it.level, it.until));
        if orders.work.is_some() || orders.log.is_some() {
            self.seen.store(true, Ordering::Relaxed);
        }
        let changed = self.work.send_if_modified(|known| std::mem::replace(known, work) != work);
        let known = std::mem::replace(&mut *self.logs.lock().unwrap_or_else(PoisonError::into_inner), logs);
        changed || known != logs
    }

    /// Returns what to wait with until there is no order not to claim.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Order>> {
        self.work.subscribe()
    }

    /// Returns what is ordered.
    pub(crate) fn work(&self) -> Option<Order> {
        *self.work.borrow()
    }

    /// Returns up to which level to keep logs, and until when, if anybody has said so.
    pub(crate) fn logs(&self) -> Option<(LogLevel, Timestamp)> {
        *self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether there was any order.
    pub(crate) fn were_any(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    /// Says that the order to stop will be followed.
    pub(crate) fn follow_stop(&self) {
        self.stoppable.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stoppable(&self) -> bool {
        self.stoppable.load(Ordering::Relaxed)
    }

    /// Waits until the order is to stop.
    pub(crate) async fn stopped(&self) {
        // It lasts as long as this, and this sends.
        let _ = self.watch().wait_for(|order| *order == Some(Order::Stop)).await;
    }
}
