//! Random operations for the model test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::lab::{LEASE, error, id, job_with, strict};
use crate::cron::{Cron, Zone};
use crate::job::{JobSpec, NewJob};
use crate::recurring::{Definition, Misfire, Overlap};
use crate::store::{Action, Command, Offer, Outcome, RecurringCommand, Retention};
use crate::{JobId, JobState, Timestamp};

/// The jobs of a run: few enough that operations meet.
const JOBS: u64 = 250;
const QUEUES: [&str; 3] = ["mails", "reports", "default"];
const REQUESTS: [&str; 3] = ["mail.send", "mail.print", "report.make"];
const NAMES: [&str; 3] = ["daily", "often", "rare"];
const CRATES: [&str; 2] = ["school", "library"];
const CRONS: [&str; 5] = ["* * * * *", "@hourly", "@every 45s", "0 0 31 2 *", "30 */2 * * *"];

/// Something to do with a store. Leases are named by the order in which they were given out.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Enqueue(Vec<NewJob>),
    Command(JobId, Command),
    Claim(Offer, usize),
    Settle(Vec<(usize, Duration, Outcome)>),
    Heartbeat(Vec<usize>, Timestamp),
    Due,
    Fire,
    Reap,
    Expire(Retention),
    Put(Box<Definition>),
    /// By a program with one more crate than that of the definition.
    Declare(Box<Definition>, &'static str),
    Steer(&'static str, RecurringCommand),
    Read(JobId),
    Page(JobState, Option<JobId>, usize),
    Reopen,
}

fn pick<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(0..choices.len())]
}

fn any_job(rng: &mut Rng) -> JobId {
    id(rng.u64(0..JOBS))
}

fn span(rng: &mut Rng) -> Duration {
    Duration::from_micros(pick(rng, &[0, 1, 15_000_000, 61_000_000, 900_000_001]))
}

/// Draws the next operation, where so many leases were given out.
pub(super) fn draw(rng: &mut Rng, now: Timestamp, leases: usize) -> Operation {
    match rng.u8(0..100) {
        0..25 => Operation::Enqueue((0..rng.u8(0..4)).map(|_| new_job(rng, now)).collect()),
        25..40 => Operation::Claim(offer(rng), rng.usize(0..5)),
        40..58 if leases > 0 => {
            let ended = |rng: &mut Rng| (lease(rng, leases), span(rng), outcome(rng));
            Operation::Settle((0..rng.u8(0..4)).map(|_| ended(rng)).collect())
        }
        58..62 if leases > 0 => {
            Operation::Heartbeat((0..rng.u8(0..4)).map(|_| lease(rng, leases)).collect(), now.plus(span(rng)))
        }
        62..72 => Operation::Command(any_job(rng), command(rng, now)),
        72..79 => Operation::Due,
        79..82 => Operation::Reap,
        82..85 => Operation::Fire,
        85..87 => {
            Operation::Expire(Retention { succeeded: span(rng), failed: span(rng), deleted: span(rng) })
        }
        87 => {
            let declared = Definition { declared_by: Some(CRATES[0].into()), ..definition(rng, now) };
            Operation::Declare(Box::new(declared), pick(rng, &CRATES))
        }
        88..90 => Operation::Put(Box::new(definition(rng, now))),
        90..92 => Operation::Steer(pick(rng, &NAMES), steering(rng, now)),
        92..95 => {
            Operation::Page(pick(rng, &JobState::ALL), rng.bool().then(|| any_job(rng)), rng.usize(0..6))
        }
        95..97 => Operation::Reopen,
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
        if rng.u8(0..8) == 0 {
            spec.payload = vec![b'x'; rng.usize(0..3_000)].into();
        }
    });
    NewJob { start_at, ..job }
}

fn offer(rng: &mut Rng) -> Offer {
    let mut queues = QUEUES;
    rng.shuffle(&mut queues);
    let mut handles = BTreeMap::new();
    for name in REQUESTS.into_iter().filter(|name| *name == "mail.send" || rng.bool()) {
        handles.insert(Arc::from(name), (u32::from(name == "mail.send") + 1).into());
    }
    let server = pick(rng, &["server-1", "server-2"]).into();
    Offer { server, handles, lease: pick(rng, &[LEASE, LEASE * 3]), ..strict(&queues[..rng.usize(1..4)]) }
}

fn outcome(rng: &mut Rng) -> Outcome {
    match rng.u8(0..9) {
        0..3 => Outcome::Succeeded(rng.bool().then(|| (*b"[1,2]").into())),
        3..5 => {
            Outcome::Retry { error: error("no route"), delay: span(rng), retry: rng.u32(1..9), retries: 10 }
        }
        5 => {
            Outcome::Failed { error: error("no route"), reason: Some("discarded".into()), delete: rng.bool() }
        }
        6 => Outcome::Cancelled { error: rng.bool().then(|| error("stopped")) },
        7 => Outcome::Snoozed(span(rng)),
        _ => Outcome::Released("shutdown".into()),
    }
}

fn command(rng: &mut Rng, now: Timestamp) -> Command {
    let action = match rng.u8(0..4) {
        0 => Action::Reschedule(now.plus(span(rng))),
        1 => Action::Requeue,
        _ => Action::Delete,
    };
    let expected = JobState::ALL.into_iter().filter(|_| rng.u8(0..3) == 0).collect();
    Command { action, expected, reason: rng.bool().then(|| "by hand".into()) }
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
