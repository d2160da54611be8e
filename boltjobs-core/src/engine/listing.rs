//! Where every job is listed: by request, queue and state, and by its tags. A list is a walk over the sets that can
//! hold what it asks for.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use super::sorted::Sorted;
use crate::job::JobSpec;
use crate::store::JobFilter;
use crate::{JobId, JobState};

/// The jobs of one request in one queue, by state.
type States = [Sorted<JobId>; JobState::ALL.len()];

#[derive(Debug, Default, PartialEq)]
pub(super) struct Listing {
    /// By request, and by queue. There are few of them, so that a job is listed in no time.
    places: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Box<States>>>,
    tags: HashMap<String, Sorted<JobId>>,
}

impl Listing {
    pub(super) fn insert(&mut self, spec: &JobSpec, id: JobId, state: JobState) {
        let queues = self.places.entry(Arc::clone(&spec.request)).or_default();
        let states = queues.entry(Arc::clone(&spec.queue)).or_default();
        states[state as usize].add(id);
        for tag in &spec.tags {
            if let Some(jobs) = self.tags.get_mut(tag) {
                jobs.add(id);
            } else {
                self.tags.entry(tag.clone()).or_default().add(id);
            }
        }
    }

    /// Lists a job under another state.
    pub(super) fn restate(&mut self, spec: &JobSpec, id: JobId, from: JobState, to: JobState) {
        let queues = self.places.get_mut(&spec.request);
        if let Some(states) = queues.and_then(|queues| queues.get_mut(&spec.queue)) {
            states[from as usize].remove(&id);
            states[to as usize].add(id);
        }
    }

    pub(super) fn remove(&mut self, spec: &JobSpec, id: JobId, state: JobState) {
        let (request, queue) = (&spec.request, &spec.queue);
        if let Some(queues) = self.places.get_mut(request)
            && let Some(states) = queues.get_mut(queue)
        {
            states[state as usize].remove(&id);
            if states.iter().all(Sorted::is_empty) {
                queues.remove(queue);
            }
            if queues.is_empty() {
                self.places.remove(request);
            }
        }
        for tag in &spec.tags {
            if let Some(jobs) = self.tags.get_mut(tag) {
                jobs.remove(&id);
                if jobs.is_empty() {
                    self.tags.remove(tag);
                }
            }
        }
    }

    /// Returns the jobs in one state, in no order.
    pub(super) fn in_state(&self, state: JobState) -> impl Iterator<Item = JobId> {
        self.places
            .values()
            .flat_map(BTreeMap::values)
            .flat_map(move |states| states[state as usize].after(None))
    }

    /// Returns sets that share no job and hold all that the filter admits.
    pub(super) fn sets(&self, filter: &JobFilter) -> Vec<&Sorted<JobId>> {
        if !filter.tags.is_empty() {
            // A tag that no job has leaves none of them, whatever the others are.
            let tagged: Option<Vec<_>> = filter.tags.iter().map(|tag| self.tags.get(tag)).collect();
            return tagged.into_iter().flatten().min_by_key(|set| set.len()).into_iter().collect();
        }
        let queues = self.places.iter().filter(|(request, _)| filter.admits_request(request));
        let places =
            queues.flat_map(|(_, queues)| queues.iter().filter(|(queue, _)| filter.admits_queue(queue)));
        let states = JobState::ALL.into_iter().filter(|state| filter.admits_state(*state));
        let sets = places.flat_map(|(_, sets)| states.clone().map(|state| &sets[state as usize]));
        sets.filter(|set| !set.is_empty()).collect()
    }
}

/// Jobs in the order of their ids.
#[derive(Clone, Copy)]
pub(super) enum Set<'a> {
    Sorted(&'a Sorted<JobId>),
    Tree(&'a BTreeSet<JobId>),
}

impl<'a> Set<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sorted(set) => set.len(),
            Self::Tree(set) => set.len(),
        }
    }

    fn rest(self, after: Option<JobId>, oldest_first: bool) -> Rest<'a> {
        let bound = after.map_or(Unbounded, Excluded);
        match (self, oldest_first) {
            (Self::Sorted(set), true) => Box::new(set.after(after)),
            (Self::Sorted(set), false) => Box::new(set.before(after)),
            (Self::Tree(set), true) => Box::new(set.range((bound, Unbounded)).copied()),
            (Self::Tree(set), false) => Box::new(set.range((Unbounded, bound)).rev().copied()),
        }
    }
}

/// What is left of a set, in the order of the walk.
type Rest<'a> = Box<dyn Iterator<Item = JobId> + 'a>;

/// Merges sets in the order of the ids.
pub(super) struct Walk<'a> {
    sets: Vec<Rest<'a>>,
    /// The next of each set that is not at its end, the greatest first; turned over where the oldest is.
    heads: BinaryHeap<(u128, usize)>,
    oldest_first: bool,
}

impl<'a> Walk<'a> {
    /// Walks over sets that share no job, by the ids of the jobs.
    pub(super) fn over(sets: Vec<Set<'a>>, after: Option<JobId>, oldest_first: bool) -> Self {
        let sets: Vec<Rest<'_>> = sets.into_iter().map(|set| set.rest(after, oldest_first)).collect();
        let mut walk = Self { heads: BinaryHeap::with_capacity(sets.len()), sets, oldest_first };
        (0..walk.sets.len()).for_each(|set| walk.refill(set));
        walk
    }

    fn refill(&mut self, set: usize) {
        let next = self.sets[set].next();
        self.heads.extend(next.map(|id| (self.turned(id.as_u128()), set)));
    }

    /// Says whether the walk comes to one id before it comes to the other.
    pub(super) fn is_before(&self, one: JobId, other: JobId) -> bool {
        if self.oldest_first { one < other } else { one > other }
    }

    fn turned(&self, id: u128) -> u128 {
        if self.oldest_first { !id } else { id }
    }
}

impl Iterator for Walk<'_> {
    type Item = JobId;

    fn next(&mut self) -> Option<JobId> {
        let (id, set) = self.heads.pop()?;
        self.refill(set);
        Some(JobId::from_u128(self.turned(id)))
    }
}
