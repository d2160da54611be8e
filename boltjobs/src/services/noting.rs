//! Writing what running jobs note, all of it in one write.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::store::StoreError;

use crate::meters;
use crate::pipeline::claim::Worker;
use crate::pipeline::settle::LONGEST_PAUSE;

/// How long notes collect before they are written.
const PAUSE: Duration = Duration::from_millis(500);

/// Writes what has been noted, until it is aborted or the store is closed. While nothing is noted it waits for no time.
pub(crate) async fn write_notes(worker: Arc<Worker>) {
    let mut pause = PAUSE;
    loop {
        worker.noted.notified().await;
        worker.runtime.clock.sleep(pause).await;
        match write(&worker).await {
            Ok(()) => pause = PAUSE,
            Err(StoreError::Closed) => return,
            Err(error) => {
                meters::store_failed(&error);
                tracing::error!(%error, "can't write what jobs have noted; it is kept and tried again");
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn write(worker: &Worker) -> Result<(), StoreError> {
    let jobs = worker.running.all();
    let (mut taken, mut records) = (Vec::new(), Vec::new());
    for job in &jobs {
        if let Some(page) = job.notebook.take() {
            records.extend(page.records(job.lease));
            taken.push(page);
        }
    }
    if records.is_empty() {
        return Ok(());
    }
    let leases: Vec<_> = records.iter().map(|record| record.lease).collect();
    match worker.runtime.store.record(records, worker.runtime.now()).await {
        Ok(held) => {
            let lost = leases.iter().zip(held).filter(|(_, held)| !held).map(|(lease, _)| lease);
            for lease in lost {
                worker.running.lose(*lease);
            }
            Ok(())
        }
        Err(error) => {
            for page in taken {
                page.put_back();
            }
            Err(error)
        }
    }
}
