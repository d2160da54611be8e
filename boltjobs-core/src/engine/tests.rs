//! What must hold after any sequence of commands, and what a journal must bring back.

mod evicting;
mod kin;
mod laws;
mod limits;
mod replay;
mod search;
mod unique;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kin::{Kin, kin};
use proptest::prelude::*;

use super::{Engine, Entry, Unpublished};
use crate::job::{ErrorInfo, Job, JobSpec, Lease, NewJob};
use crate::memory::Tape;
use crate::notes::{self, Bar, LogLevel, LogLine, Note};
use crate::rate::Rate;
use crate::store::{
    Action, Change, Claimed, Command, Handled, Keep, Limits, Offer, Outcome, QueueOrder, Record,
    RecurringCommand, Retention, Settlement, Vitals,
};
use crate::{JobId, JobState, Timestamp};

const QUEUES: [&str; 2] = ["a", "b"];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_704_067_200 + seconds) * 1_000_000)
}

fn id(n: u8) -> JobId {
    JobId::from_parts(at(0), u128::from(n))
}

fn new_job(n: u8, priority: i8, start_at: Option<Timestamp>) -> NewJob {
    let queue = QUEUES[usize::from(n) % 2].into();
    let concurrency_key = [None, Some("x".into()), Some("y".into())][usize::from(n) % 3].clone();
    let spec = JobSpec { queue, priority, concurrency_key, ..JobSpec::new("mail.send", &b"{}"[..]) };
    NewJob { id: id(n), spec: spec.into(), start_at }
}

/// Returns the offer with limits that a number of [`Deed::Claim`] stands for.
fn limited(order: u8) -> Option<Offer> {
    let rate = |text: &str| Some(Rate::parse(text).unwrap());
    let (limits, queue) = (Limits::of("mail.send"), Some(2));
    let (limits, queue) = match order {
        4 => (Limits { per_key: Some(1), ..limits }, None),
        5 => (Limits { per_key: Some(2), concurrency: Some(4), ..limits }, queue),
        6 => (Limits { rate: rate("4/20s, burst = 2"), per_key: Some(1), ..limits }, queue),
        7 => (Limits { rate: rate("99/20s"), rate_per_key: rate("2/30s"), ..limits }, None),
        _ => return None,
    };
    let handles = [(
        "mail.send".into(),
        Handled { version: 2, limits: Some(limits.into()), shape: None, defaults: None },
    )]
    .into();
    let queue_limits = queue.map(|at_most| (QUEUES[0].into(), at_most)).into_iter().collect();
    Some(Offer { queue_limits, handles, ..offer(QueueOrder::All) })
}

fn offer(queues: QueueOrder) -> Offer {
    let lease = Duration::from_secs(30);
    let handles = [("mail.send".into(), 2.into())].into();
    let (server, queue_limits, held) = ("server-1".into(), BTreeMap::new(), Vec::new());
    Offer { server, workers: 9, queues, queue_limits, handles, held, lease, vitals: Vitals::default() }
}

/// A command, and by how many seconds the clock is moved before it.
#[derive(Debug, Clone)]
struct Step {
    clock: i64,
    deed: Deed,
}

#[derive(Debug, Clone)]
enum Deed {
    Enqueue(Vec<(u8, i8, Option<i64>)>),
    Family(Kin),
    CancelBatch(u8),
    EnqueueOther(unique::Other),
    Command(u8, Action, Vec<JobState>),
    Change(u8, Change),
    Claim(u8, usize),
    /// Of the lease that was given out so many claims ago.
    Settle(usize, Outcome),
    Heartbeat(usize),
    Pause(usize, bool),
    Note(usize, Note),
    Due,
    Reap,
    Expire,
    /// A write begins, with everything that is unpublished.
    Write,
    /// It is on disk now.
    Publish,
    Recurring(u8, u8),
    Fire,
    /// The process ends, and starts again from the journal.
    Reopen,
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let error = || Box::new(ErrorInfo::new("my::Error", "no route"));
    let delay = (0..60_u64).prop_map(Duration::from_secs);
    prop_oneof![
        3 => Just(Outcome::Succeeded(None)),
        3 => delay.clone().prop_map(move |delay| Outcome::Retry { error: error(), delay, retry: 1, retries: 9 }),
        1 => any::<bool>().prop_map(move |delete| Outcome::Failed { error: error(), reason: None, delete }),
        1 => Just(Outcome::Cancelled { error: None }),
        1 => delay.prop_map(Outcome::Snoozed),
        1 => Just(Outcome::Released("shutdown".into())),
    ]
}

fn note() -> impl Strategy<Value = Note> {
    let step = |n: u8| notes::Step {
        name: n.to_string(),
        result: vec![n; 9].into(),
        took: Duration::ZERO,
        at: at(1),
        attempt: 1,
    };
    let line = |n: usize| LogLine {
        at: at(1),
        level: LogLevel::Info,
        target: "t".into(),
        message: "x".repeat(n * 100),
        attempt: 1,
        skipped: 0,
    };
    prop_oneof![
        (0..3_u8).prop_map(move |n| Note::Step(step(n))),
        (0..3_u64).prop_map(|n| Note::Bar(Bar { name: n.to_string(), done: n, total: 9 })),
        (0..600_usize).prop_map(move |n| Note::Lines((0..n).map(line).collect())),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let queue = proptest::option::of(0..2_usize);
    let content = JobSpec::new("", &b"[]"[..]).content();
    (queue, proptest::option::of(-1..2_i8), proptest::option::weighted(0.3, Just(content))).prop_map(
        |(queue, priority, content)| Change {
            queue: queue.map(|queue| QUEUES[queue].into()),
            priority,
            content,
            ..Change::default()
        },
    )
}

fn deed() -> impl Strategy<Value = Deed> {
    let new = (0..24_u8, -1..2_i8, proptest::option::weighted(0.3, -60..120_i64));
    let action = prop_oneof![
        Just(Action::Delete),
        Just(Action::Requeue),
        (0..600_i64).prop_map(|seconds| Action::Reschedule(at(seconds)))
    ];
    let states = proptest::sample::subsequence(JobState::ALL.to_vec(), 0..4);
    prop_oneof![
        4 => proptest::collection::vec(new, 0..4).prop_map(Deed::Enqueue),
        4 => kin().prop_map(Deed::Family),
        1 => (0..4_u8).prop_map(Deed::CancelBatch),
        4 => unique::other().prop_map(Deed::EnqueueOther),
        4 => (0..24_u8, action, states).prop_map(|(n, action, expected)| Deed::Command(n, action, expected)),
        2 => (0..24_u8, change()).prop_map(|(n, change)| Deed::Change(n, change)),
        8 => (0..8_u8, 0..4_usize).prop_map(|(order, slots)| Deed::Claim(order, slots)),
        1 => (0..2_usize, proptest::bool::weighted(0.3)).prop_map(|(queue, pause)| Deed::Pause(queue, pause)),
        6 => (0..6_usize, outcome()).prop_map(|(back, outcome)| Deed::Settle(back, outcome)),
        1 => (0..6_usize).prop_map(Deed::Heartbeat),
        3 => (0..6_usize, note()).prop_map(|(back, note)| Deed::Note(back, note)),
        3 => Just(Deed::Due),
        1 => Just(Deed::Reap),
        1 => Just(Deed::Expire),
        6 => Just(Deed::Write),
        6 => Just(Deed::Publish),
        2 => (0..2_u8, 0..9_u8).prop_map(|(name, what)| Deed::Recurring(name, what)),
        3 => Just(Deed::Fire),
        1 => Just(Deed::Reopen),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Mostly forward; at times the clock is set back, or is wrong by far.
    let clock = prop_oneof![8 => Just(0), 16 => 1..40_i64, 2 => -100..0_i64, 1 => -90_000..90_000_i64];
    proptest::collection::vec((clock, deed()).prop_map(|(clock, deed)| Step { clock, deed }), 1..120)
}

/// An engine with its journal, driven by steps.
struct Rig {
    engine: Engine,
    journal: Vec<Entry>,
    now: i64,
    leases: Vec<Lease>,
    enqueued: Vec<JobId>,
    claims: Vec<Claimed>,
    on_disk: Tape,
    /// What is being written: what it makes ready, what leaves the memory then, and how far it brings the journal.
    in_flight: Option<(Unpublished, Vec<JobId>, usize)>,
}

fn jobs(engine: &Engine) -> Vec<Job> {
    engine.jobs.all().map(Cow::into_owned).collect()
}

fn record(engine: &Engine, id: JobId) -> Job {
    engine.job(id).unwrap().into_owned()
}

impl Rig {
    fn new() -> Self {
        let (mut engine, mut journal) = (Engine::default(), Vec::new());
        engine.at(at(0), &mut journal).boot();
        let on_disk = Tape::default();
        on_disk.lock().clone_from(&journal);
        // Whatever can be evicted is.
        engine.keep_records(0, Arc::new(on_disk.clone()));
        Self {
            engine,
            journal,
            now: 0,
            leases: vec![],
            enqueued: vec![],
            claims: vec![],
            on_disk,
            in_flight: None,
        }
    }

    fn lease(&self, back: usize) -> Option<Lease> {
        self.leases.iter().rev().nth(back).copied()
    }

    /// Writes everything, and publishes it.
    fn publish(&mut self) {
        self.end_write();
        self.begin_write();
        self.end_write();
    }

    fn begin_write(&mut self) {
        if self.in_flight.is_none() {
            let (unpublished, leaving) = (self.engine.take_unpublished(), self.engine.take_leaving());
            self.in_flight = Some((unpublished, leaving, self.journal.len()));
        }
    }

    fn end_write(&mut self) {
        if let Some((unpublished, leaving, length)) = self.in_flight.take() {
            *self.on_disk.lock() = self.journal[..length].to_vec();
            self.engine.publish(unpublished);
            self.engine.evict(leaving, length as u64 + 1);
        }
    }

    /// Does one step; what it claimed is in `claims`.
    fn run(&mut self, step: &Step) {
        self.now += step.clock;
        self.claims.clear();
        let lease = if let Deed::Settle(back, _) | Deed::Heartbeat(back) | Deed::Note(back, _) = &step.deed {
            self.lease(*back)
        } else {
            None
        };
        // Never that of a job that is gone.
        let fresh = JobId::from_parts(at(self.now), 10_000 + self.journal.len() as u128);
        let mut turn = self.engine.at(at(self.now), &mut self.journal);
        match step.deed.clone() {
            Deed::Enqueue(jobs) => {
                let due = |time: Option<i64>| time.map(|time| at(self.now + time));
                let jobs = jobs.into_iter().map(|(n, priority, time)| new_job(n, priority, due(time)));
                let enqueued = turn.enqueue(jobs.collect()).expect("they wait for nothing");
                self.enqueued.extend(enqueued.iter().map(|enqueued| enqueued.id));
            }
            Deed::Family(kin) => {
                let (batches, jobs) = kin.resolve(turn.engine, &self.enqueued);
                // Some of it does not fit what is there.
                if let Ok(enqueued) = turn.submit(batches, jobs) {
                    self.enqueued.extend(enqueued.iter().map(|enqueued| enqueued.id));
                }
            }
            Deed::CancelBatch(n) => drop(turn.cancel_batch(kin::batch_id(n), None)),
            Deed::EnqueueOther(other) => {
                let job = other.job(self.now);
                let enqueued = turn.enqueue(vec![job]).expect("it waits for nothing");
                self.enqueued.extend(enqueued.iter().map(|enqueued| enqueued.id));
            }
            Deed::Command(n, action, expected) => {
                turn.command(&[id(n)], &Command { action, expected, reason: None });
            }
            Deed::Change(n, change) => drop(turn.change(&[id(n)], &change)),
            Deed::Claim(order, slots) => {
                let names = || QUEUES.map(Arc::from).to_vec();
                let queues = match order {
                    0 => QueueOrder::All,
                    1 => QueueOrder::Strict(names()),
                    2 => QueueOrder::Strict(vec![QUEUES[1].into()]),
                    _ => QueueOrder::Weighted(names().into_iter().zip([3, 1]).collect()),
                };
                let offer = limited(order).unwrap_or_else(|| offer(queues));
                self.claims = turn.claim(&offer, &[1, 2, 3][..slots]);
                self.leases.extend(self.claims.iter().map(|claimed| claimed.lease));
            }
            Deed::Settle(_, outcome) => {
                let settlement = |lease| Settlement { lease, ran: Duration::ZERO, outcome };
                turn.settle(lease.map(settlement).into_iter().collect());
            }
            Deed::Heartbeat(_) => {
                turn.heartbeat(lease.as_slice(), at(self.now + 30));
            }
            Deed::Pause(queue, pause) => drop(turn.pause(&QUEUES[queue].into(), pause)),
            Deed::Note(_, note) => {
                let record = |lease| Record { lease, note };
                turn.record(lease.map(record).into_iter().collect());
            }
            Deed::Due => drop(turn.due().map(|next| assert!(next > at(self.now)))),
            Deed::Reap => drop(turn.reap(3).map(|next| assert!(next > at(self.now)))),
            Deed::Expire => {
                let kept = Duration::from_secs(20);
                turn.expire(
                    Retention::default()
                        .succeeded(kept)
                        .failed(kept * 4)
                        .deleted(Keep::from(kept).at_most(3))
                        .batches(kept),
                );
            }
            Deed::Write => self.begin_write(),
            Deed::Publish => self.end_write(),
            Deed::Recurring(name, what) => {
                let name: Arc<str> = ["hourly", "often"][usize::from(name)].into();
                match what {
                    0 => drop(turn.recurring(&name, RecurringCommand::Pause)),
                    1 => drop(turn.recurring(&name, RecurringCommand::Resume)),
                    2 => drop(turn.recurring(&name, RecurringCommand::Remove)),
                    3 => drop(turn.recurring(&name, RecurringCommand::Trigger(fresh))),
                    4 => drop(
                        turn.declare_recurring(vec![replay::definition(&name, 4)], &["school".into()].into()),
                    ),
                    _ => drop(turn.put_recurring(replay::definition(&name, what))),
                }
            }
            Deed::Fire => drop(turn.fire().map(|next| assert!(next > at(self.now)))),
            Deed::Reopen => {
                self.in_flight = None;
                self.engine = replay::replayed(&self.journal);
                self.on_disk.lock().clone_from(&self.journal);
                self.engine.keep_records(0, Arc::new(self.on_disk.clone()));
                self.engine.at(at(self.now), &mut self.journal).boot();
                self.publish();
            }
        }
    }
}
