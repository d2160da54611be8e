//! Assertions about jobs that have not run.

use std::fmt::{self, Write};
use std::time::Duration;

use boltjobs_core::clock::Clock;
use boltjobs_core::job::Job;
use boltjobs_core::store::JobFilter;
use boltjobs_core::{JobId, JobState, Timestamp};

use super::jobs::TestJobs;
use crate::pipeline::enqueue::IntoInstant;
use crate::request::Request;

/// How many jobs a failure shows.
const SHOWN: usize = 3;

/// A field that is not as it was expected.
#[doc(hidden)]
#[derive(Debug)]
pub struct Difference {
    pub field: &'static str,
    pub expected: String,
    pub actual: String,
}

impl Difference {
    /// Compares a field; `None` when it is as expected.
    pub fn of<A: PartialEq<E> + fmt::Debug + ?Sized, E: fmt::Debug + ?Sized>(
        field: &'static str,
        actual: &A,
        expected: &E,
    ) -> Option<Self> {
        (actual != expected).then(|| Self {
            field,
            expected: format!("{expected:?}"),
            actual: format!("{actual:?}"),
        })
    }

    /// Says that a request is another variant than expected.
    pub fn variant(expected: &'static str) -> Self {
        Self { field: "", expected: expected.to_owned(), actual: "another variant".to_owned() }
    }
}

/// What an assertion expects of a job, besides its request.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Expected {
    pub at: Option<Timestamp>,
    pub within: Duration,
    pub queue: Option<String>,
    pub priority: Option<i32>,
    pub tag: Option<String>,
    pub count: Option<usize>,
}

impl Expected {
    /// Expects a due time.
    #[must_use]
    pub fn at(mut self, at: impl IntoInstant) -> Self {
        self.at = Some(at.into_instant());
        self
    }

    /// Expects a due time a span from now.
    #[must_use]
    pub fn in_(mut self, jobs: &TestJobs, span: Duration) -> Self {
        self.at = Some(jobs.0.clock.now().plus(span));
        self
    }

    /// Allows the due time to differ.
    #[must_use]
    pub fn within(mut self, tolerance: Duration) -> Self {
        self.within = tolerance;
        self
    }

    /// Expects a queue.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// Expects a priority.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Expects a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Expects a number of such jobs.
    #[must_use]
    pub fn count(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }
}

/// What is asserted.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assertion {
    /// Some job is there that has not started.
    Enqueued,
    /// Some job is there that waits for its time.
    Scheduled,
    /// No job is there that has not ended.
    NotEnqueued,
}

impl Assertion {
    /// The states of the jobs that are meant.
    fn states(self) -> Vec<JobState> {
        use JobState::{Awaiting, Enqueued, Processing, Scheduled};
        match self {
            Self::Enqueued => vec![Awaiting, Scheduled, Enqueued],
            Self::Scheduled => vec![Scheduled],
            Self::NotEnqueued => vec![Awaiting, Scheduled, Enqueued, Processing],
        }
    }
}

/// One job, and how it differs from what was expected.
struct Candidate {
    job: Job,
    differences: Vec<Difference>,
}

/// Checks an assertion, and returns the ids of the jobs that are meant.
///
/// # Panics
/// When it does not hold.
#[doc(hidden)]
#[track_caller]
pub fn expect<R: Request>(
    jobs: &TestJobs,
    assertion: Assertion,
    words: &str,
    expected: &Expected,
    compare: impl Fn(&R) -> Vec<Difference>,
) -> Vec<JobId> {
    let (name, all) = (R::INFO.name(), every_job(jobs));
    let mut candidates: Vec<_> = all
        .iter()
        .filter(|job| *job.spec.request == *name)
        .map(|job| Candidate {
            differences: differences(job, assertion, expected, &compare),
            job: job.clone(),
        })
        .collect();
    let found: Vec<_> =
        candidates.iter().filter(|one| one.differences.is_empty()).map(|one| one.job.id).collect();
    let holds = match (assertion, expected.count) {
        (Assertion::NotEnqueued, _) => found.is_empty(),
        (_, Some(count)) => found.len() == count,
        (_, None) => !found.is_empty(),
    };
    if holds {
        return found;
    }
    let now = jobs.0.clock.now();
    let mut text = match assertion {
        Assertion::NotEnqueued => format!("`{words}` is enqueued, and should not be"),
        Assertion::Enqueued | Assertion::Scheduled => {
            let what = if assertion == Assertion::Enqueued { "enqueued" } else { "scheduled" };
            match expected.count {
                Some(count) => format!("`{words}` is {what} {} times, and not {count} times", found.len()),
                None => format!("no `{words}` is {what}"),
            }
        }
    };
    candidates.sort_by_key(|one| (one.differences.len(), one.job.id));
    let nearest =
        candidates.iter().filter(|one| assertion != Assertion::NotEnqueued || one.differences.is_empty());
    if candidates.is_empty() {
        let _ = write!(text, "\n  there is no job of `{name}`");
    } else if assertion != Assertion::NotEnqueued {
        let _ = write!(text, "\n  the nearest of {} of `{name}`:", number(candidates.len()));
    }
    for candidate in nearest.take(SHOWN) {
        show(&mut text, candidate, now);
    }
    others(&mut text, &all, &name);
    panic!("{text}");
}

fn differences<R: Request>(
    job: &Job,
    assertion: Assertion,
    expected: &Expected,
    compare: impl Fn(&R) -> Vec<Difference>,
) -> Vec<Difference> {
    let mut found = match serde_json::from_slice::<R>(&job.spec.payload) {
        Ok(request) => compare(&request),
        Err(error) => vec![Difference {
            field: "payload",
            expected: "one that can be read".to_owned(),
            actual: error.to_string(),
        }],
    };
    if !assertion.states().contains(&job.state) {
        let states: Vec<_> = assertion.states().iter().map(ToString::to_string).collect();
        found.push(Difference {
            field: "state",
            expected: states.join(" or "),
            actual: job.state.to_string(),
        });
    }
    if let Some(at) = expected.at {
        let due = job.due.unwrap_or(job.created_at);
        if due.since(at).max(at.since(due)) > expected.within {
            found.push(Difference { field: "due", expected: at.to_string(), actual: due.to_string() });
        }
    }
    let queue = expected.queue.as_deref().and_then(|queue| Difference::of("queue", &*job.spec.queue, queue));
    let priority = expected
        .priority
        .and_then(|priority| Difference::of("priority", &i32::from(job.spec.priority), &priority));
    found.extend(queue.into_iter().chain(priority));
    if let Some(tag) = expected.tag.as_ref().filter(|tag| !job.spec.tags.contains(tag)) {
        found.push(Difference {
            field: "tags",
            expected: format!("one that is {tag:?}"),
            actual: format!("{:?}", job.spec.tags),
        });
    }
    found
}

fn show(text: &mut String, candidate: &Candidate, now: Timestamp) {
    let Candidate { job, differences } = candidate;
    let _ = write!(text, "\n  - {} `{}`", job.state, job.spec.title());
    if let Some(due) = job.due {
        let _ = write!(text, ", due in {:?}", due.since(now));
    }
    for Difference { field, expected, actual } in differences {
        let colon = if field.is_empty() { "" } else { ": " };
        let _ = write!(text, "\n      {field}{colon}{actual}, and not {expected}");
    }
}

/// Names what else is there: the test may have meant another request.
fn others(text: &mut String, all: &[Job], name: &str) {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for job in all.iter().filter(|job| *job.spec.request != *name) {
        *counts.entry(&job.spec.request).or_default() += 1;
    }
    if !counts.is_empty() {
        let are = if counts.values().sum::<usize>() == 1 { "is" } else { "are" };
        let counts: Vec<_> =
            counts.iter().map(|(name, count)| format!("{} of `{name}`", number(*count))).collect();
        let _ = write!(text, "\n  besides, there {are} {}", counts.join(", "));
    }
}

fn number(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

fn every_job(jobs: &TestJobs) -> Vec<Job> {
    jobs.0.probe.peek(|opened| opened.jobs(JobFilter::default()))
}
