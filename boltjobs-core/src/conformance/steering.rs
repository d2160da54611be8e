//! What can be done with a recurring definition that is there, and what it wakes.

use std::sync::Arc;

use super::Fixture;
use super::lab::{Lab, at, id, woken};
use super::recurring::{HOUR, definition, hourly};
use crate::JobState::Enqueued;
use crate::Timestamp;
use crate::job::Occurrence;
use crate::recurring::{Definition, Misfire};
use crate::store::RecurringCommand;
use crate::watch::Interest;

/// C6: in the configured queue, and the schedule is where it was.
pub fn a_trigger_makes_a_job_now_and_leaves_the_schedule(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    assert_eq!(lab.steer("report", RecurringCommand::Trigger(id(1)), at(100)), Some(true));
    let job = lab.job(id(1));
    assert_eq!((job.state, &*job.spec.queue, job.spec.priority), (Enqueued, "reports", 3));
    let occurrence = Occurrence { recurring: "report".into(), scheduled_for: at(100) };
    assert_eq!(job.spec.occurrence, Some(occurrence));
    assert_eq!(job.history[0].reason.as_deref(), Some("triggered"));
    let found = &lab.definitions()[0];
    assert_eq!((found.last, found.next), (Some((id(1), at(100))), Some(at(HOUR))));
    lab.fire(at(HOUR));
    assert_eq!(lab.fired(), [at(100), at(HOUR)]);
}

/// C6.
pub fn a_paused_definition_fires_nothing_but_can_be_triggered(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    assert_eq!(lab.steer("report", RecurringCommand::Pause, at(10)), Some(true));
    assert_eq!(lab.steer("report", RecurringCommand::Pause, at(11)), Some(false));
    assert_eq!(lab.unchanged(|| lab.fire(at(9 * HOUR))), None);
    assert_eq!((lab.definitions()[0].paused, lab.definitions()[0].next), (true, None));
    // A change does not wake it up either.
    lab.put(definition("report", "5 * * * *"), at(12));
    assert_eq!(lab.unchanged(|| lab.fire(at(9 * HOUR))), None);
    assert_eq!(lab.steer("report", RecurringCommand::Trigger(id(1)), at(13)), Some(true));
    assert_eq!(lab.state(id(1)), Enqueued);
    assert!(lab.definitions()[0].paused);
}

/// C6: what was missed while it was paused was meant to be.
pub fn a_resumed_definition_fires_from_now_on(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(Definition { misfire: Misfire::FireAll { at_most: 99 }, ..hourly() }, at(0));
    assert_eq!(lab.steer("report", RecurringCommand::Resume, at(9)), Some(false));
    lab.steer("report", RecurringCommand::Pause, at(10));
    assert_eq!(lab.steer("report", RecurringCommand::Resume, at(5 * HOUR + 1)), Some(true));
    assert_eq!(lab.fire(at(5 * HOUR + 2)), Some(at(6 * HOUR)));
    assert!(lab.jobs().is_empty());
    lab.fire(at(6 * HOUR));
    assert_eq!(lab.fired(), [at(6 * HOUR)]);
}

/// C6.
pub fn a_removed_definition_fires_no_more_and_leaves_its_jobs(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    lab.fire(at(HOUR));
    assert_eq!(lab.steer("report", RecurringCommand::Remove, at(HOUR + 1)), Some(true));
    assert_eq!(lab.definitions(), []);
    assert_eq!(lab.unchanged(|| lab.fire(at(9 * HOUR))), None);
    assert_eq!(lab.fired(), [at(HOUR)]);
    // Added again, it is a new one.
    assert!(lab.put(hourly(), at(9 * HOUR)));
    assert_eq!((lab.definitions()[0].created_at, lab.definitions()[0].last), (at(9 * HOUR), None));
}

/// C6: whoever has not seen the latest change does not undo it.
pub fn a_change_of_what_is_another_by_now_changes_nothing(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    let change = |from: &Definition, to: &Definition, now| {
        let [from, to] = [from, to].map(|it| Box::new(it.clone()));
        lab.steer("report", RecurringCommand::Change { from, to }, now)
    };
    let [early, late] = [definition("report", "5 * * * *"), definition("report", "50 * * * *")];
    assert_eq!(change(&hourly(), &early, at(10)), Some(true));
    let changed = lab.definitions();
    assert_eq!(
        (&changed[0].definition, changed[0].next, changed[0].updated_at),
        (&early, Some(at(300)), at(10))
    );
    // In the same microsecond.
    assert_eq!(change(&hourly(), &late, at(10)), Some(false));
    assert_eq!(change(&early, &Definition { id: "other".into(), ..late.clone() }, at(11)), Some(false));
    assert_eq!(change(&early, &early, at(11)), Some(true));
    assert_eq!(lab.definitions(), changed);
    lab.steer("report", RecurringCommand::Pause, at(12));
    assert_eq!(change(&early, &late, at(13)), Some(true));
    let found = &lab.definitions()[0];
    assert_eq!((&found.definition, found.next, found.paused), (&late, None, true));
}

/// C6.
pub fn a_command_to_an_unknown_definition_answers_none(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    for command in [
        RecurringCommand::Trigger(id(1)),
        RecurringCommand::Pause,
        RecurringCommand::Resume,
        RecurringCommand::Remove,
        RecurringCommand::Change { from: Box::new(hourly()), to: Box::new(hourly()) },
    ] {
        assert_eq!(lab.unchanged(|| lab.steer("other", command, at(1))), None);
    }
    assert_eq!(lab.definitions().len(), 1);
}

/// C6.
pub fn a_cron_that_never_fires_is_kept_and_can_be_triggered(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    assert!(lab.put(definition("report", "0 0 31 2 *"), at(0)));
    assert_eq!((lab.fire(Timestamp::MAX), lab.definitions()[0].next), (None, None));
    assert!(!lab.put(definition("report", "0 0 31 2 *"), at(1)));
    assert_eq!(lab.steer("report", RecurringCommand::Trigger(id(1)), at(2)), Some(true));
    assert_eq!(lab.state(id(1)), Enqueued);
}

/// Law 14.
pub fn definitions_are_listed_in_the_order_of_their_ids(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for name in ["c", "a", "b"] {
        lab.put(definition(name, "@daily"), at(0));
    }
    let names: Vec<_> = lab.definitions().into_iter().map(|found| found.definition.id).collect();
    assert_eq!(names, ["a", "b", "c"].map(Arc::from));
}

/// Law 15.
pub fn an_earlier_occurrence_wakes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut watch = lab.store.watch(Interest::Due);
    lab.put(definition("daily", "@daily"), at(0));
    let (changes, same) = woken(watch);
    assert!(changes.due);
    watch = same;
    lab.put(hourly(), at(0));
    let (changes, same) = woken(watch);
    assert!(changes.due);
    lab.steer("report", RecurringCommand::Pause, at(1));
    lab.steer("report", RecurringCommand::Resume, at(2));
    assert!(woken(same).0.due);
}

/// Law 15.
pub fn what_a_definition_makes_wakes_workers(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    let watch = lab.store.watch(Interest::Ready);
    lab.fire(at(HOUR));
    let (changes, watch) = woken(watch);
    assert!(changes.ready);
    lab.steer("report", RecurringCommand::Trigger(id(1)), at(HOUR + 1));
    assert!(woken(watch).0.ready);
}
