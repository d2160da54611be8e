//! What somebody has set of a handler, in place of what its code says.

use std::sync::Arc;

use super::Fixture;
use super::lab::{Lab, at, done, id, job, job_with, just_before, offer, woken};
use super::limits::limited;
use crate::handler_limit::LimitKind::{Concurrency, ConcurrencyPerKey, RateLimit, RateLimitPerKey};
use crate::job::NewJob;
use crate::rate::Rate;
use crate::store::{Defaults, Handled, Limits, Offer, Reason};
use crate::watch::Interest;

fn keyed(n: u64, key: &str) -> NewJob {
    job_with(n, |spec| spec.concurrency_key = Some(key.into()))
}

/// U2: be it less or more, also where the code says nothing; and who waits for room is woken when there is more of it.
pub fn what_was_set_of_a_handler_takes_the_place_of_what_its_code_says(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((0..8).map(job).collect(), at(0));
    let says = limited(Limits { concurrency: Some(4), ..Limits::of("mail.send") });
    assert!(lab.set_handler_limit(Concurrency, Some("2"), at(1)));
    assert!(!lab.set_handler_limit(Concurrency, Some("2"), at(2)), "it was that already");
    let first = lab.claim(&says, 9, at(3));
    assert_eq!(first.len(), 2);
    assert!(lab.claim(&offer(), 9, at(3)).is_empty(), "nor for a server that says nothing");
    lab.announce(says.clone(), at(3), at(60));
    assert_eq!(lab.explain(id(5), at(3)).reason, Reason::HandlerFull { running: 2, at_most: 2 });

    let watch = lab.store.watch(Interest::Ready);
    assert!(lab.set_handler_limit(Concurrency, Some("5"), at(4)));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim(&says, 9, at(4)).len(), 3, "it allows more than the code says, too");
    assert!(lab.set_handler_limit(Concurrency, None, at(5)));
    assert!(!lab.set_handler_limit(Concurrency, None, at(5)));
    assert!(lab.claim(&says, 9, at(5)).is_empty(), "five run, and the code says four");
    assert_eq!(lab.claim(&offer(), 1, at(5)).len(), 1);

    // The other limits stay as the code says.
    let says =
        limited(Limits { concurrency: Some(6), rate: Rate::parse("7/1h").ok(), ..Limits::of("mail.send") });
    assert!(lab.set_handler_limit(RateLimit, Some("1000/1s"), at(6)));
    assert!(lab.claim(&says, 9, at(6)).is_empty(), "six run, and the code says six");
}

/// U2 and T1: what has started before is not counted by a rate that nobody had; from then on it holds to the microsecond.
pub fn a_rate_that_was_set_holds_jobs_back_until_it_is_removed(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=6).map(job).collect(), at(0));
    assert_eq!(lab.claim_ids(&offer(), 1, at(0)), [id(1)]);
    assert!(lab.set_handler_limit(RateLimit, Some("2/10s"), at(1)));
    assert_eq!(lab.claim_ids(&offer(), 9, at(1)), [id(2), id(3)]);
    assert_eq!(lab.due(at(1)), Some(at(11)));
    assert!(lab.claim(&offer(), 9, just_before(at(11))).is_empty());
    assert_eq!(lab.claim_ids(&offer(), 9, at(11)), [id(4), id(5)]);
    // A rate that the code has is another one meanwhile, and goes on with what was counted.
    let says = limited(Limits { rate: Rate::parse("3/10s").ok(), ..Limits::of("mail.send") });
    assert!(lab.claim(&says, 9, at(12)).is_empty());
    let watch = lab.store.watch(Interest::Ready);
    assert!(lab.set_handler_limit(RateLimit, None, at(12)));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim_ids(&says, 9, at(12)), [id(6)]);
}

/// U2: a key that was found full has room by another limit, and one that had room has none.
pub fn keys_are_looked_at_anew_when_a_limit_of_them_was_set(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=5).map(|n| keyed(n, "a")).collect(), at(0));
    let says = limited(Limits { per_key: Some(1), ..Limits::of("mail.send") });
    assert_eq!(lab.claim_ids(&says, 9, at(1)), [id(1)]);
    assert!(lab.claim(&says, 9, at(1)).is_empty());
    assert!(lab.set_handler_limit(ConcurrencyPerKey, Some("3"), at(2)));
    assert!(lab.set_handler_limit(RateLimitPerKey, Some("1/10s"), at(2)));
    assert_eq!(lab.claim_ids(&says, 9, at(2)), [id(2)], "its rate is used up then");
    assert!(lab.set_handler_limit(RateLimitPerKey, None, at(3)));
    assert_eq!(lab.claim_ids(&says, 9, at(3)), [id(3)], "three of it run then");
    assert!(lab.set_handler_limit(ConcurrencyPerKey, None, at(4)));
    assert!(lab.claim(&says, 9, at(4)).is_empty());
}

/// U2: a handler is named by its request's own name, whether its code says any limit or none.
pub fn what_was_set_of_a_handler_counts_its_older_names_too(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let older = |n| job_with(n, |spec| spec.request = "send_mail".into());
    lab.enqueue(vec![job(1), older(2), job(3), older(4)], at(0));
    assert!(lab.set_handler_limit(Concurrency, Some("2"), at(0)));
    let aliases = vec!["send_mail".into()];
    let limits = Limits { aliases, per_key: Some(9), ..Limits::of("mail.send") };
    let named = Defaults { request: "mail.send".into(), ..Defaults::default() };
    let says = Handled { limits: Some(Arc::new(limits)), ..1.into() };
    let silent = Handled { defaults: Some(Arc::new(named)), ..1.into() };
    for handled in [says, silent] {
        let both = ["mail.send", "send_mail"].map(|name| (name.into(), handled.clone()));
        let offer = Offer { handles: both.into(), ..offer() };
        let claims = lab.claim(&offer, 9, at(1));
        assert_eq!(claims.iter().map(|it| it.lease.job).collect::<Vec<_>>(), [id(1), id(2)]);
        for claimed in claims {
            lab.settle(claimed.lease, crate::store::Outcome::Released("again".into()), at(2));
        }
    }
}

/// Law 1. What is left of its jobs waits for the end of one, and is woken by it.
pub fn what_was_set_of_a_handler_survives_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue((0..4).map(job).collect(), at(0));
    assert!(lab.set_handler_limit(Concurrency, Some("1"), at(1)));
    lab.reopen();
    let first = lab.claim(&offer(), 9, at(2));
    assert_eq!(first.len(), 1);
    let watch = lab.store.watch(Interest::Ready);
    lab.settle(first[0].lease, done(), at(3));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim(&offer(), 9, at(3)).len(), 1);
    assert!(lab.set_handler_limit(Concurrency, None, at(4)));
    lab.reopen();
    assert_eq!(lab.claim(&offer(), 9, at(5)).len(), 2, "as many as are left");
}
