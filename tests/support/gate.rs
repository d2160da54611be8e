//! Holding a handler that is at work.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

/// A way in and out of a handler that is at work.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Tells who is outside of somebody who has come in.
    pub entered: mpsc::SyncSender<u32>,
    open: Arc<Mutex<mpsc::Receiver<()>>>,
}

/// The other end of a [`Gate`].
#[derive(Debug)]
pub struct Outside {
    /// Who has come in.
    pub entered: mpsc::Receiver<u32>,
    /// Lets one go on.
    pub open: mpsc::Sender<()>,
}

/// Makes a gate.
pub fn gate() -> (Gate, Outside) {
    let (entered, inside) = mpsc::sync_channel(64);
    let (open, wait) = mpsc::channel();
    (Gate { entered, open: Arc::new(Mutex::new(wait)) }, Outside { entered: inside, open })
}

impl Gate {
    /// Comes in, and waits until it may go on.
    pub fn pass(&self, attempt: u32) {
        self.entered.send(attempt).unwrap();
        self.open.lock().unwrap().recv().unwrap();
    }
}
