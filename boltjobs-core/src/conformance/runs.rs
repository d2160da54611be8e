//! The latest runs of a definition.

use std::time::Duration;

use super::Fixture;
use super::lab::{Lab, at, done, error, failed, id, offer, retry, secs};
use super::recurring::{HOUR, hourly};
use crate::recurring::{Definition, Overlap, RUNS, Run, RunOutcome};
use crate::store::{Action, Outcome, RecurringCommand, Retention};
use crate::{JobId, Timestamp};

impl Lab<'_> {
    fn runs(&self) -> Vec<Run> {
        self.definitions().swap_remove(0).runs
    }

    fn last_run(&self) -> Run {
        self.runs().pop().expect("it has run")
    }
}

fn run(job: JobId, instant: Timestamp, outcome: RunOutcome) -> Run {
    Run { outcome, ..Run::of(job, instant, instant) }
}

/// C8.
pub fn a_run_is_listed_from_its_start_to_its_end(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    assert_eq!(lab.runs(), []);
    let outcomes = [
        (done(), RunOutcome::Succeeded),
        (failed(), RunOutcome::Failed),
        (Outcome::Failed { error: error("no route"), reason: None, delete: true }, RunOutcome::Deleted),
    ];
    for (hour, (outcome, expected)) in (1..).zip(outcomes) {
        let now = at(hour * HOUR);
        lab.fire(now);
        let lease = lab.take(now).lease;
        assert_eq!(lab.last_run(), run(lease.job, now, RunOutcome::Unfinished));
        // An attempt that is followed by another one is not the end.
        lab.settle(lease, retry(Duration::ZERO), now.plus(secs(1)));
        assert_eq!(lab.last_run(), run(lease.job, now, RunOutcome::Unfinished));
        let ended = now.plus(secs(9));
        lab.settle(lab.take(now.plus(secs(2))).lease, outcome, ended);
        let ran = Some(Duration::from_millis(250));
        assert_eq!(lab.last_run(), Run { ended_at: Some(ended), ran, ..run(lease.job, now, expected) });
    }
    assert_eq!(lab.runs().len(), 3);
    assert_eq!(lab.definitions()[0].updated_at, at(0), "that it runs changes nothing of what it says");
}

/// C8.
pub fn a_trigger_and_a_skipped_occurrence_are_runs(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(Definition { overlap: Overlap::Skip, ..hourly() }, at(0));
    lab.steer("report", RecurringCommand::Trigger(id(1)), at(100));
    lab.fire(at(HOUR + 5));
    let triggered = Run { triggered: true, ..run(id(1), at(100), RunOutcome::Unfinished) };
    assert_eq!(lab.runs(), [triggered, Run::skipped(at(HOUR), at(HOUR + 5))]);
    let found = &lab.definitions()[0];
    assert_eq!((found.last, found.next), (Some((id(1), at(100))), Some(at(2 * HOUR))));
    // A trigger that is repeated is the same one.
    assert_eq!(lab.steer("report", RecurringCommand::Trigger(id(1)), at(200)), Some(true));
    assert_eq!(lab.runs().len(), 2);
    lab.ask(id(1), Action::Delete, at(300));
    let ended = &lab.runs()[0];
    assert_eq!((ended.outcome, ended.ended_at, ended.ran), (RunOutcome::Deleted, Some(at(300)), None));
}

/// C8: the second end counts.
pub fn a_job_that_is_requeued_is_the_same_run(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    lab.fire(at(HOUR));
    let lease = lab.take(at(HOUR)).lease;
    lab.settle(lease, failed(), at(HOUR + 1));
    assert!(lab.ask(lease.job, Action::Requeue, at(HOUR + 2)));
    assert_eq!(lab.runs(), [run(lease.job, at(HOUR), RunOutcome::Unfinished)]);
    lab.settle(lab.take(at(HOUR + 3)).lease, done(), at(HOUR + 4));
    let last = lab.last_run();
    assert_eq!(
        (last.outcome, last.ended_at, lab.runs().len()),
        (RunOutcome::Succeeded, Some(at(HOUR + 4)), 1)
    );
}

/// C8: neither retention nor another life of the store takes them.
pub fn runs_are_kept_although_their_jobs_are_gone(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    lab.fire(at(HOUR));
    lab.settle(lab.take(at(HOUR)).lease, done(), at(HOUR + 1));
    lab.fire(at(2 * HOUR));
    let before = lab.runs();
    lab.expire(Retention::default().succeeded(Duration::ZERO), at(2 * HOUR));
    assert_eq!(lab.jobs().len(), 1);
    if fixture.durable() {
        lab.reopen();
    }
    assert_eq!(lab.runs(), before);
    // What becomes of the definition leaves them, too.
    lab.steer("report", RecurringCommand::Pause, at(2 * HOUR));
    lab.put(Definition { overlap: Overlap::Skip, ..hourly() }, at(2 * HOUR));
    assert_eq!(lab.runs(), before);
    lab.steer("report", RecurringCommand::Remove, at(2 * HOUR));
    lab.put(hourly(), at(2 * HOUR));
    assert_eq!(lab.runs(), [], "added again, it is a new one");
    lab.settle(lab.take(at(2 * HOUR)).lease, done(), at(2 * HOUR + 1));
    assert_eq!(lab.runs(), [], "the run of a job of an earlier one is none of its own");
}

/// C8.
pub fn the_latest_fifty_runs_are_kept(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    let hours = RUNS as u64 + 7;
    for hour in 1..=hours {
        lab.fire(at(hour * HOUR));
    }
    let instants: Vec<_> = lab.runs().iter().map(|run| run.scheduled_for).collect();
    assert_eq!(instants, (8..=hours).map(|hour| at(hour * HOUR)).collect::<Vec<_>>());
    // A run that is listed no more has an end all the same.
    for claimed in lab.claim(&offer(), 99, at(hours * HOUR)) {
        lab.settle(claimed.lease, done(), at(hours * HOUR + 1));
    }
    assert!(lab.runs().iter().all(|run| run.outcome == RunOutcome::Succeeded));
}

/// C8, D6: it goes on, and it can be given up.
pub fn a_run_whose_server_crashed_is_unfinished_until_it_is_given_up(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    lab.fire(at(HOUR));
    for crash in 1..=5 {
        assert_eq!(lab.last_run().outcome, RunOutcome::Unfinished);
        lab.take(at(HOUR + 100 * crash));
        lab.reap(at(HOUR + 100 * crash + 61));
    }
    assert_eq!(lab.last_run().outcome, RunOutcome::Failed);
}
