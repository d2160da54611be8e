use std::collections::BTreeMap;

use pollster::block_on;

use super::*;
use crate::JobId;
use crate::job::{ErrorInfo, JobSpec, NewJob};
use crate::memory::MemoryStore;
use crate::store::{Action, Command, Offer, Outcome, QueueOrder, Settlement, Vitals};

const HOUR: Duration = Duration::from_hours(1);

fn at(hours: u32) -> Timestamp {
    Timestamp::EPOCH.plus(HOUR * hours)
}

fn check(name: &str) -> Subject {
    Subject::Check(name.to_owned())
}

fn silence(subject: Subject, until: Until, made: u32) -> Silence {
    Silence { subject, until, reason: "known".to_owned(), actor: "ada".to_owned(), at: at(made) }
}

fn put(store: &MemoryStore, subject: Subject, until: Until, made: u32) {
    block_on(keep(store, &silence(subject, until, made), at(made))).unwrap();
}

/// Returns what is silenced at a time.
fn silenced(store: &MemoryStore, now: Timestamp) -> Vec<Subject> {
    block_on(all(store, now)).unwrap().into_iter().map(|silence| silence.subject).collect()
}

fn documents(store: &MemoryStore) -> usize {
    let query = DocumentQuery { prefix: PREFIX.into(), limit: 9_999, ..DocumentQuery::default() };
    block_on(store.documents(query)).unwrap().len()
}

/// Has a job fail for good, and returns how.
fn fail(store: &MemoryStore, number: u128) -> Fingerprint {
    let (id, now) = (JobId::from_u128(number), at(0));
    let offer = Offer {
        server: "here".into(),
        workers: 1,
        queues: QueueOrder::All,
        queue_limits: BTreeMap::new(),
        held: Vec::new(),
        handles: [("pay".into(), 1.into())].into(),
        lease: HOUR,
        vitals: Vitals::default(),
    };
    let outcome = Outcome::Failed { error: Box::new(ErrorInfo::new("E", "no")), reason: None, delete: false };
    block_on(async {
        let job = NewJob { id, spec: JobSpec::new("pay", *b"{}").into(), start_at: None };
        store.enqueue(vec![job], now).await.unwrap();
        let claimed = store.claim(offer.into(), vec![1], now).await.unwrap().remove(0);
        let settlement = Settlement { lease: claimed.lease, ran: Duration::ZERO, outcome };
        store.settle(vec![settlement], now).await.unwrap();
        store.failures(1).await.unwrap()[0].fingerprint
    })
}

#[test]
fn a_silence_holds_until_its_time_and_is_let_go_when_something_is_written_next() {
    let store = MemoryStore::new();
    put(&store, check("a"), Until::Time(at(2)), 1);
    put(&store, check("b"), Until::Well, 1);
    assert_eq!(silenced(&store, at(2).minus(Duration::from_micros(1))).len(), 2);
    assert_eq!(silenced(&store, at(2)), [check("b")]);
    assert_eq!(documents(&store), 2, "to look changes nothing");
    put(&store, check("c"), Until::Well, 3);
    assert_eq!(silenced(&store, at(3)), [check("c"), check("b")], "the last one is the first");
    assert_eq!(documents(&store), 2);
}

#[test]
fn what_is_silenced_again_has_one_silence_and_can_be_brought_back() {
    let store = MemoryStore::new();
    put(&store, check("a"), Until::Time(at(2)), 1);
    // That the one before is over must not take the new one with it.
    put(&store, check("a"), Until::Time(at(9)), 3);
    assert_eq!(block_on(all(&store, at(3))).unwrap(), [silence(check("a"), Until::Time(at(9)), 3)]);
    assert!(block_on(end(&store, &[check("a"), check("b")], at(3))).unwrap());
    assert!(!block_on(end(&store, &[check("a")], at(3))).unwrap());
    assert_eq!((silenced(&store, at(3)), documents(&store)), (Vec::new(), 0));
}

#[test]
fn a_failure_is_ignored_until_so_many_more_have_failed() {
    let store = MemoryStore::new();
    let fingerprint = fail(&store, 1);
    let subject = Subject::Group(fingerprint);
    let until = block_on(until(&store, &subject, "+2", at(1))).unwrap();
    assert_eq!(until, Until::Jobs(3));
    put(&store, subject.clone(), until, 1);
    fail(&store, 2);
    assert_eq!(silenced(&store, at(999)), [subject]);
    fail(&store, 3);
    assert_eq!(silenced(&store, at(1)), []);
    // Those that run again have not failed any more.
    let requeue = Command { action: Action::Requeue, expected: Vec::new(), reason: None };
    block_on(store.command(vec![JobId::from_u128(1)], requeue, at(1))).unwrap();
    assert_eq!(silenced(&store, at(1)).len(), 1);
}

#[test]
fn an_end_is_a_span_or_what_is_waited_for() {
    let store = MemoryStore::new();
    let failure = Subject::Group(fail(&store, 1));
    let read = |subject: &Subject, text: &str| block_on(until(&store, subject, text, at(1)));
    assert_eq!(read(&check("a"), "1h").unwrap(), Until::Time(at(2)));
    assert_eq!(read(&failure, "7d").unwrap(), Until::Time(at(169)));
    assert_eq!(read(&check("a"), "well").unwrap(), Until::Well);
    for (subject, text) in [
        (&failure, "well"),
        (&failure, "+0"),
        (&failure, "+x"),
        (&failure, "+-1"),
        (&check("a"), "+2"),
        (&check("a"), "0s"),
        (&check("a"), "367d"),
        (&check("a"), "soon"),
        (&check("a"), ""),
    ] {
        let error = read(subject, text).unwrap_err().to_string();
        assert!(error.contains(&format!("`{text}` is no end")) && error.contains("use a span"), "{error}");
    }
    assert_eq!(read(&failure, "+18446744073709551615").unwrap(), Until::Jobs(u64::MAX));
}

#[test]
fn a_silence_has_a_reason_in_one_line() {
    let store = MemoryStore::new();
    for reason in ["", "  ", "a\nb", &"é".repeat(LONGEST_REASON + 1)] {
        let silence = Silence { reason: reason.to_owned(), ..silence(check("a"), Until::Well, 1) };
        assert!(matches!(block_on(keep(&store, &silence, at(1))), Err(SilenceError::Reason)), "{reason}");
    }
    let reason = "é".repeat(LONGEST_REASON);
    let silence = Silence { reason, ..silence(check("a"), Until::Well, 1) };
    block_on(keep(&store, &silence, at(1))).unwrap();
}

#[test]
fn there_is_an_end_to_what_is_kept() {
    let store = MemoryStore::new();
    for number in 1..=1_010_u32 {
        put(&store, check(&number.to_string()), Until::Well, number);
    }
    let kept = silenced(&store, at(2_000));
    assert_eq!((kept.len(), documents(&store)), (KEPT, KEPT));
    assert_eq!((&kept[0], &kept[KEPT - 1]), (&check("1010"), &check("11")));
}

#[test]
fn a_date_and_a_version_end_a_silence_too() {
    let (store, group) = (MemoryStore::new(), Subject::Group("0000000000000007".parse().unwrap()));
    let now = Timestamp::EPOCH;
    let read = |subject: &Subject, text: &str| block_on(until(&store, subject, text, now)).ok();
    assert_eq!(read(&group, "1970-01-03"), Some(Until::Time(now.plus(Duration::from_hours(48)))));
    assert_eq!(read(&check("a"), "1970-01-03"), read(&group, "1970-01-03"));
    assert_eq!(read(&group, "fixed: 1.5 "), Some(Until::Fixed("1.5".to_owned())));
    for text in ["1970-01-01", "1969-12-31", "1972-01-01", "1970-13-01", "fixed:", "fixed: ", "fixed:a\nb"] {
        assert_eq!(read(&group, text), None, "{text}");
    }
    assert_eq!(read(&check("a"), "fixed:1.5"), None, "a check has no version");
}
