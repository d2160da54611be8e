//! Limits under any sequence of commands, and what a claim costs beside many that are blocked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use boltjobs_fuzz::cases;
use proptest::prelude::*;

use super::{Deed, Engine, Rig, at, jobs, limited, steps};
use crate::JobState::{Enqueued, Processing};
use crate::job::{Job, JobSpec, NewJob};
use crate::store::{Claimed, Offer, Outcome, QueueOrder, Reason, Settlement};
use crate::{JobId, Timestamp};

fn in_state(rig: &Rig, state: crate::JobState) -> Vec<Job> {
    jobs(&rig.engine).into_iter().filter(|job| job.state == state).collect()
}

/// What a limited offer allows, counted by hand.
#[derive(Default)]
struct Tally {
    starts: BTreeMap<(&'static str, Option<String>), Vec<Timestamp>>,
}

impl Tally {
    /// Checks a claim against what ran before it, and counts it.
    fn check(&mut self, claimed: &Claimed, running: &[Job], offer: &Offer, now: Timestamp) {
        let spec = &claimed.spec;
        let limits = offer.handles[&spec.request].limits.as_ref().unwrap();
        let count = |same: &dyn Fn(&JobSpec) -> bool| running.iter().filter(|job| same(&job.spec)).count();
        let below = |count: usize, limit: Option<u32>| limit.is_none_or(|limit| count < limit as usize);
        assert!(below(count(&|_| true), limits.concurrency), "handler");
        assert!(
            below(count(&|other| other.queue == spec.queue), offer.queue_limits.get(&spec.queue).copied()),
            "queue"
        );
        if let Some(key) = &spec.concurrency_key {
            assert!(
                below(count(&|other| other.concurrency_key.as_ref() == Some(key)), limits.per_key),
                "key {key}"
            );
        }
        let key = spec.concurrency_key.as_deref().map(str::to_owned);
        let rates =
            [(limits.rate, ("all", None)), (limits.rate_per_key.filter(|_| key.is_some()), ("key", key))];
        for (rate, id) in rates {
            let Some(rate) = rate else { continue };
            let starts = self.starts.entry(id.clone()).or_default();
            for window in rate.windows() {
                let within = starts.iter().filter(|start| start.plus(window.per) > now).count();
                assert!(within < window.at_most as usize, "{id:?}: {within} in {:?}", window.per);
            }
            starts.push(now);
        }
    }
}

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn no_limit_is_exceeded_by_any_sequence(steps in steps()) {
        let (mut rig, mut tally) = (Rig::new(), Tally::default());
        for step in steps {
            // A clock that is set back lets one job more through; a law of the log has that.
            let step = super::Step { clock: step.clock.max(0), ..step };
            let mut running = in_state(&rig, Processing);
            rig.run(&step);
            let Deed::Claim(order, _) = step.deed else { continue };
            for claimed in rig.claims.clone() {
                if let Some(offer) = limited(order) {
                    tally.check(&claimed, &running, &offer, at(rig.now));
                }
                running.push(super::record(&rig.engine, claimed.lease.job));
            }
        }
    }

    #[test]
    fn jobs_of_a_key_start_in_their_order(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.publish();
            let now = at(rig.now + step.clock);
            let mut waiting = in_state(&rig, Enqueued);
            waiting.retain(|job| job.expires.is_none_or(|expires| expires > now));
            waiting.sort_by_key(|job| (Reverse(job.spec.priority), job.order));
            rig.run(step);
            for claimed in &rig.claims {
                let same = |job: &Job| {
                    job.spec.queue == claimed.spec.queue && job.spec.concurrency_key == claimed.spec.concurrency_key
                };
                let first = waiting.iter().position(same).unwrap();
                prop_assert_eq!(waiting.remove(first).id, claimed.lease.job);
            }
        }
    }

    #[test]
    fn a_claim_does_what_an_explanation_says(steps in steps(), order in 4..8_u8, queue in 0..2_usize) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
        }
        let queue = super::QUEUES[queue];
        let offer = Offer { queues: QueueOrder::Strict(vec![queue.into()]), ..limited(order).unwrap() };
        let now = at(rig.now);
        rig.engine.at(now, &mut ()).announce(offer.clone().into(), now.plus(offer.lease));
        loop {
            // A claim that deletes what has expired makes jobs ready that followed it.
            rig.publish();
            let mut next = Vec::new();
            for job in in_state(&rig, Enqueued) {
                let reason = rig.engine.explain(job.id, now).reason;
                if let Reason::Waiting { ahead: 0, .. } = reason {
                    next.push(job.id);
                }
                let other_queue = *job.spec.queue != *queue;
                let left_alone = matches!(reason, Reason::QueueNotWorked | Reason::QueuePaused { .. } | Reason::Expired { .. });
                prop_assert!(left_alone || !other_queue, "{:?}", reason);
            }
            let claims = rig.engine.at(now, &mut rig.journal).claim(&offer, &[1]);
            let claimed: Vec<_> = claims.iter().map(|claimed| claimed.lease.job).collect();
            prop_assert_eq!(&claimed, &next, "claimed and explained");
            if claimed.is_empty() {
                break;
            }
        }
    }
}

/// Returns an engine with ready jobs over so many keys.
fn crowded(jobs: u64, keys: u64) -> Engine {
    let mut engine = Engine::default();
    add(&mut engine, 0..jobs, |n| Some(format!("key {}", n % keys)));
    engine
}

fn add(engine: &mut Engine, jobs: Range<u64>, key: impl Fn(u64) -> Option<String>) {
    let job = |n: u64| {
        let concurrency_key = key(n).map(Into::into);
        let spec = JobSpec { concurrency_key, ..JobSpec::new("mail.send", &b"{}"[..]) };
        NewJob { id: JobId::from_parts(at(0), u128::from(n)), spec: spec.into(), start_at: None }
    };
    engine.at(at(0), &mut ()).enqueue(jobs.map(job).collect()).unwrap();
    let unpublished = engine.take_unpublished();
    engine.publish(unpublished);
}

/// Claims with some workers, and returns what was claimed and how many blocked keys were looked at.
fn looks(engine: &mut Engine, workers: usize) -> (Vec<Claimed>, usize) {
    let before = engine.ready.parking.looked;
    let claims = engine.at(at(1), &mut ()).claim(&limited(4).unwrap(), &vec![1; workers]);
    (claims, engine.ready.parking.looked - before)
}

fn settle(engine: &mut Engine, claimed: &Claimed) {
    let outcome = Outcome::Succeeded(None);
    let settlement = Settlement { lease: claimed.lease, ran: std::time::Duration::ZERO, outcome };
    engine.at(at(2), &mut ()).settle(vec![settlement]);
}

#[test]
fn a_claim_looks_at_a_bounded_number_of_blocked_jobs_over_many_keys() {
    const KEYS: u64 = 10_000;
    let mut engine = crowded(KEYS, KEYS);
    let (running, _) = looks(&mut engine, 10_000);
    assert_eq!(running.len(), 10_000);
    add(&mut engine, KEYS..KEYS + 100_000, |n| Some(format!("key {}", n % KEYS)));
    let mut total = 0;
    loop {
        let (claims, looked) = looks(&mut engine, 10);
        assert!(claims.is_empty() && looked <= 1_001, "{looked}");
        total += looked;
        if !engine.take_told().ready {
            break;
        }
    }
    // Each key was looked at once, whatever waits behind its first job.
    assert!((10_000..10_100).contains(&total), "{total}");
    assert_eq!(looks(&mut engine, 10).1, 0);

    settle(&mut engine, &running[7]);
    let (claims, looked) = looks(&mut engine, 10);
    assert_eq!(claims[0].spec.concurrency_key, running[7].spec.concurrency_key);
    assert!(claims.len() == 1 && looked <= 1, "{looked}");
}

#[test]
fn a_claim_that_has_looked_at_too_many_takes_none_that_is_further_behind() {
    let mut engine = crowded(3_000, 3_000);
    assert_eq!(looks(&mut engine, 3_000).0.len(), 3_000);
    add(&mut engine, 3_000..6_000, |n| Some(format!("key {}", n - 3_000)));
    add(&mut engine, 6_000..6_002, |n| (n == 6_000).then(|| "free".to_owned()));
    let mut taken = Vec::new();
    while taken.is_empty() {
        taken = looks(&mut engine, 1).0;
        assert!(!taken.is_empty() || engine.take_told().ready);
    }
    assert_eq!(taken[0].spec.concurrency_key.as_deref(), Some("free"));
}

#[test]
fn a_claim_looks_at_a_bounded_number_of_blocked_jobs_of_one_key() {
    let mut engine = crowded(100_000, 1);
    let (mut ids, mut total) = (BTreeSet::new(), 0);
    for _ in 0..50 {
        let (claims, looked) = looks(&mut engine, 10);
        assert!(claims.len() == 1 && looked <= 1, "{looked}");
        assert_eq!(looks(&mut engine, 10).1, 0);
        total += looked;
        settle(&mut engine, &claims[0]);
        ids.insert(claims[0].lease.job);
    }
    assert!(ids.len() == 50 && total <= 50);
}

#[test]
fn what_rates_count_is_bounded_by_what_still_counts() {
    let mut engine = crowded(3_000, 3_000);
    let mut journal = Vec::new();
    let rated = limited(7).unwrap();
    for second in 1..100 {
        engine.at(at(second * 60), &mut journal).claim(&rated, &[1; 100]);
        while engine.at(at(second * 60), &mut journal).due().is_some_and(|next| next <= at(second * 60)) {}
        assert!(engine.limiting.rates.len() <= 101, "{}", engine.limiting.rates.len());
    }
    engine.at(at(9_000), &mut journal).due();
    assert!(engine.limiting.rates.is_empty() && engine.limiting.over.is_empty());
}
