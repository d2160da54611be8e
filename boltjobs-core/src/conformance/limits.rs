//! What is held back, for how long, and what goes on meanwhile.

use std::sync::Arc;

use super::Fixture;
use super::lab::{LEASE, Lab, at, done, id, job_with, just_before, offer, retry, secs, strict, woken};
use crate::JobId;
use crate::JobState::{Enqueued, Processing};
use crate::job::NewJob;
use crate::rate::Rate;
use crate::store::{Handled, Held, Limits, Offer, Reason};
use crate::watch::Interest;

/// Returns job `n` of a key.
fn keyed(n: u64, key: &str) -> NewJob {
    job_with(n, |spec| spec.concurrency_key = Some(key.into()))
}

/// Returns an offer that holds jobs to limits.
pub(super) fn limited(limits: Limits) -> Offer {
    let version = 1;
    let handled = Handled { version, limits: Some(Arc::new(limits)), shape: None, defaults: None };
    Offer { handles: [("mail.send".into(), handled)].into(), ..offer() }
}

fn per_key(at_most: u32) -> Limits {
    Limits { per_key: Some(at_most), ..Limits::of("mail.send") }
}

fn rate(text: &str) -> Rate {
    Rate::parse(text).expect("a rate")
}

/// U2: a key that is full holds up its own jobs and no others, and has room again in the write that ends one.
pub fn jobs_of_one_key_are_held_to_its_limit(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let jobs = [(1, "a"), (2, "a"), (3, "b"), (4, "a"), (5, "b"), (6, "a")];
    lab.enqueue(jobs.map(|(n, key)| keyed(n, key)).into(), at(0));
    lab.enqueue(vec![super::lab::job(7)], at(0));
    let offer = limited(per_key(2));
    let claims = lab.claim(&offer, 9, at(1));
    let ids: Vec<_> = claims.iter().map(|claimed| claimed.lease.job).collect();
    assert_eq!(ids, [1, 2, 3, 5, 7].map(id));
    assert!(lab.unchanged(|| lab.claim(&offer, 9, at(2))).is_empty());
    assert_eq!((lab.state(id(4)), lab.job(id(4)).attempt), (Enqueued, 0));

    let watch = lab.store.watch(Interest::Ready);
    lab.settle(claims[0].lease, done(), at(3));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim_ids(&offer, 9, at(4)), [id(4)]);
    // A job that fails gives its place to the next of its key.
    lab.settle(claims[1].lease, retry(secs(60)), at(5));
    assert_eq!(lab.claim_ids(&offer, 9, at(6)), [id(6)]);
}

/// U2: the server of a job is gone, and its place in the limit with it.
pub fn a_lease_that_is_over_frees_its_place(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![keyed(1, "a"), keyed(2, "a")], at(0));
    let offer = limited(per_key(1));
    assert_eq!(lab.claim_ids(&offer, 9, at(1)), [id(1)]);
    lab.reap(at(1).plus(LEASE));
    let again = lab.claim(&offer, 9, at(100));
    assert_eq!(again.iter().map(|claimed| claimed.lease.job).collect::<Vec<_>>(), [id(1)]);
    lab.settle(again[0].lease, done(), at(101));
    assert_eq!(lab.claim_ids(&offer, 9, at(102)), [id(2)]);
}

/// U2: whatever request they are of; each handler has its own limit.
pub fn a_key_is_counted_over_every_request_that_shares_it(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let print = |n| {
        job_with(n, |spec| (spec.request, spec.concurrency_key) = ("mail.print".into(), Some("a".into())))
    };
    lab.enqueue(vec![keyed(1, "a"), keyed(2, "a"), print(3), print(4)], at(0));
    let handled =
        |limits| Handled { version: 1, limits: Some(Arc::new(limits)), shape: None, defaults: None };
    let two = Limits { per_key: Some(2), ..Limits::of("mail.print") };
    let both = [("mail.send".into(), handled(per_key(1))), ("mail.print".into(), handled(two))].into();
    let offer = Offer { handles: both, ..offer() };
    assert_eq!(lab.claim_ids(&offer, 9, at(1)), [id(1), id(3)]);
}

/// U2 and law 7: by priority, then in the order in which they came.
pub fn jobs_of_one_key_keep_their_order(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=4).map(|n| keyed(n, "a")).collect(), at(0));
    let urgent = |spec: &mut crate::job::JobSpec| {
        (spec.concurrency_key, spec.priority) = (Some("a".into()), 10);
    };
    let offer = limited(per_key(1));
    let mut order = Vec::new();
    for now in 1..=6 {
        let claims = lab.claim(&offer, 9, at(now));
        order.extend(claims.iter().map(|claimed| claimed.lease.job));
        assert_eq!(claims.len(), 1, "at {now}");
        assert!(lab.claim(&offer, 9, at(now)).is_empty());
        match now {
            // One that comes while the key is full goes before those that wait.
            2 => drop(lab.enqueue(vec![job_with(5, urgent)], at(now))),
            4 => drop(lab.enqueue(vec![keyed(6, "a")], at(now))),
            _ => {}
        }
        lab.settle(claims[0].lease, done(), at(now));
    }
    assert_eq!(order, [1, 2, 5, 3, 4, 6].map(id));
}

/// U2 and law 6.
pub fn a_newer_version_holds_up_no_other_of_its_key(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let newer = |spec: &mut crate::job::JobSpec| {
        (spec.concurrency_key, spec.version) = (Some("a".into()), 2);
    };
    lab.enqueue(vec![job_with(1, newer), keyed(2, "a")], at(0));
    assert_eq!(lab.claim_ids(&limited(per_key(1)), 9, at(1)), [id(2)]);
}

/// U2: servers that state other limits are given what theirs allow.
pub fn other_limits_look_at_blocked_keys_anew(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=4).map(|n| keyed(n, "a")).collect(), at(0));
    assert_eq!(lab.claim_ids(&limited(per_key(1)), 9, at(1)), [id(1)]);
    assert!(lab.claim(&limited(per_key(1)), 9, at(1)).is_empty());
    assert_eq!(lab.claim_ids(&limited(per_key(2)), 9, at(2)), [id(2)]);
    assert!(lab.claim(&limited(per_key(1)), 9, at(2)).is_empty());
    assert_eq!(lab.claim_ids(&offer(), 1, at(3)), [id(3)]);
}

/// Q1: over every server.
pub fn a_queue_with_a_limit_is_given_no_more_than_that(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let in_mails = |n| job_with(n, |spec| spec.queue = "mails".into());
    lab.enqueue(vec![in_mails(1), in_mails(2), in_mails(3), super::lab::job(4)], at(0));
    let offer = Offer { queue_limits: [("mails".into(), 2)].into(), ..strict(&["mails", "default"]) };
    let other = Offer { server: "server-2".into(), ..offer.clone() };
    let first = lab.claim(&offer, 1, at(1));
    assert_eq!(lab.claim_ids(&other, 9, at(1)), [id(2), id(4)]);
    assert!(lab.claim(&offer, 9, at(2)).is_empty());
    let watch = lab.store.watch(Interest::Ready);
    lab.settle(first[0].lease, done(), at(3));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim_ids(&other, 9, at(3)), [id(3)]);
}

/// U2 and T1: to the microsecond, woken by time alone.
pub fn a_rate_lets_no_more_start_and_wakes_when_there_is_room(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=5).map(super::lab::job).collect(), at(0));
    let offer = limited(Limits { rate: Some(rate("2/10s")), ..Limits::of("mail.send") });
    assert_eq!(lab.claim_ids(&offer, 1, at(1)), [id(1)]);
    let (ready, due) = (lab.store.watch(Interest::Ready), lab.store.watch(Interest::Due));
    assert_eq!(lab.claim_ids(&offer, 9, at(4)), [id(2)]);
    assert!(woken(due).0.due);
    assert_eq!(lab.due(at(4)), Some(at(11)));
    assert!(lab.claim(&offer, 9, just_before(at(11))).is_empty());

    assert!(lab.due(at(11)).is_some_and(|next| next > at(11)));
    assert!(woken(ready).0.ready);
    assert_eq!(lab.claim_ids(&offer, 9, at(11)), [id(3)]);
    // Whether it was noticed or not.
    assert_eq!(lab.claim_ids(&offer, 9, at(40)), [id(4), id(5)]);
    // What counts no more is let go.
    assert_eq!(lab.due(at(41)), Some(at(50)));
    assert_eq!(lab.due(at(50)), None);
}

/// U2: a retry is a start like any other.
pub fn a_rate_of_a_key_holds_up_that_key_alone(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let jobs = [(1, "a"), (2, "a"), (3, "b"), (4, "b")].map(|(n, key)| keyed(n, key));
    lab.enqueue(jobs.into(), at(0));
    let offer = limited(Limits { rate_per_key: Some(rate("1/10s")), ..Limits::of("mail.send") });
    let claims = lab.claim(&offer, 9, at(0));
    assert_eq!(claims.iter().map(|claimed| claimed.lease.job).collect::<Vec<_>>(), [id(1), id(3)]);
    lab.settle(claims[0].lease, retry(secs(0)), at(1));
    assert_eq!(lab.due(at(1)), Some(at(10)));
    assert!(lab.claim(&offer, 9, just_before(at(10))).is_empty());
    let watch = lab.store.watch(Interest::Ready);
    lab.due(at(10));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim_ids(&offer, 9, at(10)), [id(2), id(4)]);
    assert_eq!(lab.claim_ids(&offer, 9, at(20)), [id(1)]);
}

/// U2: a step back holds nothing up for longer than the span of the rate.
pub fn a_clock_that_is_set_back_holds_up_no_rate(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=3).map(|n| keyed(n, "a")).collect(), at(5_000));
    let offer = limited(Limits { rate_per_key: Some(rate("1/10s")), ..Limits::of("mail.send") });
    assert_eq!(lab.claim_ids(&offer, 9, at(5_000)), [id(1)]);
    assert_eq!(lab.claim_ids(&offer, 9, at(1_000)), [id(2)]);
    assert!(lab.claim(&offer, 9, at(1_009)).is_empty());
    assert_eq!(lab.claim_ids(&offer, 9, at(1_010)), [id(3)]);
}

/// U2 and law 1: a restart forgets no start that was written.
pub fn a_rate_is_remembered_over_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue((1..=4).map(|n| keyed(n, "a")).collect(), at(0));
    let limits =
        Limits { rate: Some(rate("3/10s")), rate_per_key: Some(rate("2/5s")), ..Limits::of("mail.send") };
    let offer = limited(limits);
    for claimed in lab.claim(&offer, 9, at(1)) {
        lab.settle(claimed.lease, done(), at(1));
    }
    lab.reopen();
    assert!(lab.claim(&offer, 9, at(5)).is_empty());
    assert_eq!(lab.claim_ids(&offer, 9, at(6)), [id(3)]);
    assert!(lab.claim(&offer, 9, at(10)).is_empty());
    assert_eq!(lab.claim_ids(&offer, 9, at(11)), [id(4)]);
}

/// W2: what has not returned yet keeps its place in every limit, for whichever server asks.
pub fn what_a_server_still_holds_counts_until_it_lets_go(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![keyed(1, "a"), keyed(2, "b"), super::lab::job(3)], at(0));
    let held = |key: Option<&str>| Held {
        request: "mail.send".into(),
        queue: "default".into(),
        key: key.map(Into::into),
    };
    let offers: [&dyn Fn(Vec<Held>) -> Offer; 3] = [
        &|held| Offer { held, ..limited(per_key(1)) },
        &|held| Offer { held, ..limited(Limits { concurrency: Some(1), ..Limits::of("mail.send") }) },
        &|held| Offer { held, queue_limits: [("default".into(), 1)].into(), ..offer() },
    ];
    for (made, key, free) in
        [(offers[0], Some("a"), vec![2, 3]), (offers[1], None, vec![]), (offers[2], None, vec![])]
    {
        let full = made(vec![held(key)]);
        let claims = lab.claim(&full, 9, at(1));
        let ids: Vec<JobId> = claims.iter().map(|claimed| claimed.lease.job).collect();
        assert_eq!(ids, free.into_iter().map(id).collect::<Vec<_>>());
        let other = Offer { server: "server-2".into(), ..made(Vec::new()) };
        assert!(lab.claim(&other, 9, at(1)).is_empty());
        // It returns.
        let room = lab.claim(&made(Vec::new()), 1, at(2));
        assert_eq!(room[0].lease.job, id(1));
        for claimed in claims.iter().chain(&room) {
            lab.settle(claimed.lease, crate::store::Outcome::Released("again".into()), at(3));
        }
    }
}

/// Q2: what runs goes on, and so does enqueueing.
pub fn a_paused_queue_is_left_alone_until_it_is_resumed(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=2).map(super::lab::job).collect(), at(0));
    lab.enqueue(vec![super::lab::job_in("mails", 3)], at(0));
    let running = lab.claim(&strict(&["default"]), 1, at(1));
    assert!(lab.pause("default", true, at(2)));
    assert!(!lab.pause("default", true, at(3)));
    lab.add(4, at(3));
    assert_eq!(lab.claim_ids(&offer(), 9, at(3)), [id(3)]);
    assert_eq!(lab.state(id(1)), Processing);
    lab.settle(running[0].lease, done(), at(4));
    assert!(lab.claim(&strict(&["default"]), 9, at(4)).is_empty());

    let watch = lab.store.watch(Interest::Ready);
    assert!(lab.pause("default", false, at(5)));
    assert!(woken(watch).0.ready);
    assert!(!lab.pause("default", false, at(5)));
    assert_eq!(lab.claim_ids(&offer(), 9, at(6)), [id(2), id(4)]);
}

/// Q2 and law 1.
pub fn a_pause_survives_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.add(1, at(0));
    assert!(lab.pause("default", true, at(1)) && lab.pause("mails", true, at(1)));
    assert!(lab.pause("mails", false, at(2)));
    lab.reopen();
    assert!(lab.claim(&offer(), 9, at(3)).is_empty());
    assert!(!lab.pause("mails", false, at(3)));
    assert!(lab.pause("default", false, at(3)));
    lab.reopen();
    assert_eq!(lab.claim_ids(&offer(), 9, at(4)), [id(1)]);
}

/// U2: whatever a server says; and who waits for room is woken when there is more of it.
pub fn a_limit_that_was_set_takes_the_place_of_what_servers_say(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((0..6).map(super::lab::job).collect(), at(0));
    let says = Offer { queue_limits: [("default".into(), 4)].into(), ..offer() };
    assert!(lab.set_limit("default", Some(2), at(1)));
    assert!(!lab.set_limit("default", Some(2), at(2)), "it was that already");
    let first = lab.claim(&says, 9, at(3));
    assert_eq!(first.len(), 2);
    assert_eq!(lab.claim(&offer(), 9, at(3)).len(), 0, "nor for a server that says nothing");
    let known = lab.queues(at(3)).remove(0);
    assert_eq!((known.limit, known.set.map(|set| set.at)), (Some(2), Some(at(1))));
    assert!(
        matches!(lab.explain(id(5), at(3)).reason, Reason::NoServer),
        "it asks the servers that are there"
    );
    lab.announce(says.clone(), at(3), at(60));
    let full = Reason::QueueFull { running: 2, at_most: 2 };
    assert_eq!(lab.explain(id(5), at(3)).reason, full);

    let watch = lab.store.watch(Interest::Ready);
    assert!(lab.set_limit("default", Some(5), at(4)));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim(&says, 9, at(4)).len(), 3, "it allows more than the server says, too");
    assert!(lab.set_limit("default", None, at(5)));
    assert!(!lab.set_limit("default", None, at(5)));
    assert_eq!(lab.claim(&says, 9, at(5)).len(), 0, "five run, and the server says four");
    assert_eq!(lab.claim(&offer(), 9, at(5)).len(), 1);
}

/// Law 1. What is left of its jobs waits for the end of one, and is woken by it.
pub fn a_limit_that_was_set_survives_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue((0..3).map(super::lab::job).collect(), at(0));
    assert!(lab.set_limit("default", Some(1), at(1)));
    lab.reopen();
    let first = lab.claim(&offer(), 9, at(2));
    assert_eq!(first.len(), 1);
    let watch = lab.store.watch(Interest::Ready);
    lab.settle(first[0].lease, done(), at(3));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim(&offer(), 9, at(3)).len(), 1);
    assert!(lab.set_limit("default", None, at(4)));
    lab.reopen();
    assert_eq!(lab.queues(at(5)).remove(0).set, None);
}
