//! A disk without room: the system refuses to let files grow, as it does for a process that is at its limit.
//!
//! The tests run themselves as a child, because the limit is that of a whole process. It can't grow files, and may
//! still read, so the child meets what a full disk does to sled: writes that fail at once, by half, or only as its file
//! has to grow.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use boltjobs_core::store::{Outcome, Retention, Settled, Settlement, Store, StoreError};
use boltjobs_core::watch::Interest;
use boltjobs_core::{JobId, JobState};
use boltjobs_sled::SledStore;
use common::{at, job, offer, small};
use pollster::block_on;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const DIRECTORY: &str = "BOLTJOBS_FULL_TEST_DIRECTORY";
const FIRST: &str = "BOLTJOBS_FULL_TEST_FIRST";

/// Lets the files of this process grow to a size, or as they like.
fn limit(size: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: size, maximum }).unwrap();
}

/// Runs a test as a child that a file at its limit does not kill.
fn spawn(test: &str, directory: &Path, first: u64) -> Child {
    Command::new("sh")
        .args(["-c", "trap '' XFSZ 2>/dev/null || trap '' 25; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(DIRECTORY, directory)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn role() -> Option<(PathBuf, u64)> {
    Some((std::env::var_os(DIRECTORY)?.into(), std::env::var(FIRST).ok()?.parse().unwrap()))
}

/// What was answered.
#[derive(Default)]
struct Ledger {
    acknowledged: BTreeSet<JobId>,
    /// Not acknowledged, and still possible.
    open: BTreeSet<JobId>,
    random: fastrand::Rng,
    next: u64,
}

impl Ledger {
    /// Enqueues until the store has no room.
    fn fill(&mut self, store: &SledStore) {
        loop {
            let new = job(self.next, self.random.usize(..3_000));
            self.next += 1;
            let id = new.id;
            match block_on(store.enqueue(vec![new], at(0))) {
                Ok(_) => self.acknowledged.insert(id),
                Err(error) => {
                    let text = error.to_string();
                    assert!(matches!(error, StoreError::Unavailable { .. }), "{text}");
                    assert!(text.contains("raise the limit of the process for the size of files"), "{text}");
                    if text.contains("may still happen") {
                        self.open.insert(id);
                    }
                    return;
                }
            };
        }
    }

    fn check(&self, store: &SledStore) {
        for id in &self.acknowledged {
            assert!(block_on(store.job(*id)).unwrap().is_some(), "{id} was acknowledged and is gone");
        }
        let found = block_on(store.counts()).unwrap().states.total();
        let known = self.acknowledged.len() as u64;
        assert!((known..=known + self.open.len() as u64).contains(&found), "{found} jobs, {known} known");
    }
}

/// Meets the limit again and again, at any place of a write, and goes on each time.
fn meet_the_limit(directory: &Path) {
    let store = small().open(directory).unwrap();
    let mut ledger = Ledger { random: fastrand::Rng::with_seed(5), ..Ledger::default() };
    let mut ready = store.watch(Interest::Ready);
    for round in 0..8 {
        block_on(store.enqueue(vec![runs(round)], at(0))).unwrap();
        ledger.acknowledged.insert(runs(round).id);
        let claimed = block_on(store.claim(offer(), vec![1], at(1))).unwrap().remove(0);
        let settlement = || Settlement {
            lease: claimed.lease,
            ran: Duration::ZERO,
            outcome: Outcome::Succeeded(Some(vec![b'1'; 9_000].into())),
        };
        block_on(store.counts()).unwrap();
        block_on(ready.changed());

        // In every other round nothing can be written from now on.
        let length = std::fs::metadata(directory.join("db")).unwrap().len();
        let settled = if round % 2 == 0 {
            limit(Some(0));
            store.settle(vec![settlement()], at(2))
        } else {
            limit(Some(length + ledger.random.u64(..40_000)));
            ledger.fill(&store);
            store.settle(vec![settlement()], at(2))
        };
        ledger.fill(&store);
        assert_eq!(block_on(store.claim(offer(), vec![1; 5], at(2))).unwrap(), []);
        assert!(block_on(store.counts()).is_err());

        limit(None);
        let settled = block_on(settled).or_else(|_| {
            // It was refused before it was applied, so it comes again.
            while block_on(store.counts()).is_err() {
                block_on(ready.changed());
            }
            block_on(store.settle(vec![settlement()], at(2)))
        });
        assert_eq!(settled.unwrap(), [Settled::Now(JobState::Succeeded)], "{round}");
        ledger.check(&store);
        // Some run and are forgotten, so that there is something to compact.
        common::run(&store, 20, 3);
        let retention = Retention::default().succeeded(Duration::ZERO);
        while block_on(store.expire(retention, at(9))).unwrap().is_some_and(|next| next <= at(9)) {}
        ledger.acknowledged = common::all_jobs(&store).into_iter().map(|job| job.id).collect();
        ledger.open.clear();
    }
    assert!(store.stats().dropped > 0, "nothing was compacted");
    block_on(store.close()).unwrap();
    let store = SledStore::open(directory).unwrap();
    ledger.check(&store);
}

/// The job of a round that runs while there is no room; before all others in its queue.
fn runs(round: u64) -> boltjobs_core::job::NewJob {
    let mut new = job(1_000_000 + round, 0);
    new.spec_mut().priority = 100;
    new
}

#[test]
fn a_store_without_room_goes_on_when_there_is_room() {
    if let Some((directory, _)) = role() {
        return meet_the_limit(&directory);
    }
    let directory = tempfile::tempdir().unwrap();
    let mut child = spawn("a_store_without_room_goes_on_when_there_is_room", directory.path(), 0);
    assert!(child.wait().unwrap().success());
}

/// Says what was acknowledged, and when there is no more room.
fn fill_and_tell(directory: &Path, first: u64) -> ! {
    let store = small().open(directory).unwrap();
    let length = std::fs::metadata(directory.join("db")).unwrap().len();
    let mut ledger = Ledger { next: first, random: fastrand::Rng::with_seed(first), ..Ledger::default() };
    limit(Some(length + ledger.random.u64(..200_000)));
    ledger.fill(&store);
    let mut out = std::io::stdout().lock();
    for id in &ledger.acknowledged {
        writeln!(out, "acknowledged {}", id.as_u128()).unwrap();
    }
    writeln!(out, "stalled").unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_process_that_is_killed_while_there_is_no_room_has_lost_nothing() {
    if let Some((directory, first)) = role() {
        fill_and_tell(&directory, first);
    }
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for kill in 0..6 {
        let test = "a_process_that_is_killed_while_there_is_no_room_has_lost_nothing";
        let mut child = spawn(test, directory.path(), kill * 1_000_000);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let told = lines.by_ref().take_while(|line| line != "stalled");
        let told: Vec<u128> =
            told.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok()).collect();
        acknowledged.extend(told.into_iter().map(JobId::from_u128));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = SledStore::open(directory.path()).unwrap();
        for id in &acknowledged {
            assert!(block_on(store.job(*id)).unwrap().is_some(), "after kill {kill}: {id} is gone");
        }
    }
    assert!(!acknowledged.is_empty());
}
