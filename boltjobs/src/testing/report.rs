//! What happened while a test let its jobs run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use boltjobs_core::JobState;
use boltjobs_core::watch::{self, Watch};

use crate::observer::Transition;
use crate::request::Request;

/// What happened while a test let its jobs run. Its `Display` lists every transition.
#[derive(Debug, Clone, Default)]
pub struct Report {
    moved: Vec<Arc<watch::Transition>>,
    pub(super) crashes: u64,
    pub(super) passed: Duration,
}

impl Report {
    /// Takes what a watch has collected, and says whether a job began that somebody asked for: a definition that fires
    /// on the way says nothing of those that run.
    pub(super) fn collect(&mut self, watch: &mut Watch) -> bool {
        let (mut next, mut context) = (std::pin::pin!(watch.changed()), Context::from_waker(Waker::noop()));
        let Poll::Ready(changes) = next.as_mut().poll(&mut context) else { return false };
        let mut began = changes.moved.iter().filter(|moved| moved.row.state == JobState::Processing);
        let lively = began.any(|moved| moved.spec.occurrence.is_none());
        self.moved.extend(changes.moved);
        lively
    }

    /// Returns how many transitions there were.
    pub(super) fn len(&self) -> usize {
        self.moved.len()
    }

    /// Returns how many jobs of a request succeeded.
    pub fn succeeded<R: Request>(&self) -> u64 {
        self.ended::<R>(JobState::Succeeded)
    }

    /// Returns how many jobs of a request failed for good.
    pub fn failed<R: Request>(&self) -> u64 {
        self.ended::<R>(JobState::Failed)
    }

    /// Returns how many jobs of a request were deleted.
    pub fn deleted<R: Request>(&self) -> u64 {
        self.ended::<R>(JobState::Deleted)
    }

    /// Returns how many jobs of a request were enqueued while the others ran, by handlers and by recurring definitions.
    pub fn enqueued<R: Request>(&self) -> u64 {
        self.count(|moved| moved.from.is_none() && is::<R>(moved))
    }

    /// Returns how many attempts were begun.
    pub fn attempts(&self) -> u64 {
        self.count(|moved| moved.row.state == JobState::Processing)
    }

    /// Returns how many attempts failed, whether or not others follow.
    pub fn failed_attempts(&self) -> u64 {
        self.count(|moved| moved.from == Some(JobState::Processing) && moved.row.error.is_some())
    }

    /// Returns how often the process crashed and was started again.
    pub fn crashes(&self) -> u64 {
        self.crashes
    }

    /// Returns how much of the test's own time has passed.
    pub fn passed(&self) -> Duration {
        self.passed
    }

    /// Returns every transition, in order.
    pub fn transitions(&self) -> Vec<Transition> {
        self.moved.iter().map(|moved| Transition::new(Arc::clone(moved), 0)).collect()
    }

    /// Returns the errors of the attempts that failed, in order.
    pub fn errors(&self) -> Vec<String> {
        self.moved.iter().filter_map(|moved| Some(moved.row.error.as_ref()?.to_string())).collect()
    }

    fn ended<R: Request>(&self, state: JobState) -> u64 {
        self.count(|moved| moved.row.state == state && is::<R>(moved))
    }

    fn count(&self, counts: impl Fn(&watch::Transition) -> bool) -> u64 {
        self.moved.iter().filter(|moved| counts(moved)).count() as u64
    }
}

fn is<R: Request>(moved: &watch::Transition) -> bool {
    *moved.spec.request == *R::INFO.name()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.moved.is_empty() {
            return writeln!(f, "nothing happened");
        }
        // Ids are long: the jobs are numbered in the order in which they are met.
        let mut numbers = BTreeMap::new();
        for moved in &self.moved {
            let next = numbers.len() + 1;
            let number = *numbers.entry(moved.job).or_insert(next);
            write!(f, "{} #{number} `{}`: ", moved.row.at, moved.spec.title())?;
            if let Some(from) = moved.from {
                write!(f, "{from} to ")?;
            }
            write!(f, "{}", moved.row.state)?;
            if let Some(why) = moved.row.error.as_ref().map(ToString::to_string) {
                write!(f, ", {why}")?;
            } else if let Some(why) = &moved.row.reason {
                write!(f, ", {why}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
