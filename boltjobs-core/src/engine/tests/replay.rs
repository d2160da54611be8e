use proptest::prelude::*;

use super::super::{Engine, Entry};
use super::{Rig, at, id, new_job, offer, steps};
use crate::JobState::Processing;
use crate::cron::{Cron, Dst, Zone};
use crate::job::JobSpec;
use crate::recurring::{Definition, Misfire};
use crate::store::{Action, Command, Outcome, QueueOrder, Settled, Settlement};

pub(super) fn definition(name: &str) -> Definition {
    Definition {
        id: name.into(),
        cron: Cron::parse(if name == "often" { "@every 20s" } else { "@hourly" }).unwrap().into(),
        zone: Zone::UTC.into(),
        dst: Dst::default(),
        misfire: Misfire::FireOnce,
        spec: JobSpec::new("mail.send", &b"{}"[..]),
    }
}

pub(super) fn replayed(journal: &[Entry]) -> Engine {
    let mut engine = Engine::default();
    journal.iter().cloned().for_each(|entry| engine.apply(entry));
    engine
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

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
        prop_assert_eq!((&again.by_state, &again.recurring_due), (&rig.engine.by_state, &rig.engine.recurring_due));
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
        let again = |entry: &Entry| match entry {
            Entry::Boot(_) => vec![Entry::Boot(rig.engine.boot())],
            Entry::Job(job) => {
                let notes = rig.engine.notes(job.id).map(|notes| Entry::Notes(job.id, Box::new(notes.clone())));
                let job = rig.engine.job(job.id).map(|job| Entry::Job(Box::new(job.clone())));
                job.into_iter().chain(notes).collect()
            }
            Entry::Moved(_)
            | Entry::CancelRequested { .. }
            | Entry::Forgotten(_)
            | Entry::Noted { .. }
            | Entry::Notes(..) => vec![],
            Entry::Recurring(_) | Entry::RecurringRemoved(_) => {
                entry.record().and_then(|(id, _)| rig.engine.record(&id)).into_iter().collect()
            }
        };
        let tail: Vec<_> = rig.journal[..oldest].iter().flat_map(again).collect();
        let compacted: Vec<_> = rig.journal[oldest..].iter().cloned().chain(tail).collect();
        prop_assert_eq!(replayed(&compacted).digest(), rig.engine.digest());
        // Once more, now that the records are in another order.
        prop_assert_eq!(replayed(&[rig.journal.clone(), compacted].concat()).digest(), rig.engine.digest());
    }
}

#[test]
fn a_record_that_is_written_again_changes_nothing() {
    let mut rig = Rig::new();
    rig.engine.at(at(0), &mut ()).enqueue(vec![new_job(0, 0, None), new_job(2, 0, None)]);
    rig.publish();
    let lease = rig.engine.at(at(1), &mut ()).claim(&offer(QueueOrder::All), &[1])[0].lease;
    for n in [0, 2] {
        let record = rig.engine.job(id(n)).unwrap().clone();
        rig.engine.apply(Entry::Job(Box::new(record)));
    }
    // The one that runs has its lease, and the one that is ready can be claimed at once.
    rig.engine.at(at(2), &mut ()).reap(5);
    assert_eq!(rig.engine.job(id(0)).unwrap().state, Processing);
    assert_eq!(rig.engine.at(at(2), &mut ()).claim(&offer(QueueOrder::All), &[1; 9]).len(), 1);
    let settlement = Settlement { lease, ran: std::time::Duration::ZERO, outcome: Outcome::Succeeded(None) };
    assert_ne!(rig.engine.at(at(3), &mut ()).settle(vec![settlement]), [Settled::LeaseLost]);
}

/// Two groups are on their way to disk; the second one made the job ready again.
#[test]
fn a_job_that_became_ready_again_waits_for_the_second_write() {
    let mut rig = Rig::new();
    rig.engine.at(at(0), &mut ()).enqueue(vec![new_job(0, 0, None)]);
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
    engine.at(at(0), &mut ()).put_recurring(definition("hourly"));
    // What a release that did not know the zone left behind: it fired nothing and waits for nothing.
    let mut stopped = engine.recurring["hourly"].clone();
    stopped.next = None;
    engine.apply(Entry::Recurring(Box::new(stopped)));
    assert_eq!(engine.at(at(9_000), &mut ()).fire(), None);
    assert!(engine.at(at(9_000), &mut ()).put_recurring(definition("hourly")));
    assert!(engine.recurring["hourly"].next.is_some_and(|next| next > at(9_000)));
    assert!(!engine.at(at(9_000), &mut ()).put_recurring(definition("hourly")), "and then it is unchanged");
}
