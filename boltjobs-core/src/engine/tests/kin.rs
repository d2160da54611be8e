//! Random jobs that wait for each other or belong together.

use proptest::prelude::*;

use super::{Engine, id, new_job};
use crate::batch::NewBatch;
use crate::continuation::{After, Parent, ParentId};
use crate::job::NewJob;
use crate::{BatchId, JobId};

/// The batches of a run.
const BATCHES: u8 = 8;

/// A write of such jobs. Most of what it names is there already: it is found by how lately it came.
#[derive(Debug, Clone)]
pub(super) struct Kin {
    /// A batch, and the one that it is in.
    batch: Option<(u8, Option<u8>)>,
    jobs: Vec<Member>,
}

/// The number of a job, what it waits for, and its batch.
type Member = (u8, Vec<(Named, After)>, Option<u8>);

#[derive(Debug, Clone, Copy)]
enum Named {
    /// The job that came so many before.
    Latest(usize),
    Job(u8),
    Batch(u8),
}

pub(super) fn batch_id(n: u8) -> BatchId {
    BatchId::from(id(200 + n))
}

pub(super) fn kin() -> impl Strategy<Value = Kin> {
    let ends = prop_oneof![3 => Just(After::Succeeded), 1 => Just(After::Failed), 2 => Just(After::Finished)];
    let named = prop_oneof![
        8 => (0..6_usize).prop_map(Named::Latest),
        1 => (0..80_u8).prop_map(Named::Job),
        3 => (0..BATCHES).prop_map(Named::Batch),
    ];
    let batch = || proptest::option::weighted(0.4, 0..BATCHES);
    let job = (24..80_u8, proptest::collection::vec((named, ends), 0..3), batch());
    let new_batch = proptest::option::weighted(0.3, (0..BATCHES, batch()));
    (new_batch, proptest::collection::vec(job, 0..4)).prop_map(|(batch, jobs)| Kin { batch, jobs })
}

impl Kin {
    /// Finds what it names. A batch that is neither there nor new is left out, but for some.
    pub(super) fn resolve(self, engine: &Engine, enqueued: &[JobId]) -> (Vec<NewBatch>, Vec<NewJob>) {
        let known = |n: &u8| {
            let new = self.batch.is_some_and(|(new, _)| new == *n);
            new || engine.family.batches.contains_key(&batch_id(*n)) || n.is_multiple_of(5)
        };
        let batches = self.batch.map(|(n, parent)| NewBatch {
            id: batch_id(n),
            name: "kin".to_owned(),
            parent: parent.filter(|parent| known(parent) && *parent != n).map(batch_id),
        });
        let mut before = enqueued.to_vec();
        let mut jobs = Vec::new();
        for (n, parents, batch) in self.jobs {
            let mut job = new_job(n, 0, None);
            let parents = parents.into_iter().filter_map(|(named, when)| {
                let id = match named {
                    Named::Latest(back) => ParentId::Job(*before.iter().rev().nth(back)?),
                    Named::Job(n) => ParentId::Job(id(n)),
                    Named::Batch(n) => ParentId::Batch(batch_id(Some(n).filter(known)?)),
                };
                Some(Parent { id, when })
            });
            job.spec_mut().parents = parents.collect();
            job.spec_mut().batch = batch.filter(known).map(batch_id);
            before.push(job.id);
            jobs.push(job);
        }
        (batches.into_iter().collect(), jobs)
    }
}
