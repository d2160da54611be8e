//! What running jobs note: kept over attempts, fenced, and gone with the job.

use std::time::Duration;

use super::Fixture;
use super::lab::{LEASE, Lab, at, done, failed, id, retry, secs};
use crate::JobState::{Enqueued, Failed, Succeeded};
use crate::Timestamp;
use crate::job::Lease;
use crate::notes::{Bar, LOG_LINES, LogLevel, LogLine, Note, Progress, Step};
use crate::store::{Action, Retention, Settled};

/// Returns a step that has finished.
pub(super) fn step(name: &str, result: &str) -> Note {
    let (name, result) = (name.to_owned(), result.as_bytes().into());
    Note::Step(Step { name, result, took: Duration::from_millis(7), at: at(2), attempt: 1 })
}

/// Returns a word about how far a job is.
pub(super) fn progress(percent: u8, at: Timestamp) -> Note {
    Note::Progress(Progress { percent, message: "half of it".to_owned(), at })
}

/// Returns a word about how far a part is.
pub(super) fn bar(name: &str, done: u64) -> Note {
    Note::Bar(Bar { name: name.to_owned(), done, total: 10 })
}

/// Returns lines with these texts.
pub(super) fn lines(attempt: u32, messages: impl IntoIterator<Item = String>) -> Note {
    let line = |message| LogLine {
        at: at(2),
        level: LogLevel::Warn,
        target: "my_jobs".to_owned(),
        message,
        attempt,
        skipped: 0,
    };
    Note::Lines(messages.into_iter().map(line).collect())
}

fn names(lab: &Lab<'_>, n: u64) -> Vec<String> {
    lab.notes(id(n)).map_or_else(Vec::new, |notes| notes.steps.into_iter().map(|step| step.name).collect())
}

/// Law 16: each kind of note, and nothing else of the job.
pub fn a_running_job_notes_steps_progress_bars_and_lines(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let lease = lab.take(at(1)).lease;
    assert_eq!(lab.notes(id(1)), None);
    let (job, counts) = (lab.job(id(1)), lab.counts());
    let written = vec![
        step("load", "7"),
        progress(10, at(2)),
        bar("rows", 1),
        lines(1, ["one".to_owned()]),
        progress(50, at(3)),
        bar("rows", 5),
        lines(1, ["two".to_owned()]),
        step("store", "[1]"),
        step("load", "8"),
    ];
    let count = written.len();
    assert_eq!(lab.note_all(lease, written, at(3)), vec![true; count]);
    let notes = lab.notes(id(1)).expect("it has noted something");
    let results: Vec<_> = notes.steps.iter().map(|step| (&*step.name, &*step.result)).collect();
    assert_eq!(results, [("load", &b"8"[..]), ("store", b"[1]")]);
    let progress = notes.progress.expect("it has said how far it is");
    assert_eq!((progress.percent, progress.at), (50, at(3)));
    assert_eq!(notes.bars, [Bar { name: "rows".to_owned(), done: 5, total: 10 }]);
    assert_eq!(notes.log.lines().map(|line| &*line.message).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!((lab.job(id(1)), lab.counts()), (job, counts));
}

/// Laws 5 and 16: whoever has lost the job notes nothing.
pub fn a_stale_lease_cannot_note(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let stale = lab.take(at(1)).lease;
    lab.reap(at(1).plus(LEASE * 2));
    let try_all = || {
        let notes = lab.notes(id(1));
        for note in [step("load", "1"), progress(1, at(9)), bar("rows", 1), lines(1, ["x".to_owned()])] {
            assert_eq!(lab.unchanged(|| lab.note_all(stale, vec![note], at(300))), [false]);
        }
        assert_eq!(lab.notes(id(1)), notes);
    };
    // It is not running, it is claimed by another, it has ended.
    try_all();
    let fresh = lab.take(at(200)).lease;
    try_all();
    assert_eq!(lab.note_all(fresh, vec![step("load", "2")], at(201)), [true]);
    try_all();
    lab.settle(fresh, done(), at(300));
    try_all();
    let unknown = Lease { job: id(2), epoch: fresh.epoch };
    assert_eq!(lab.note_all(unknown, vec![step("load", "3")], at(301)), [false]);
}

/// Law 16: in order, each by its own lease.
pub fn notes_of_many_jobs_are_answered_in_their_order(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let leases: Vec<_> = (1..4)
        .map(|n| {
            lab.add(n, at(0));
            lab.take(at(1)).lease
        })
        .collect();
    lab.settle(leases[1], done(), at(2));
    let records = leases.iter().map(|lease| (*lease, step("load", "1"))).collect();
    assert_eq!(lab.record(records, at(3)), [true, false, true]);
    assert_eq!((names(&lab, 1).len(), names(&lab, 2).len(), names(&lab, 3).len()), (1, 0, 1));
}

/// Law 16: through a retry, a crash, and a requeue of what has failed or was deleted.
pub fn notes_stay_until_a_job_has_succeeded(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let claimed = lab.take(at(1));
    assert!(!claimed.has_notes);
    lab.note_all(claimed.lease, vec![step("load", "1"), lines(1, ["one".to_owned()])], at(1));
    lab.settle(claimed.lease, retry(secs(0)), at(2));
    let claimed = lab.take(at(3));
    assert!(claimed.has_notes);
    lab.note_all(claimed.lease, vec![step("check", "1")], at(3));
    lab.reap(at(3).plus(LEASE * 2));
    let claimed = lab.take(at(1_000));
    assert_eq!(lab.settle(claimed.lease, failed(), at(1_001)), Settled::Now(Failed));
    assert!(lab.ask(id(1), Action::Delete, at(1_002)));
    assert!(lab.ask(id(1), Action::Requeue, at(1_003)));
    let claimed = lab.take(at(1_004));
    assert!(claimed.has_notes);
    assert_eq!(names(&lab, 1), ["load", "check"]);
    assert_eq!(lab.settle(claimed.lease, done(), at(1_005)), Settled::Now(Succeeded));
    assert_eq!(names(&lab, 1), ["load", "check"], "whoever looks at it still sees what it did");
}

/// Law 16: whoever asks for it again wants it done again.
pub fn a_requeue_of_a_success_begins_without_notes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let lease = lab.take(at(1)).lease;
    lab.note_all(lease, vec![step("load", "1"), progress(100, at(1))], at(1));
    lab.settle(lease, done(), at(2));
    assert!(lab.ask(id(1), Action::Requeue, at(3)));
    assert_eq!((lab.state(id(1)), lab.notes(id(1))), (Enqueued, None));
    assert!(!lab.take(at(4)).has_notes);
}

/// Law 16: an id that comes again is a new job.
pub fn notes_go_with_their_job(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let lease = lab.take(at(1)).lease;
    lab.note_all(lease, vec![step("load", "1")], at(1));
    lab.settle(lease, failed(), at(2));
    lab.expire(Retention::default().succeeded(secs(0)).failed(secs(0)).deleted(secs(0)), at(3));
    assert_eq!(lab.notes(id(1)), None);
    lab.add(1, at(4));
    assert!(!lab.take(at(5)).has_notes);
    assert_eq!(lab.notes(id(1)), None);
}

/// Laws 1 and 16: what a step has done is not done again after a crash.
pub fn notes_are_there_after_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.add(1, at(0));
    let lease = lab.take(at(1)).lease;
    let written = vec![step("load", "1"), progress(5, at(1)), bar("rows", 2), lines(1, ["one".to_owned()])];
    lab.note_all(lease, written, at(1));
    let notes = lab.notes(id(1));
    assert!(notes.is_some());
    for _ in 0..3 {
        lab.reopen();
        assert_eq!(lab.notes(id(1)), notes);
    }
    lab.reap(at(1).plus(LEASE * 2));
    assert!(lab.take(at(500)).has_notes);
}

/// Laws 14 and 16: a handler that logs without end does not fill the store.
pub fn a_log_is_bounded_and_keeps_how_it_began(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let lease = lab.take(at(1)).lease;
    for round in 0..30 {
        let texts = (0..100).map(|n| format!("line {}", round * 100 + n));
        lab.note_all(lease, vec![lines(1, texts)], at(2));
    }
    let log = lab.notes(id(1)).expect("it has noted something").log;
    let kept: Vec<_> = log.lines().map(|line| &*line.message).collect();
    assert_eq!(kept.len(), LOG_LINES);
    assert_eq!((kept[0], kept[LOG_LINES / 2 - 1], kept[LOG_LINES - 1]), ("line 0", "line 499", "line 2999"));
    assert_eq!(log.lines().map(|line| line.skipped).sum::<u64>(), 2_000);
}
