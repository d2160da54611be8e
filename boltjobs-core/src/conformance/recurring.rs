//! Recurring definitions: adding, firing and steering them.

use std::sync::Arc;
use std::thread;

use pollster::block_on;

use super::Fixture;
use super::lab::{Lab, at, done, id, just_before, offer, secs, strict, woken};
use crate::JobState::Enqueued;
use crate::cron::{Cron, Dst, Zone};
use crate::job::{Job, JobSpec, Occurrence};
use crate::recurring::{Definition, Misfire, RecurringJob};
use crate::store::{Action, RecurringCommand, Settled};
use crate::watch::Interest;
use crate::{JobId, JobState, Timestamp};

/// A definition of [`REQUEST`](super::lab::REQUEST); laws begin at midnight.
fn definition(name: &str, cron: &str) -> Definition {
    Definition {
        id: name.into(),
        cron: Cron::parse(cron).expect("an expression"),
        zone: Zone::UTC,
        dst: Dst::default(),
        misfire: Misfire::FireOnce,
        spec: JobSpec { queue: "reports".into(), priority: 3, ..JobSpec::new("mail.send", &b"{}"[..]) },
    }
}

fn hourly() -> Definition {
    definition("report", "0 * * * *")
}

const HOUR: u64 = 3_600;

impl Lab<'_> {
    /// Returns the instants that the jobs stand for, in their order.
    fn fired(&self) -> Vec<Timestamp> {
        let mut instants: Vec<_> = self.jobs().iter().map(scheduled_for).collect();
        instants.sort();
        instants
    }
}

fn scheduled_for(job: &Job) -> Timestamp {
    job.spec.occurrence.as_ref().expect("a definition made it").scheduled_for
}

/// C6.
pub fn a_definition_is_added_with_its_next_time(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    assert!(lab.put(hourly(), at(10)));
    let expected = RecurringJob {
        definition: hourly(),
        created_at: at(10),
        updated_at: at(10),
        paused: false,
        next: Some(at(HOUR)),
        last: None,
    };
    assert_eq!(lab.definitions(), [expected]);
    assert_eq!(lab.unchanged(|| lab.fire(at(10))), Some(at(HOUR)));
}

/// Law 12; C5: not even an occurrence that is overdue is moved.
pub fn a_definition_added_again_unchanged_changes_nothing(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(10));
    let before = lab.definitions();
    for now in [10, 20, HOUR, 9 * HOUR] {
        assert!(!lab.put(hourly(), at(now)));
        assert_eq!(lab.definitions(), before);
    }
    lab.steer("report", RecurringCommand::Pause, at(30));
    assert!(!lab.put(hourly(), at(40)));
    assert!(lab.definitions()[0].paused, "a new start of the program does not resume it");
}

/// C5.
pub fn a_new_cron_or_zone_computes_from_now(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(10));
    assert!(lab.put(definition("report", "30 * * * *"), at(20)));
    let found = &lab.definitions()[0];
    assert_eq!((found.created_at, found.updated_at, found.next), (at(10), at(20), Some(at(HOUR / 2))));
    // The first of these that would be fired is in the past of the change, so it is not made up for.
    assert!(lab.put(hourly(), at(2 * HOUR + 1)));
    assert_eq!(lab.fire(at(2 * HOUR + 1)), Some(at(3 * HOUR)));
    assert!(lab.jobs().is_empty());
    let zone = "Asia/Kolkata".parse().expect("a zone");
    assert!(lab.put(Definition { zone, ..hourly() }, at(2 * HOUR + 2)));
    assert_eq!(lab.definitions()[0].next, Some(at(2 * HOUR + HOUR / 2)));
}

/// C5: what the job is to do has nothing to do with when.
pub fn a_new_payload_keeps_the_schedule(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(10));
    let changed = Definition { spec: JobSpec::new("mail.send", &b"[]"[..]), ..hourly() };
    assert!(lab.put(changed.clone(), at(HOUR + 5)));
    assert_eq!((lab.definitions()[0].next, &lab.definitions()[0].definition), (Some(at(HOUR)), &changed));
    lab.fire(at(HOUR + 6));
    assert_eq!(*lab.jobs()[0].spec.payload, *b"[]");
}

/// Laws 8 and 11; C4, C6.
pub fn an_occurrence_makes_one_job_at_its_time(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(10));
    assert_eq!(lab.unchanged(|| lab.fire(just_before(at(HOUR)))), Some(at(HOUR)));
    for _ in 0..3 {
        assert_eq!(lab.fire(at(HOUR)), Some(at(2 * HOUR)));
    }
    let jobs = lab.jobs();
    let [job] = &jobs[..] else { panic!("{jobs:?}") };
    assert_eq!((job.state, job.since, job.history.len()), (Enqueued, at(HOUR), 1));
    assert!(job.history[0].reason.is_some());
    let occurrence = Occurrence { recurring: "report".into(), scheduled_for: at(HOUR) };
    assert_eq!(*job.spec, JobSpec { occurrence: Some(occurrence), ..hourly().spec });
    let found = &lab.definitions()[0];
    assert_eq!((found.last, found.next), (Some((job.id, at(HOUR))), Some(at(2 * HOUR))));
    assert_eq!((found.created_at, found.updated_at), (at(10), at(10)));
    assert_eq!(lab.claim_ids(&strict(&["reports"]), 9, at(HOUR)), [job.id]);
}

/// Law 11.
pub fn racing_servers_fire_an_occurrence_once(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for n in 0..20 {
        lab.put(definition(&format!("report-{n}"), "* * * * *"), at(0));
    }
    thread::scope(|scope| {
        for _ in 0..4 {
            let store = &lab.store;
            scope.spawn(move || {
                for minute in 1..=10 {
                    block_on(store.fire(at(60 * minute))).expect("the store fires");
                }
            });
        }
    });
    for n in 0..20 {
        let of = |job: &Job| {
            job.spec.occurrence.as_ref().is_some_and(|made| *made.recurring == format!("report-{n}"))
        };
        let jobs = lab.jobs();
        let mut instants: Vec<_> = jobs.iter().filter(|job| of(job)).map(scheduled_for).collect();
        let all = instants.len();
        instants.sort();
        instants.dedup();
        assert_eq!(instants.len(), all, "an instant fired twice");
        assert_eq!(instants.last(), Some(&at(600)));
    }
}

/// C3: one job, scheduled for now.
pub fn what_was_missed_fires_once_by_default(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    assert_eq!(lab.fire(at(5 * HOUR + 100)), Some(at(6 * HOUR)));
    assert_eq!(lab.fired(), [at(5 * HOUR + 100)]);
}

/// C3: each with its own instant, the oldest one first in the queue.
pub fn what_was_missed_can_fire_for_each_of_its_instants(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(Definition { misfire: Misfire::FireAll { at_most: 3 }, ..hourly() }, at(0));
    assert_eq!(lab.fire(at(5 * HOUR + 100)), Some(at(6 * HOUR)));
    assert_eq!(lab.fired(), [3, 4, 5].map(|hour| at(hour * HOUR)));
    let claims = lab.claim(&offer(), 9, at(5 * HOUR + 100));
    let instant = |spec: &JobSpec| spec.occurrence.as_ref().map(|made| made.scheduled_for);
    let order: Vec<_> = claims.iter().filter_map(|claimed| instant(&claimed.spec)).collect();
    assert_eq!(order, [3, 4, 5].map(|hour| at(hour * HOUR)));
    assert_eq!(lab.definitions()[0].last.map(|(job, _)| job), claims.last().map(|claimed| claimed.lease.job));
}

/// C3.
pub fn what_was_missed_can_be_skipped(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(Definition { misfire: Misfire::Skip, ..hourly() }, at(0));
    assert_eq!(lab.fire(at(5 * HOUR + 100)), Some(at(6 * HOUR)));
    assert!(lab.jobs().is_empty());
    assert_eq!(lab.definitions()[0].last, None);
    lab.fire(at(6 * HOUR));
    assert_eq!(lab.fired(), [at(6 * HOUR)]);
}

/// C3.
pub fn what_is_exactly_due_fires_whatever_the_policy(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let policies = [Misfire::FireOnce, Misfire::FireAll { at_most: 1 }, Misfire::Skip];
    for (n, misfire) in (0..).zip(policies) {
        lab.put(Definition { misfire, ..definition(&format!("report-{n}"), "@hourly") }, at(0));
    }
    lab.fire(at(HOUR));
    assert_eq!(lab.fired(), [at(HOUR); 3]);
}

/// C3: an interval keeps its beat, however late it is fired each time.
pub fn an_interval_does_not_drift(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(definition("report", "@every 90s"), at(0));
    for round in 1..20 {
        assert_eq!(lab.fire(at(90 * round + round % 25)), Some(at(90 * (round + 1))));
    }
    assert_eq!(lab.fired(), (1..20).map(|round| at(90 * round)).collect::<Vec<_>>());
}

/// Laws 1 and 11: neither twice nor not at all.
pub fn an_occurrence_fires_once_over_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.put(hourly(), at(0));
    lab.put(definition("paused", "@hourly"), at(0));
    lab.steer("paused", RecurringCommand::Pause, at(1));
    lab.put(definition("removed", "@hourly"), at(0));
    lab.steer("removed", RecurringCommand::Remove, at(1));
    for hour in 1..5 {
        lab.reopen();
        let before = lab.definitions();
        assert!(!lab.put(hourly(), at(hour * HOUR - 1)), "a start of the program changes nothing");
        assert_eq!(lab.fire(at(hour * HOUR)), Some(at((hour + 1) * HOUR)));
        let after = lab.definitions();
        assert_ne!(before, after);
        lab.reopen();
        assert_eq!(lab.definitions(), after);
        assert_eq!(lab.fire(at(hour * HOUR)), Some(at((hour + 1) * HOUR)));
    }
    assert_eq!(lab.fired(), [1, 2, 3, 4].map(|hour| at(hour * HOUR)));
}

/// Law 11; T2: the same instant has the same job, so it can't be there twice.
pub fn a_clock_that_is_set_back_fires_no_instant_twice(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    lab.fire(at(HOUR));
    // An hour that comes again, for a definition whose times are computed anew.
    lab.put(definition("report", "0,1 * * * *"), at(100));
    assert_eq!(lab.definitions()[0].next, Some(at(HOUR)));
    lab.fire(at(HOUR));
    assert_eq!(lab.fired(), [at(HOUR)]);
}

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

/// C6.
pub fn a_command_to_an_unknown_definition_answers_none(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    for command in [
        RecurringCommand::Trigger(id(1)),
        RecurringCommand::Pause,
        RecurringCommand::Resume,
        RecurringCommand::Remove,
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

/// C7: its job waits for somebody who handles it.
pub fn a_definition_that_nobody_handles_stops_no_other(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let unknown = JobSpec::new("gone.request", &b"{}"[..]);
    lab.put(Definition { spec: unknown, ..definition("a-broken", "@hourly") }, at(0));
    lab.put(definition("b-sound", "@hourly"), at(0));
    for hour in 1..4 {
        assert_eq!(lab.fire(at(hour * HOUR)), Some(at((hour + 1) * HOUR)));
        let claimed = lab.claim(&offer(), 9, at(hour * HOUR));
        assert_eq!(claimed.len(), 1);
        assert_eq!(lab.settle(claimed[0].lease, done(), at(hour * HOUR)), Settled::Now(JobState::Succeeded));
    }
    assert_eq!(lab.counts().requests["gone.request"].get(Enqueued), 3);
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

/// Law 14: each step says at once that there is more.
pub fn many_definitions_of_one_instant_all_fire(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for n in 0..250 {
        lab.put(definition(&format!("report-{n}"), "@hourly"), at(0));
    }
    for _ in 0..250 {
        if lab.fire(at(HOUR)) > Some(at(HOUR)) {
            break;
        }
    }
    assert_eq!(lab.fired(), [at(HOUR); 250]);
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

/// R6, and it can be retried, deleted and requeued as any other.
pub fn a_job_of_a_definition_keeps_its_occurrence(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    lab.fire(at(HOUR));
    let job: JobId = lab.jobs()[0].id;
    assert!(lab.ask(job, Action::Delete, at(HOUR + 1)));
    assert!(lab.ask(job, Action::Reschedule(at(HOUR + 60)), at(HOUR + 2)));
    lab.due(at(HOUR + 60).plus(secs(1)));
    assert_eq!(lab.fired(), [at(HOUR)]);
    assert_eq!(lab.claim_ids(&offer(), 9, at(2 * HOUR)), [job]);
}
