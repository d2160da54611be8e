//! The thread of the services.

use std::thread::{Builder, JoinHandle};

use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Runs what is spawned on its handle until it is dropped.
#[derive(Debug)]
pub(crate) struct ServiceThread {
    handle: Handle,
    /// Fires when this is dropped.
    guard: Option<DropGuard>,
    thread: Option<JoinHandle<()>>,
}

impl ServiceThread {
    pub(crate) fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let (handle, stop) = (runtime.handle().clone(), CancellationToken::new());
        let stopped = stop.clone();
        let thread = Builder::new()
            .name("boltjobs-services".to_owned())
            .spawn(move || runtime.block_on(stopped.cancelled()))?;
        Ok(Self { handle, guard: Some(stop.drop_guard()), thread: Some(thread) })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for ServiceThread {
    fn drop(&mut self) {
        drop(self.guard.take());
        // It may be this very thread that lets go last.
        if let Some(thread) =
            self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id())
        {
            // A panic in it has been reported by the hook.
            let _ = thread.join();
        }
    }
}
