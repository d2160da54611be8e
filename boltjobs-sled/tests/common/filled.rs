//! A store with one of each.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::BatchId;
use boltjobs_core::batch::NewBatch;
use boltjobs_core::continuation::{After, Parent, ParentId};
use boltjobs_core::cron::Zone;
use boltjobs_core::job::{ErrorInfo, JobSpec, NewJob};
use boltjobs_core::notes::{Note, Step};
use boltjobs_core::rate::Rate;
use boltjobs_core::recurring::{Definition, Misfire};
use boltjobs_core::store::{
    Action, Claimed, Command, Document, Handled, Limits, Offer, Outcome, Record, RecurringCommand, Retention,
    Settlement, Store,
};
use boltjobs_core::unique::{OnConflict, Unique};
use boltjobs_sled::SledStore;
use pollster::block_on;

use super::{at, id, job, offer};

/// Fills a store with one of each: every state, a recurring definition, an entry that is split.
pub(crate) fn fill(store: &SledStore) {
    block_on(store.enqueue((0..4).map(|number| job(number, 100)).collect(), at(0))).unwrap();
    let claimed = block_on(store.claim(offer(), vec![0, 1, 2], at(1))).unwrap();
    let error = Box::new(ErrorInfo::new("io::Error", "disk on fire"));
    let outcomes = [
        Outcome::Succeeded(Some((*b"42").into())),
        Outcome::Failed { error, reason: Some("exhausted".into()), delete: false },
    ];
    let ran = Duration::from_millis(5);
    let settle = |(claimed, outcome): (&Claimed, _)| Settlement { lease: claimed.lease, ran, outcome };
    block_on(store.settle(claimed.iter().zip(outcomes).map(settle).collect(), at(2))).unwrap();
    let delete = Command { action: Action::Delete, expected: Vec::new(), reason: Some("asked".into()) };
    block_on(store.command(vec![id(3)], delete.clone(), at(3))).unwrap();
    block_on(store.command(vec![id(2)], delete, at(3))).unwrap();
    let scheduled = NewJob { start_at: Some(at(100)), ..job(10, 1_500) };
    block_on(store.enqueue(vec![scheduled, job(11, 5_000)], at(4))).unwrap();
    let report = JobSpec::new("report.build", *b"{}");
    let definition = Definition {
        zone: "Europe/Berlin".parse::<Zone>().unwrap().into(),
        misfire: Misfire::FireAll { at_most: 3 },
        ..Definition::new("nightly", "0 3 * * *".parse().unwrap(), report)
    };
    block_on(store.put_recurring(definition, at(5))).unwrap();
    fill_relations(store);
    fill_limits(store);
    fill_kept(store);
}

/// Batches and parents, a unique key that is taken over, what a job noted, and what a definition fired.
fn fill_relations(store: &SledStore) {
    let batch = |number: u64| BatchId::from(id(1_000 + number));
    let new = |number, parent| NewBatch { id: batch(number), name: format!("batch {number}"), parent };
    let mut member = job(20, 10);
    (member.spec_mut().batch, member.spec_mut().expires_in) = (Some(batch(1)), Some(Duration::from_hours(1)));
    let mut child = job(21, 10);
    let parents = [ParentId::Job(id(20)), ParentId::Job(id(22)), batch(1).into()];
    child.spec_mut().parents = parents.map(|id| Parent { id, when: After::Finished }).to_vec();
    let mut unique = job(22, 10);
    unique.spec_mut().unique = Some(Unique::key("k").on_conflict(OnConflict::Replace));
    unique.spec_mut().tags = vec!["red".to_owned()];
    let spec = JobSpec { payload: (*b"[9]").into(), ..(*unique.spec).clone() };
    let other = NewJob { id: id(23), start_at: Some(at(500)), spec: spec.into() };
    let batches = vec![new(1, None), new(2, Some(batch(1))), new(3, None)];
    block_on(store.submit(batches, vec![member, unique, child], at(6))).unwrap();
    block_on(store.enqueue(vec![other], at(7))).unwrap();
    block_on(store.expire(Retention::default().batches(Duration::from_secs(1)), at(8))).unwrap();

    let claimed = block_on(store.claim(offer(), vec![1; 9], at(8))).unwrap();
    let lease = claimed.iter().find(|claimed| claimed.lease.job == id(20)).unwrap().lease;
    let step =
        Step { name: "load".into(), result: (*b"7").into(), took: Duration::ZERO, at: at(8), attempt: 1 };
    block_on(store.record(vec![Record { lease, note: Note::Step(step) }], at(8))).unwrap();
    let ran = Duration::from_millis(5);
    let ended = Settlement { lease, ran, outcome: Outcome::SucceededWithout("too large".into()) };
    block_on(store.settle(vec![ended], at(9))).unwrap();
    block_on(store.fire(at(100_000))).unwrap();
    let offer = Offer { handles: [("report.build".into(), 1.into())].into(), ..Offer::clone(&offer()) };
    let claimed = block_on(store.claim(offer.into(), vec![1], at(100_001))).unwrap();
    let ended = Settlement { lease: claimed[0].lease, ran, outcome: Outcome::Succeeded(None) };
    block_on(store.settle(vec![ended], at(100_001))).unwrap();
    block_on(store.recurring("nightly".into(), RecurringCommand::Pause, at(100_001))).unwrap();
    let gone = Definition::new("gone", "@daily".parse().unwrap(), JobSpec::new("report.build", *b"{}"));
    block_on(store.put_recurring(gone, at(100_001))).unwrap();
    block_on(store.recurring("gone".into(), RecurringCommand::Remove, at(100_001))).unwrap();
    block_on(store.expire(Retention::default(), at(100_001))).unwrap();
}

/// Rates that count, one that counts no more, and queues that are paused or go on.
fn fill_limits(store: &SledStore) {
    let limits = Limits { rate: Some(Rate::parse("9/1h").unwrap()), ..Limits::of("rated.send") };
    let handled = Handled { version: 1, limits: Some(limits.into()), shape: None, defaults: None };
    let offer = Offer { handles: [("rated.send".into(), handled)].into(), ..Offer::clone(&offer()) };
    let spec = JobSpec { queue: "rated".into(), ..JobSpec::new("rated.send", *b"{}") };
    let jobs = (30..33).map(|number| NewJob { id: id(number), spec: spec.clone().into(), start_at: None });
    block_on(store.enqueue(jobs.collect(), at(100_002))).unwrap();
    for second in [0, 10_000] {
        block_on(store.due(at(100_003 + second))).unwrap();
        for more in [3, 4] {
            block_on(store.claim(Arc::new(offer.clone()), vec![1], at(100_000 + more + second))).unwrap();
        }
    }
    for (queue, pause) in [("mails", true), ("reports", true), ("mails", false)] {
        block_on(store.pause(queue.into(), pause, at(110_100))).unwrap();
    }
}

/// Documents, one of them removed, and minutes of which the first ones are too old.
fn fill_kept(store: &SledStore) {
    let document = |key: &str| Document { key: key.into(), text: "kept".into() };
    block_on(store.keep(vec![document("a"), document("b")], Vec::new(), at(110_200))).unwrap();
    block_on(store.keep(Vec::new(), vec!["b".into()], at(110_200))).unwrap();
    let week = 8 * 24 * 3_600;
    block_on(store.enqueue(vec![job(40, 1)], at(110_200 + week))).unwrap();
    block_on(store.pause("reports".into(), false, at(110_300 + week))).unwrap();
}
