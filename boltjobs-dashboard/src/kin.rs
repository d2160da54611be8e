//! What hangs together: the jobs of a batch, and what is before and after a job.

use std::collections::{BTreeSet, VecDeque};

use boltjobs_core::JobState;
use boltjobs_core::batch::BatchStatus;
use boltjobs_core::continuation::{After, ParentId};
use boltjobs_core::job::Job;
use boltjobs_core::store::{JobFilter, PageQuery, StoreError};

use crate::routes::Asked;

/// The most jobs of a batch that are looked at one by one.
pub(crate) const OF_BATCH: usize = 200;

/// The most that are looked at around a job.
pub(crate) const AROUND: usize = 60;

/// The most looks at a store, each of which may find nothing.
const LOOKS: usize = 10;

/// A job or a batch among those that hang together.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: ParentId,
    pub(crate) title: String,
    /// How it stands; none for what is not there any more.
    pub(crate) state: Option<JobState>,
    /// What it comes after.
    pub(crate) after: Vec<ParentId>,
    /// Which end of these it waits for, in the same order; nothing where any end will do.
    pub(crate) when: Vec<After>,
}

impl Member {
    fn of(job: &Job) -> Self {
        let after = job.spec.parents.iter().map(|parent| parent.id).collect();
        let when = job.spec.parents.iter().map(|parent| parent.when).collect();
        Self { id: job.id.into(), title: job.spec.title().to_owned(), state: Some(job.state), after, when }
    }

    fn of_batch(status: &BatchStatus) -> Self {
        let (batch, unnamed) = (&status.batch, status.batch.name.is_empty());
        let title = if unnamed { format!("batch {}", batch.id) } else { batch.name.clone() };
        let state = batch.ended.map_or(JobState::Processing, |(state, _)| state);
        Self { id: batch.id.into(), title, state: Some(state), after: Vec::new(), when: Vec::new() }
    }

    /// Says which end of a parent it waits for.
    pub(crate) fn when(&self, parent: ParentId) -> Option<After> {
        let at = self.after.iter().position(|id| *id == parent)?;
        self.when.get(at).copied()
    }
}

/// Those that hang together, and whether there are more of them.
#[derive(Debug, Default)]
pub(crate) struct Kin {
    pub(crate) members: Vec<Member>,
    pub(crate) more: bool,
}

impl Kin {
    pub(crate) fn member(&self, id: ParentId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }
}

/// Says which end of a parent is waited for.
pub(crate) fn in_words(when: After) -> &'static str {
    match when {
        After::Succeeded => "once it has succeeded",
        After::Failed => "once it has failed",
        After::Finished => "once it has ended",
    }
}

/// Finds the jobs of a batch and the batches in it, and what comes after all of them, with the batch itself between
/// the two. Those whose retention is over are not among them.
pub(crate) async fn of_batch(
    asked: &Asked,
    status: &BatchStatus,
    nested: &[BatchStatus],
) -> Result<Kin, StoreError> {
    let filter = JobFilter { batch: Some(status.batch.id), ..JobFilter::default() };
    let mut kin = Kin { members: nested.iter().map(Member::of_batch).collect(), more: false };
    let mut after = None;
    for _ in 0..LOOKS {
        let room = (OF_BATCH + 1).saturating_sub(kin.members.len());
        let query = PageQuery { filter: filter.clone(), oldest_first: true, after, limit: room };
        let page = asked.store().page(query).await?;
        kin.members.extend(page.jobs.iter().map(Member::of));
        after = page.next;
        if after.is_none() || kin.members.len() > OF_BATCH {
            break;
        }
    }
    kin.more = after.is_some() || kin.members.len() > OF_BATCH;
    let filter = JobFilter { parent: Some(status.batch.id.into()), ..JobFilter::default() };
    let query = PageQuery { filter, oldest_first: true, after: None, limit: AROUND };
    let behind = asked.store().page(query).await?.jobs;
    if !behind.is_empty() {
        let after = kin.members.iter().map(|member| member.id).collect();
        kin.members.push(Member { after, ..Member::of_batch(status) });
        kin.members.extend(behind.iter().map(Member::of));
    }
    Ok(kin)
}

/// Finds what a job comes after, as far as it is there, and what has not ended and comes after the job. It is the first of them.
pub(crate) async fn of_job(asked: &Asked, job: &Job) -> Result<Kin, StoreError> {
    let store = asked.store();
    let mut kin = Kin { members: vec![Member::of(job)], more: false };
    let mut seen = BTreeSet::from([ParentId::from(job.id)]);
    let mut before: VecDeque<_> = job.spec.parents.iter().map(|parent| parent.id).collect();
    while let Some(id) = before.pop_front() {
        if !seen.insert(id) {
            continue;
        }
        if kin.members.len() >= AROUND / 2 {
            kin.more = true;
            break;
        }
        let found = match id {
            ParentId::Job(id) => store.job(id).await?.as_ref().map(Member::of),
            ParentId::Batch(id) => store.batch(id).await?.as_ref().map(Member::of_batch),
        };
        let gone = || Member { id, title: id.to_string(), state: None, after: Vec::new(), when: Vec::new() };
        let found = found.unwrap_or_else(gone);
        before.extend(&found.after);
        kin.members.push(found);
    }
    let mut behind = VecDeque::from([job.id]);
    while let Some(id) = behind.pop_front() {
        let filter = JobFilter { parent: Some(id.into()), ..JobFilter::default() };
        let room = AROUND.saturating_sub(kin.members.len());
        let page = store.page(PageQuery { filter, oldest_first: true, after: None, limit: room + 1 }).await?;
        for child in page.jobs {
            if kin.members.len() >= AROUND {
                kin.more = true;
                return Ok(kin);
            }
            if seen.insert(child.id.into()) {
                behind.push_back(child.id);
                kin.members.push(Member::of(&child));
            }
        }
    }
    Ok(kin)
}
