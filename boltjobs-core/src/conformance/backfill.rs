//! Making up for runs that a definition would have had.

use pollster::block_on;

use super::Fixture;
use super::lab::{Lab, at, done, id};
use super::recurring::{HOUR, definition, hourly};
use crate::JobState::{Enqueued, Succeeded};
use crate::Timestamp;
use crate::recurring::{BACKFILL, BackfillError, Backfilled, Definition, Overlap, backfill, dry_run};
use crate::store::{RecurringCommand, Settled};
use crate::unique::Unique;

impl Lab<'_> {
    /// Backfills the first definition from one hour to another, after a dry run that says the same.
    fn backfill(&self, hours: [u64; 2], now: Timestamp) -> Vec<Backfilled> {
        let recurring = &self.definitions()[0];
        let range = at(hours[0] * HOUR)..at(hours[1] * HOUR);
        let instants = recurring.between(&range, now).expect("a range");
        let seen =
            self.unchanged(|| block_on(dry_run(&*self.store, recurring, &instants)).expect("it looks"));
        let made = block_on(backfill(&*self.store, recurring, &instants, now)).expect("the store writes");
        let news =
            |runs: &[Backfilled]| runs.iter().map(|run| (run.scheduled_for, run.is_new)).collect::<Vec<_>>();
        assert_eq!(news(&seen), news(&made));
        made
    }
}

fn made(runs: &[Backfilled]) -> Vec<Timestamp> {
    runs.iter().filter(|run| run.is_new).map(|run| run.scheduled_for).collect()
}

fn hours(hours: impl IntoIterator<Item = u64>) -> Vec<Timestamp> {
    hours.into_iter().map(|hour| at(hour * HOUR)).collect()
}

/// C6, law 11: whatever has made it, and for as long as its job is there.
pub fn a_backfill_makes_each_run_once(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.put(hourly(), at(3 * HOUR + 60));
    lab.fire(at(4 * HOUR));
    let fired = lab.take(at(4 * HOUR)).lease;
    assert_eq!(lab.settle(fired, done(), at(4 * HOUR + 1)), Settled::Now(Succeeded));
    let now = at(6 * HOUR + 1);
    let first = lab.backfill([2, 6], now);
    assert_eq!(made(&first), hours([2, 3, 5]), "its end is not in it");
    assert_eq!((first[2].job, first[2].is_new), (fired.job, false), "the one that fired is the same job");
    for run in first.iter().filter(|run| run.is_new) {
        let job = lab.job(run.job);
        let occurrence = job.spec.occurrence.as_ref().expect("it is told for which instant it is");
        assert_eq!((&*occurrence.recurring, occurrence.scheduled_for), ("report", run.scheduled_for));
        assert_eq!((job.state, &*job.spec.queue, job.spec.priority), (Enqueued, "reports", 3));
    }
    lab.reopen_if_kept();
    assert_eq!(made(&lab.backfill([1, 6], now)), hours([1]));
    assert_eq!(lab.fired(), hours(1..=5));
    assert!(
        lab.definitions()[0].runs.iter().all(|run| run.scheduled_for == at(4 * HOUR)),
        "it moves no schedule"
    );
}

/// C6, law 11: they race for what has just become due.
pub fn what_was_backfilled_does_not_fire(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(60));
    assert_eq!(made(&lab.backfill([1, 2], at(2 * HOUR))), hours([1]));
    lab.fire(at(HOUR + 1));
    assert_eq!((lab.fired(), lab.definitions()[0].next), (hours([1]), Some(at(2 * HOUR))));
}

/// C6: as whoever triggers it, whoever asks for it has looked.
pub fn a_backfill_takes_no_heed_of_pauses_overlaps_and_jitter(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for (name, overlap) in [("report", Overlap::Skip), ("b", Overlap::CancelPrevious)] {
        lab.put(Definition { overlap, jitter: super::lab::secs(600), ..definition(name, "@hourly") }, at(0));
        lab.steer(name, RecurringCommand::Pause, at(0));
        assert_eq!(made(&lab.backfill([1, 4], at(4 * HOUR))), hours(1..4));
    }
    assert!(lab.jobs().iter().all(|job| job.state == Enqueued) && lab.jobs().len() == 6);
}

/// C6, U1: whoever holds the key stands for them.
pub fn a_backfill_of_jobs_with_a_unique_key_makes_one(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut unique = hourly();
    unique.spec.unique = Some(Unique::key("one"));
    lab.put(unique, at(0));
    lab.steer("report", RecurringCommand::Trigger(id(1)), at(1));
    let recurring = &lab.definitions()[0];
    let instants = hours(1..4);
    let runs = block_on(backfill(&*lab.store, recurring, &instants, at(4 * HOUR))).expect("the store writes");
    assert!(runs.iter().all(|run| !run.is_new && run.job == id(1)), "{runs:?}");
}

/// C6: an interval is in step with what it fires, and a start and an end are kept.
pub fn a_backfill_has_the_instants_of_the_schedule_as_it_is(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let bounds = (Some(at(HOUR + 600)), Some(at(3 * HOUR)));
    lab.put(Definition { starts_at: bounds.0, ends_at: bounds.1, ..hourly() }, at(9 * HOUR));
    assert_eq!(made(&lab.backfill([0, 9], at(9 * HOUR))), hours([2, 3]));
    lab.put(definition("a", "@every 50m"), at(9 * HOUR));
    // It fires at 9:50 next.
    let minutes = |minutes: &[u64]| minutes.iter().map(|minute| at(minute * 60)).collect::<Vec<_>>();
    assert_eq!(made(&lab.backfill([7, 9], at(9 * HOUR))), minutes(&[440, 490]));
    lab.fire(at(9 * HOUR + 50 * 60));
    assert_eq!(made(&lab.backfill([6, 9], at(10 * HOUR))), minutes(&[390]));
    lab.put(Definition { starts_at: Some(at(8 * HOUR + 60)), ..definition("0", "@every 50m") }, at(HOUR));
    assert_eq!(made(&lab.backfill([6, 9], at(10 * HOUR))), minutes(&[481, 531]));
}

/// C6, law 14: what can't be backfilled says how it can.
pub fn a_backfill_is_bounded_and_past(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    let now = at(2_000 * HOUR);
    let recurring = &lab.definitions()[0];
    let between = |from: u64, to: u64| recurring.between(&(at(from * HOUR)..at(to * HOUR)), now);
    let most = BACKFILL as u64;
    assert_eq!(between(5, 5 + most).map(|found| found.len()), Ok(BACKFILL));
    assert_eq!(between(5, 6 + most), Err(BackfillError::TooMany { end: at((5 + most) * HOUR) }));
    assert!(matches!(between(7, 7), Err(BackfillError::Empty { .. })));
    assert!(matches!(between(1_999, 2_001), Err(BackfillError::ToCome { .. })));
    assert_eq!(between(1_999, 2_000), Ok(hours([1_999])));
}
