//! A server that is killed at any moment, again and again, loses nothing and does nothing twice that it said was done.
//!
//! The test runs itself as a child, which says what it was told and what it does, and kills it after a random number of
//! lines. The next child tells what it finds before any handler runs.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod ledger;
mod life;
mod quarantine;

use boltjobs::JobId;
use boltjobs_tests::{Child, Seed, patiently, role};
use ledger::{Ledger, Line};

const STORE: &str = "BOLTJOBS_CRASH_STORE";
const SINCE: &str = "BOLTJOBS_CRASH_SINCE";

/// How often the server is killed.
const KILLS: u32 = 50;

#[test]
fn a_server_that_is_killed_at_any_moment_loses_nothing_and_repeats_nothing_that_ended() {
    if let Some(role) = role() {
        return child(&role);
    }
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sled:{}", folder.path().join("jobs").display());
    let mut seed = Seed::new();
    let mut ledger = Ledger::default();
    for kill in 0..KILLS {
        let mut child = begin("lives", &store, ledger.begin());
        // Some kills come while the store is made or opened, the others at work.
        if kill < 3 || kill % 5 == 0 {
            listen(&mut child, &mut ledger, |line| matches!(line, Line::Opening));
            (0..seed.0.u32(..200_000)).for_each(|_| std::thread::yield_now());
        } else {
            listen(&mut child, &mut ledger, |line| matches!(line, Line::Open));
            let mut lines = seed.0.u32(..400);
            listen(&mut child, &mut ledger, |_| {
                lines = lines.saturating_sub(1);
                lines == 0
            });
        }
        child.kill().iter().filter_map(|line| read(line)).for_each(|line| ledger.note(line));
    }
    let mut child = begin("finishes", &store, ledger.begin());
    listen(&mut child, &mut ledger, |line| matches!(line, Line::Closed));
    child.finish();
    let (jobs, crashes, instants) = ledger.close();
    println!(
        "{jobs} jobs, {crashes} of them running at a kill, {instants} occurrences, {} opens",
        ledger.opened
    );
    assert!(jobs > 1_000 && crashes > 10 && instants > 2, "too little happened to show anything");
}

fn begin(role: &str, store: &str, since: JobId) -> Child {
    let test = "a_server_that_is_killed_at_any_moment_loses_nothing_and_repeats_nothing_that_ended";
    Child::of(test, role, |command| command.env(STORE, store).env(SINCE, since.as_u128().to_string()))
}

/// Notes lines up to the one that was waited for.
fn listen(child: &mut Child, ledger: &mut Ledger, mut last: impl FnMut(&Line) -> bool) {
    loop {
        let Some(line) = child.next_line() else { panic!("the child ended by itself:\n{}", child.end().1) };
        if let Some(line) = read(&line) {
            let found = last(&line);
            ledger.note(line);
            if found {
                return;
            }
        }
    }
}

/// Reads a line; what the test runner says is none.
fn read(line: &str) -> Option<Line> {
    serde_json::from_str(line).ok()
}

#[tokio::main(worker_threads = 2)]
async fn child(role: &str) {
    let (store, since) = (std::env::var(STORE).unwrap(), std::env::var(SINCE).unwrap());
    let since = JobId::from_u128(since.parse().unwrap());
    let life = async {
        let server = life::start(&store, since).await;
        match role {
            "lives" => life::live(server).await,
            _ => life::finish(server).await,
        }
    };
    patiently(life).await;
}
