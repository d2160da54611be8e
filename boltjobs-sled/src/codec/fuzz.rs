use std::time::Duration;

use boltjobs_core::engine::{Advance, Engine, Minute, Ran};
use boltjobs_core::job::{JobSpec, NewJob, Occurrence};
use boltjobs_core::notes::{Bar, LogLevel, LogLine, Note, Progress, Step};
use boltjobs_core::recurring::{Past, RunOutcome};
use boltjobs_core::store::Document;
use boltjobs_core::throughput::Flow;
use boltjobs_core::unique::Unique;
use boltjobs_core::{BatchId, JobId, Timestamp};
use boltjobs_fuzz::{cases, spoilt_bytes};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;

fn text() -> BoxedStrategy<String> {
    prop_oneof![4 => "[a-z.é]{0,12}", 1 => vec(any::<char>(), 0..300).prop_map(String::from_iter)].boxed()
}

fn instant() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

fn job_id() -> impl Strategy<Value = JobId> {
    prop_oneof![0..5_u128, any::<u128>()].prop_map(JobId::from_u128)
}

fn span() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos))
}

fn spec() -> impl Strategy<Value = JobSpec> {
    let texts = (text(), option::of(text()), text(), option::of(text()), option::of(text()));
    let lists = (vec(text(), 0..3), vec(text(), 0..3), btree_map(text(), text(), 0..3));
    let occurrence = option::of((text(), instant()));
    let payload = prop_oneof![9 => vec(any::<u8>(), 0..99), 1 => vec(any::<u8>(), 0..9_000)];
    (
        texts,
        lists,
        payload,
        occurrence,
        (any::<u32>(), any::<i8>(), option::of(any::<u32>()), option::of(span())),
    )
        .prop_map(
            |((request, title, queue, key, unique), (sensitive, tags, meta), payload, occurrence, rest)| {
                let (version, priority, retries, timeout) = rest;
                JobSpec {
                    version,
                    title,
                    sensitive,
                    queue: queue.into(),
                    priority,
                    concurrency_key: key.map(Into::into),
                    tags,
                    meta,
                    retries,
                    timeout,
                    occurrence: occurrence.map(|(recurring, scheduled_for)| Occurrence {
                        recurring: recurring.into(),
                        scheduled_for,
                    }),
                    unique: unique.map(Unique::key),
                    ..JobSpec::new(request, payload)
                }
            },
        )
}

fn note() -> impl Strategy<Value = Note> {
    let line = (text(), text(), instant(), any::<u32>()).prop_map(|(target, message, at, attempt)| LogLine {
        at,
        level: LogLevel::Warn,
        target,
        message,
        attempt,
        skipped: 0,
    });
    prop_oneof![
        (text(), vec(any::<u8>(), 0..50), span(), instant(), any::<u32>()).prop_map(
            |(name, result, took, at, attempt)| {
                Note::Step(Step { name, result: result.into(), took, at, attempt })
            }
        ),
        (any::<u8>(), text(), instant())
            .prop_map(|(percent, message, at)| { Note::Progress(Progress { percent, message, at }) }),
        (text(), any::<u64>(), any::<u64>()).prop_map(|(name, done, total)| Note::Bar(Bar {
            name,
            done,
            total
        })),
        vec(line, 0..4).prop_map(Note::Lines),
    ]
}

fn flow(counts: [u64; 7]) -> Flow {
    let [enqueued, succeeded, failed, deleted, retried, waited_micros, ran_micros] = counts;
    Flow { enqueued, succeeded, failed, deleted, retried, waited_micros, ran_micros }
}

/// Makes any entry, with ids that meet.
pub(crate) fn entries() -> impl Strategy<Value = Entry> {
    let job = (job_id(), spec(), instant(), option::of(instant())).prop_map(|(id, spec, now, start_at)| {
        let (mut engine, mut entries) = (Engine::default(), Vec::<Entry>::new());
        // A spec that the engine refuses can still be a record.
        drop(engine.at(now, &mut entries).enqueue(vec![NewJob { id, spec: spec.into(), start_at }]));
        entries.pop().unwrap_or(Entry::Forgotten(id))
    });
    let advance = (text(), option::of(instant())).prop_map(|(recurring, next)| {
        Entry::Advanced(Box::new(Advance {
            recurring: recurring.into(),
            next,
            past: Past::default(),
            run: None,
        }))
    });
    let ran = (text(), job_id(), option::of(instant()), option::of(span())).prop_map(
        |(recurring, job, ended_at, ran)| {
            let outcome = RunOutcome::Deleted;
            Entry::Ran(Box::new(Ran { recurring: recurring.into(), job, outcome, ended_at, ran }))
        },
    );
    prop_oneof![
        4 => job,
        1 => any::<u32>().prop_map(Entry::Boot),
        1 => (job_id(), text()).prop_map(|(id, reason)| Entry::CancelRequested { id, reason }),
        1 => job_id().prop_map(Entry::Forgotten),
        1 => text().prop_map(|id| Entry::RecurringRemoved(id.into())),
        1 => any::<u128>().prop_map(|id| Entry::BatchForgotten(BatchId::from(JobId::from_u128(id)))),
        1 => (text(), instant()).prop_map(|(queue, since)| Entry::QueuePaused { queue: queue.into(), since }),
        1 => text().prop_map(|queue| Entry::QueueResumed(queue.into())),
        1 => (job_id(), spec(), option::of(instant())).prop_map(|(id, spec, due)| {
            Entry::Respecified { id, spec: spec.into(), due, expires: None }
        }),
        1 => (any::<u64>(), any::<bool>(), vec((text(), any::<[u64; 7]>()), 0..4)).prop_map(|(number, over, queues)| {
            let queues = queues.into_iter().map(|(queue, counts)| (queue.into(), flow(counts))).collect();
            Entry::Minute(Box::new(Minute { number, over, queues }))
        }),
        1 => any::<u64>().prop_map(Entry::MinuteForgotten),
        1 => (text(), text()).prop_map(|(key, text)| {
            Entry::Document(Box::new(Document { key: key.into(), text: text.into() }))
        }),
        1 => text().prop_map(|key| Entry::DocumentRemoved(key.into())),
        1 => advance,
        1 => ran,
        2 => (job_id(), note()).prop_map(|(id, note)| Entry::Noted { id, note }),
    ]
}

pub(crate) fn encoded(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        encode(entry, &mut bytes).unwrap();
    }
    bytes
}

/// Reads what can be read.
fn decoded(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let before = bytes.len();
        let Ok(entry) = decode(&mut bytes) else { break };
        assert!(bytes.len() < before, "an entry takes at least a byte, so the work ends");
        entries.push(entry);
    }
    entries
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn entries_are_read_back_as_they_were_written(entries in vec(entries(), 0..5)) {
        prop_assert_eq!(decoded(&encoded(&entries)), entries);
    }

    #[test]
    fn what_is_read_of_any_bytes_could_have_been_written(
        bytes in prop_oneof![
            4 => spoilt_bytes(entries().prop_map(|entry| encoded(&[entry]))),
            1 => vec(any::<u8>(), 0..200),
            1 => (0..20_u8, vec(prop_oneof![Just(u8::MAX), any::<u8>()], 0..60)).prop_map(|(kind, rest)| [vec![kind], rest].concat()),
        ],
    ) {
        let entries = decoded(&bytes);
        prop_assert_eq!(decoded(&encoded(&entries)), entries);
    }
}
