//! What an operation does to some jobs, and what is kept of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::skip::Asked;
use super::{BACK, Bulk, Operation, Operations, Skip, back};
use crate::job::Job;
use crate::store::{Action, Change, Command, StoreError};
use crate::{JobId, JobState};

impl Operations {
    /// Does it to jobs, counts for which it happened and for which it did not, and returns the former as they were.
    pub(super) async fn act<'a>(
        &self,
        operation: &mut Operation,
        jobs: &[&'a Job],
        expected: Vec<JobState>,
        reason: Arc<str>,
    ) -> Result<Vec<&'a Job>, StoreError> {
        let asked = Asked::of(&operation.bulk, expected.clone());
        let (concerned, others): (Vec<&Job>, Vec<&Job>) =
            jobs.iter().partition(|job| asked.concerns(job.state));
        let happened = self.command(&operation.bulk, &concerned, expected, reason).await?;
        let (mut acted, mut skipped) = (Vec::new(), Vec::new());
        for job in concerned {
            if happened.contains(&job.id) {
                acted.push(job);
                continue;
            }
            // What has happened has happened: where the store does not answer any more, only the reason is not known.
            let why = asked.why_not(&*self.store, job.id).await;
            skipped.push((job, why.map_or(Skip::Changed, |(_, why)| why)));
        }
        let skipped = others.into_iter().map(|job| (job, Skip::State(job.state))).chain(skipped);
        for (job, why) in skipped {
            operation.skipped += 1;
            operation.skips.add(job.id, Some(job), why);
        }
        operation.done += acted.len() as u64;
        Ok(acted)
    }

    /// Does it to jobs, and returns those for which it happened.
    async fn command(
        &self,
        bulk: &Bulk,
        jobs: &[&Job],
        expected: Vec<JobState>,
        reason: Arc<str>,
    ) -> Result<BTreeSet<JobId>, StoreError> {
        let (store, now) = (&self.store, self.clock.now());
        let action = match bulk {
            Bulk::Requeue => Action::Requeue,
            Bulk::Delete => Action::Delete,
            Bulk::Move(queue) => {
                let queue = Some(Arc::clone(queue));
                return self.change(jobs, Change { queue, expected, ..Change::default() }).await;
            }
            Bulk::Prioritize(priority) => {
                let priority = Some(*priority);
                return self.change(jobs, Change { priority, expected, ..Change::default() }).await;
            }
        };
        let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
        let happened =
            store.command(ids.clone(), Command { action, expected, reason: Some(reason) }, now).await?;
        Ok(those(&ids, &happened).collect())
    }

    /// Changes jobs, each only as it was seen: what is noted of it, to take it back, is then what it had.
    async fn change(&self, jobs: &[&Job], change: Change) -> Result<BTreeSet<JobId>, StoreError> {
        let mut by_revision: BTreeMap<u32, Vec<JobId>> = BTreeMap::new();
        for job in jobs {
            by_revision.entry(job.revision).or_default().push(job.id);
        }
        let mut done = BTreeSet::new();
        for (revision, ids) in by_revision {
            let change = Change { revision: Some(revision), ..change.clone() };
            let happened = self.store.change(ids.clone(), change, self.clock.now()).await?;
            done.extend(those(&ids, &happened));
        }
        Ok(done)
    }

    /// Keeps how far an operation is, with what can be taken back of the jobs of this step.
    pub(super) async fn save(&self, operation: &Operation, acted: &[&Job]) -> Result<(), StoreError> {
        let before = usize::try_from(operation.done).unwrap_or(BACK).saturating_sub(acted.len());
        let back = back::document(operation, acted, BACK.saturating_sub(before));
        let documents = std::iter::once(operation.document()).chain(back).collect();
        self.store.keep(documents, Vec::new(), self.clock.now()).await
    }
}

/// Returns the jobs for which something happened.
fn those<'a>(ids: &'a [JobId], happened: &'a [bool]) -> impl Iterator<Item = JobId> + 'a {
    ids.iter().zip(happened).filter(|(_, happened)| **happened).map(|(id, _)| *id)
}
