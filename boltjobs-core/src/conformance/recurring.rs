//! Recurring definitions: adding and firing them.

use std::thread;

use pollster::block_on;

use super::Fixture;
use super::lab::{Lab, at, done, just_before, offer, secs, strict};
use crate::JobState::Enqueued;
use crate::cron::{Cron, Zone};
use crate::job::{Job, JobSpec, Occurrence};
use crate::recurring::{Definition, Misfire, Past, RecurringJob};
use crate::store::{Action, RecurringCommand, Settled};
use crate::{JobId, JobState, Timestamp};

/// A definition of [`REQUEST`](super::lab::REQUEST); laws begin at midnight.
pub(super) fn definition(name: &str, cron: &str) -> Definition {
    let spec = JobSpec { queue: "reports".into(), priority: 3, ..JobSpec::new("mail.send", &b"{}"[..]) };
    Definition::new(name, Cron::parse(cron).expect("an expression"), spec)
}

pub(super) fn hourly() -> Definition {
    definition("report", "0 * * * *")
}

pub(super) const HOUR: u64 = 3_600;

impl Lab<'_> {
    /// Returns the instants that the jobs stand for, in their order.
    pub(super) fn fired(&self) -> Vec<Timestamp> {
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
        past: Past::default(),
        last: None,
        runs: Vec::new(),
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
    let zone = "Asia/Kolkata".parse::<Zone>().expect("a zone").into();
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

/// Law 11; T2.
pub fn a_clock_that_is_set_back_fires_no_instant_twice(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(hourly(), at(0));
    lab.fire(at(HOUR));
    // An hour that comes again, for a definition whose times are computed anew.
    lab.put(definition("report", "0,1 * * * *"), at(100));
    assert_eq!(lab.definitions()[0].next, Some(at(HOUR + 60)));
    assert_eq!(lab.unchanged(|| lab.fire(at(HOUR))), Some(at(HOUR + 60)));
    assert_eq!(lab.fired(), [at(HOUR)]);
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
