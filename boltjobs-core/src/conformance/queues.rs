//! The order in which ready jobs are handed out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Fixture;
use super::lab::{Lab, at, id, job, job_in, job_with, offer, strict, weighted};
use crate::job::NewJob;
use crate::store::Offer;

/// Law 7: by the order in which they were enqueued, not by their ids or times.
pub fn jobs_of_one_queue_come_first_in_first_out(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([3, 1].map(job).into(), at(5));
    lab.enqueue([2, 4].map(job).into(), at(4));
    assert_eq!(lab.claim_ids(&offer(), 1, at(6)), [id(3)]);
    assert_eq!(lab.claim_ids(&strict(&["default"]), 2, at(6)), [id(1), id(2)]);
    assert_eq!(lab.claim_ids(&weighted(&[("default", 3)]), 2, at(6)), [id(4)]);
}

/// Law 7.
pub fn requests_of_one_queue_share_one_line(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let request = |n: u64| ["a", "b", "c"][usize::try_from(n * 7 % 3).unwrap_or(0)];
    lab.enqueue((0..30).map(|n| job_with(n, |spec| spec.request = request(n).into())).collect(), at(0));
    let handles = ["a", "b", "c"].map(|name| (name.into(), 1.into())).into();
    let claims = lab.claim_ids(&Offer { handles, ..offer() }, 99, at(1));
    assert_eq!(claims, (0..30).map(id).collect::<Vec<_>>());
}

/// Law 7.
pub fn a_higher_priority_goes_first(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let jobs = [(1, 0), (2, 10), (3, -100), (4, 100), (5, 10), (6, 0)];
    let jobs = jobs.map(|(n, priority)| job_with(n, |spec| spec.priority = priority));
    lab.enqueue(jobs.into(), at(0));
    assert_eq!(lab.claim_ids(&offer(), 9, at(1)), [4, 2, 5, 1, 6, 3].map(id));
}

/// Law 7.
pub fn a_queue_that_is_not_offered_is_left_alone(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![job_in("mails", 1)], at(0));
    for offer in [strict(&["reports", "default"]), weighted(&[("reports", 1), ("default", 9)]), strict(&[])] {
        assert!(lab.unchanged(|| lab.claim(&offer, 9, at(1))).is_empty());
    }
    assert_eq!(lab.claim_ids(&strict(&["mails"]), 9, at(1)), [id(1)]);
}

/// Law 7: priority counts within a queue only.
pub fn strict_queues_are_worked_in_their_order(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![job_in("low", 1), job_in("high", 2), job_in("low", 3), job_in("high", 4)], at(0));
    lab.enqueue(
        vec![job_with(5, |spec| (spec.queue, spec.priority) = ("low".into(), 100)), job_in("other", 6)],
        at(0),
    );
    let offer = strict(&["high", "low"]);
    assert_eq!(lab.claim_ids(&offer, 3, at(1)), [2, 4, 5].map(id));
    lab.enqueue(vec![job_in("high", 7)], at(1));
    assert_eq!(lab.claim_ids(&offer, 9, at(2)), [7, 1, 3].map(id));
}

fn backlog(queues: &[&str], each: u64) -> Vec<NewJob> {
    let queues = queues.iter().enumerate();
    queues.flat_map(|(i, queue)| (0..each).map(move |n| job_in(queue, 1_000 * i as u64 + n))).collect()
}

/// Claims one slot at a time, and returns the queues in the order in which they were chosen.
fn turns(lab: &Lab<'_>, offer: &Offer, number: usize) -> Vec<Arc<str>> {
    (0..number)
        .flat_map(|_| lab.claim(offer, 1, at(1)))
        .map(|claimed| Arc::clone(&claimed.spec.queue))
        .collect()
}

fn tally(turns: &[Arc<str>]) -> BTreeMap<&str, usize> {
    turns.iter().fold(BTreeMap::new(), |mut tally, queue| {
        *tally.entry(&**queue).or_default() += 1;
        tally
    })
}

/// Law 7: in every round, not only in the long run; and what is left goes on when one has run dry.
pub fn weighted_queues_are_worked_in_proportion(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(backlog(&["a", "b", "c"], 60), at(0));
    let offer = weighted(&[("a", 6), ("b", 3), ("c", 1)]);
    for round in turns(&lab, &offer, 100).chunks(10) {
        assert_eq!(tally(round), [("a", 6), ("b", 3), ("c", 1)].into());
    }
    assert_eq!(lab.claim(&offer, 999, at(1)).len(), 80);
}

/// Law 7.
pub fn all_queues_are_worked_in_turn(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(backlog(&["a", "b", "c", "d"], 20), at(0));
    for round in turns(&lab, &offer(), 80).chunks(4) {
        assert_eq!(tally(round), ["a", "b", "c", "d"].map(|queue| (queue, 1)).into());
    }
}

/// Laws 6 and 7: a queue full of what this server cannot run costs the others nothing.
pub fn a_queue_that_others_cannot_work_takes_no_turn(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(backlog(&["a", "b"], 20), at(0));
    let foreign =
        (0..20).map(|n| job_with(5_000 + n, |spec| (spec.queue, spec.request) = ("c".into(), "x".into())));
    lab.enqueue(foreign.collect(), at(0));
    for round in turns(&lab, &weighted(&[("a", 1), ("b", 1), ("c", 50)]), 20).chunks(2) {
        assert_eq!(tally(round), [("a", 1), ("b", 1)].into());
    }
}

/// Q3: while queues run dry and fill up again, no queue with a ready job is passed over for a whole round.
pub fn no_queue_waits_longer_than_a_round(fixture: &dyn Fixture) {
    const WEIGHTS: [(&str, u32); 4] = [("a", 7), ("b", 3), ("c", 2), ("d", 1)];
    take_turns(fixture, &WEIGHTS, &["server-1"]);
}

/// Q3: the turns are the store's, not those of a server.
pub fn no_queue_waits_longer_than_a_round_over_several_servers(fixture: &dyn Fixture) {
    const WEIGHTS: [(&str, u32); 4] = [("a", 5), ("b", 1), ("c", 1), ("d", 2)];
    take_turns(fixture, &WEIGHTS, &["server-1", "server-2", "server-3"]);
}

fn take_turns(fixture: &dyn Fixture, weights: &[(&str, u32); 4], servers: &[&str]) {
    let round: usize = weights.iter().map(|(_, weight)| *weight as usize).sum();
    let (lab, mut rng) = (Lab::new(fixture), fastrand::Rng::with_seed(7));
    let (mut ready, mut waits, mut number) = ([0_usize; 4], [0_usize; 4], 0);
    for now in 0..1_500 {
        // More comes than is taken at times, less at others.
        for _ in 0..rng.u8(0..3) {
            let queue = rng.usize(0..4);
            if ready[queue] < 3 {
                number += 1;
                ready[queue] += 1;
                lab.enqueue(vec![job_in(weights[queue].0, number)], at(now));
            }
        }
        let server = servers[rng.usize(0..servers.len())].into();
        let offer = Offer { server, ..weighted(weights) };
        let Some(claimed) = lab.claim(&offer, 1, at(now)).pop() else {
            assert_eq!(ready, [0; 4]);
            continue;
        };
        for (queue, (name, _)) in weights.iter().enumerate() {
            let chosen = **name == *claimed.spec.queue;
            waits[queue] = if chosen || ready[queue] == 0 { 0 } else { waits[queue] + 1 };
            ready[queue] -= usize::from(chosen);
            assert!(waits[queue] < round, "`{name}` was passed over {} times", waits[queue]);
        }
    }
}

/// Laws 1 and 7.
pub fn the_order_of_jobs_survives_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue([3, 1, 2].map(job).into(), at(0));
    lab.enqueue(vec![job_with(9, |spec| spec.priority = 1)], at(0));
    lab.reopen();
    lab.enqueue(vec![job(0)], at(1));
    assert_eq!(lab.claim_ids(&offer(), 9, at(2)), [9, 3, 1, 2, 0].map(id));
}
