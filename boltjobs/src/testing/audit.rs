//! What must be true whatever happens: checked against the store with each call, and as a whole where a process ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use boltjobs_core::continuation::ParentId;
use boltjobs_core::job::{Epoch, Job, JobSpec, Lease, NewJob, RowData};
use boltjobs_core::store::{Claimed, Counts, Enqueued, JobFilter, Offer, Record, Settled, Settlement};
use boltjobs_core::watch::{Transition, Watch};
use boltjobs_core::{JobId, JobState, Timestamp};

use super::media::Opened;

/// What is known of the store from what it has answered, over all processes.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// What the store says of transitions, which are durable.
    watch: Option<Watch>,
    acknowledged: BTreeSet<JobId>,
    known: BTreeMap<JobId, Known>,
    /// The queues that are paused, as was acknowledged.
    paused: BTreeSet<Arc<str>>,
    /// Which job each instant of a definition made.
    instants: BTreeMap<(Arc<str>, Timestamp), JobId>,
    violations: Vec<String>,
}

/// What is known of a job.
#[derive(Debug, Default)]
struct Known {
    spec: Option<Arc<JobSpec>>,
    /// The latest epoch that was handed out.
    epoch: Option<Epoch>,
    /// The final state that is durable.
    ended: Option<JobState>,
    /// Every final state that it was in: a client may delete what has failed.
    ends: Vec<JobState>,
    due: Option<Timestamp>,
    /// Whether it has run.
    started: bool,
    /// How many of its attempts have failed.
    failed: u32,
    /// Whether a client has asked for something that begins anew.
    restarted: bool,
    /// Whether a client has asked for other options.
    changed: bool,
}

impl Audit {
    fn broken(&mut self, what: String) {
        self.violations.push(what);
    }

    /// Returns what was found so far.
    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.violations)
    }

    /// Goes on with a store that was opened. What became durable as the process died is learned now.
    pub(super) fn begin(&mut self, watch: Watch, store: &Opened) {
        self.watch = Some(watch);
        for job in store.jobs(JobFilter::default()) {
            let known = self.known.entry(job.id).or_default();
            let ended = job.state.is_final().then_some(job.state);
            let mut found = None;
            // The attempt that was cut off is given back.
            let failed = job.attempt - u32::from(job.state == JobState::Processing);
            if !known.restarted && job.spec.unique.is_none() {
                if known.failed > failed {
                    found = Some(format!("{} has lost an attempt that had failed", job.id));
                } else if known.ended.is_some_and(|before| !is_followed(before, ended)) {
                    found = Some(format!("{} had ended in {:?}, and is {}", job.id, known.ended, job.state));
                }
            }
            (known.failed, known.ended, known.due) = (failed, ended, job.due);
            // What it was in before it was deleted is in its history.
            known.ends.extend(job.history.iter().map(|row| row.state).filter(|state| state.is_final()));
            known.started |= job.history.iter().any(|row| row.state == JobState::Processing);
            known.spec.get_or_insert(job.spec);
            self.violations.extend(found);
        }
    }

    /// Takes what the store says of transitions.
    pub(super) fn hear(&mut self) {
        let Some(mut watch) = self.watch.take() else { return };
        loop {
            let mut next = std::pin::pin!(watch.changed());
            let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(changes) = polled else { break };
            changes.moved.iter().for_each(|moved| self.moved(moved));
        }
        self.watch = Some(watch);
    }

    fn moved(&mut self, moved: &Transition) {
        let (id, row) = (moved.job, &moved.row);
        let known = self.known.entry(id).or_default();
        let mut found = Vec::new();
        if let Some(before) = known.spec.as_ref().filter(|spec| spec.unique.is_none() && !known.changed) {
            let kept = (&before.queue, before.priority, &before.tags, &before.meta, &before.concurrency_key);
            let spec = &moved.spec;
            if kept != (&spec.queue, spec.priority, &spec.tags, &spec.meta, &spec.concurrency_key) {
                found.push(format!("job {id} lost its options on the way to {}: {spec:?}", row.state));
            }
        }
        known.spec = Some(Arc::clone(&moved.spec));
        if moved.from == Some(JobState::Scheduled)
            && row.state == JobState::Enqueued
            && !known.restarted
            // Another enqueue may have given it another time.
            && moved.spec.unique.is_none()
            && let Some(due) = known.due.filter(|due| row.at < *due)
        {
            found.push(format!("job {id} was due at {due} and became ready at {}", row.at));
        }
        if let RowData::Scheduled { due } = row.data {
            known.due = Some(due);
        }
        if known.ended.is_some() && !known.restarted && moved.from.is_some_and(|from| !from.is_final()) {
            found.push(format!("job {id} had ended, and went from {:?} to {}", moved.from, row.state));
        }
        known.ended = row.state.is_final().then_some(row.state);
        known.ends.extend(known.ended);
        known.started |= moved.from == Some(JobState::Processing);
        if moved.from == Some(JobState::Processing) && row.error.is_some() && !row.state.is_final() {
            known.failed += 1;
        }
        if let (None, Some(occurrence)) = (moved.from, &moved.spec.occurrence) {
            let instant = (Arc::clone(&occurrence.recurring), occurrence.scheduled_for);
            let first = *self.instants.entry(instant).or_insert(id);
            if first != id {
                let (recurring, at) = (&occurrence.recurring, occurrence.scheduled_for);
                found.push(format!("`{recurring}` fired twice for {at}: as {first} and {id}"));
            }
        }
        self.violations.extend(found);
    }

    /// A client asks for something that may begin a job anew.
    pub(super) fn commanded(&mut self, jobs: &[JobId]) {
        for id in jobs {
            self.known.entry(*id).or_default().restarted = true;
        }
    }

    /// A client changes jobs.
    pub(super) fn changed(&mut self, jobs: &[JobId]) {
        for id in jobs {
            let known = self.known.entry(*id).or_default();
            (known.changed, known.restarted) = (true, true);
        }
    }

    pub(super) fn paused(&mut self, queue: &Arc<str>, pause: bool) {
        if pause {
            self.paused.insert(Arc::clone(queue));
        } else {
            self.paused.remove(queue);
        }
    }

    pub(super) fn acknowledged(&mut self, jobs: &[NewJob], answer: &[Enqueued], store: &Opened) {
        self.keys(store);
        for (job, enqueued) in jobs.iter().zip(answer) {
            self.acknowledged.insert(enqueued.id);
            let keys =
                job.spec.unique.as_ref().filter(|unique| unique.within.is_none() && unique.states.is_none());
            let known = self.known.get(&enqueued.id).filter(|known| !known.restarted);
            if enqueued.duplicate
                && let Some((unique, ended)) = keys.zip(known.and_then(|known| known.ended))
            {
                let (id, key) = (enqueued.id, &unique.key);
                self.broken(format!(
                    "{id} had ended in {ended}, and held the key `{key}` against another job"
                ));
            }
            if !enqueued.duplicate && job.id != enqueued.id {
                self.broken(format!("{} was enqueued, and {} acknowledged", job.id, enqueued.id));
            }
        }
    }

    pub(super) fn claimed(&mut self, claimed: &[Claimed], offer: &Offer, now: Timestamp, store: &Opened) {
        self.hear();
        for claimed in claimed {
            let Lease { job: id, epoch } = claimed.lease;
            if self.paused.contains(&claimed.spec.queue) {
                self.broken(format!("{id} was claimed from `{}`, which is paused", claimed.spec.queue));
            }
            let parents = &claimed.spec.parents;
            for (at, parent) in parents.iter().enumerate() {
                // Of one that is named twice the first condition counts.
                if parents[..at].iter().any(|other| other.id == parent.id) {
                    continue;
                }
                let ParentId::Job(of) = parent.id else {
                    self.batch_is_over(id, parent.id, store);
                    continue;
                };
                let parent_known = self.known.get(&of);
                if parent_known.is_some_and(|known| known.restarted) {
                    continue;
                }
                let ends = parent_known.map(|known| known.ends.clone()).unwrap_or_default();
                if !ends.iter().any(|state| parent.when.is_met_by(*state)) {
                    self.broken(format!("{id} was claimed, and its parent {of} has ended in {ends:?}"));
                }
            }
            let known = self.known.entry(id).or_default();
            let mut found = Vec::new();
            if let Some(before) = known.epoch.filter(|before| *before >= epoch) {
                found.push(format!("{id} was claimed with epoch {epoch} after {before}"));
            }
            if let Some(late) = claimed.spec.expires_in.filter(|span| claimed.created_at.plus(*span) <= now)
                && known.epoch.is_none()
                && !known.started
                && !known.restarted
            {
                found.push(format!("{id} was to be started within {late:?}, and was claimed at {now}"));
            }
            known.epoch = Some(epoch);
            if let Some(state) = known.ended.filter(|_| !known.restarted) {
                found.push(format!("{id} had ended in {state}, and was claimed"));
            }
            if !known.restarted && claimed.spec.unique.is_none() && claimed.attempt != known.failed + 1 {
                let failed = known.failed;
                found.push(format!("{id} was claimed for attempt {} after {failed} failed", claimed.attempt));
            }
            self.violations.extend(found);
        }
        if !claimed.is_empty() {
            self.limits(offer, store);
        }
    }

    /// Checks that what waits for a batch waits until its last job has ended.
    fn batch_is_over(&mut self, id: JobId, parent: ParentId, store: &Opened) {
        let unfinished = JobState::ALL.into_iter().filter(|state| !state.is_final()).collect();
        let jobs = store.jobs(JobFilter { states: unfinished, ..JobFilter::default() });
        let open = jobs.iter().find(|job| {
            // A job that was begun anew is no part of what is waited for.
            let anew = self.known.get(&job.id).is_some_and(|known| known.restarted);
            job.spec.batch.is_some_and(|batch| ParentId::Batch(batch) == parent) && !anew
        });
        if let Some(open) = open {
            self.broken(format!("{id} was claimed behind {parent}, of which {} is {}", open.id, open.state));
        }
    }

    /// Checks that no key is held twice.
    fn keys(&mut self, store: &Opened) {
        let mut keys = BTreeMap::new();
        for job in store.jobs(JobFilter::default()) {
            let unique = job.spec.unique.as_ref().filter(|unique| unique.is_held_in(job.state));
            if let Some(unique) = unique.filter(|unique| unique.within.is_none())
                && let Some(other) = keys.insert(Arc::clone(&unique.key), job.id)
            {
                self.broken(format!("{} and {other} both hold the key `{}`", job.id, unique.key));
            }
        }
    }

    fn limits(&mut self, offer: &Offer, store: &Opened) {
        let filter = JobFilter { states: vec![JobState::Processing], ..JobFilter::default() };
        let running = store.jobs(filter);
        for (request, handled) in &offer.handles {
            let Some(limits) = &handled.limits else { continue };
            let ours = running.iter().filter(|job| job.spec.request == *request);
            let most = limits.concurrency.unwrap_or(u32::MAX) as usize;
            // What somebody sets takes the place of what servers say, and may be less than what runs by then.
            let is_set = |kind| store.is_limited(&format!("handler/{kind}/{}", limits.name));
            if ours.clone().count() > most && !is_set("concurrency") {
                self.broken(format!("{} of `{request}` run, and {most} may", ours.clone().count()));
            }
            let mut keys = BTreeMap::<_, usize>::new();
            for key in ours.filter_map(|job| job.spec.concurrency_key.as_ref()) {
                *keys.entry(key).or_default() += 1;
            }
            let most = limits.per_key.unwrap_or(u32::MAX) as usize;
            let broken = keys.into_iter().find(|(_, count)| *count > most);
            if let Some((key, count)) = broken.filter(|_| !is_set("concurrency_per_key")) {
                self.broken(format!("{count} of `{request}` with key `{key}` run, and {most} may"));
            }
        }
        for (queue, most) in &offer.queue_limits {
            let count = running.iter().filter(|job| job.spec.queue == *queue).count();
            if count > *most as usize && !store.is_limited(&format!("queue/{queue}")) {
                self.broken(format!("{count} of queue `{queue}` run, and {most} may"));
            }
        }
    }

    /// Returns which of them are stale now.
    pub(super) fn stale(&self, leases: impl Iterator<Item = Lease>) -> Vec<bool> {
        let is_stale = |lease: Lease| {
            let epoch = self.known.get(&lease.job).and_then(|known| known.epoch);
            epoch.is_some_and(|epoch| epoch > lease.epoch)
        };
        leases.map(is_stale).collect()
    }

    pub(super) fn beat(&mut self, leases: &[Lease], stale: &[bool], lost: &[Lease]) {
        let kept = leases.iter().zip(stale).filter(|(lease, stale)| **stale && !lost.contains(lease));
        let kept: Vec<_> = kept.map(|(lease, _)| format!("the stale {lease:?} was kept alive")).collect();
        self.violations.extend(kept);
    }

    pub(super) fn settled(&mut self, settled: &[Settlement], stale: &[bool], answer: &[Settled]) {
        for ((settlement, stale), answer) in settled.iter().zip(stale).zip(answer) {
            if *stale && *answer != Settled::LeaseLost {
                self.broken(format!("the stale {:?} was settled: {answer:?}", settlement.lease));
            }
        }
    }

    pub(super) fn recorded(&mut self, records: &[Record], stale: &[bool], held: &[bool]) {
        for ((record, stale), held) in records.iter().zip(stale).zip(held) {
            if *stale && *held {
                self.broken(format!("a note of the stale {:?} was taken", record.lease));
            }
        }
    }

    /// Checks the store as a whole. `fresh` says that it was just opened, and nothing runs.
    pub(super) fn inspect(&mut self, store: &Opened, fresh: bool) {
        self.hear();
        let (jobs, counts) = (store.jobs(JobFilter::default()), store.counts());
        let recounted = Counts::recount(&jobs);
        if counts != recounted {
            self.broken(format!("the counters drifted: {counts:?} instead of {recounted:?}"));
        }
        let by_id: BTreeMap<_, _> = jobs.iter().map(|job| (job.id, job)).collect();
        let lost = self.acknowledged.iter().filter(|id| !by_id.contains_key(id));
        // One whose retention is over was seen to end before.
        let lost = lost.filter(|id| self.known.get(id).and_then(|known| known.ended).is_none());
        let lost: Vec<_> = lost.map(|id| format!("{id} was acknowledged, and is lost")).collect();
        self.violations.extend(lost);
        self.keys(store);
        for job in &jobs {
            if fresh && job.state == JobState::Processing {
                self.broken(format!("{} runs in a process that is gone", job.id));
            }
            self.agrees(job, &by_id);
            let known = self.known.get(&job.id).filter(|known| !known.restarted);
            if let Some(ended) =
                known.and_then(|known| known.ended).filter(|ended| !is_followed(*ended, Some(job.state)))
            {
                self.broken(format!("{} had ended in {ended}, and is {}", job.id, job.state));
            }
        }
    }

    /// Checks that a job agrees with its parents.
    fn agrees(&mut self, job: &Job, all: &BTreeMap<JobId, &Job>) {
        let ends = job.spec.parents.iter().map(|parent| match parent.id {
            ParentId::Job(id) => all.get(&id).is_none_or(|parent| parent.state.is_final()),
            ParentId::Batch(_) => false,
        });
        if job.state == JobState::Awaiting && !job.spec.parents.is_empty() && ends.clone().all(|ended| ended)
        {
            self.broken(format!("{} waits for parents that have ended", job.id));
        }
    }
}

/// Says whether a job that has ended may be found in a state. A client may delete what has failed.
fn is_followed(ended: JobState, found: Option<JobState>) -> bool {
    found == Some(ended) || (ended == JobState::Failed && found == Some(JobState::Deleted))
}
