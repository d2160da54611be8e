//! Running a part of a batch that has ended again: what failed and whatever comes after it, or one job and what comes after that.
//!
//! What has ended stays as it is. The jobs that run again are new ones, in a batch of their own, with the payloads and options of
//! the old ones; those that came after one of them come after its new one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::batch::{Batch, BatchStatus, NewBatch};
use crate::continuation::ParentId;
use crate::job::{Job, JobSpec, NewJob};
use crate::store::{JobFilter, PageQuery, Store, StoreError};
use crate::{BatchId, JobId, JobState, Timestamp};

/// The most jobs that run again at once.
pub const RERUN: usize = 1_000;

/// The most jobs of a batch that are looked at for it.
pub const LOOKED_AT: usize = 10_000;

/// The key of the metadata that names the job which a job stands for.
pub const RERUN_OF: &str = "boltjobs.rerun_of";

/// The jobs of one look at a store.
const PAGE: usize = 500;

/// What runs again, with whatever comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RerunFrom {
    /// The jobs that failed.
    Failed,
    /// This job, however it ended.
    Job(JobId),
}

/// Why nothing runs again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RerunError {
    /// Something of it may be to come.
    #[error("the batch has not ended; wait until it has, or cancel it")]
    Open,
    /// There is nothing to do.
    #[error("no job of the batch that is still kept has failed, so there is nothing to run again")]
    NoneFailed,
    /// The job belongs elsewhere, or is gone.
    #[error("job {0} is not in the batch, or its retention is over")]
    NotInIt(JobId),
    /// There is too much to do in one write.
    #[error("more than {RERUN} jobs would run again; begin with a later job, or requeue those that failed")]
    TooMany,
    /// There is too much to look at.
    #[error("the batch has more than {LOOKED_AT} jobs; requeue those of it that failed")]
    TooLarge,
    /// The store can't answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What would run again.
#[derive(Debug, Clone, PartialEq)]
pub struct Rerun {
    batch: Batch,
    jobs: Vec<Job>,
    /// What they came after and is not there any more.
    gone: BTreeSet<ParentId>,
}

impl Rerun {
    /// Finds what would run again of a batch.
    ///
    /// # Errors
    /// When there is nothing, or too much; or the store can't answer.
    pub async fn plan(store: &dyn Store, status: &BatchStatus, from: RerunFrom) -> Result<Self, RerunError> {
        if status.batch.ended.is_none() {
            return Err(RerunError::Open);
        }
        let members = members(store, status.batch.id).await?;
        let mut next: Vec<JobId> = match from {
            RerunFrom::Failed => {
                members.values().filter(|job| job.state == JobState::Failed).map(|job| job.id).collect()
            }
            RerunFrom::Job(id) if members.contains_key(&id) => vec![id],
            RerunFrom::Job(id) => return Err(RerunError::NotInIt(id)),
        };
        if next.is_empty() {
            return Err(RerunError::NoneFailed);
        }
        let mut behind: HashMap<JobId, Vec<JobId>> = HashMap::new();
        for job in members.values() {
            for parent in &job.spec.parents {
                if let ParentId::Job(parent) = parent.id {
                    behind.entry(parent).or_default().push(job.id);
                }
            }
        }
        let mut again = BTreeSet::new();
        while let Some(id) = next.pop() {
            if again.insert(id) {
                next.extend(behind.get(&id).into_iter().flatten());
            }
        }
        if again.len() > RERUN {
            return Err(RerunError::TooMany);
        }
        // By their ids they are in the order in which they were made, so that each comes behind those it waits for.
        let jobs: Vec<_> = members.into_values().filter(|job| again.contains(&job.id)).collect();
        let mut gone = BTreeSet::new();
        for parent in jobs.iter().flat_map(|job| &job.spec.parents) {
            let there = match parent.id {
                ParentId::Job(id) => again.contains(&id) || store.job(id).await?.is_some(),
                ParentId::Batch(id) => store.batch(id).await?.is_some(),
            };
            if !there {
                gone.insert(parent.id);
            }
        }
        Ok(Self { batch: status.batch.clone(), jobs, gone })
    }

    /// Returns the jobs that would run again, oldest first.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// Lets them run again, as a batch of this id, in one write. With the same id it happens once.
    ///
    /// # Errors
    /// When the store can't write, or what they come after has gone meanwhile.
    pub async fn submit(&self, store: &dyn Store, id: BatchId, now: Timestamp) -> Result<(), StoreError> {
        let new_id = |old: JobId| JobId::from_name(now, format!("{id}/{old}").as_bytes());
        let ids: HashMap<_, _> = self.jobs.iter().map(|job| (job.id, new_id(job.id))).collect();
        let jobs = self.jobs.iter().map(|job| {
            let mut spec = JobSpec::clone(&job.spec);
            spec.batch = Some(id);
            spec.occurrence = None;
            spec.parents.retain(|parent| !self.gone.contains(&parent.id));
            for parent in &mut spec.parents {
                if let ParentId::Job(old) = &mut parent.id
                    && let Some(new) = ids.get(old)
                {
                    *old = *new;
                }
            }
            spec.meta.insert(RERUN_OF.to_owned(), job.id.to_string());
            NewJob { id: new_id(job.id), spec: spec.into(), start_at: None }
        });
        let batch = NewBatch { id, name: self.name(), parent: None };
        store.submit(vec![batch], jobs.collect(), now).await.map(drop)
    }

    fn name(&self) -> String {
        const AGAIN: &str = ", again";
        match &*self.batch.name {
            "" => String::new(),
            name if name.ends_with(AGAIN) => name.to_owned(),
            name => format!("{name}{AGAIN}"),
        }
    }
}

/// Returns the jobs of a batch that are still kept.
async fn members(store: &dyn Store, batch: BatchId) -> Result<BTreeMap<JobId, Job>, RerunError> {
    let filter = JobFilter { batch: Some(batch), ..JobFilter::default() };
    let (mut members, mut after) = (BTreeMap::new(), None);
    loop {
        let query = PageQuery { filter: filter.clone(), oldest_first: true, after, limit: PAGE };
        let page = store.page(query).await?;
        members.extend(page.jobs.into_iter().map(|job| (job.id, job)));
        if members.len() > LOOKED_AT {
            return Err(RerunError::TooLarge);
        }
        after = page.next;
        if after.is_none() {
            return Ok(members);
        }
    }
}
