use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use boltjobs_fuzz::cases;
use proptest::prelude::*;

use super::super::listing::Listing;
use super::super::sorted::Sorted;
use super::super::unique::Keys;
use super::{Deed, Rig, jobs, record, steps};
use crate::JobState::{Awaiting, Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::continuation::ParentId;
use crate::engine::{Engine, Entry};
use crate::job::{Epoch, Job, RowData};
use crate::recurring::{RecurringJob, RunOutcome};
use crate::store::{Action, Command, Counts, Outcome, Settlement};
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
    assert!(matches!(job.history[0].state, Awaiting | Enqueued | Scheduled), "{job:?}");
    let kept = if job.forgotten_rows == 0 { &job.history[..] } else { &job.history[1..] };
    for pair in kept.windows(2) {
        assert!(legal(pair[0].state, pair[1].state), "{} to {}: {job:?}", pair[0].state, pair[1].state);
    }
    let last = job.history.last().unwrap();
    assert_eq!((last.state, last.at), (job.state, job.since));
    assert!(job.due.is_some() || job.state != Scheduled);
    assert!(job.due.is_none() || matches!(job.state, Scheduled | Awaiting));
    assert_eq!(job.waits_for.is_empty(), job.state != Awaiting);
    assert!(job.cancel.is_none() || job.state == Processing);
    let started = !matches!(job.state, Awaiting | Scheduled | Enqueued);
    assert!(job.expires.is_none() || !started, "{job:?}");
}

/// Checks that every index says what the records say.
fn check_indexes(rig: &Rig) {
    let engine = &rig.engine;
    assert_eq!(engine.counts(), Counts::recount(&jobs(engine)));
    let weights = jobs(engine).iter().map(|job| job.weight() as u64).sum::<u64>();
    let definitions = engine.definitions.all().map(|job| job.weight() as u64).sum::<u64>();
    let batches = engine.family.batches.values().map(|batch| batch.weight() as u64).sum::<u64>();
    let starts = engine.limiting.rates.values().map(crate::engine::Starts::weight).sum::<u64>();
    let notes = engine.notes.values().map(|notes| notes.weight() as u64).sum::<u64>();
    let minutes =
        engine.flows.all().map(|(_, queues)| 12 + queues.keys().map(|it| it.len() as u64 + 24).sum::<u64>());
    let minutes = minutes.sum::<u64>();
    assert_eq!(engine.weight(), weights + definitions + batches + starts + notes + minutes);
    assert!(engine.notes.keys().all(|id| engine.jobs.contains(*id)));
    check_definitions(engine);
    let until: Vec<_> =
        engine.limiting.rates.values().map(|starts| (starts.until, starts.id.clone())).collect();
    assert_eq!(engine.limiting.over, until.into_iter().collect());
    for key in ["x", "y"] {
        let of_key = |job: &&Job| job.state == Processing && job.spec.concurrency_key.as_deref() == Some(key);
        assert_eq!(engine.limiting.count(key), jobs(engine).iter().filter(of_key).count() as u64);
    }
    let mut servers = BTreeMap::new();
    for job in jobs(engine).iter().filter(|job| job.state == Processing) {
        if let RowData::Processing { server, .. } = &job.history.last().unwrap().data {
            *servers.entry(server.clone()).or_insert(0) += 1;
        }
    }
    assert_eq!(engine.limiting.servers, servers);
    let (mut listing, mut keys) = (Listing::default(), Keys::default());
    for job in &jobs(engine) {
        listing.insert(&job.spec, job.id, job.state);
        keys.insert(job);
    }
    assert_eq!((&engine.listing, &engine.keys), (&listing, &keys));
    let expires = jobs(engine).into_iter().filter_map(|job| Some((job.expires?, job.id)));
    assert!(engine.expiring.after(None).eq(expires.collect::<BTreeSet<_>>()));
    assert_eq!(engine.due.len(), engine.listing.in_state(Scheduled).count());
    assert!(engine.due.after(None).all(|(due, id)| record(engine, id).due == Some(due)));
    assert!(engine.leases.after(None).all(|id| record(engine, id).state == Processing));
    let ended: usize = engine.ended.values().map(Sorted::len).sum();
    let retained = |job: &&Job| job.state.is_final() && !engine.family.has_children(job.id.into());
    assert_eq!(ended, jobs(engine).iter().filter(retained).count());
}

/// Checks that no end was missed by whoever waits for it, and that batches count what is in them.
fn check_family(rig: &Rig) {
    let engine = &rig.engine;
    for job in jobs(engine).iter().filter(|job| job.state == Awaiting) {
        for parent in &job.waits_for {
            let open = match parent.id {
                ParentId::Job(id) => !record(engine, id).state.is_final(),
                ParentId::Batch(id) => engine.family.batches[&id].ended.is_none(),
            };
            assert!(open, "{} waits for {}, which has ended", job.id, parent.id);
        }
    }
    for batch in engine.family.batches.values() {
        let mut counted = batch.gone;
        let all = jobs(engine);
        let of = all.iter().filter(|job| job.spec.batch == Some(batch.id));
        of.for_each(|job| counted.add(job.state));
        assert_eq!(engine.batch(batch.id).unwrap().jobs, counted);
        let within = |other: &&crate::batch::Batch| other.parent == Some(batch.id);
        let nested = engine.family.batches.values().filter(within).all(|nested| nested.ended.is_some());
        assert!(batch.ended.is_some() || counted.unfinished() > 0 || !nested, "{batch:?} has not ended");
    }
}

fn check_definitions(engine: &Engine) {
    let definitions = &engine.definitions;
    let with_id = |instant, record: &RecurringJob| (instant, record.definition.id.clone());
    let due = definitions.all().filter_map(|it| Some(with_id(it.next?, it)));
    assert_eq!(definitions.due, due.collect());
    let missed = definitions.all().filter_map(|it| Some(with_id(it.missed_until()?, it)));
    assert_eq!(definitions.missed, missed.collect());
    for name in ["hourly", "often"] {
        let of = |job: &&Job| job.spec.occurrence.as_ref().is_some_and(|made| &*made.recurring == name);
        let all = jobs(engine);
        let open = all.iter().filter(of).filter(|job| !job.state.is_final()).map(|job| job.id);
        assert_eq!(definitions.unfinished(name).collect::<BTreeSet<_>>(), open.collect());
    }
    // A run is what its job is, as long as that is there.
    for run in definitions.all().flat_map(|it| &it.runs) {
        if let Some(job) = run.job.and_then(|job| engine.job(job)) {
            assert_eq!(run.outcome, RunOutcome::of(job.state), "{job:?}");
            assert_eq!(run.ended_at, Some(job.since).filter(|_| job.state.is_final()));
        }
    }
}

/// Who is ready in what is on disk, with the epoch of the claim before, and in which place.
fn ready_on_disk(rig: &Rig) -> HashMap<JobId, (Epoch, u64)> {
    let engine = super::replay::replayed(&rig.on_disk.lock());
    jobs(&engine)
        .iter()
        .filter(|job| job.state == Enqueued)
        .map(|job| (job.id, (job.epoch, job.order)))
        .collect()
}

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn no_sequence_makes_an_illegal_transition_or_a_false_index(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
            check_indexes(&rig);
            check_family(&rig);
            jobs(&rig.engine).iter().for_each(check_history);
        }
    }

    #[test]
    fn no_job_is_lost_before_it_is_forgotten(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
            if matches!(step.deed, Deed::Expire) {
                rig.enqueued.retain(|id| rig.engine.jobs.contains(*id));
            }
            for id in &rig.enqueued {
                prop_assert!(rig.engine.jobs.contains(*id), "{id} is gone after {step:?}");
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
        let now = super::at(rig.now);
        let in_time = |id: &JobId| record(&rig.engine, *id).expires.is_none_or(|expires| expires > now);
        let mut waiting: Vec<_> = rig.engine.listing.in_state(Enqueued).filter(in_time).collect();
        waiting.sort();
        let claims = rig.engine.at(now, &mut ()).claim(&super::offer(crate::store::QueueOrder::All), &[1; 999]);
        let mut claimed: Vec<_> = claims.iter().map(|claimed| claimed.lease.job).collect();
        claimed.sort();
        prop_assert_eq!(claimed, waiting);
    }

    #[test]
    fn what_is_not_durable_is_never_claimed(steps in steps()) {
        let (mut rig, mut given) = (Rig::new(), Vec::new());
        for step in &steps {
            let ready = ready_on_disk(&rig);
            rig.run(step);
            given.extend(rig.claims.iter().map(|claimed| claimed.lease));
            // An id that comes again after it was forgotten is another job.
            given.retain(|lease| rig.engine.jobs.contains(lease.job));
            for claimed in &rig.claims {
                let job = claimed.lease.job;
                prop_assert!(ready.contains_key(&job), "{job} is not ready on disk");
                let (before, order) = ready[&job];
                prop_assert!(before < claimed.lease.epoch);
                prop_assert_eq!(record(&rig.engine, job).order, order, "{} is ready in another place on disk", job);
                // Nor has it been claimed since: its release would have to be on disk, too.
                let since = given.iter().filter(|lease| lease.job == job && lease.epoch > before);
                prop_assert_eq!(since.count(), 1, "{} was handed out by a release that is not on disk", job);
            }
        }
    }

    /// Also where the job of the instant is gone; a definition that was removed and comes again is another one.
    #[test]
    fn each_instant_of_a_definition_fires_once(steps in steps()) {
        let (mut rig, mut fired, mut read, mut lives) = (Rig::new(), HashSet::new(), 0, HashMap::new());
        for step in &steps {
            rig.run(step);
            for entry in &rig.journal[read..] {
                if let Entry::RecurringRemoved(id) = entry {
                    *lives.entry(id.clone()).or_insert(0) += 1;
                }
                let Entry::Advanced(advance) = entry else { continue };
                let life = lives.get(&advance.recurring).copied().unwrap_or(0);
                if let Some(run) = advance.run.iter().find(|run| !run.triggered) {
                    prop_assert!(run.scheduled_for <= super::at(rig.now), "{run:?} is early");
                    let instant = (advance.recurring.clone(), life, run.scheduled_for);
                    prop_assert!(fired.insert(instant), "{run:?} after {step:?}");
                }
            }
            read = rig.journal.len();
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
            let now = super::at(rig.now + step.clock);
            let ready = |job: &&Job| job.state == Enqueued && job.expires.is_none_or(|expires| expires > now);
            let mut waiting: Vec<_> = jobs(&rig.engine).iter().filter(ready).cloned().collect();
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

    /// So nothing waits in a circle, and no end is missed.
    #[test]
    fn nothing_waits_for_ever_once_all_else_has_ended(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
        }
        let delete = Command { action: Action::Delete, expected: Vec::new(), reason: None };
        loop {
            let waits = |job: &Job| matches!(job.state, Scheduled | Enqueued | Processing);
            let Some(job) = jobs(&rig.engine).into_iter().find(waits) else { break };
            let (job, lease) = (job.id, job.lease());
            let mut turn = rig.engine.at(super::at(rig.now), &mut rig.journal);
            turn.command(&[job], &delete);
            turn.settle(vec![Settlement { lease, ran: Duration::ZERO, outcome: Outcome::Cancelled { error: None } }]);
        }
        let unfinished: Vec<_> = jobs(&rig.engine).into_iter().filter(|job| !job.state.is_final()).collect();
        prop_assert!(unfinished.is_empty(), "{unfinished:?}");
        prop_assert!(rig.engine.family.batches.values().all(|batch| batch.ended.is_some()));
    }
}

/// A transition is told with what makes it durable, and costs nothing while nobody watches.
#[test]
fn a_transition_is_told_when_it_is_published_if_anybody_watches() {
    let mut engine = crate::engine::Engine::default();
    let job = |id| crate::job::NewJob {
        id: JobId::from_u128(id),
        spec: crate::job::JobSpec::new("mail.send", *b"{}").into(),
        start_at: None,
    };
    engine.at(crate::Timestamp::EPOCH, &mut ()).enqueue(vec![job(1)]).unwrap();
    let unpublished = engine.take_unpublished();
    assert_eq!(engine.publish(unpublished).moved, []);

    engine.watched(crate::watch::Interest::Moved);
    engine.at(crate::Timestamp::EPOCH, &mut ()).enqueue(vec![job(2)]).unwrap();
    let on_its_way = engine.take_unpublished();
    engine.at(crate::Timestamp::EPOCH, &mut ()).enqueue(vec![job(3)]).unwrap();
    let ids =
        |changes: crate::watch::Changes| changes.moved.iter().map(|it| it.job.as_u128()).collect::<Vec<_>>();
    assert_eq!(ids(engine.publish(on_its_way)), [2], "the next one waits for its own group");
    let unpublished = engine.take_unpublished();
    assert_eq!(ids(engine.publish(unpublished)), [3]);
}
