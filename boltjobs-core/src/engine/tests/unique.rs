use std::collections::BTreeMap;
use std::time::Duration;

use boltjobs_fuzz::cases;
use proptest::prelude::*;

use super::{Deed, Rig, Step, at, id, jobs, new_job, offer, steps};
use crate::JobState::{Deleted, Enqueued, Processing};
use crate::job::{Job, JobSpec, NewJob};
use crate::store::{Action, Command, QueueOrder};
use crate::unique::{OnConflict, Unique};
use crate::{JobId, JobState};

/// A new job with what only some jobs have: a unique key, a time in which it must start, tags.
#[derive(Debug, Clone)]
pub(super) struct Other {
    n: u8,
    start_in: Option<i64>,
    key: Option<(u8, OnConflict)>,
    within: Option<u64>,
    expires_in: Option<u64>,
    tags: Vec<String>,
}

pub(super) fn other() -> impl Strategy<Value = Other> {
    let conflict =
        prop_oneof![Just(OnConflict::Reject), Just(OnConflict::Replace), Just(OnConflict::Reschedule)];
    let key = proptest::option::weighted(0.8, (0..3_u8, conflict));
    let start_in = proptest::option::weighted(0.5, -60..120_i64);
    let within = proptest::option::weighted(0.2, 1..100_u64);
    let expires_in = proptest::option::weighted(0.5, 1..60_u64);
    let tags = proptest::sample::subsequence(vec!["red".to_owned(), "tall".to_owned()], 0..3);
    (24..60_u8, start_in, key, within, expires_in, tags).prop_map(
        |(n, start_in, key, within, expires_in, tags)| Other { n, start_in, key, within, expires_in, tags },
    )
}

impl Other {
    pub(super) fn job(self, now: i64) -> NewJob {
        let new = new_job(self.n, 0, self.start_in.map(|span| at(now + span)));
        let unique = self.key.map(|(key, on_conflict)| Unique {
            within: self.within.map(Duration::from_secs),
            on_conflict,
            ..Unique::key(key.to_string())
        });
        let expires_in = self.expires_in.map(Duration::from_secs);
        // Each says another thing, of which a replacement must be seen.
        let payload = format!("{} at {now}", self.n).into_bytes().into();
        let version = 1 + u32::from(self.n % 2) * u32::from(self.key.is_some());
        NewJob {
            spec: JobSpec { payload, version, unique, expires_in, tags: self.tags, ..(*new.spec).clone() }
                .into(),
            ..new
        }
    }
}

/// The jobs that hold each key in states that are not final, but for those that are too late to start.
fn holders(rig: &Rig) -> BTreeMap<String, Vec<JobId>> {
    let mut holders: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let late = |job: &Job| job.expires.is_some_and(|expires| expires <= at(rig.now));
    for job in jobs(&rig.engine).iter().filter(|job| !job.state.is_final() && !late(job)) {
        if let Some(unique) = &job.spec.unique {
            holders.entry(unique.key.to_string()).or_default().push(job.id);
        }
    }
    holders
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn at_most_one_job_holds_a_key(steps in steps()) {
        let mut rig = Rig::new();
        for step in steps {
            // A clock that is set back gives one that was too late its time again, until it is started or late once more.
            let step = Step { clock: step.clock.max(0), ..step };
            rig.run(&step);
            for (key, jobs) in holders(&rig) {
                prop_assert!(jobs.len() == 1, "{key} is held by {jobs:?} after {step:?}");
            }
        }
    }

    #[test]
    fn nothing_that_started_expires_and_nothing_that_expired_starts(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            let before: BTreeMap<JobId, Job> = jobs(&rig.engine).into_iter().map(|job| (job.id, job)).collect();
            rig.run(step);
            for claimed in &rig.claims {
                let job = &before[&claimed.lease.job];
                prop_assert!(job.expires.is_none_or(|expires| expires > at(rig.now)), "{job:?} expired and ran");
            }
            for job in jobs(&rig.engine).iter().filter(|job| job.state == Deleted) {
                let last = job.history.last().unwrap();
                let expired = last.reason.as_ref().is_some_and(|reason| reason.starts_with("expired"));
                // Since it was enqueued, or enqueued again: that is the last row that follows an end.
                let life = job.history[..job.history.len() - 1].iter().rev().take_while(|row| !row.state.is_final());
                let started = life.clone().any(|row| row.state == Processing);
                prop_assert!(!expired || !started, "{job:?}");
            }
        }
    }

    #[test]
    fn a_payload_that_is_not_durable_is_never_claimed(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            let on_disk = super::replay::replayed(&rig.on_disk.lock());
            rig.run(step);
            for claimed in &rig.claims {
                prop_assert_eq!(&super::record(&on_disk, claimed.lease.job).spec, &claimed.spec);
            }
        }
    }

    #[test]
    fn a_replacement_keeps_what_belongs_to_the_job(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            let before: BTreeMap<JobId, Job> =
                jobs(&rig.engine).into_iter().map(|job| (job.id, job)).collect();
            rig.run(step);
            let Deed::EnqueueOther(other) = &step.deed else { continue };
            let new = other.clone().job(rig.now);
            // One that was too late to hold its key is deleted, and what waited for it moves.
            let stays = |job: &&Job| job.spec.unique.is_some() && job.state != Deleted;
            for job in jobs(&rig.engine).iter().filter(stays) {
                let Some(old) = before.get(&job.id).filter(|old| **old != *job) else { continue };
                let kept = |job: &Job| (job.spec.queue.clone(), job.spec.priority, job.spec.tags.clone(), job.epoch);
                prop_assert_eq!(kept(old), kept(job));
                let same = (job.spec.version, &job.spec.payload) == (old.spec.version, &old.spec.payload);
                prop_assert_eq!(job.attempt, if same { old.attempt } else { 0 });
                prop_assert_eq!(&job.history[..old.history.len()], &old.history[..]);
                prop_assert!(!old.state.is_final() && old.state != Processing, "{:?}", old);
                let replaces = new.spec.unique.as_ref().unwrap().on_conflict == OnConflict::Replace;
                let from = if replaces { &new.spec } else { &*old.spec };
                prop_assert_eq!((&job.spec.payload, job.spec.version), (&from.payload, from.version));
                let ready = new.start_at.is_none_or(|start| start <= at(rig.now));
                prop_assert_eq!((job.state == Enqueued, job.due), (ready, new.start_at.filter(|_| !ready)));
                prop_assert!(!ready || old.state != Enqueued || old.order == job.order, "it lost its place");
            }
        }
    }
}

/// Two groups are on their way to disk; the second one changes what the first one made ready.
#[test]
fn a_job_that_was_replaced_waits_for_the_second_write() {
    let mut rig = Rig::new();
    let replacing = |n, payload: &'static [u8]| {
        let unique = Some(Unique::key("k").on_conflict(OnConflict::Replace));
        let new = new_job(n, 0, None);
        NewJob { spec: JobSpec { unique, payload: payload.into(), ..(*new.spec).clone() }.into(), ..new }
    };
    rig.engine.at(at(0), &mut ()).enqueue(vec![replacing(0, b"1")]).unwrap();
    let first = rig.engine.take_unpublished();
    let second = rig.engine.at(at(1), &mut ()).enqueue(vec![replacing(2, b"2")]).unwrap()[0];
    assert_eq!((second.id, second.duplicate), (id(0), true));
    rig.engine.publish(first);
    assert!(rig.engine.at(at(2), &mut ()).claim(&offer(QueueOrder::All), &[1]).is_empty());
    let second = rig.engine.take_unpublished();
    rig.engine.publish(second);
    let claims = rig.engine.at(at(2), &mut ()).claim(&offer(QueueOrder::All), &[1]);
    assert_eq!(&*claims[0].spec.payload, b"2");
}

/// A key may have been held by many jobs; who holds it is found among those of one state.
#[test]
fn the_latest_of_many_jobs_with_a_key_is_the_one_that_holds_it() {
    let mut rig = Rig::new();
    let with_key = |n, unique: Unique| {
        let new = new_job(n, 0, None);
        NewJob { spec: JobSpec { unique: Some(unique), ..(*new.spec).clone() }.into(), ..new }
    };
    for n in 0..20 {
        let now = at(i64::from(n) * 10);
        let enqueued = rig.engine.at(now, &mut ()).enqueue(vec![with_key(n, "k".into())]).unwrap();
        assert!(!enqueued[0].duplicate);
        let delete = Command { action: Action::Delete, expected: Vec::new(), reason: None };
        rig.engine.at(now, &mut ()).command(&[id(n)], &delete);
    }
    let in_a_minute = |span| Unique::key("k").within(Duration::from_secs(span));
    let mut ask = |unique| rig.engine.at(at(250), &mut ()).enqueue(vec![with_key(30, unique)]).unwrap()[0];
    let held = ask(in_a_minute(61));
    assert_eq!((held.id, held.duplicate), (id(19), true));
    let deleted = Unique::key("k").states([JobState::Deleted]);
    assert_eq!(ask(deleted).id, id(19));
    assert!(!ask(in_a_minute(60)).duplicate);
}
