//! A process that is killed at any moment has lost nothing that it was told.
//!
//! The test runs itself as a child, which writes down what was acknowledged, and kills it after a random number of
//! lines. Nothing sleeps: the moment is random because lines come from between the writes of several threads.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use boltjobs_core::JobState;
use boltjobs_core::store::{Outcome, Retention, Settled, Settlement, Store};
use boltjobs_sled::SledStore;
use common::{at, id, job, offer, small};
use pollster::block_on;

const DIRECTORY: &str = "BOLTJOBS_CRASH_TEST_DIRECTORY";
const FIRST: &str = "BOLTJOBS_CRASH_TEST_FIRST";

/// Enqueues, claims and settles for ever, and says what was acknowledged.
fn child(directory: &Path, first: u64) {
    let store = small().open(directory).unwrap();
    let say = |what: &str, number: u128| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{what} {number}").and_then(|()| out.flush()).unwrap();
    };
    block_on(store.reap(0, at(0))).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let store = &store;
            scope.spawn(move || {
                for number in (first + thread * 1_000_000..).step_by(2) {
                    let jobs = vec![job(number, 300), job(number + 1, 2_000)];
                    block_on(store.enqueue(jobs, at(0))).unwrap();
                    say("enqueued", id(number).as_u128());
                    say("enqueued", id(number + 1).as_u128());
                }
            });
        }
        loop {
            for claimed in block_on(store.claim(offer(), vec![1; 5], at(1))).unwrap() {
                let outcome = Outcome::Succeeded(None);
                let settlement = Settlement { lease: claimed.lease, ran: std::time::Duration::ZERO, outcome };
                let settled = block_on(store.settle(vec![settlement], at(2))).unwrap();
                assert_eq!(settled, [Settled::Now(JobState::Succeeded)]);
                say("settled", claimed.lease.job.as_u128());
            }
        }
    });
}

#[test]
fn what_was_acknowledged_survives_kills_at_any_moment() {
    if let (Ok(directory), Ok(first)) = (std::env::var(DIRECTORY), std::env::var(FIRST)) {
        return child(Path::new(&directory), first.parse().unwrap());
    }
    let directory = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    for kill in 0..25 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "what_was_acknowledged_survives_kills_at_any_moment", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .env(FIRST, (kill * 10_000_000).to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The first kills come while the store is made.
        let lines = if kill < 3 { kill } else { random.u64(1..400) };
        let mut acknowledged = BTreeMap::new();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut note = |line: String| {
            if let Some((what @ ("enqueued" | "settled"), number)) = line.split_once(' ') {
                let settled: &mut bool = acknowledged.entry(number.parse::<u128>().unwrap()).or_default();
                *settled |= what == "settled";
                return true;
            }
            false
        };
        let mut seen = 0;
        while seen < lines {
            seen += u64::from(note(output.next().expect("the child ended by itself")));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died counts, too; a last line may be cut off.
        for line in output.filter(|line| line.len() > 40) {
            note(line);
        }
        check(directory.path(), &acknowledged, kill);
    }
}

fn check(directory: &Path, acknowledged: &BTreeMap<u128, bool>, kill: u64) {
    let store = SledStore::open(directory).unwrap();
    for (number, settled) in acknowledged {
        let id = boltjobs_core::JobId::from_u128(*number);
        let job = block_on(store.job(id)).unwrap();
        let job = job.unwrap_or_else(|| panic!("after kill {kill}: {id} was acknowledged and is gone"));
        assert!(!settled || job.state == JobState::Succeeded, "after kill {kill}: {id} is {}", job.state);
    }
    let jobs = block_on(store.counts()).unwrap().states.total();
    assert_eq!(jobs % 2, 0, "after kill {kill}: half of a batch is there");
    // What has ended goes, so that the next life compacts.
    let retention = Retention::default().succeeded(std::time::Duration::ZERO);
    while block_on(store.expire(retention, at(9))).unwrap().is_some_and(|next| next <= at(9)) {}
    assert_eq!(block_on(store.counts()).unwrap().states.get(JobState::Succeeded), 0);
    // A batch may have run by half; run the rest of it, too.
    while common::run(&store, 1_000, 10) > 0 {}
    block_on(store.reap(0, at(10))).unwrap();
    while common::run(&store, 1_000, 11) > 0 {}
    while block_on(store.expire(retention, at(12))).unwrap().is_some_and(|next| next <= at(12)) {}
    assert_eq!(block_on(store.counts()).unwrap().states.total(), 0);
}
