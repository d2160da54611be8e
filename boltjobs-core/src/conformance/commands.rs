//! What clients ask of one job, in every state.

use super::Fixture;
use super::lab::{Lab, at, done, error, failed, id, job, offer, retry, secs};
use crate::JobState;
use crate::JobState::{Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::job::RowData;
use crate::store::{Action, Command, Outcome, Settled};

const REACHABLE: [JobState; 6] = [Scheduled, Enqueued, Processing, Succeeded, Failed, Deleted];

/// Where a command leads, by the table of SEMANTICS; `None` when it is refused.
fn led_to(from: JobState, action: Action) -> Option<JobState> {
    match (from, action) {
        (Scheduled | Enqueued | Failed, Action::Delete) => Some(Deleted),
        // Until its handler has ended.
        (Processing, Action::Delete) => Some(Processing),
        (Scheduled | Succeeded | Failed | Deleted, Action::Requeue) => Some(Enqueued),
        (Scheduled | Enqueued | Succeeded | Failed | Deleted, Action::Reschedule(_)) => Some(Scheduled),
        (Succeeded | Deleted, Action::Delete)
        | (Enqueued | Processing, Action::Requeue)
        | (Processing, Action::Reschedule(_))
        | (JobState::Awaiting, _) => None,
    }
}

/// Laws 9 and 10; S3.
pub fn each_action_moves_a_job_as_the_table_says_and_changes_nothing_otherwise(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let actions = [Action::Delete, Action::Requeue, Action::Reschedule(at(7_000))];
    let cases = REACHABLE.into_iter().flat_map(|state| actions.map(|action| (state, action)));
    for (n, (from, action)) in (1..).zip(cases) {
        let before = lab.add_in(from, n, at(0));
        let Some(to) = led_to(from, action) else {
            assert!(!lab.unchanged(|| lab.ask(id(n), action, at(1))), "{from} {action:?}");
            continue;
        };
        assert!(lab.ask(id(n), action, at(1)), "{from} {action:?}");
        let found = lab.job(id(n));
        assert_eq!(found.state, to, "{from} {action:?}");
        assert_eq!(found.due, (to == Scheduled).then_some(at(7_000)));
        let rows = usize::from(from != Processing);
        assert_eq!(found.history.len(), before.history.len() + rows, "{from} {action:?}");
        if rows == 1 {
            let row = lab.last_row(id(n));
            assert_eq!((row.at, row.state, found.since), (at(1), to, at(1)));
            let scheduled = RowData::Scheduled { due: at(7_000) };
            assert_eq!(row.data, if to == Scheduled { scheduled } else { RowData::None });
        }
    }
}

/// S3, in each state that it could be in.
pub fn a_command_in_another_state_than_expected_changes_nothing(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let actions = [Action::Delete, Action::Requeue, Action::Reschedule(at(7_000))];
    let cases = REACHABLE.into_iter().flat_map(|state| actions.map(|action| (state, action)));
    for (n, (from, action)) in (1..).zip(cases) {
        lab.add_in(from, n, at(0));
        let others = REACHABLE.into_iter().filter(|state| *state != from).collect();
        let command = |expected| Command { action, expected, reason: None };
        assert!(!lab.unchanged(|| lab.command(id(n), command(others), at(1))), "{from} {action:?}");
        let happened = lab.command(id(n), command(vec![Scheduled, from]), at(1));
        assert_eq!(happened, led_to(from, action).is_some(), "{from} {action:?}");
    }
}

/// S3.
pub fn a_command_to_an_unknown_job_answers_false(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    for action in [Action::Delete, Action::Requeue, Action::Reschedule(at(9))] {
        assert!(!lab.unchanged(|| lab.ask(id(2), action, at(1))));
    }
}

/// S1.
pub fn a_command_records_its_reason(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    for (action, reason) in [
        (Action::Reschedule(at(60)), "not before noon"),
        (Action::Requeue, "it is noon"),
        (Action::Delete, "sent by hand"),
    ] {
        let command = Command { action, expected: Vec::new(), reason: Some(reason.into()) };
        assert!(lab.command(id(1), command, at(1)));
        assert_eq!(lab.last_row(id(1)).reason.as_deref(), Some(reason));
    }
}

/// Also after it was quarantined, or it would be again at the next crash.
pub fn a_requeue_counts_attempts_anew(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for (n, action) in [(1, Action::Requeue), (2, Action::Reschedule(at(30)))] {
        lab.add(n, at(0));
        lab.settle(lab.take(at(1)).lease, retry(secs(0)), at(1));
        lab.settle(lab.take(at(2)).lease, failed(), at(2));
        assert_eq!(lab.job(id(n)).attempt, 2);
        assert!(lab.ask(id(n), action, at(3)));
        let found = lab.job(id(n));
        assert_eq!((found.attempt, found.crashes), (0, 0));
        lab.due(at(30));
        assert_eq!(lab.take(at(30)).attempt, 1);
    }
}

/// One that waits for its retry has not ended, so its attempts still count.
pub fn a_requeue_of_a_waiting_job_keeps_its_attempts(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    lab.settle(lab.take(at(1)).lease, retry(secs(60)), at(1));
    assert!(lab.ask(id(1), Action::Reschedule(at(90)), at(2)));
    assert!(lab.ask(id(1), Action::Requeue, at(3)));
    assert_eq!(lab.take(at(4)).attempt, 2);
}

/// A failed job that is deleted shows how often it was tried, and why it failed.
pub fn a_delete_keeps_what_is_known_of_the_job(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let before = lab.add_in(Failed, 1, at(0));
    assert!(lab.ask(id(1), Action::Delete, at(1)));
    let found = lab.job(id(1));
    assert_eq!((found.attempt, found.epoch), (before.attempt, before.epoch));
    assert_eq!(found.last_error(), Some(&*error("no route")));
    assert_eq!(found.history[..3], before.history[..]);
}

/// Law 7.
pub fn a_requeued_job_goes_behind_the_others(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([1, 2].map(job).into(), at(0));
    assert!(lab.ask(id(1), Action::Delete, at(1)));
    assert!(lab.ask(id(1), Action::Requeue, at(1)));
    assert_eq!(lab.claim_ids(&offer(), 9, at(2)), [id(2), id(1)]);
}

/// What is enqueued already has nothing to do.
pub fn a_reschedule_to_a_time_that_has_passed_enqueues(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for (n, state) in [(1, Scheduled), (2, Failed)] {
        lab.add_in(state, n, at(0));
        assert!(lab.ask(id(n), Action::Reschedule(at(5)), at(5)));
        assert_eq!((lab.state(id(n)), lab.job(id(n)).due), (Enqueued, None));
        assert!(!lab.unchanged(|| lab.ask(id(n), Action::Reschedule(at(5)), at(6))));
    }
}

/// W2: it says so to whoever asks, and to the heartbeat of its server; the first reason stands.
pub fn a_deleted_running_job_stays_processing_until_it_ends(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let lease = lab.add_in(Processing, 1, at(0)).lease();
    let delete = |reason: &str| Command {
        action: Action::Delete,
        expected: vec![Processing],
        reason: Some(reason.into()),
    };
    assert!(lab.command(id(1), delete("first"), at(1)));
    let found = lab.job(id(1));
    assert_eq!((found.state, found.cancel.as_deref()), (Processing, Some("first")));
    assert!(lab.unchanged(|| lab.command(id(1), delete("second"), at(2))));
    assert_eq!(lab.counts().states.get(Processing), 1);
    let beat = lab.heartbeat(vec![lease], at(90));
    assert_eq!((beat.lost, beat.cancelled), (vec![], vec![id(1)]));
    lab.reap(at(61));
    assert_eq!(lab.state(id(1)), Processing);
}

/// W2: only a success counts for more than the wish that it ends. It is never tried again.
pub fn a_deleted_running_job_ends_as_its_outcome_says(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let outcomes = [
        (done(), Succeeded, false),
        (retry(secs(9)), Deleted, true),
        (failed(), Deleted, true),
        (Outcome::Cancelled { error: None }, Deleted, false),
        (Outcome::Snoozed(secs(9)), Deleted, false),
        (Outcome::Deleted("stopped".into()), Deleted, false),
        (Outcome::Released("shutdown".into()), Deleted, false),
    ];
    for (n, (outcome, state, with_error)) in (1..).zip(outcomes) {
        let lease = lab.add_in(Processing, n, at(0)).lease();
        assert!(lab.ask(id(n), Action::Delete, at(1)));
        assert_eq!(lab.settle(lease, outcome.clone(), at(2)), Settled::Now(state), "{outcome:?}");
        let row = lab.last_row(id(n));
        assert_eq!(row.error.is_some(), with_error, "{outcome:?}");
        assert_eq!(row.reason.is_some(), state == Deleted, "{outcome:?}");
        assert_eq!(lab.job(id(n)).cancel, None);
    }
    // One whose server has gone has ended, too.
    lab.add_in(Processing, 9, at(0));
    assert!(lab.ask(id(9), Action::Delete, at(1)));
    lab.reap(at(1_000));
    assert_eq!(lab.state(id(9)), Deleted);
    assert_eq!(lab.due(at(1_000)), None);
    assert!(lab.claim(&offer(), 9, at(1_000)).is_empty());
}

/// Law 1: a wish that was acknowledged is not forgotten by a crash.
pub fn a_cancellation_survives_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.add_in(Processing, 1, at(0));
    assert!(lab.ask(id(1), Action::Delete, at(1)));
    lab.reopen();
    lab.reap(at(1_000));
    assert_eq!(lab.state(id(1)), Deleted);
}
