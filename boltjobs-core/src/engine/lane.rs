//! The ready jobs of one request and version in one queue: a server can run all of them, or none.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gate::{Gate, Hold};
use super::parking::{Parked, Parking, Waits};
use super::sorted::Sorted;
use crate::JobId;
use crate::job::Job;
use crate::sabotage::{self, Bug};
use crate::store::Limits;

/// Higher priority first, then first in, first out.
pub(super) type Place = (Reverse<i8>, u64);

/// The request, the version, and whether the jobs have concurrency keys.
pub(super) type LaneId = (Arc<str>, u32, bool);

/// The jobs of a lane.
///
/// Where they have keys, only the first job of a key competes, and none of a key that was found to be blocked: that is
/// parked until it may have room again. So a claim passes over a blocked key once, however many jobs it has.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// All of them: of each priority those that are first in first. None is empty.
    jobs: BTreeMap<Reverse<i8>, Sorted<(u64, JobId)>>,
    /// The jobs of each key, in order. Empty without keys, as is what follows.
    lines: BTreeSet<(Arc<str>, Place)>,
    /// The first job of each key that is not parked.
    heads: BTreeMap<Place, Arc<str>>,
    /// What keys were parked by.
    limits: Option<Arc<Limits>>,
}

pub(super) fn place(job: &Job) -> Place {
    (Reverse(job.spec.priority), job.order)
}

impl Lane {
    pub(super) fn insert(&mut self, job: &Job) {
        let place = place(job);
        self.jobs.entry(place.0).or_default().add((place.1, job.id));
        if let Some(key) = &job.spec.concurrency_key {
            match self.first_of(key) {
                None => drop(self.heads.insert(place, Arc::clone(key))),
                // A head that is not among them is parked, and so is whatever comes before it.
                Some(head) if place < head && self.heads.remove(&head).is_some() => {
                    self.heads.insert(place, Arc::clone(key));
                }
                Some(_) => {}
            }
            self.lines.insert((Arc::clone(key), place));
        }
    }

    /// Removes a job that may not be here, and says whether that leaves its key without jobs.
    pub(super) fn remove(&mut self, job: &Job) -> bool {
        let place = place(job);
        let Some(jobs) = self.jobs.get_mut(&place.0) else { return false };
        if jobs.remove(&(place.1, job.id)).is_none() {
            return false;
        }
        if jobs.is_empty() {
            self.jobs.remove(&place.0);
        }
        let Some(key) = &job.spec.concurrency_key else { return false };
        self.lines.remove(&(Arc::clone(key), place));
        if self.heads.remove(&place).is_some() {
            self.open(key);
        }
        self.first_of(key).is_none()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Lets the first job of a key compete.
    pub(super) fn open(&mut self, key: &Arc<str>) {
        if let Some(head) = self.first_of(key) {
            self.heads.insert(head, Arc::clone(key));
        }
    }

    fn first_of(&self, key: &Arc<str>) -> Option<Place> {
        let from = (Arc::clone(key), (Reverse(i8::MAX), 0));
        let mut line =
            self.lines.range(from..).take_while(|(first, _)| first == key).map(|(_, place)| *place);
        if sabotage::is(Bug::KeyIsLifo) { line.last() } else { line.next() }
    }

    /// Returns the job that a server would take next, and parks the keys that it finds blocked.
    pub(super) fn first(
        &mut self,
        queue: &Arc<str>,
        id: &LaneId,
        gate: &Gate<'_>,
        parking: &mut Parking,
    ) -> Option<(Place, JobId)> {
        let (request, version, keyed) = id;
        let limits = match gate.handler(request, *version) {
            Ok(limits) => limits,
            Err(hold) => {
                if let Hold::HandlerRate(_, until) = hold {
                    parking.ask_at(until, Waits::Handler);
                }
                return None;
            }
        };
        if !keyed {
            let (priority, jobs) = self.jobs.first_key_value()?;
            return jobs.first().map(|(order, id)| ((*priority, order), id));
        }
        self.heed(limits.as_ref());
        while let Some((place, key)) = self.heads.first_key_value() {
            let Some(hold) = gate.key(limits.as_ref(), key) else { return Some((*place, self.at(*place)?)) };
            if !parking.look() {
                return None;
            }
            let (place, key) = (*place, Arc::clone(key));
            self.heads.remove(&place);
            parking.park(Parked { key, queue: Arc::clone(queue), lane: id.clone() }, hold);
        }
        None
    }

    /// Looks at every key anew when the limits are others than those that keys were parked by.
    fn heed(&mut self, limits: Option<&Arc<Limits>>) {
        let same = match (&self.limits, limits) {
            (Some(known), Some(limits)) => Arc::ptr_eq(known, limits) || known == limits,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !same {
            self.limits = limits.cloned();
            let mut latest = None;
            for (key, place) in &self.lines {
                if latest != Some(key) {
                    self.heads.insert(*place, Arc::clone(key));
                }
                latest = Some(key);
            }
        }
    }

    fn at(&self, place: Place) -> Option<JobId> {
        let (order, id) = self.jobs.get(&place.0)?.after(Some((place.1, JobId::from_u128(0)))).next()?;
        (order == place.1).then_some(id)
    }

    /// Returns the jobs before a place, in order.
    pub(super) fn before(&self, place: Place) -> impl Iterator<Item = JobId> {
        let higher = self.jobs.range(..place.0).flat_map(|(_, jobs)| jobs.after(None));
        let same = self.jobs.get(&place.0).into_iter().flat_map(|jobs| jobs.after(None));
        higher.chain(same.take_while(move |(order, _)| *order < place.1)).map(|(_, id)| id)
    }

    /// Returns the first of each priority.
    pub(super) fn oldest(&self) -> impl Iterator<Item = (u64, JobId)> {
        self.jobs.values().filter_map(Sorted::first)
    }
}
