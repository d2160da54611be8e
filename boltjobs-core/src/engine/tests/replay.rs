use std::sync::Arc;
use std::time::Duration;

use boltjobs_fuzz::cases;
use proptest::prelude::*;

use super::super::definitions::looks;
use super::super::{Engine, Entry, Mark, RecordId};
use super::{Rig, at, id, new_job, offer, steps};
use crate::JobState::Processing;
use crate::cron::Cron;
use crate::job::JobSpec;
use crate::memory::Tape;
use crate::recurring::{Definition, Misfire, Overlap};
use crate::store::{Action, Command, Outcome, QueueOrder, Settled, Settlement};

/// The number says which of some definitions it is.
pub(super) fn definition(name: &str, number: u8) -> Definition {
    let cron = Cron::parse(if name == "often" { "@every 20s" } else { "@hourly" }).unwrap();
    Definition {
        misfire: [Misfire::FireOnce, Misfire::FireAll { at_most: 3 }, Misfire::Skip][usize::from(number) % 3],
        overlap: [Overlap::Allow, Overlap::Skip, Overlap::CancelPrevious][usize::from(number / 2) % 3],
        jitter: Duration::from_secs(if number == 7 { 30 } else { 0 }),
        starts_at: (number == 6).then(|| at(200)),
        ends_at: (number == 8).then(|| at(700)),
        declared_by: (number == 4).then(|| "school".into()),
        ..Definition::new(name, cron, JobSpec::new("mail.send", &b"{}"[..]))
    }
}

pub(super) fn replayed(journal: &[Entry]) -> Engine {
    let (mut engine, tape) = (Engine::default(), Tape::default());
    tape.lock().extend_from_slice(journal);
    engine.keep_records(0, Arc::new(tape));
    for (number, entry) in (1..).zip(journal) {
        engine.apply_at(entry.clone(), Mark::of_entry(number));
        if number % 3 == 0 {
            let unpublished = engine.take_unpublished();
            engine.publish(unpublished);
            let leaving = engine.take_leaving();
            engine.evict(leaving, u64::MAX);
        }
    }
    engine
}

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn a_replay_gives_the_same_state(steps in steps()) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
        }
        let again = replayed(&rig.journal);
        prop_assert_eq!(again.digest(), rig.engine.digest());
        prop_assert_eq!((again.weight(), again.next_order), (rig.engine.weight(), rig.engine.next_order));
        prop_assert_eq!((&again.due, &again.ended), (&rig.engine.due, &rig.engine.ended));
        prop_assert_eq!(&again.family, &rig.engine.family);
        prop_assert_eq!((&again.listing, &again.definitions.due), (&rig.engine.listing, &rig.engine.definitions.due));
        prop_assert_eq!((&again.keys, &again.expiring), (&rig.engine.keys, &rig.engine.expiring));
    }

    /// As a compaction does: what an old chunk speaks of is written again at the end, and the chunk is dropped.
    #[test]
    fn a_replay_without_its_oldest_entries_gives_the_same_state(steps in steps(), cut in 0.0..1.0_f64) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a short journal")]
        let oldest = (rig.journal.len() as f64 * cut) as usize;
        let again = |entry: &Entry| {
            if matches!(entry, Entry::Boot(_)) {
                vec![Entry::Boot(rig.engine.boot())]
            } else if let Some(job) = entry.job() {
                let notes = rig.engine.notes(job.id).map(|notes| Entry::Notes(job.id, Box::new(notes.clone())));
                let batch = job.spec.batch.filter(|_| rig.engine.job(job.id).is_none());
                let batch = batch.and_then(|batch| rig.engine.record(&RecordId::Batch(batch)));
                let job = rig.engine.job(job.id).map(|job| Entry::record_of(Box::new(job.into_owned())));
                job.into_iter().chain(notes).chain(batch).collect()
            } else {
                entry.record().and_then(|(id, _)| rig.engine.record(&id)).into_iter().collect()
            }
        };
        let minute = rig.engine.current_minute();
        let tail: Vec<_> = rig.journal[..oldest].iter().flat_map(again).chain(minute).collect();
        let compacted: Vec<_> = rig.journal[oldest..].iter().cloned().chain(tail).collect();
        prop_assert_eq!(replayed(&compacted).digest(), rig.engine.digest());
        // Once more, now that the records are in another order.
        prop_assert_eq!(replayed(&[rig.journal.clone(), compacted].concat()).digest(), rig.engine.digest());
    }
}

#[test]
fn a_record_that_is_written_again_changes_nothing() {
    let mut rig = Rig::new();
    rig.engine.at(at(0), &mut ()).enqueue(vec![new_job(0, 0, None), new_job(2, 0, None)]).unwrap();
    rig.publish();
    let lease = rig.engine.at(at(1), &mut ()).claim(&offer(QueueOrder::All), &[1])[0].lease;
    for n in [0, 2] {
        let record = super::record(&rig.engine, id(n));
        rig.engine.apply(Entry::record_of(Box::new(record)));
    }
    // The one that runs has its lease, and the one that is ready can be claimed at once.
    rig.engine.at(at(2), &mut ()).reap(5);
    assert_eq!(rig.engine.job(id(0)).unwrap().state, Processing);
    assert_eq!(rig.engine.at(at(2), &mut ()).claim(&offer(QueueOrder::All), &[1; 9]).len(), 1);
    let settlement = Settlement { lease, ran: Duration::ZERO, outcome: Outcome::Succeeded(None) };
    assert_ne!(rig.engine.at(at(3), &mut ()).settle(vec![settlement]), [Settled::LeaseLost]);
}

/// Two groups are on their way to disk; the second one made the job ready again.
#[test]
fn a_job_that_became_ready_again_waits_for_the_second_write() {
    let mut rig = Rig::new();
    rig.engine.at(at(0), &mut ()).enqueue(vec![new_job(0, 0, None)]).unwrap();
    let first = rig.engine.take_unpublished();
    let ask = |action| Command { action, expected: Vec::new(), reason: None };
    rig.engine.at(at(1), &mut ()).command(&[id(0)], &ask(Action::Delete));
    rig.engine.at(at(1), &mut ()).command(&[id(0)], &ask(Action::Requeue));
    let second = rig.engine.take_unpublished();
    assert!(!rig.engine.publish(first).ready);
    assert!(rig.engine.at(at(2), &mut ()).claim(&offer(QueueOrder::All), &[1]).is_empty());
    assert!(rig.engine.publish(second).ready);
    assert_eq!(rig.engine.at(at(2), &mut ()).claim(&offer(QueueOrder::All), &[1]).len(), 1);
}

#[test]
fn a_definition_that_could_not_be_read_begins_again_when_it_is_added() {
    let mut engine = Engine::default();
    engine.at(at(0), &mut ()).put_recurring(definition("hourly", 0));
    // What a release that did not know the zone left behind: it fired nothing and waits for nothing.
    let mut stopped = engine.definitions.get("hourly").unwrap().clone();
    stopped.next = None;
    engine.apply(Entry::Recurring(Box::new(stopped)));
    assert_eq!(engine.at(at(9_000), &mut ()).fire(), None);
    assert!(engine.at(at(9_000), &mut ()).put_recurring(definition("hourly", 0)));
    assert!(engine.definitions.get("hourly").unwrap().next.is_some_and(|next| next > at(9_000)));
    assert!(
        !engine.at(at(9_000), &mut ()).put_recurring(definition("hourly", 0)),
        "and then it is unchanged"
    );
}

/// What a step costs is decided by what is due, whether it fires or goes back with the clock.
#[test]
fn firing_looks_only_at_what_is_due() {
    let mut engine = Engine::default();
    for number in 0..50_000 {
        let cron = Cron::parse(if number % 10_000 == 0 { "@every 1m" } else { "@every 9h" }).unwrap();
        let definition = Definition::new(number.to_string(), cron, JobSpec::new("mail.send", &b"{}"[..]));
        engine.at(at(0), &mut ()).put_recurring(definition);
    }
    looks::take();
    for (now, next) in [(30, 60), (60, 120), (7_200, 7_260), (3_600, 3_660), (3_600, 3_660)] {
        assert_eq!(engine.at(at(now), &mut ()).fire(), Some(at(next)));
        let looks = looks::take();
        assert!(looks <= 5 * 4, "{looks} at {now}");
    }
    assert_eq!(engine.jobs.all().count(), 15);
}
