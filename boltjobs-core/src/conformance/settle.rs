//! The end of an attempt: what each outcome turns into, and what is recorded of it.

use std::time::Duration;

use super::Fixture;
use super::lab::{Lab, at, done, error, failed, id, job, just_before, offer, retry, secs};
use crate::JobState::{Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::job::{ErrorInfo, HISTORY_ROWS, LONGEST_ERROR, NewJob, RowData};
use crate::store::{Action, Command, Outcome, Settled, Settlement};

/// The time that the lab says a handler ran.
const RAN: Duration = Duration::from_millis(250);

/// Law 10; S1.
pub fn a_success_records_its_result_and_times(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![NewJob { start_at: Some(at(10)), ..job(1) }], at(0));
    lab.due(at(11));
    let lease = lab.take(at(14)).lease;
    let result: Option<std::sync::Arc<[u8]>> = Some((*b"{\"sent\":3}").into());
    assert_eq!(lab.settle(lease, Outcome::Succeeded(result.clone()), at(20)), Settled::Now(Succeeded));
    let found = lab.job(id(1));
    assert_eq!((found.state, found.since, found.attempt, found.due), (Succeeded, at(20), 1, None));
    assert_eq!(found.result(), result.as_deref());
    // The wait is that in the queue; the wait for its time is not part of it.
    assert_eq!(lab.last_row(id(1)).data, RowData::Succeeded { waited: secs(3), ran: RAN, result });
    let states: Vec<_> = found.history.iter().map(|row| (row.at, row.state)).collect();
    assert_eq!(states, [(at(0), Scheduled), (at(11), Enqueued), (at(14), Processing), (at(20), Succeeded)]);
}

/// R1, R4 and law 8: it does not count as failed, and is not early by a microsecond.
pub fn a_retry_is_scheduled_with_its_reason_and_error(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let outcome = Outcome::Retry { error: error("no route"), delay: secs(15), retry: 1, retries: 10 };
    assert_eq!(lab.settle(lab.take(at(1)).lease, outcome, at(2)), Settled::Now(Scheduled));
    let found = lab.job(id(1));
    assert_eq!((found.state, found.due, found.attempt), (Scheduled, Some(at(17)), 1));
    let row = lab.last_row(id(1));
    assert_eq!(row.reason.as_deref(), Some("Retry attempt 1 of 10: no route"));
    assert_eq!(row.error, Some(error("no route")));
    assert_eq!(row.data, RowData::Scheduled { due: at(17) });
    assert_eq!(lab.counts().states.get(Failed), 0);
    assert_eq!(lab.due(just_before(at(17))), Some(at(17)));
    assert!(lab.claim(&offer(), 1, just_before(at(17))).is_empty());
    lab.due(at(17));
    assert_eq!(lab.take(at(17)).attempt, 2);
}

/// R2: it is never Scheduled, and those that waited go first.
pub fn a_retry_without_delay_is_enqueued_behind_the_others(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([1, 2].map(job).into(), at(0));
    let lease = lab.take(at(1)).lease;
    assert_eq!(lab.settle(lease, retry(secs(0)), at(2)), Settled::Now(Enqueued));
    let row = lab.last_row(id(1));
    assert_eq!(row.reason.as_deref(), Some("Retry attempt 1 of 10: no route"));
    assert_eq!((row.error, row.data), (Some(error("no route")), RowData::None));
    assert_eq!(lab.claim_ids(&offer(), 9, at(2)), [id(2), id(1)]);
}

/// R3, R4; S1.
pub fn a_failure_for_good_is_recorded_with_its_server(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let outcome =
        Outcome::Failed { error: error("no route"), reason: Some("discarded".into()), delete: false };
    assert_eq!(lab.settle(lab.take(at(1)).lease, outcome, at(2)), Settled::Now(Failed));
    let row = lab.last_row(id(1));
    assert_eq!((row.at, row.reason.as_deref()), (at(2), Some("discarded")));
    assert_eq!(row.error, Some(error("no route")));
    assert_eq!(row.data, RowData::Ended { server: "server-1".into(), ran: RAN });
    let found = lab.job(id(1));
    assert_eq!((found.state, found.attempt, found.result()), (Failed, 1, None));
    assert_eq!(found.last_error(), Some(&*error("no route")));
    assert!(lab.claim(&offer(), 1, at(9_999_999)).is_empty());
}

/// R4: `on_exhausted`.
pub fn an_exhausted_job_can_end_in_deleted(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let outcome = Outcome::Failed { error: error("no route"), reason: None, delete: true };
    assert_eq!(lab.settle(lab.take(at(1)).lease, outcome, at(2)), Settled::Now(Deleted));
    assert_eq!(lab.last_row(id(1)).error, Some(error("no route")));
}

/// B4: what an interceptor stops is no failure, and says why.
pub fn an_attempt_that_was_stopped_ends_in_deleted_with_its_reason(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let outcome = Outcome::Deleted("no such student".into());
    assert_eq!(lab.settle(lab.take(at(1)).lease, outcome, at(2)), Settled::Now(Deleted));
    let row = lab.last_row(id(1));
    assert_eq!((row.reason.as_deref(), row.error), (Some("no such student"), None));
    assert_eq!(row.data, RowData::Ended { server: "server-1".into(), ran: RAN });
    assert_eq!(lab.counts().states.get(Failed), 0);
}

/// R1: 1 is the first run, and only a run adds one.
pub fn attempts_are_counted_from_one(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    assert_eq!(lab.job(id(1)).attempt, 0);
    for attempt in 1..=8 {
        let claimed = lab.take(at(0));
        assert_eq!((claimed.attempt, lab.job(id(1)).attempt), (attempt, attempt));
        lab.settle(claimed.lease, retry(secs(0)), at(0));
        assert_eq!(lab.job(id(1)).attempt, attempt);
    }
}

/// R3.
pub fn a_snooze_gives_the_attempt_back(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    lab.settle(lab.take(at(0)).lease, retry(secs(0)), at(0));
    assert_eq!(lab.settle(lab.take(at(1)).lease, Outcome::Snoozed(secs(60)), at(2)), Settled::Now(Scheduled));
    let found = lab.job(id(1));
    assert_eq!((found.attempt, found.due), (1, Some(at(62))));
    assert_eq!(lab.last_row(id(1)).reason.as_deref(), Some("snoozed"));
    lab.due(at(62));
    let again = lab.take(at(62));
    assert_eq!(again.attempt, 2);
    assert_eq!(lab.settle(again.lease, Outcome::Snoozed(secs(0)), at(63)), Settled::Now(Enqueued));
    assert_eq!(lab.take(at(63)).attempt, 2);
}

/// D7.
pub fn a_release_gives_the_attempt_and_the_place_back(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([1, 2].map(job).into(), at(0));
    let lease = lab.take(at(1)).lease;
    let released = Outcome::Released("the server was shut down".into());
    assert_eq!(lab.settle(lease, released, at(2)), Settled::Now(Enqueued));
    assert_eq!(lab.job(id(1)).attempt, 0);
    assert_eq!(lab.last_row(id(1)).reason.as_deref(), Some("the server was shut down"));
    let claims = lab.claim(&offer(), 2, at(3));
    assert_eq!(claims.iter().map(|claimed| claimed.lease.job).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(claims[0].attempt, 1);
}

/// R3.
pub fn a_cancellation_that_was_asked_for_ends_in_deleted(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let lease = lab.take(at(1)).lease;
    let delete = Command { action: Action::Delete, expected: Vec::new(), reason: Some("sent twice".into()) };
    assert!(lab.command(id(1), delete, at(2)));
    let outcome = Outcome::Cancelled { error: Some(error("stopped")) };
    assert_eq!(lab.settle(lease, outcome, at(3)), Settled::Now(Deleted));
    let row = lab.last_row(id(1));
    assert_eq!((row.reason.as_deref(), row.error), (Some("sent twice"), Some(error("stopped"))));
    assert_eq!(row.data, RowData::Ended { server: "server-1".into(), ran: RAN });
    assert_eq!(lab.job(id(1)).cancel, None);
}

/// R3.
pub fn a_cancellation_that_nobody_asked_for_is_a_failure(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([1, 2].map(job).into(), at(0));
    for (n, given) in [(1, Some(error("stopped"))), (2, None)] {
        let outcome = Outcome::Cancelled { error: given.clone() };
        assert_eq!(lab.settle(lab.take(at(1)).lease, outcome, at(3)), Settled::Now(Failed));
        let row = lab.last_row(id(n));
        assert!(row.error.is_some(), "a failure has an error");
        assert!(given.is_none() || row.error == given);
    }
}

/// Law 2: one that is stale does not hold up the others.
pub fn a_batch_of_settlements_answers_in_its_order(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([1, 2, 3].map(job).into(), at(0));
    let leases: Vec<_> = lab.claim(&offer(), 3, at(1)).iter().map(|claimed| claimed.lease).collect();
    let outcomes = [(2, done()), (0, failed()), (2, failed()), (1, retry(secs(9)))];
    let batch = outcomes.map(|(n, outcome)| Settlement { lease: leases[n], ran: RAN, outcome });
    let answers = lab.settle_all(batch.into(), at(2));
    let expected =
        [Settled::Now(Succeeded), Settled::Now(Failed), Settled::LeaseLost, Settled::Now(Scheduled)];
    assert_eq!(answers, expected);
    assert_eq!([1, 2, 3].map(|n| lab.state(id(n))), [Failed, Scheduled, Succeeded]);
    assert!(lab.settle_all(Vec::new(), at(3)).is_empty());
}

/// Law 1: with its history, error and result.
pub fn an_outcome_is_there_after_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue((1..=4).map(job).collect(), at(0));
    let result = Outcome::Succeeded(Some((*b"[1]").into()));
    for outcome in [result, failed(), retry(secs(60)), Outcome::Snoozed(secs(90))] {
        lab.settle(lab.take(at(1)).lease, outcome, at(2));
    }
    let before = (lab.jobs(), lab.counts());
    lab.reopen();
    assert_eq!((lab.jobs(), lab.counts()), before);
    assert_eq!(lab.due(at(3)), Some(at(62)));
}

/// Law 14: each row may have an error, and an error may quote a whole page.
pub fn an_error_that_is_long_is_cut_between_two_characters(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    // Characters of three bytes each, of which no limit is a multiple.
    let info = |text: &str| Box::new(ErrorInfo { causes: vec![text.into()], ..ErrorInfo::new("E", text) });
    let ends = |error: Box<ErrorInfo>| {
        [
            Outcome::Retry { error: error.clone(), delay: secs(9), retry: 1, retries: 2 },
            Outcome::Failed { error: error.clone(), reason: None, delete: false },
            Outcome::Cancelled { error: Some(error) },
        ]
    };
    for (n, outcome) in (1..).zip(ends(info(&"€".repeat(50_000)))) {
        lab.add(n, at(0));
        lab.settle(lab.take(at(1)).lease, outcome, at(2));
        let row = lab.last_row(id(n));
        let kept = row.error.expect("it has failed");
        for text in [&kept.message, &kept.causes[0]] {
            assert!(text.ends_with("€…") && text.len() > LONGEST_ERROR - 3 && text.len() <= LONGEST_ERROR);
        }
        assert!(row.reason.is_none_or(|reason| reason.ends_with("€…") && reason.len() < 250));
    }
    let fits = "x".repeat(LONGEST_ERROR);
    for (n, outcome) in (4..).zip(ends(info(&fits))) {
        lab.add(n, at(0));
        lab.settle(lab.take(at(1)).lease, outcome, at(2));
        assert_eq!(lab.last_row(id(n)).error, Some(info(&fits)));
    }
}

/// Law 14: a job that is retried for ever does not grow for ever.
pub fn history_is_bounded_and_keeps_its_first_row(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.add(1, at(0));
    for round in 1..=200 {
        lab.settle(lab.take(at(round)).lease, retry(secs(0)), at(round));
    }
    let check = |lab: &Lab<'_>| {
        let found = lab.job(id(1));
        assert_eq!(found.history.len(), HISTORY_ROWS);
        assert_eq!(found.history.len() as u64 + found.forgotten_rows, 401);
        assert_eq!((found.history[0].at, found.history[0].state), (at(0), Enqueued));
        let late = found.history.last().expect("it has rows");
        assert_eq!((late.at, late.state), (at(200), Enqueued));
        assert!(found.history[1..].is_sorted_by_key(|row| row.at));
    };
    check(&lab);
    if fixture.durable() {
        lab.reopen();
        check(&lab);
    }
}
