//! The model test: a store and the memory store do the same random operations side by side, and must show the same.
//!
//! Not compared are the numbers that a store may choose: epochs, which rise with each claim but may skip (a store
//! that recovers may open twice), and [`Job::order`], whose effect shows in the order of claims. Queues are offered in
//! strict order, since of weights only the proportion is promised, which is a law of its own.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use fastrand::Rng;

use super::lab::{Lab, at};
use super::operation::{Operation, draw};
use super::{Fixture, InMemory};
use crate::fingerprint::Fingerprint;
use crate::job::{Epoch, Job, Lease, RowData};
use crate::store::{Claimed, Counts, Document, DocumentQuery, RecurringCommand, Settlement};
use crate::throughput::Window;
use crate::{JobId, JobState, Timestamp};

/// The operations between two comparisons of everything.
const BETWEEN: usize = 40;

/// Compares a store with the memory store over so many random operations, which the seed decides alone.
///
/// # Panics
/// At the first difference, with the seed, the operation and what each of the two answered.
pub fn run(fixture: &dyn Fixture, seed: u64, steps: usize) {
    let twin = InMemory::with_tape();
    let mut rng = Rng::with_seed(seed);
    let (mut real, mut model) = (Side::new(fixture), Side::new(&twin));
    let mut now = at(100_000);
    for step in 0..steps {
        now = pass_time(&mut rng, now);
        let operation = draw(&mut rng, now, model.leases.len());
        let context = || format!("seed {seed}, step {step}, {operation:?} at {now}");
        if let Operation::Reopen = operation {
            if fixture.durable() && fixture.exclusive() {
                // Both begin a new life, in which nothing runs that ran before.
                (real.lab, model.lab) = (real.reopened(), model.reopened());
            } else if fixture.durable() {
                real.lab = real.reopened();
            }
            compare_all(&real, &model, &mut rng, &context);
            continue;
        }
        let answers = (real.perform(&operation, now), model.perform(&operation, now));
        assert_eq!(answers.0, answers.1, "{}", context());
        assert_eq!(real.lab.counts(), model.lab.counts(), "{}", context());
        let window = Window { until: now, step: Duration::from_hours(1), steps: 40 };
        assert_eq!(real.lab.throughput(window), model.lab.throughput(window), "{}", context());
        if step % BETWEEN == 0 || step + 1 == steps {
            compare_all(&real, &model, &mut rng, &context);
        }
    }
}

fn pass_time(rng: &mut Rng, now: Timestamp) -> Timestamp {
    match rng.u8(0..40) {
        // A clock that is set back, and one that is set forward.
        0 => now.minus(Duration::from_secs(rng.u64(0..600))),
        1 => now.plus(Duration::from_secs(rng.u64(0..20_000))),
        2..16 => now,
        _ => now.plus(Duration::from_millis(rng.u64(0..30_000))),
    }
}

/// Compares every job, page and definition, and the counters with a recount.
fn compare_all(real: &Side<'_>, model: &Side<'_>, rng: &mut Rng, context: &dyn Fn() -> String) {
    let jobs = real.lab.jobs();
    for (stored, modelled) in jobs.iter().zip(model.lab.jobs()) {
        let id = stored.id;
        assert_eq!(plain(stored.clone()), plain(modelled), "{}", context());
        assert_eq!(real.lab.notes(id), model.lab.notes(id), "{}", context());
    }
    assert_eq!(jobs.len(), model.lab.jobs().len(), "{}", context());
    assert_eq!(real.lab.counts(), Counts::recount(&jobs), "{}", context());
    assert_eq!(real.lab.definitions(), model.lab.definitions(), "{}", context());
    assert_eq!(real.lab.batches(), model.lab.batches(), "{}", context());
    let all = DocumentQuery { limit: usize::MAX, ..DocumentQuery::default() };
    assert_eq!(real.lab.documents(all.clone()), model.lab.documents(all), "{}", context());
    assert_eq!(failures(&real.lab), failures(&model.lab), "{}", context());
    for state in JobState::ALL {
        let (after, limit) = (super::lab::id(rng.u64(0..300)), rng.usize(0..9));
        let pages = (real.lab.page(state, Some(after), limit), model.lab.page(state, Some(after), limit));
        assert_eq!(pages.0, pages.1, "{}", context());
    }
}

/// Returns how many jobs there are of each failure. Since when, a store forgets as it is opened.
fn failures(lab: &Lab<'_>) -> BTreeMap<Fingerprint, (u64, u64)> {
    let groups = lab.failures(usize::MAX).into_iter();
    groups.map(|group| (group.fingerprint, (group.failed, group.retrying))).collect()
}

/// Returns a job without the numbers that a store chooses.
fn plain(mut job: Job) -> Job {
    (job.epoch, job.order) = (Epoch::default(), 0);
    for row in &mut job.history {
        if let RowData::Processing { epoch, .. } = &mut row.data {
            *epoch = Epoch::default();
        }
    }
    job
}

/// One of the two stores, with the leases that it gave out, lost ones too: those of one index belong together.
struct Side<'f> {
    lab: Lab<'f>,
    leases: Vec<Lease>,
    epochs: BTreeMap<JobId, Epoch>,
}

impl<'f> Side<'f> {
    fn new(fixture: &'f dyn Fixture) -> Self {
        Self { lab: Lab::new(fixture), leases: Vec::new(), epochs: BTreeMap::new() }
    }

    fn reopened(&self) -> Lab<'f> {
        let mut lab = self.lab.clone();
        lab.reopen();
        lab
    }

    /// Does an operation, and tells what came of it.
    fn perform(&mut self, operation: &Operation, now: Timestamp) -> String {
        let (lab, leases) = (&self.lab, &self.leases);
        match operation.clone() {
            Operation::Submit(batches, jobs) => show(&lab.submit(batches, jobs, now)),
            Operation::CancelBatch(id) => show(&lab.cancel_batch(id, now)),
            Operation::Change(ids, change) => show(&lab.change_all(ids, &change, now)),
            Operation::Command(ids, command) => show(&lab.command_all(ids, command, now)),
            Operation::Claim(offer, slots) => {
                let claims = lab.claim(&offer, slots, now);
                show(&claims.into_iter().map(|claimed| self.keep(claimed)).collect::<Vec<_>>())
            }
            Operation::Settle(ended) => {
                let settlement = |(index, ran, outcome)| Settlement { lease: leases[index], ran, outcome };
                show(&lab.settle_all(ended.into_iter().map(settlement).collect(), now))
            }
            Operation::Note(notes) => {
                show(&lab.record(notes.into_iter().map(|(index, note)| (leases[index], note)).collect(), now))
            }
            Operation::Heartbeat(indexes, until) => {
                let beat = lab.heartbeat(indexes.iter().map(|index| leases[*index]).collect(), until);
                let lost = |index: &&usize| beat.lost.contains(&leases[**index]);
                show(&(indexes.iter().filter(lost).collect::<Vec<_>>(), beat.cancelled))
            }
            // How much one step does is up to the store, so each goes on until there is no more.
            Operation::Due => show(&steps(now, || lab.due(now))),
            Operation::Fire => show(&steps(now, || lab.fire(now))),
            Operation::Reap => show(&steps(now, || lab.reap(now))),
            Operation::Expire(retention) => show(&steps(now, || lab.expire(retention, now))),
            Operation::Put(definition) => show(&lab.put(*definition, now)),
            Operation::Declare(definition, other) => {
                show(&lab.declare(vec![*definition], &["school", other], now))
            }
            Operation::Steer(name, command) => show(&lab.steer(name, command, now)),
            Operation::Edit(to, before) => {
                let known = lab.definitions().into_iter().find(|known| known.definition.id == to.id);
                let now_said = known.map_or_else(|| to.clone(), |known| Box::new(known.definition));
                let command = RecurringCommand::Change { from: before.unwrap_or(now_said), to: to.clone() };
                show(&lab.steer(&to.id, command, now))
            }
            Operation::Keep(key, Some(text)) => {
                let document = Document { key: key.into(), text: text.to_string().into() };
                show(&lab.keep(vec![document], &[], now))
            }
            Operation::Keep(key, None) => show(&lab.keep(Vec::new(), &[key], now)),
            Operation::Limit(queue, at_most) => show(&(lab.set_limit(queue, at_most, now), lab.queues(now))),
            Operation::Pause(queue, pause) => show(&lab.pause(queue, pause, now)),
            Operation::Announce(offer) => {
                lab.announce(*offer, now, now.plus(Duration::from_mins(5)));
                show(&(lab.servers(now), lab.queues(now)))
            }
            Operation::Explain(id) => show(&lab.explain(id, now)),
            Operation::Read(id) => show(&(lab.find(id).map(plain), lab.notes(id))),
            Operation::Page(query) => {
                let count = lab.count(&query.filter);
                show(&(count, lab.list(*query).into_iter().map(plain).collect::<Vec<_>>()))
            }
            Operation::Reopen => String::new(),
        }
    }

    /// Keeps the lease, and returns what must be the same in both.
    fn keep(&mut self, claimed: Claimed) -> impl Debug + use<> {
        let lease = claimed.lease;
        let latest = self.epochs.insert(lease.job, lease.epoch);
        assert!(latest.is_none_or(|latest| latest < lease.epoch), "{:?} after {latest:?}", lease.epoch);
        self.leases.push(lease);
        (lease.job, claimed.attempt, claimed.created_at, claimed.spec, claimed.has_notes)
    }
}

fn show(answer: &impl Debug) -> String {
    format!("{answer:?}")
}

/// Takes steps until there is nothing left to do at this instant.
fn steps(now: Timestamp, mut step: impl FnMut() -> Option<Timestamp>) -> Option<Timestamp> {
    for _ in 0..1_000 {
        let next = step();
        if next.is_none_or(|next| next > now) {
            return next;
        }
    }
    panic!("the steps of {now} have no end")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::memory::{MemoryStore, Tape};
    use crate::store::Store;

    /// Loses its latest write when it is opened again.
    #[derive(Debug, Default)]
    struct Forgetful(Tape);

    impl Fixture for Forgetful {
        fn open(&self) -> Arc<dyn Store> {
            self.0.tear();
            Arc::new(MemoryStore::on_tape(&self.0))
        }
    }

    #[test]
    #[should_panic(expected = "seed 1, step")]
    fn a_store_that_forgets_a_write_is_found_out() {
        run(&Forgetful::default(), 1, 600);
    }

    #[test]
    fn the_memory_store_is_like_itself() {
        for seed in 0..8 {
            run(&InMemory::with_tape(), seed, 600);
            run(&InMemory::default(), seed, 300);
        }
    }
}
