//! Epochs and leases: who may still write for a running job.

use super::Fixture;
use super::lab::{LEASE, Lab, at, done, failed, id, job, offer, retry, secs};
use crate::JobState::{Enqueued, Processing, Succeeded};
use crate::job::{Epoch, Lease};
use crate::store::{Action, Outcome, Retention, Settled};

/// Law 5: through retries, releases, crashes and requeues.
pub fn each_claim_raises_the_epoch(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let mut latest = Epoch::default();
    for round in 0..20 {
        let now = at(1_000 * (round + 1));
        let lease = lab.take(now).lease;
        assert!(lease.epoch > latest, "{:?} after {latest:?}", lease.epoch);
        assert_eq!(lab.job(id(1)).epoch, lease.epoch);
        latest = lease.epoch;
        match round % 4 {
            0 => drop(lab.settle(lease, retry(secs(0)), now)),
            1 => drop(lab.settle(lease, Outcome::Released("shutdown".into()), now)),
            2 => drop(lab.reap(now.plus(LEASE * 2))),
            _ => {
                lab.settle(lease, done(), now);
                assert!(lab.ask(id(1), Action::Requeue, now));
            }
        }
    }
}

/// Law 5.
pub fn the_epoch_rises_over_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.add(1, at(0));
    let mut latest = Epoch::default();
    for round in 1..6 {
        let now = at(1_000 * round);
        lab.reap(now);
        let lease = lab.take(now).lease;
        assert!(lease.epoch > latest, "{:?} after {latest:?}", lease.epoch);
        latest = lease.epoch;
        if round % 2 == 0 {
            lab.settle(lease, Outcome::Released("shutdown".into()), now);
        }
        lab.reopen();
    }
}

/// Law 5: whatever it says, the job and the counters stay as the newer claim left them.
pub fn a_stale_lease_cannot_settle(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let stale = lab.take(at(1)).lease;
    lab.reap(at(1).plus(LEASE * 2));
    let try_all = || {
        for outcome in [
            done(),
            failed(),
            retry(secs(5)),
            Outcome::Cancelled { error: None },
            Outcome::Snoozed(secs(5)),
            Outcome::Released("shutdown".into()),
        ] {
            let settled = lab.unchanged(|| lab.settle(stale, outcome, at(300)));
            assert_eq!(settled, Settled::LeaseLost);
        }
    };
    // It is not running, it is claimed by another, it has ended.
    assert_eq!(lab.state(id(1)), Enqueued);
    try_all();
    let fresh = lab.take(at(200)).lease;
    try_all();
    assert_eq!(lab.settle(fresh, done(), at(300)), Settled::Now(Succeeded));
    try_all();
}

/// Law 5: the newer claim is kept alive by its own heartbeat alone.
pub fn a_stale_lease_cannot_heartbeat(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let stale = lab.take(at(1)).lease;
    lab.reap(at(1).plus(LEASE * 2));
    let fresh = lab.take(at(200)).lease;
    let beat = lab.heartbeat(vec![stale, fresh], at(210));
    assert_eq!((beat.lost, beat.cancelled), (vec![stale], vec![]));
    let beat = lab.heartbeat(vec![stale], at(9_000));
    assert_eq!(beat.lost, [stale]);
    lab.reap(at(211));
    assert_eq!(lab.state(id(1)), Enqueued);
}

/// Law 5: the answer to the first one may have been lost on its way; that is the only harm.
pub fn a_lease_settles_once(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let lease = lab.take(at(1)).lease;
    assert_eq!(lab.settle(lease, retry(secs(0)), at(2)), Settled::Now(Enqueued));
    assert_eq!(lab.unchanged(|| lab.settle(lease, done(), at(3))), Settled::LeaseLost);
}

/// Law 5.
pub fn a_lease_of_an_unknown_job_is_lost(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let epoch = lab.take(at(1)).lease.epoch;
    let unknown = Lease { job: id(2), epoch };
    assert_eq!(lab.settle(unknown, done(), at(2)), Settled::LeaseLost);
    let beat = lab.heartbeat(vec![unknown], at(50));
    assert_eq!(beat.lost, [unknown]);
}

/// Law 5: a worker of the process before can't settle what runs now.
pub fn a_lease_of_an_earlier_life_of_the_store_is_lost(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.add(1, at(0));
    let stale = lab.take(at(1)).lease;
    lab.reopen();
    lab.reap(at(1).plus(LEASE * 2));
    let fresh = lab.claim(&offer(), 1, at(200))[0].lease;
    assert!(fresh.epoch > stale.epoch);
    assert_eq!(lab.unchanged(|| lab.settle(stale, done(), at(201))), Settled::LeaseLost);
    assert_eq!(lab.state(id(1)), Processing);
}

/// Law 5: an id that comes again is a new job, which a worker of the old one must not touch.
pub fn a_lease_of_a_job_that_was_removed_is_lost_when_its_id_comes_again(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let stale = lab.take(at(1)).lease;
    lab.reap(at(100));
    lab.settle(lab.take(at(100)).lease, done(), at(100));
    let retention = Retention::default().succeeded(secs(0)).failed(secs(0)).deleted(secs(0));
    lab.expire(retention, at(100));
    for round in 101..105 {
        assert!(!lab.enqueue(vec![job(1)], at(round))[0].duplicate);
        let fresh = lab.take(at(round)).lease;
        assert!(fresh.epoch > stale.epoch, "{:?} after {:?}", fresh.epoch, stale.epoch);
        assert_eq!(lab.unchanged(|| lab.settle(stale, done(), at(round))), Settled::LeaseLost);
        lab.settle(fresh, done(), at(round));
        lab.expire(retention, at(round));
    }
}
