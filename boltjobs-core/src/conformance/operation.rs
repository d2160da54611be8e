//! Random operations for the model test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::lab::{LEASE, error, id, job_with, strict};
use super::noting::{bar, lines, progress, step};
use crate::cron::{Cron, Dst, Zone};
use crate::job::{JobSpec, NewJob};
use crate::notes::Note;
use crate::recurring::{Definition, Misfire};
use crate::store::{Action, Command, Offer, Outcome, RecurringCommand, Retention};
use crate::{JobId, JobState, Timestamp};

/// The jobs of a run: few enough that operations meet.
const JOBS: u64 = 250;
const QUEUES: [&str; 3] = ["mails", "reports", "default"];
const REQUESTS: [&str; 3] = ["mail.send", "mail.print", "report.make"];
const NAMES: [&str; 3] = ["daily", "often", "rare"];
const CRONS: [&str; 5] = ["* * * * *", "@hourly", "@every 45s", "0 0 31 2 *", "30 */2 * * *"];

/// Something to do with a store. Leases are named by the order in which they were given out.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Enqueue(Vec<NewJob>),
    Command(JobId, Command),
    Claim(Offer, usize),
    Settle(Vec<(usize, Duration, Outcome)>),
    Heartbeat(Vec<usize>, Timestamp),
    Note(Vec<(usize, Note)>),
    Due,
    Fire,
    Reap,
    Expire(Retention),
    Put(Box<Definition>),
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
        62..72 => Operation::Command(any_job(rng), command(rng, now)),
        72..79 => Operation::Due,
        79..82 => Operation::Reap,
        82..85 => Operation::Fire,
        85..87 => {
            Operation::Expire(Retention { succeeded: span(rng), failed: span(rng), deleted: span(rng) })
        }
        87..90 => Operation::Put(Box::new(definition(rng))),
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
    let expected = JobState::ALL.into_iter().filter(|_| rng.u8(0..3) == 0).collect();
    Command { action, expected, reason: rng.bool().then(|| "by hand".into()) }
}

fn definition(rng: &mut Rng) -> Definition {
    Definition {
        id: pick(rng, &NAMES).into(),
        cron: Cron::parse(pick(rng, &CRONS)).expect("an expression").into(),
        zone: if rng.bool() { Zone::UTC } else { "Europe/Oslo".parse::<Zone>().expect("a zone") }.into(),
        dst: Dst::default(),
        misfire: pick(rng, &[Misfire::FireOnce, Misfire::FireAll { at_most: 3 }, Misfire::Skip]),
        spec: JobSpec { queue: "reports".into(), ..JobSpec::new("report.make", &b"{}"[..]) },
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
