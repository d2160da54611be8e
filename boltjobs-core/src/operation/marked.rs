//! What somebody does to jobs that they have marked: done at once, and kept as an operation, so that it can be taken back.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Bulk, Operation, Operations, Skip, Skips, Status};
use crate::job::Job;
use crate::store::StoreError;
use crate::{JobId, JobState};

impl Operations {
    /// Does something to jobs that are in one of these states, or in any that allows it when there are none, and returns what came
    /// of it with the jobs for which it happened.
    ///
    /// # Errors
    /// When the store can't answer or write.
    pub async fn with_marked(
        &self,
        id: JobId,
        bulk: Bulk,
        jobs: &[JobId],
        expected: Vec<JobState>,
        (actor, reason): (&str, Arc<str>),
    ) -> Result<(Operation, BTreeSet<JobId>), StoreError> {
        let now = self.clock.now();
        let mut operation = Operation {
            id,
            bulk,
            query: String::new(),
            marked: true,
            careful: false,
            held: false,
            limit: None,
            actor: actor.to_owned(),
            started_at: now,
            ended_at: Some(now),
            planned: jobs.len() as u64,
            done: 0,
            skipped: 0,
            skips: Skips::default(),
            watched: 0,
            after: None,
            status: Status::Finished,
            left: Skips::default(),
        };
        let mut found = Vec::with_capacity(jobs.len());
        for id in jobs {
            if let Some(job) = self.store.job(*id).await? {
                found.push(job);
            } else {
                operation.skipped += 1;
                operation.skips.add(*id, None, Skip::Gone);
            }
        }
        let seen: Vec<&Job> = found.iter().collect();
        let acted = self.act(&mut operation, &seen, expected, reason).await?;
        super::begin(&*self.store, &operation).await?;
        self.save(&operation, &acted).await?;
        let done = acted.iter().map(|job| job.id).collect();
        Ok((operation, done))
    }
}
