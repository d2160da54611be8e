//! Handing out: each job to one server, and only what it can run.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use super::Fixture;
use super::lab::{Lab, at, done, id, job, job_with, offer, secs, woken};
use crate::JobId;
use crate::JobState::{Enqueued, Processing};
use crate::job::RowData;
use crate::store::{Action, Handled, Limits, Offer};
use crate::watch::Interest;

/// Law 4.
pub fn a_job_is_handed_out_once(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    assert_eq!(lab.claim_ids(&offer(), 9, at(1)), [id(1)]);
    let other = Offer { server: "server-2".into(), ..offer() };
    assert!(lab.unchanged(|| lab.claim(&other, 9, at(2))).is_empty());
}

/// Laws 5 and 10; S1.
pub fn a_claim_tells_and_records_what_runs(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let claimed = lab.take(at(3));
    assert_eq!((claimed.attempt, claimed.created_at, claimed.lease.job), (1, at(0), id(1)));
    assert_eq!((claimed.spec, claimed.waited), (job(1).spec, secs(3)));
    let found = lab.job(id(1));
    assert_eq!((found.state, found.since, found.attempt), (Processing, at(3), 1));
    assert_eq!(found.lease(), claimed.lease);
    let row = lab.last_row(id(1));
    let RowData::Processing { server, worker, attempt, epoch } = row.data else { panic!("{row:?}") };
    assert_eq!((&*server, worker, attempt, epoch), ("server-1", 1, 1, claimed.lease.epoch));
}

/// The rest keeps its place.
pub fn a_claim_takes_no_more_than_its_slots(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=5).map(job).collect(), at(0));
    assert!(lab.unchanged(|| lab.claim(&offer(), 0, at(1))).is_empty());
    assert_eq!(lab.claim_ids(&offer(), 2, at(1)), [id(1), id(2)]);
    assert_eq!(lab.claim_ids(&offer(), 9, at(1)), [id(3), id(4), id(5)]);
}

/// Law 6: it uses up no attempt, and runs as soon as somebody handles it.
pub fn a_request_that_nobody_handles_stays_where_it_is(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![job_with(1, |spec| spec.request = "mail.print".into())], at(0));
    for second in 1..20 {
        assert!(lab.unchanged(|| lab.claim(&offer(), 9, at(second))).is_empty());
    }
    assert_eq!((lab.state(id(1)), lab.job(id(1)).attempt), (Enqueued, 0));
    let able = Offer { handles: [("mail.print".into(), 1.into())].into(), ..offer() };
    assert_eq!(lab.claim(&able, 1, at(20))[0].attempt, 1);
}

/// Law 6: a server that was not upgraded yet leaves what it cannot read; an upgraded one reads what is older.
pub fn a_version_newer_than_the_handler_stays_where_it_is(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let versions = |n: u64| job_with(n, |spec| spec.version = u32::try_from(n).unwrap_or(0));
    lab.enqueue((1..=3).map(versions).collect(), at(0));
    let up_to = |version: u32| Offer { handles: [("mail.send".into(), version.into())].into(), ..offer() };
    assert_eq!(lab.claim_ids(&up_to(1), 9, at(1)), [id(1)]);
    assert!(lab.unchanged(|| lab.claim(&up_to(1), 9, at(2))).is_empty());
    assert_eq!(lab.claim_ids(&up_to(3), 9, at(3)), [id(2), id(3)]);
}

/// Law 6: it keeps its place all the same.
pub fn a_job_that_cannot_run_holds_up_none_behind_it(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(
        vec![job_with(1, |spec| (spec.request, spec.priority) = ("mail.print".into(), 50)), job(2), job(3)],
        at(0),
    );
    assert_eq!(lab.claim_ids(&offer(), 1, at(1)), [id(2)]);
    let able = Offer {
        handles: [("mail.print".into(), 1.into()), ("mail.send".into(), 1.into())].into(),
        ..offer()
    };
    assert_eq!(lab.claim_ids(&able, 2, at(1)), [id(1), id(3)]);
}

/// Law 4, among threads.
pub fn racing_claims_never_share_a_job(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((0..200).map(job).collect(), at(0));
    let claims = thread::scope(|scope| {
        let server = |n: u8| {
            let (store, offer) = (&lab.store, Offer { server: format!("server-{n}").into(), ..offer() });
            let offer = Arc::new(offer);
            scope.spawn(move || {
                let mut mine: Vec<JobId> = Vec::new();
                loop {
                    let claims = pollster::block_on(store.claim(Arc::clone(&offer), vec![1, 2, 3], at(1)));
                    let claims = claims.expect("the store hands out jobs");
                    if claims.is_empty() {
                        return mine;
                    }
                    mine.extend(claims.iter().map(|claimed| claimed.lease.job));
                }
            })
        };
        let servers: Vec<_> = (0..4).map(server).collect();
        let joined = servers.into_iter().map(|server| server.join().expect("the server ends"));
        joined.flatten().collect::<Vec<_>>()
    });
    assert_eq!(claims.len(), 200);
    assert_eq!(claims.into_iter().collect::<HashSet<_>>(), (0..200).map(id).collect());
}

/// Law 9, seen from the claim.
pub fn a_deleted_or_rescheduled_job_is_not_handed_out(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=3).map(job).collect(), at(0));
    assert!(lab.ask(id(1), Action::Delete, at(1)));
    assert!(lab.ask(id(2), Action::Reschedule(at(1).plus(secs(60))), at(1)));
    assert_eq!(lab.claim_ids(&offer(), 9, at(2)), [id(3)]);
}

/// W1: what is over the limit keeps its place, what is behind it goes on, and the end of one makes room for the next.
/// A name and its older ones are counted together.
pub fn a_handler_with_a_limit_is_given_no_more_than_that(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let older = |n| job_with(n, |spec| spec.request = "mail.old".into());
    let other = |n| job_with(n, |spec| spec.request = "mail.print".into());
    lab.enqueue(vec![job(1), older(2), job(3), other(4)], at(0));
    let aliases = vec!["mail.old".into()];
    let limits = Arc::new(Limits { concurrency: Some(2), aliases, ..Limits::of("mail.send") });
    let limited = || Handled { version: 1, limits: Some(Arc::clone(&limits)), shape: None, defaults: None };
    let handles =
        [("mail.send".into(), limited()), ("mail.old".into(), limited()), ("mail.print".into(), 1.into())]
            .into();
    let offer = Offer { handles, ..offer() };
    let claims = lab.claim(&offer, 9, at(1));
    let ids: Vec<_> = claims.iter().map(|claimed| claimed.lease.job).collect();
    assert_eq!(ids, [id(1), id(2), id(4)]);

    let watch = lab.store.watch(Interest::Ready);
    lab.settle(claims[1].lease, done(), at(2));
    assert!(woken(watch).0.ready);
    assert_eq!(lab.claim_ids(&offer, 9, at(3)), [id(3)]);
}
