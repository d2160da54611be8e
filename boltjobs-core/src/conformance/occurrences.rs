//! When an occurrence of a definition fires, and what it does to the earlier ones.

use std::time::Duration;

use super::Fixture;
use super::lab::{Lab, at, done, id, just_before, retry, secs};
use super::recurring::{HOUR, definition, hourly};
use crate::JobId;
use crate::JobState::{Deleted, Enqueued, Processing, Scheduled, Succeeded};
use crate::recurring::{Definition, Misfire, Overlap};
use crate::store::{Action, Outcome, RecurringCommand, Settled};

fn overlapping(overlap: Overlap) -> Definition {
    Definition { overlap, ..hourly() }
}

impl Lab<'_> {
    /// Fires at an hour, and returns the job that it made.
    fn fire_hour(&self, hour: u64) -> Option<JobId> {
        let known: Vec<_> = self.jobs().iter().map(|job| job.id).collect();
        self.fire(at(hour * HOUR));
        self.jobs().into_iter().map(|job| job.id).find(|job| !known.contains(job))
    }
}

/// C6: also while it waits for another attempt, and whatever made it.
pub fn an_occurrence_is_skipped_while_an_earlier_job_has_not_ended(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.put(overlapping(Overlap::Skip), at(0));
    lab.put(definition("other", "@hourly"), at(0));
    lab.steer("other", RecurringCommand::Pause, at(0));
    lab.steer("other", RecurringCommand::Trigger(id(1)), at(0));
    let first = lab.fire_hour(1).expect("the other one does not count");
    assert_eq!(lab.fire_hour(2), None);
    lab.ask(id(1), Action::Delete, at(2 * HOUR));
    let lease = lab.take(at(2 * HOUR)).lease;
    assert_eq!((lease.job, lab.fire_hour(3)), (first, None));
    lab.settle(lease, retry(secs(HOUR * 2)), at(3 * HOUR + 1));
    if fixture.durable() {
        lab.reopen();
    }
    assert_eq!((lab.state(first), lab.fire_hour(4)), (Scheduled, None));
    lab.ask(first, Action::Delete, at(4 * HOUR + 1));
    let second = lab.fire_hour(5).expect("the first has ended");
    assert_eq!((lab.state(second), lab.definitions()[1].next), (Enqueued, Some(at(6 * HOUR))));
    // A job that was made by hand counts, too.
    lab.ask(second, Action::Delete, at(5 * HOUR + 1));
    lab.steer("report", RecurringCommand::Trigger(id(2)), at(5 * HOUR + 2));
    assert_eq!(lab.fire_hour(6), None);
}

/// C6: as a client would, with a reason.
pub fn an_occurrence_can_cancel_the_jobs_before_it(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(overlapping(Overlap::CancelPrevious), at(0));
    let waits = lab.fire_hour(1).expect("it fires");
    let second = lab.fire_hour(2).expect("it fires all the same");
    assert_eq!((lab.state(waits), lab.state(second)), (Deleted, Enqueued));
    assert!(lab.last_row(waits).reason.is_some_and(|reason| reason.contains("occurrence")));
    let lease = lab.take(at(2 * HOUR)).lease;
    let third = lab.fire_hour(3).expect("it fires beside the one that runs");
    assert_eq!((lab.state(second), lab.state(third)), (Processing, Enqueued));
    assert_eq!(lab.heartbeat(vec![lease], at(4 * HOUR)).cancelled, [second]);
    lab.settle(lease, Outcome::Cancelled { error: None }, at(3 * HOUR + 1));
    assert_eq!((lab.state(second), lab.state(third)), (Deleted, Enqueued));
    assert!(lab.last_row(second).reason.is_some_and(|reason| reason.contains("occurrence")));
}

/// C3, C6: one after the other, as if each had come at its time.
pub fn overlap_is_decided_for_each_missed_occurrence(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let misfire = Misfire::FireAll { at_most: 3 };
    lab.put(Definition { misfire, ..overlapping(Overlap::Skip) }, at(0));
    lab.fire(at(3 * HOUR));
    assert_eq!(lab.fired(), [at(HOUR)]);
    lab.put(Definition { misfire, ..overlapping(Overlap::CancelPrevious) }, at(3 * HOUR));
    lab.fire(at(6 * HOUR));
    let states: Vec<_> = lab.jobs().iter().map(|job| job.state).collect();
    assert_eq!(states, [Deleted, Deleted, Deleted, Enqueued]);
    assert_eq!(lab.fired(), [1, 4, 5, 6].map(|hour| at(hour * HOUR)));
}

/// C6: whoever triggers it has looked.
pub fn a_trigger_takes_no_heed_of_earlier_jobs(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for overlap in [Overlap::Skip, Overlap::CancelPrevious] {
        lab.put(Definition { overlap, ..hourly() }, at(0));
        for n in [1, 2] {
            let job = id(n + 10 * overlap as u64);
            assert_eq!(lab.steer("report", RecurringCommand::Trigger(job), at(n)), Some(true));
        }
    }
    assert!(lab.jobs().iter().all(|job| job.state == Enqueued) && lab.jobs().len() == 4);
}

/// C6, T1: later by a share that the instant decides, and never before it.
pub fn jitter_puts_a_job_off_and_leaves_its_instant(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let (jitter, misfire) = (secs(600), Misfire::FireAll { at_most: 1 });
    for name in ["a", "b"] {
        lab.put(Definition { misfire, jitter, ..definition(name, "@hourly") }, at(0));
    }
    let mut shares = Vec::new();
    for hour in 1..=20 {
        lab.fire(at(hour * HOUR));
        for job in lab.jobs() {
            if let Some(due) = job.due {
                let share = due.since(at(hour * HOUR));
                assert!(due >= at(hour * HOUR) && share <= jitter, "{due} for {hour}");
                assert_eq!(job.state, Scheduled);
                shares.push(share);
            }
        }
        lab.due(at(hour * HOUR).plus(jitter));
    }
    let mut instants = lab.fired();
    instants.dedup();
    assert_eq!(instants, (1..=20).map(|hour| at(hour * HOUR)).collect::<Vec<_>>());
    let (least, most) = (shares.iter().min(), shares.iter().max());
    assert!(shares.len() == 40 && least < Some(&secs(150)) && most > Some(&secs(450)), "{shares:?}");
    // What is so late that its share is over starts at once.
    lab.fire(at(21 * HOUR).plus(jitter));
    assert_eq!(lab.counts().states.get(Enqueued), 42);
    lab.steer("a", RecurringCommand::Trigger(id(1)), at(22 * HOUR - 1));
    assert_eq!(lab.state(id(1)), Enqueued, "whoever triggers it does not want to wait");
}

/// C6: both ends included.
pub fn a_definition_fires_from_its_start_to_its_end(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let spans =
        |name: &str, cron, starts_at, ends_at| Definition { starts_at, ends_at, ..definition(name, cron) };
    lab.put(spans("on the hour", "@hourly", Some(at(2 * HOUR)), Some(at(4 * HOUR))), at(0));
    assert_eq!(lab.definitions()[0].next, Some(at(2 * HOUR)));
    lab.put(spans("every", "@every 50m", Some(at(2 * HOUR + 60)), Some(at(4 * HOUR))), at(0));
    assert_eq!(lab.definitions()[0].next, Some(at(2 * HOUR + 60)), "an interval begins with its start");
    assert_eq!(lab.unchanged(|| lab.fire(just_before(at(2 * HOUR)))), Some(at(2 * HOUR)));
    let times = std::iter::successors(Some(at(2 * HOUR)), |now| lab.fire(*now)).take(20);
    assert_eq!(times.last(), Some(at(4 * HOUR)));
    let minutes = [120, 121, 171, 180, 221, 240];
    assert_eq!(lab.fired(), minutes.map(|minute| at(minute * 60)));
    assert!(lab.definitions().iter().all(|found| found.next.is_none()));
    // It is over, and it is there.
    assert!(
        !lab.put(spans("every", "@every 50m", Some(at(2 * HOUR + 60)), Some(at(4 * HOUR))), at(5 * HOUR))
    );
    assert_eq!(lab.steer("every", RecurringCommand::Trigger(id(1)), at(5 * HOUR)), Some(true));
    assert!(lab.put(spans("on the hour", "@hourly", None, None), at(5 * HOUR)));
    assert_eq!(lab.definitions()[1].next, Some(at(6 * HOUR)));
}

/// C3, C6: what was missed before the end is made up for after it.
pub fn what_was_missed_before_the_end_fires_after_it(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for (name, misfire) in
        [("all", Misfire::FireAll { at_most: 9 }), ("one", Misfire::FireOnce), ("skip", Misfire::Skip)]
    {
        lab.put(Definition { misfire, ends_at: Some(at(2 * HOUR)), ..definition(name, "@hourly") }, at(0));
    }
    assert_eq!(lab.fire(at(9 * HOUR + 60)), None);
    assert_eq!(lab.fired(), [at(HOUR), at(2 * HOUR), at(9 * HOUR + 60)]);
}

/// C4, C7, T2: it fires on at its times once the clock is right, and no instant that has fired comes again.
pub fn a_clock_that_was_far_ahead_stops_no_definition(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    // Another one has missed something that is over for good.
    let end = Some(at(HOUR - 600));
    lab.put(Definition { misfire: Misfire::Skip, ends_at: end, ..definition("over", "@every 50m") }, at(0));
    lab.put(Definition { misfire: Misfire::Skip, ..definition("skips", "@hourly") }, at(0));
    lab.fire(at(HOUR));
    let ahead = at(5 * 365 * 24 * HOUR + 60);
    lab.fire(ahead);
    assert_eq!(lab.fired(), [at(HOUR), at(HOUR), ahead]);
    if fixture.durable() {
        lab.reopen();
    }
    assert_eq!(lab.fire(at(HOUR + 60)), Some(at(2 * HOUR)));
    for hour in [2, 3] {
        assert_eq!(lab.fire(at(hour * HOUR)), Some(at((hour + 1) * HOUR)));
    }
    let hours = [1, 1, 2, 2, 3, 3].map(|hour| at(hour * HOUR));
    assert_eq!(lab.fired(), [&hours[..], &[ahead]].concat());
}

/// Law 14.
pub fn many_definitions_go_back_with_the_clock_in_bounded_steps(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for n in 0..250 {
        lab.put(definition(&format!("report-{n}"), "@hourly"), at(0));
    }
    let ahead = at(10_000 * HOUR);
    while lab.fire(ahead) <= Some(ahead) {}
    for _ in 0..250 {
        if lab.fire(at(60)) > Some(at(60)) {
            break;
        }
    }
    assert!(lab.definitions().iter().all(|found| found.next == Some(at(HOUR))));
}

/// C6: it has ended, so the next one is on its own again.
pub fn a_job_that_is_requeued_counts_as_not_ended(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(overlapping(Overlap::Skip), at(0));
    let first = lab.fire_hour(1).expect("it fires");
    let lease = lab.take(at(HOUR)).lease;
    assert_eq!(lab.settle(lease, done(), at(HOUR + 1)), Settled::Now(Succeeded));
    assert!(lab.ask(first, Action::Requeue, at(HOUR + 2)));
    assert_eq!(lab.fire_hour(2), None);
    lab.settle(lab.take(at(2 * HOUR)).lease, done(), at(2 * HOUR).plus(Duration::from_secs(1)));
    assert!(lab.fire_hour(3).is_some());
}
