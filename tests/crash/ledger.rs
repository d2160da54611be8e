//! What a process said before it was killed, held against what the next one finds.

use std::collections::BTreeMap;

use boltjobs::{JobId, JobState};
use serde::{Deserialize, Serialize};

/// A line that a life says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Line {
    /// The store will be opened now.
    Opening,
    /// A job is there; told before any handler may run.
    Found(Found),
    /// When the recurring definition was first added, in microseconds.
    Definition(i64),
    /// Everything that is there was told, and the work begins.
    Open,
    /// An enqueue has returned.
    Acknowledged(JobId),
    /// A handler has begun.
    Ran {
        /// The job.
        id: JobId,
        /// The attempt.
        attempt: u32,
        /// The number of the claim.
        fence: u64,
        /// The instant for which a recurring job was made.
        instant: Option<i64>,
    },
    /// The job was seen in a final state, durably.
    Ended(JobId),
    /// The store was closed.
    Closed,
}

/// A job as the start of a server left it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Found {
    /// The job.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// How many attempts count.
    pub attempts: u32,
    /// The name of its request.
    pub request: String,
    /// How many attempts of it shall fail.
    pub fails: u32,
    /// The jobs that were enqueued with it, itself included, have this in common.
    pub group: Option<u64>,
    /// In how many crashes it was running.
    pub crashes: u64,
    /// Whether it runs on a server that is no more.
    pub orphan: bool,
}

/// Everything that was ever said.
#[derive(Debug, Default)]
pub struct Ledger {
    jobs: BTreeMap<JobId, Known>,
    instants: BTreeMap<i64, JobId>,
    definition: Option<i64>,
    /// Acknowledged, and not yet found by a later life.
    fresh: Vec<JobId>,
    life: u32,
    /// How many lives came so far that they could tell what they found.
    pub opened: u32,
}

#[derive(Debug, Default)]
struct Known {
    acknowledged: bool,
    ended: bool,
    attempt: u32,
    fence: u64,
    found: Option<(u32, Found)>,
}

/// The jobs of one `enqueue_all`.
pub const GROUP: usize = 5;

/// How often a failed attempt is followed by another.
pub const RETRIES: u32 = 3;

impl Ledger {
    /// Begins the next life, and returns the job from which on it shall tell what it finds.
    pub fn begin(&mut self) -> JobId {
        self.life += 1;
        self.fresh.iter().min().copied().unwrap_or(JobId::from_u128(u128::MAX))
    }

    /// Notes a line, which must agree with all that came before.
    pub fn note(&mut self, line: Line) {
        match line {
            Line::Opening | Line::Closed => {}
            Line::Acknowledged(id) => {
                self.jobs.entry(id).or_default().acknowledged = true;
                self.fresh.push(id);
            }
            Line::Ran { id, attempt, fence, instant } => {
                let known = self.jobs.entry(id).or_default();
                assert!(!known.ended, "{id} ran again although its end was durable");
                assert!(attempt >= known.attempt, "attempt {attempt} of {id} came after {}", known.attempt);
                assert!(fence > known.fence, "fence {fence} of {id} came after {}", known.fence);
                (known.attempt, known.fence) = (attempt, fence);
                let first = instant.map(|instant| *self.instants.entry(instant).or_insert(id));
                assert!(first.is_none_or(|first| first == id), "{first:?} and {id} stand for one instant");
            }
            Line::Ended(id) => self.jobs.entry(id).or_default().ended = true,
            Line::Definition(at) => {
                let first = *self.definition.get_or_insert(at);
                assert_eq!(first, at, "the recurring definition was made anew");
            }
            Line::Found(found) => self.found(found),
            Line::Open => self.open(),
        }
    }

    fn found(&mut self, found: Found) {
        let known = self.jobs.entry(found.id).or_default();
        assert!(!found.orphan, "nobody took it back when the store was opened: {found:?}");
        assert!(!known.ended || found.state.is_final(), "its end was durable: {found:?}");
        known.found = Some((self.life, found));
    }

    fn open(&mut self) {
        self.opened += 1;
        for id in std::mem::take(&mut self.fresh) {
            let found = self.jobs.get(&id).and_then(|known| known.found.as_ref());
            assert!(found.is_some_and(|(life, _)| *life == self.life), "{id} was acknowledged and is gone");
        }
    }

    /// Checks what the last life found once everything had ended, and returns how many jobs there were, how often a
    /// crash met one that ran, and how many occurrences there were.
    pub fn close(&self) -> (usize, u64, usize) {
        let mut groups: BTreeMap<u64, usize> = BTreeMap::new();
        for (id, known) in &self.jobs {
            let Some((_, found)) = known.found.as_ref().filter(|(life, _)| *life == self.life) else {
                panic!("{id} is gone: {known:?}");
            };
            let (state, attempts) = match found.request.as_str() {
                "work" if found.fails > RETRIES => (JobState::Failed, Some(RETRIES + 1)),
                "work" => (JobState::Succeeded, Some(found.fails + 1)),
                "unwanted" => (JobState::Deleted, None),
                _ => (JobState::Succeeded, Some(1)),
            };
            assert_eq!(found.state, state, "{found:?}");
            assert!(attempts.is_none_or(|attempts| attempts == found.attempts), "{found:?}");
            if let Some(group) = found.group {
                *groups.entry(group).or_default() += 1;
            }
        }
        assert!(groups.values().all(|jobs| *jobs == GROUP), "a part of a group is there: {groups:?}");
        let found = self.jobs.values().filter_map(|known| known.found.as_ref());
        (self.jobs.len(), found.map(|(_, found)| found.crashes).sum(), self.instants.len())
    }
}
