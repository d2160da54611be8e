//! Random operations for the model test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::lab::{LEASE, at, batch, batch_id, error, id, job_with, strict};
use super::noting::{bar, lines, progress, step};
use crate::batch::NewBatch;
use crate::continuation::{After, Parent};
use crate::cron::{Cron, Zone};
use crate::job::{JobSpec, NewJob};
use crate::notes::Note;
use crate::rate::Rate;
use crate::recurring::{Definition, Misfire, Overlap};
use crate::store::{
    Action, Change, Command, Compare, Handled, JobFilter, Keep, Limits, Moment, Offer, Outcome, PageQuery,
    RecurringCommand, Retention,
};
use crate::unique::{OnConflict, Unique};
use crate::{BatchId, JobId, JobState, Timestamp};

/// The jobs of a run: few enough that operations meet.
const JOBS: u64 = 250;
const BATCHES: u64 = 12;
const QUEUES: [&str; 3] = ["mails", "reports", "default"];
const REQUESTS: [&str; 3] = ["mail.send", "mail.print", "report.make"];
const TAGS: [&str; 2] = ["red", "tall"];
const NAMES: [&str; 3] = ["daily", "often", "rare"];
const CRATES: [&str; 2] = ["school", "library"];
const CRONS: [&str; 5] = ["* * * * *", "@hourly", "@every 45s", "0 0 31 2 *", "30 */2 * * *"];

/// Something to do with a store. Leases are named by the order in which they were given out.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Submit(Vec<NewBatch>, Vec<NewJob>),
    CancelBatch(BatchId),
    Command(Vec<JobId>, Command),
    Change(Vec<JobId>, Change),
    Claim(Offer, usize),
    Settle(Vec<(usize, Duration, Outcome)>),
    Heartbeat(Vec<usize>, Timestamp),
    Note(Vec<(usize, Note)>),
    Due,
    Fire,
    Reap,
    Expire(Retention),
    Put(Box<Definition>),
    /// By a program with one more crate than that of the definition.
    Declare(Box<Definition>, &'static str),
    Steer(&'static str, RecurringCommand),
    /// Of what it says by then, or of what it may have said before.
    Edit(Box<Definition>, Option<Box<Definition>>),
    Read(JobId),
    Pause(&'static str, bool),
    Keep(&'static str, Option<u64>),
    Limit(&'static str, Option<u32>),
    Announce(Box<Offer>),
    Explain(JobId),
    Page(Box<PageQuery>),
    Reopen,
}

fn pick<T: Clone>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(0..choices.len())].clone()
}

fn any_job(rng: &mut Rng) -> JobId {
    id(rng.u64(0..JOBS))
}

fn any_batch(rng: &mut Rng) -> BatchId {
    batch_id(rng.u64(0..BATCHES))
}

fn new_batch(rng: &mut Rng) -> NewBatch {
    let parent = (rng.u8(0..3) == 0).then(|| any_batch(rng));
    NewBatch { parent, ..batch(rng.u64(0..BATCHES)) }
}

fn parent(rng: &mut Rng) -> Parent {
    let id = if rng.u8(0..4) == 0 { any_batch(rng).into() } else { any_job(rng).into() };
    Parent { id, when: pick(rng, &[After::Succeeded, After::Failed, After::Finished, After::Finished]) }
}

fn span(rng: &mut Rng) -> Duration {
    Duration::from_micros(pick(rng, &[0, 1, 15_000_000, 61_000_000, 900_000_001]))
}

/// Draws the next operation, where so many leases were given out.
pub(super) fn draw(rng: &mut Rng, now: Timestamp, leases: usize) -> Operation {
    match rng.u8(0..100) {
        0..24 => {
            let batches = (0..rng.u8(0..5) / 4).map(|_| new_batch(rng)).collect();
            Operation::Submit(batches, (0..rng.u8(0..4)).map(|_| new_job(rng, now)).collect())
        }
        24 => Operation::CancelBatch(any_batch(rng)),
        25..40 => Operation::Claim(offer(rng), rng.usize(0..5)),
        40..55 if leases > 0 => {
            let ended = |rng: &mut Rng| (lease(rng, leases), span(rng), outcome(rng));
            Operation::Settle((0..rng.u8(0..4)).map(|_| ended(rng)).collect())
        }
        55..58 if leases > 0 => {
            Operation::Note((0..rng.u8(0..4)).map(|_| (lease(rng, leases), note(rng, now))).collect())
        }
        58..62 if leases > 0 => {
            Operation::Heartbeat((0..rng.u8(0..4)).map(|_| lease(rng, leases)).collect(), now.plus(span(rng)))
        }
        62..70 => Operation::Command((0..rng.u8(0..4)).map(|_| any_job(rng)).collect(), command(rng, now)),
        70..72 => Operation::Change((0..rng.u8(0..4)).map(|_| any_job(rng)).collect(), change(rng)),
        72..79 => Operation::Due,
        79..82 => Operation::Reap,
        82..85 => Operation::Fire,
        85 if rng.bool() => Operation::Pause(pick(rng, &QUEUES), rng.u8(0..4) == 0),
        85 => Operation::Limit(pick(rng, &QUEUES), rng.bool().then(|| rng.u32(1..4))),
        86 => {
            let few = Keep::for_age(span(rng)).at_most(rng.u64(0..9));
            let retention = Retention::default().succeeded(few).failed(span(rng)).deleted(span(rng));
            Operation::Expire(retention.batches(span(rng)))
        }
        87 if rng.bool() => Operation::Keep(pick(rng, &NAMES), rng.bool().then(|| rng.u64(..))),
        87 => {
            let declared = Definition { declared_by: Some(CRATES[0].into()), ..definition(rng, now) };
            Operation::Declare(Box::new(declared), pick(rng, &CRATES))
        }
        88..90 => Operation::Put(Box::new(definition(rng, now))),
        90 if rng.bool() => {
            let before = (rng.u8(0..4) == 0).then(|| Box::new(definition(rng, now)));
            Operation::Edit(Box::new(definition(rng, now)), before)
        }
        90..92 => Operation::Steer(pick(rng, &NAMES), steering(rng, now)),
        92..95 => {
            let (oldest_first, after) = (rng.bool(), rng.bool().then(|| any_job(rng)));
            let query = PageQuery { filter: filter(rng), oldest_first, after, limit: rng.usize(0..6) };
            Operation::Page(Box::new(query))
        }
        95 => Operation::Reopen,
        96 => Operation::Announce(Box::new(offer(rng))),
        97 => Operation::Explain(any_job(rng)),
        _ => Operation::Read(any_job(rng)),
    }
}

/// Returns a lease: mostly one of the latest, which may still hold.
fn lease(rng: &mut Rng, leases: usize) -> usize {
    let oldest = if rng.u8(0..5) == 0 { 0 } else { leases.saturating_sub(12) };
    rng.usize(oldest..leases)
}

fn new_job(rng: &mut Rng, now: Timestamp) -> NewJob {
    let start_at = match rng.u8(0..4) {
        0 => Some(now.plus(span(rng))),
        1 => Some(now.minus(span(rng))),
        _ => None,
    };
    let job = job_with(rng.u64(0..JOBS), |spec| {
        (spec.queue, spec.request) = (pick(rng, &QUEUES).into(), pick(rng, &REQUESTS).into());
        (spec.priority, spec.version) = (pick(rng, &[-100, 0, 0, 0, 7]), pick(rng, &[1, 1, 1, 2]));
        if rng.u8(0..6) == 0 {
            spec.parents = (0..rng.u8(1..3)).map(|_| parent(rng)).collect();
        }
        if rng.u8(0..6) == 0 {
            spec.batch = Some(any_batch(rng));
        }
        if rng.bool() {
            spec.concurrency_key = Some(pick(rng, &["a", "b", "c"]).into());
        }
        if rng.u8(0..8) == 0 {
            spec.payload = vec![b'x'; rng.usize(0..3_000)].into();
        }
        if rng.u8(0..3) == 0 {
            (spec.unique, spec.tags) =
                (Some(unique(rng)), some(rng, &TAGS).into_iter().map(Into::into).collect());
        }
        spec.expires_in = (rng.u8(0..5) == 0).then(|| span(rng));
    });
    NewJob { start_at, ..job }
}

/// Returns one of few keys, so that jobs meet.
fn unique(rng: &mut Rng) -> Unique {
    let conflicts = [OnConflict::Reject, OnConflict::Replace, OnConflict::Reschedule];
    let key = Unique::key(pick(rng, &["a", "b", "c"])).on_conflict(pick(rng, &conflicts));
    match rng.u8(0..4) {
        0 => key.within(span(rng)),
        1 => key.states(some(rng, &JobState::ALL)),
        _ => key,
    }
}

fn filter(rng: &mut Rng) -> JobFilter {
    JobFilter {
        states: some(rng, &JobState::ALL),
        queues: some(rng, &QUEUES[..2]).into_iter().map(Into::into).collect(),
        requests: some(rng, &REQUESTS[..2]).into_iter().map(Into::into).collect(),
        tags: some(rng, &TAGS[..1]).into_iter().map(Into::into).collect(),
        batch: (rng.u8(0..9) == 0).then(|| any_batch(rng)),
        parent: (rng.u8(0..9) == 0).then(|| parent(rng).id),
        failures: Vec::new(),
        retrying: rng.u8(0..4) == 0,
        text: (rng.u8(0..3) == 0).then(|| pick(rng, &["XX", "mail", "no route"]).into()),
        ..compared(rng)
    }
}

/// Compares attempts, times and payloads, now and then.
fn compared(rng: &mut Rng) -> JobFilter {
    let mut rarely = || rng.u8(0..8) == 0;
    let (attempts, errors, waited, after, before, args) =
        (rarely(), rarely(), rarely(), rarely(), rarely(), rarely());
    let mut moment = || Moment::At(at(rng.u64(0..600)));
    JobFilter {
        attempts: attempts.then_some((Compare::AtLeast, 1)).into_iter().collect(),
        errors: errors.then(|| "NO route".to_owned()).into_iter().collect(),
        waited: waited.then(|| (Compare::More, moment())).into_iter().collect(),
        enqueued_after: after.then(&mut moment),
        enqueued_before: before.then(&mut moment),
        args: args.then(|| (String::new(), "7".to_owned())).into_iter().collect(),
        ..JobFilter::default()
    }
}

/// Returns about a third of the choices.
fn some<T: Copy>(rng: &mut Rng, choices: &[T]) -> Vec<T> {
    choices.iter().copied().filter(|_| rng.u8(0..3) == 0).collect()
}

fn offer(rng: &mut Rng) -> Offer {
    let mut queues = QUEUES;
    rng.shuffle(&mut queues);
    let mut handles = BTreeMap::new();
    for name in REQUESTS {
        if name != "mail.send" && rng.bool() {
            continue;
        }
        let version = u32::from(name == "mail.send") + 1;
        handles.insert(
            Arc::from(name),
            Handled { version, limits: limits(rng, name), shape: None, defaults: None },
        );
    }
    let queue_limits = if rng.bool() { BTreeMap::new() } else { [("mails".into(), rng.u32(1..4))].into() };
    let server = pick(rng, &["server-1", "server-2"]).into();
    Offer {
        server,
        queue_limits,
        handles,
        lease: pick(rng, &[LEASE, LEASE * 3]),
        ..strict(&queues[..rng.usize(1..4)])
    }
}

/// Mostly the same for each request, as it is where servers are the same program.
fn limits(rng: &mut Rng, name: &str) -> Option<Arc<Limits>> {
    let rate = |text: &str| Some(Rate::parse(text).expect("a rate"));
    let per_key = Some(if rng.u8(0..8) == 0 { 2 } else { 1 });
    let limits = match name {
        "mail.send" => Limits { concurrency: Some(6), per_key, ..Limits::of(name) },
        "mail.print" => {
            Limits { rate: rate("9/1m, burst = 3"), rate_per_key: rate("3/20s"), ..Limits::of(name) }
        }
        _ => return None,
    };
    Some(Arc::new(limits))
}

fn outcome(rng: &mut Rng) -> Outcome {
    match rng.u8(0..10) {
        0..2 => Outcome::Succeeded(rng.bool().then(|| (*b"[1,2]").into())),
        2 => Outcome::SucceededWithout("too large".into()),
        3..5 => {
            Outcome::Retry { error: error("no route"), delay: span(rng), retry: rng.u32(1..9), retries: 10 }
        }
        5 => {
            Outcome::Failed { error: error("no route"), reason: Some("discarded".into()), delete: rng.bool() }
        }
        6 => Outcome::Cancelled { error: rng.bool().then(|| error("stopped")) },
        7 => Outcome::Snoozed(span(rng)),
        8 => Outcome::Deleted("stopped".into()),
        _ => Outcome::Released("shutdown".into()),
    }
}

fn note(rng: &mut Rng, now: Timestamp) -> Note {
    let name = pick(rng, &["load", "check", "store"]);
    match rng.u8(0..4) {
        0 => step(name, &"7".repeat(rng.usize(0..900))),
        1 => progress(rng.u8(0..101), now),
        2 => bar(name, rng.u64(0..10)),
        _ => lines(rng.u32(1..4), (0..rng.usize(0..200)).map(|n| n.to_string())),
    }
}

fn command(rng: &mut Rng, now: Timestamp) -> Command {
    let action = match rng.u8(0..4) {
        0 => Action::Reschedule(now.plus(span(rng))),
        1 => Action::Requeue,
        _ => Action::Delete,
    };
    Command { action, expected: some(rng, &JobState::ALL), reason: rng.bool().then(|| "by hand".into()) }
}

fn change(rng: &mut Rng) -> Change {
    let content = || JobSpec::new("", &b"changed"[..]).content();
    Change {
        queue: rng.bool().then(|| pick(rng, &QUEUES).into()),
        priority: rng.bool().then(|| rng.i8(-100..=100)),
        content: (rng.u8(0..3) == 0).then(content),
        expected: some(rng, &JobState::ALL),
        revision: (rng.u8(0..3) == 0).then(|| rng.u32(0..3)),
    }
}

fn definition(rng: &mut Rng, now: Timestamp) -> Definition {
    let cron = Cron::parse(pick(rng, &CRONS)).expect("an expression");
    let spec = JobSpec { queue: "reports".into(), ..JobSpec::new("report.make", &b"{}"[..]) };
    Definition {
        zone: if rng.bool() { Zone::UTC } else { "Europe/Oslo".parse::<Zone>().expect("a zone") }.into(),
        misfire: pick(rng, &[Misfire::FireOnce, Misfire::FireAll { at_most: 3 }, Misfire::Skip]),
        overlap: pick(rng, &[Overlap::Allow, Overlap::Skip, Overlap::CancelPrevious]),
        jitter: if rng.bool() { Duration::ZERO } else { span(rng) },
        starts_at: rng.bool().then(|| now.plus(span(rng))),
        ends_at: rng.bool().then(|| now.plus(span(rng) * 9)),
        declared_by: rng.bool().then(|| pick(rng, &CRATES).into()),
        ..Definition::new(pick(rng, &NAMES), cron, spec)
    }
}

fn steering(rng: &mut Rng, now: Timestamp) -> RecurringCommand {
    let fresh = JobId::from_parts(now, u128::from(rng.u64(..)));
    pick(
        rng,
        &[
            RecurringCommand::Trigger(fresh),
            RecurringCommand::Pause,
            RecurringCommand::Resume,
            RecurringCommand::Remove,
        ],
    )
}
