use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::{Deed, Rig, steps};
use crate::JobState::{Awaiting, Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::job::{Epoch, Job};
use crate::store::Counts;
use crate::{JobId, JobState};

/// Who comes after whom, by the table of SEMANTICS, whoever asks.
fn legal(from: JobState, to: JobState) -> bool {
    match from {
        Awaiting => matches!(to, Enqueued | Scheduled | Deleted),
        Scheduled => matches!(to, Enqueued | Deleted | Scheduled),
        Enqueued => matches!(to, Processing | Deleted | Scheduled),
        Processing => matches!(to, Succeeded | Failed | Scheduled | Enqueued | Deleted),
        Succeeded | Deleted => matches!(to, Enqueued | Scheduled),
        Failed => matches!(to, Enqueued | Scheduled | Deleted),
    }
}

fn check_history(job: &Job) {
    assert!(matches!(job.history[0].state, Enqueued | Scheduled), "{job:?}");
    let kept = if job.forgotten_rows == 0 { &job.history[..] } else { &job.history[1..] };
    for pair in kept.windows(2) {
        assert!(legal(pair[0].state, pair[1].state), "{} to {}: {job:?}", pair[0].state, pair[1].state);
    }
    let last = job.history.last().unwrap();
    assert_eq!((last.state, last.at), (job.state, job.since));
    assert_eq!(job.due.is_some(), job.state == Scheduled);
    assert!(job.cancel.is_none() || job.state == Processing);
}

fn recount(rig: &Rig) -> Counts {
    let mut counts = Counts::default();
    for job in rig.engine.jobs.values() {
        counts.states.add(job.state);
        counts.queues.entry(job.spec.queue.clone()).or_default().add(job.state);
        counts.requests.entry(job.spec.request.clone()).or_default().add(job.state);
    }
    counts
}

/// Checks that every index says what the records say.
fn check_indexes(rig: &Rig) {
    let engine = &rig.engine;
    assert_eq!(engine.counts(), recount(rig));
    let jobs = engine.jobs.values().map(|job| job.weight() as u64).sum::<u64>();
    let definitions = engine.recurring.values().map(|job| job.weight() as u64).sum::<u64>();
    let starts = engine.limiting.rates.values().map(crate::engine::Starts::weight).sum::<u64>();
    assert_eq!(engine.weight(), jobs + definitions + starts);
    let until: Vec<_> =
        engine.limiting.rates.values().map(|starts| (starts.until, starts.id.clone())).collect();
    assert_eq!(engine.limiting.over, until.into_iter().collect());
    for key in ["x", "y"] {
        let of_key = |job: &&Job| job.state == Processing && job.spec.concurrency_key.as_deref() == Some(key);
        assert_eq!(engine.limiting.count(key), engine.jobs.values().filter(of_key).count() as u64);
    }
    for state in JobState::ALL {
        let mut ids: Vec<_> =
            engine.jobs.values().filter(|job| job.state == state).map(|job| job.id).collect();
        ids.sort();
        assert_eq!(engine.by_state[state as usize].iter().copied().collect::<Vec<_>>(), ids);
    }
    assert_eq!(engine.due.len(), engine.by_state[Scheduled as usize].len());
    assert!(engine.due.iter().all(|(due, id)| engine.jobs[id].due == Some(*due)));
    assert!(engine.leases.keys().all(|id| engine.jobs[id].state == Processing));
    let ended: usize = engine.ended.values().map(std::collections::BTreeSet::len).sum();
    assert_eq!(ended, engine.jobs.values().filter(|job| job.state.is_final()).count());
}

/// Who is ready in what is on disk, with the epoch of the claim before, and in which place.
fn ready_on_disk(rig: &Rig) -> HashMap<JobId, (Epoch, u64)> {
    let engine = super::replay::replayed(&rig.on_disk);
    engine
        .jobs
        .values()
        .filter(|job| job.state == Enqueued)
        .map(|job| (job.id, (job.epoch, job.order)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn no_sequence_makes_an_illegal_transition_or_a_false_index(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
            check_indexes(&rig);
            rig.engine.jobs.values().for_each(check_history);
        }
    }

    #[test]
    fn no_job_is_lost_before_it_is_forgotten(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
            if matches!(step.deed, Deed::Expire) {
                rig.enqueued.retain(|id| rig.engine.jobs.contains_key(id));
            }
            for id in &rig.enqueued {
                prop_assert!(rig.engine.jobs.contains_key(id), "{id} is gone after {step:?}");
            }
        }
    }

    #[test]
    fn every_ready_job_is_claimed_once_it_is_published(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
        }
        rig.publish();
        for queue in super::QUEUES {
            rig.engine.at(super::at(rig.now), &mut ()).pause(&queue.into(), false);
        }
        let waiting = rig.engine.by_state[Enqueued as usize].clone();
        let claims = rig.engine.at(super::at(rig.now), &mut ()).claim(&super::offer(crate::store::QueueOrder::All), &[1; 999]);
        let mut claimed: Vec<_> = claims.iter().map(|claimed| claimed.lease.job).collect();
        claimed.sort();
        prop_assert_eq!(claimed, waiting.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn what_is_not_durable_is_never_claimed(steps in steps()) {
        let (mut rig, mut given) = (Rig::new(), Vec::new());
        for step in &steps {
            let ready = ready_on_disk(&rig);
            rig.run(step);
            given.extend(rig.claims.iter().map(|claimed| claimed.lease));
            // An id that comes again after it was forgotten is another job.
            given.retain(|lease| rig.engine.jobs.contains_key(&lease.job));
            for claimed in &rig.claims {
                let job = claimed.lease.job;
                prop_assert!(ready.contains_key(&job), "{job} is not ready on disk");
                let (before, order) = ready[&job];
                prop_assert!(before < claimed.lease.epoch);
                prop_assert_eq!(rig.engine.jobs[&job].order, order, "{} is ready in another place on disk", job);
                // Nor has it been claimed since: its release would have to be on disk, too.
                let since = given.iter().filter(|lease| lease.job == job && lease.epoch > before);
                prop_assert_eq!(since.count(), 1, "{} was handed out by a release that is not on disk", job);
            }
        }
    }

    #[test]
    fn epochs_only_grow(steps in steps()) {
        let (mut rig, mut latest) = (Rig::new(), BTreeMap::new());
        for step in &steps {
            rig.run(step);
            for claimed in &rig.claims {
                let before = latest.insert(claimed.lease.job, claimed.lease.epoch);
                prop_assert!(before.is_none_or(|before| before < claimed.lease.epoch));
            }
        }
    }

    #[test]
    fn a_claim_takes_the_first_of_the_highest_priority(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            // Everything is published, so what is first can be told from the records alone.
            rig.publish();
            let mut waiting: Vec<_> = rig.engine.jobs.values().filter(|job| job.state == Enqueued).cloned().collect();
            waiting.sort_by_key(|job| (std::cmp::Reverse(job.spec.priority), job.order));
            rig.run(step);
            // Limits pass over jobs; laws of their own have in which order.
            if matches!(step.deed, Deed::Claim(4.., _)) {
                continue;
            }
            for claimed in &rig.claims {
                let first = waiting.iter().position(|job| job.spec.queue == claimed.spec.queue).unwrap();
                prop_assert_eq!(waiting.remove(first).id, claimed.lease.job);
            }
        }
    }
}
