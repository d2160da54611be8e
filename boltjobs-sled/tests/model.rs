//! Random commands, given to a sled store and to the memory store, must leave the same behind, over reopening and
//! compaction.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::batch::NewBatch;
use boltjobs_core::continuation::{After, Parent};
use boltjobs_core::cron::Zone;
use boltjobs_core::job::{ErrorInfo, Job, JobSpec, NewJob};
use boltjobs_core::memory::{MemoryStore, Tape};
use boltjobs_core::notes::{LogLevel, LogLine, Note, Step};
use boltjobs_core::rate::Rate;
use boltjobs_core::recurring::{Definition, Misfire, Overlap};
use boltjobs_core::store::{
    Action, Claimed, Command, Handled, JobFilter, Keep, Limits, Offer, Outcome, PageQuery, Record,
    RecurringCommand, Retention, Settlement, Store, StoreError,
};
use boltjobs_core::unique::{OnConflict, Unique};
use boltjobs_core::{BatchId, Timestamp};
use boltjobs_sled::{SledOptions, SledStore};
use common::{at, id, offer};
use pollster::block_on;
use tempfile::tempdir;

/// The jobs that commands speak of: few, so that they meet each other.
const JOBS: u64 = 40;
/// The batches, few too.
const BATCHES: u64 = 6;
/// The definitions: enough that some are left alone for long, and only compaction writes them.
const DEFINITIONS: u8 = 8;

/// The two stores, and what was claimed of both.
struct Pair<'a> {
    sled: SledStore,
    memory: MemoryStore,
    claimed: Vec<Claimed>,
    chance: &'a mut fastrand::Rng,
    now: Timestamp,
}

/// Gives both stores one command and compares the answers.
macro_rules! both {
    ($pair:expr, $method:ident($($argument:expr),*)) => {{
        let sled = block_on($pair.sled.$method($($argument.clone()),*));
        let memory = block_on($pair.memory.$method($($argument.clone()),*));
        assert_eq!(sled, memory, "{} at {}", stringify!($method), $pair.now);
        assert!(matches!(sled, Ok(_) | Err(StoreError::Refused(_))), "{sled:?}");
        sled.ok()
    }};
}

impl Pair<'_> {
    fn batch(&mut self) -> BatchId {
        id(1_000 + self.chance.u64(..BATCHES)).into()
    }

    fn new_batch(&mut self) -> NewBatch {
        let parent = (self.chance.u8(..3) == 0).then(|| self.batch());
        NewBatch { id: self.batch(), name: "kin".to_owned(), parent }
    }

    fn step(&mut self) {
        let now = self.now;
        match self.chance.u32(..100) {
            0..30 => {
                let jobs: Vec<_> = (0..self.chance.u64(1..6)).map(|_| self.new_job()).collect();
                let batches: Vec<_> = (0..self.chance.usize(..8) / 7).map(|_| self.new_batch()).collect();
                both!(self, submit(batches, jobs, now));
            }
            30..50 => {
                let workers = vec![1; self.chance.usize(1..5)];
                let offer = self.offer();
                let claimed = both!(self, claim(offer, workers, now)).unwrap();
                self.claimed.extend(claimed);
            }
            50..57 if !self.claimed.is_empty() => {
                let records: Vec<_> = (0..self.chance.u8(..3)).map(|_| self.record()).collect();
                both!(self, record(records, now));
            }
            50..70 => {
                let count = self.chance.usize(..=self.claimed.len().min(4));
                let settlements: Vec<_> = (0..count).map(|_| self.settlement()).collect();
                both!(self, settle(settlements, now));
            }
            70..80 => {
                let action = match self.chance.u8(..3) {
                    0 => Action::Delete,
                    1 => Action::Requeue,
                    _ => Action::Reschedule(now.plus(Duration::from_secs(self.chance.u64(..100)))),
                };
                let command = Command { action, expected: Vec::new(), reason: Some("asked".into()) };
                let jobs: Vec<_> = (0..self.chance.u64(..3)).map(|_| id(self.chance.u64(..JOBS))).collect();
                both!(self, command(jobs, command, now));
            }
            80..84 => {
                both!(self, due(now));
            }
            84 => {
                let (queue, pause): (Arc<str>, _) = ("default".into(), self.chance.u8(..3) == 0);
                both!(self, pause(queue, pause, now));
            }
            85..88 => {
                both!(self, fire(now));
            }
            88 => {
                both!(self, reap(3, now));
            }
            89 => {
                let declared = vec![Definition { declared_by: Some("school".into()), ..self.definition() }];
                let crates = BTreeSet::from(["school".into()]);
                both!(self, declare_recurring(declared, crates, now));
            }
            90..94 => {
                let kept = Duration::from_mins(1);
                let few = Keep::for_age(kept).at_most(self.chance.u64(..9));
                let retention =
                    Retention::default().succeeded(few).failed(kept).deleted(kept).batches(kept * 10);
                both!(self, expire(retention, now));
            }
            94..97 => {
                let definition = self.definition();
                both!(self, put_recurring(definition, now));
            }
            _ => {
                let command = match self.chance.u8(..4) {
                    0 => RecurringCommand::Trigger(id(self.chance.u64(..JOBS))),
                    1 => RecurringCommand::Pause,
                    2 => RecurringCommand::Resume,
                    _ => RecurringCommand::Remove,
                };
                let name: Arc<str> = self.chance.u8(..DEFINITIONS).to_string().into();
                both!(self, recurring(name, command, now));
            }
        }
    }

    fn new_job(&mut self) -> NewJob {
        let job = common::job(self.chance.u64(..JOBS), 0);
        // Now and then one that takes several chunks.
        let size = if self.chance.u8(..10) == 0 { 2_000 } else { 50 };
        let payload: Vec<u8> = (0..self.chance.usize(..size)).map(|_| self.chance.u8(..)).collect();
        let due = self.now.plus(Duration::from_secs(self.chance.u64(..50)));
        let start_at = self.chance.bool().then_some(due);
        let mut spec = JobSpec::new("mail.send", payload);
        if self.chance.u8(..6) == 0 {
            spec.batch = Some(self.batch());
        }
        if self.chance.u8(..5) == 0 {
            let id =
                if self.chance.bool() { id(self.chance.u64(..JOBS)).into() } else { self.batch().into() };
            spec.parents = vec![Parent { id, when: After::Finished }];
        }
        if self.chance.u8(..3) == 0 {
            spec.unique = Some(self.unique());
            spec.tags = vec!["red".to_owned()];
        }
        let expires_in = Duration::from_secs(self.chance.u64(1..60));
        spec.expires_in = (self.chance.u8(..4) == 0).then_some(expires_in);
        spec.concurrency_key =
            [None, Some("a"), Some("b"), Some("c")][self.chance.usize(..4)].map(Into::into);
        NewJob { spec: spec.into(), start_at, ..job }
    }

    fn unique(&mut self) -> Unique {
        let conflicts = [OnConflict::Reject, OnConflict::Replace, OnConflict::Reschedule];
        let key = self.chance.u8(..3).to_string();
        let unique = Unique::key(key).on_conflict(conflicts[self.chance.usize(..3)]);
        let within = Duration::from_secs(self.chance.u64(1..60));
        if self.chance.bool() { unique.within(within) } else { unique }
    }

    /// Makes an offer, mostly one that holds jobs to limits.
    fn offer(&mut self) -> Arc<Offer> {
        if self.chance.u8(..4) == 0 {
            return offer();
        }
        let rate = |text: &str| Some(Rate::parse(text).unwrap());
        let limits = Limits {
            per_key: Some(2),
            rate: rate("20/1m, burst = 5"),
            rate_per_key: rate("6/1m"),
            ..Limits::of("mail.send")
        };
        let handled = Handled { version: 1, limits: Some(limits.into()), shape: None, defaults: None };
        Arc::new(Offer { handles: [("mail.send".into(), handled)].into(), ..Offer::clone(&offer()) })
    }

    fn settlement(&mut self) -> Settlement {
        let claimed = self.claimed[self.chance.usize(..self.claimed.len())].clone();
        let error = Box::new(ErrorInfo::new("io::Error", "disk on fire"));
        let delay = Duration::from_secs(self.chance.u64(..20));
        let outcome = match self.chance.u8(..6) {
            0 => Outcome::Retry { error, delay, retry: 1, retries: 10 },
            1 => Outcome::Failed { error, reason: None, delete: self.chance.bool() },
            2 => Outcome::Snoozed(delay),
            3 => Outcome::Released("the server stops".into()),
            4 => Outcome::Cancelled { error: None },
            _ => Outcome::Succeeded(Some(vec![1, 2, 3].into())),
        };
        Settlement { lease: claimed.lease, ran: Duration::from_millis(7), outcome }
    }

    fn record(&mut self) -> Record {
        let lease = self.claimed[self.chance.usize(..self.claimed.len())].lease;
        let (size, at) = (self.chance.usize(..1_500), self.now);
        let note = if self.chance.bool() {
            let (name, result) = (self.chance.u8(..3).to_string(), vec![7; size].into());
            Note::Step(Step { name, result, took: Duration::ZERO, at, attempt: 1 })
        } else {
            let (level, target) = (LogLevel::Info, "jobs".to_owned());
            let message = "x".repeat(size);
            Note::Lines(vec![LogLine { at, level, target, message, attempt: 1, skipped: 0 }])
        };
        Record { lease, note }
    }

    fn definition(&mut self) -> Definition {
        let cron = ["@every 90s", "* * * * *", "@yearly"][self.chance.usize(..3)];
        let id = self.chance.u8(..DEFINITIONS).to_string();
        Definition {
            zone: "Europe/Berlin".parse::<Zone>().unwrap().into(),
            misfire: Misfire::FireAll { at_most: 3 },
            overlap: [Overlap::Allow, Overlap::Skip, Overlap::CancelPrevious][self.chance.usize(..3)],
            jitter: Duration::from_secs(self.chance.u64(..3)),
            ends_at: self.chance.bool().then(|| self.now.plus(Duration::from_secs(200))),
            declared_by: self.chance.bool().then(|| "school".into()),
            ..Definition::new(id, cron.parse().unwrap(), JobSpec::new("mail.send", *b"{}"))
        }
    }

    fn compare(&self) {
        both!(self, counts());
        both!(self, recurring_jobs());
        let now = self.now;
        both!(self, queues(now));
        both!(self, batches(None, usize::MAX));
        for number in 0..JOBS {
            let job = id(number);
            both!(self, notes(job));
            both!(self, explain(job, now));
        }
        let all = JobFilter::default();
        let tagged = JobFilter { tags: vec!["red".to_owned()], ..JobFilter::default() };
        for filter in [all, tagged] {
            let query = PageQuery { filter, limit: usize::MAX, ..PageQuery::default() };
            assert_eq!(jobs(&self.sled, &query), jobs(&self.memory, &query));
        }
    }
}

/// Lists jobs without their places: those count among the jobs that are there, and which job is next is compared.
fn jobs(store: &dyn Store, query: &PageQuery) -> Vec<Job> {
    let mut jobs = block_on(store.page(query.clone())).unwrap().jobs;
    for job in &mut jobs {
        job.order = 0;
    }
    jobs
}

/// Runs both stores for some lives of the process, and returns how many chunks were compacted away.
fn compare_over_reopening(options: &SledOptions, seed: u64) -> u64 {
    let (directory, tape) = (tempdir().unwrap(), Tape::default());
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut now, mut compacted, mut claimed) = (at(0), 0, Vec::new());
    for life in 0..12 {
        let opened = options.clone().open(directory.path()).unwrap();
        let memory = MemoryStore::on_tape(&tape);
        let mut pair = Pair { sled: opened, memory, claimed, chance: &mut random, now };
        pair.compare();
        for _ in 0..pair.chance.u32(1..150) {
            // The clock may stand still: then a record that is put back is equal to an older one.
            let pause = if pair.chance.bool() { pair.chance.u64(..6_000) } else { 0 };
            pair.now = pair.now.plus(Duration::from_millis(pause));
            pair.step();
        }
        pair.compare();
        compacted += pair.sled.stats().dropped;
        if life % 2 == 0 {
            block_on(pair.sled.close()).unwrap();
        }
        (now, claimed) = (pair.now, pair.claimed);
    }
    compacted
}

/// How many times as many histories to try as usual.
fn times() -> u64 {
    std::env::var("BOLTJOBS_TEST_TIMES").map_or(1, |times| times.parse().unwrap())
}

#[test]
fn random_commands_leave_the_same_behind_as_in_the_memory_store() {
    for seed in 0..4 * times() {
        let options = SledOptions::new().segment_size(256 << 10);
        assert_eq!(compare_over_reopening(&options, seed), 0, "{seed}");
    }
}

#[test]
fn compaction_changes_nothing_that_can_be_seen() {
    for seed in 1_000..1_000 + 6 * times() {
        let options = SledOptions::new().segment_size(64 << 10).compaction_floor(0).memory(0);
        let dropped = compare_over_reopening(&options, seed);
        assert!(dropped > 100, "{seed}: {dropped}");
    }
}
