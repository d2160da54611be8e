//! The thread of the services.

use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};

use boltjobs_core::store::Store;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Runs what is spawned on its handle until it is dropped.
#[derive(Debug)]
pub(crate) struct ServiceThread {
    handle: Handle,
    /// Fires when this is dropped.
    guard: Option<DropGuard>,
    thread: Option<JoinHandle<()>>,
    /// What it closes when it stops.
    store: Arc<OnceLock<Arc<dyn Store>>>,
}

impl ServiceThread {
    pub(crate) fn start() -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time();
        #[cfg(feature = "dashboard")]
        builder.enable_io();
        let runtime = builder.build()?;
        let (handle, stop) = (runtime.handle().clone(), CancellationToken::new());
        let stopped = stop.clone();
        let store = Arc::new(OnceLock::<Arc<dyn Store>>::new());
        let last = Arc::clone(&store);
        let until_stopped = async move {
            stopped.cancelled().await;
            if let Some(store) = last.get() {
                // It is closed already after a shutdown, and there is nobody to tell after a drop.
                let _ = store.close().await;
            }
        };
        let thread = Builder::new()
            .name("boltjobs-services".to_owned())
            .spawn(move || runtime.block_on(until_stopped))?;
        Ok(Self { handle, guard: Some(stop.drop_guard()), thread: Some(thread), store })
    }

    /// Says which store to close at the end, so that another can be opened in its place at once.
    pub(crate) fn owns(&self, store: Arc<dyn Store>) {
        let _ = self.store.set(store);
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
