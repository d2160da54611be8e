//! Seeing to it that no job waits for one that holds its thread.

use std::sync::Arc;

use crate::pipeline::claim::Worker;
use crate::pipeline::hands::PATIENCE;

/// Calls another hand where jobs were left to one that should have been done long ago, until it is aborted.
pub(crate) async fn relieve(worker: Arc<Worker>) {
    let hands = &worker.hands;
    loop {
        hands.left.notified().await;
        let mut before = hands.taken();
        loop {
            // Before anything else: a busy server says many times in a second that there are some left.
            worker.runtime.clock.sleep(PATIENCE).await;
            let taken = hands.taken();
            if taken.is_none() {
                break;
            }
            if taken == before {
                hands.call(&worker);
            }
            before = taken;
        }
    }
}
