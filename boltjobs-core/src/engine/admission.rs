//! Whether new jobs fit what is there: their parents and batches exist, and nothing would wait for itself.

use std::collections::{HashMap, HashSet};

use super::Engine;
use crate::batch::NewBatch;
use crate::continuation::{Parent, ParentId};
use crate::job::NewJob;
use crate::store::Refusal;
use crate::{BatchId, JobId};

/// Checks batches and jobs that are to be added in one write, each of which may name those before it.
pub(super) fn check(engine: &Engine, batches: &[NewBatch], jobs: &[NewJob]) -> Result<(), Refusal> {
    let alone = |job: &NewJob| job.spec.parents.is_empty() && job.spec.batch.is_none();
    if batches.is_empty() && jobs.iter().all(alone) {
        return Ok(());
    }
    let mut new = New { engine, batches: HashMap::new(), jobs: HashMap::new(), searched: HashMap::new() };
    for batch in batches {
        if let Some(parent) = batch.parent {
            new.takes_jobs(parent)?;
        }
        new.batches.insert(batch.id, batch.parent);
    }
    let all: HashSet<_> = jobs.iter().map(|job| job.id).collect();
    for job in jobs {
        // One that is there already was checked when it came.
        if !engine.jobs.contains(job.id) && !new.jobs.contains_key(&job.id) {
            new.check(job, &all)?;
        }
        new.jobs.entry(job.id).or_insert(job);
    }
    Ok(())
}

struct New<'a> {
    engine: &'a Engine,
    /// With their parents.
    batches: HashMap<BatchId, Option<BatchId>>,
    jobs: HashMap<JobId, &'a NewJob>,
    /// What can be reached from the parents of the jobs of a batch, as far as it was searched.
    searched: HashMap<BatchId, HashSet<ParentId>>,
}

impl New<'_> {
    fn check(&mut self, job: &NewJob, all: &HashSet<JobId>) -> Result<(), Refusal> {
        if let Some(batch) = job.spec.batch {
            self.takes_jobs(batch)?;
        }
        for parent in &job.spec.parents {
            match parent.id {
                ParentId::Job(id) if self.engine.jobs.contains(id) || self.jobs.contains_key(&id) => {}
                ParentId::Batch(id) if self.knows(id) => {}
                // It is the job itself, or stands behind it.
                ParentId::Job(id) if all.contains(&id) => return Err(Refusal::Cycle(job.id)),
                unknown @ (ParentId::Job(_) | ParentId::Batch(_)) => {
                    return Err(Refusal::UnknownParent(unknown));
                }
            }
        }
        match job.spec.batch {
            // Nothing can wait for a job that is new, but for its batch.
            Some(batch) if self.reaches(&job.spec.parents, batch) => Err(Refusal::Cycle(job.id)),
            Some(_) | None => Ok(()),
        }
    }

    /// Says whether a batch is there, or new.
    fn knows(&self, id: BatchId) -> bool {
        self.batches.contains_key(&id) || self.engine.family.batches.contains_key(&id)
    }

    /// Returns the batch that a batch is in.
    fn outer(&self, id: BatchId) -> Option<BatchId> {
        let known = || self.engine.family.batches.get(&id)?.parent;
        self.batches.get(&id).copied().flatten().or_else(known)
    }

    fn takes_jobs(&self, id: BatchId) -> Result<(), Refusal> {
        match self.engine.family.batches.get(&id) {
            None if self.batches.contains_key(&id) => Ok(()),
            None => Err(Refusal::UnknownBatch(id)),
            Some(batch) if batch.ended.is_some() => Err(Refusal::BatchEnded(id)),
            Some(batch) if batch.cancelled.is_some() => Err(Refusal::BatchCancelled(id)),
            Some(_) => Ok(()),
        }
    }

    /// Says whether any of these waits, over whatever steps, for a batch or one that it is in.
    fn reaches(&mut self, from: &[Parent], batch: BatchId) -> bool {
        let mut targets = vec![batch];
        while let Some(outer) = targets.last().and_then(|id| self.outer(*id)) {
            targets.push(outer);
        }
        let mut seen = self.searched.remove(&batch).unwrap_or_default();
        let mut next: Vec<_> = from.iter().map(|parent| parent.id).collect();
        let mut found = false;
        while let Some(id) = next.pop().filter(|_| !found) {
            if seen.insert(id) {
                found = matches!(id, ParentId::Batch(id) if targets.contains(&id));
                next.extend(self.waits_for(id));
            }
        }
        self.searched.insert(batch, seen);
        found
    }

    /// Returns what a job or a batch waits for itself.
    fn waits_for(&self, id: ParentId) -> Vec<ParentId> {
        let ids = |parents: &[Parent]| parents.iter().map(|parent| parent.id).collect::<Vec<_>>();
        match id {
            ParentId::Job(id) if self.engine.jobs.contains(id) => {
                self.engine.jobs.get(id).map(|job| ids(&job.waits_for)).unwrap_or_default()
            }
            ParentId::Job(id) => self.jobs.get(&id).map(|job| ids(&job.spec.parents)).unwrap_or_default(),
            ParentId::Batch(id) => {
                let family = &self.engine.family;
                let members = family.awaiting(id).into_iter();
                let added = self.jobs.values().filter(|job| job.spec.batch == Some(id)).map(|job| job.id);
                let nested =
                    self.batches.iter().filter(|(_, parent)| **parent == Some(id)).map(|(id, _)| *id);
                let batches = family.nested(id).into_iter().chain(nested);
                let jobs = members.chain(added).map(ParentId::Job);
                jobs.chain(batches.map(ParentId::Batch)).collect()
            }
        }
    }
}
