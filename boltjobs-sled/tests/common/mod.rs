//! What the tests of the sled store share.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

pub(crate) mod filled;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::job::{Job, JobSpec, NewJob};
use boltjobs_core::store::{Offer, Outcome, PageQuery, QueueOrder, Settlement, Store, Vitals};
use boltjobs_core::{JobId, Timestamp};
use boltjobs_sled::{SledOptions, SledStore};
use pollster::block_on;
use tempfile::{TempDir, tempdir};

/// Returns an instant some seconds after the beginning of the tests.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + seconds * 1_000_000)
}

/// Returns the id of a job with a number.
pub(crate) fn id(number: u64) -> JobId {
    JobId::from_parts(at(0), u128::from(number))
}

/// Makes a job with a payload of some bytes.
pub(crate) fn job(number: u64, payload: usize) -> NewJob {
    // Different for each job, so that no payload is taken for another.
    let bytes: Vec<u8> =
        (0..payload as u64).map(|at| (at.wrapping_mul(31) ^ number).to_le_bytes()[0]).collect();
    NewJob { id: id(number), spec: JobSpec::new("mail.send", bytes).into(), start_at: None }
}

/// Makes the offer of a server that handles those jobs.
pub(crate) fn offer() -> Arc<Offer> {
    Arc::new(Offer {
        server: "one".into(),
        workers: 9,
        queues: QueueOrder::All,
        queue_limits: BTreeMap::new(),
        held: Vec::new(),
        handles: [("mail.send".into(), 1.into())].into(),
        lease: Duration::from_mins(1),
        vitals: Vitals::default(),
    })
}

/// Claims and settles as many jobs as there are ready, up to a number, and returns it.
pub(crate) fn run(store: &dyn Store, slots: usize, seconds: i64) -> usize {
    let claimed = block_on(store.claim(offer(), vec![1; slots], at(seconds))).unwrap();
    let settlement = |claimed: &boltjobs_core::store::Claimed| Settlement {
        lease: claimed.lease,
        ran: Duration::from_millis(1),
        outcome: Outcome::Succeeded(None),
    };
    let settlements = claimed.iter().map(settlement).collect();
    block_on(store.settle(settlements, at(seconds))).unwrap().len()
}

/// Returns the options of a store whose file is small.
pub(crate) fn small() -> SledOptions {
    SledOptions::new().segment_size(64 << 10).compaction_floor(16 << 10).memory(0)
}

/// Lists everything; the history says nothing of the boots since.
pub(crate) fn all_jobs(store: &SledStore) -> Vec<Job> {
    let query = PageQuery { limit: usize::MAX, ..PageQuery::default() };
    block_on(store.page(query)).unwrap().jobs
}

/// Copies the files of a folder into another one.
pub(crate) fn copy(from: &Path) -> TempDir {
    let to = tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
        }
    }
    to
}

/// Opens a database as others do. One that was dropped before lets go of its lock a moment later.
pub(crate) fn open_theirs(path: &Path) -> sled::Db {
    let config = sled::Config::new().path(path).segment_size(64 << 10);
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("lock") => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}
