//! What clients ask for, and what came of it.

use std::sync::Arc;

use crate::job::{Content, JobSpec};
use crate::recurring::Definition;
use crate::{JobId, JobState, Timestamp};

/// What became of a job that was enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued {
    /// The job that stands for it.
    pub id: JobId,
    /// Whether it was there before.
    pub duplicate: bool,
}

/// What a client can ask of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What to do.
    pub action: Action,
    /// The states in which to do it; any legal one when empty.
    pub expected: Vec<JobState>,
    /// Why, for the history.
    pub reason: Option<Arc<str>>,
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To Deleted; a running job is asked to stop.
    Delete,
    /// To Enqueued, with its attempts counted anew if it had ended.
    Requeue,
    /// To Scheduled.
    Reschedule(Timestamp),
}

/// What a client changes of jobs that wait, or have failed. What is left out stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Another queue. Within it the job has the place that its age gives it.
    pub queue: Option<Arc<str>>,
    /// Another priority.
    pub priority: Option<i8>,
    /// Another payload, with what hangs on it. Attempts are counted anew, and what the job has noted goes: both were of the
    /// payload before.
    pub content: Option<Content>,
    /// The states in which to do it; any that allows it when empty.
    pub expected: Vec<JobState>,
    /// Does it only to a job of this [revision](crate::job::Job::revision): whoever asks has seen no other.
    pub revision: Option<u32>,
}

impl Change {
    /// Returns what a job is to do after it.
    pub fn of(&self, spec: &JobSpec) -> JobSpec {
        let mut changed = spec.clone();
        if let Some(queue) = &self.queue {
            changed.queue = Arc::clone(queue);
        }
        changed.priority = self.priority.unwrap_or(spec.priority);
        if let Some(content) = self.content.clone() {
            changed.take_content(content);
        }
        changed
    }
}

/// What can be done with a recurring definition.
#[derive(Debug, Clone, PartialEq)]
pub enum RecurringCommand {
    /// Makes a job of it now, under this id; its schedule stays.
    Trigger(JobId),
    /// Fires nothing until it is resumed. `false` when it was paused.
    Pause,
    /// Fires again, from now on. `false` when it was not paused.
    Resume,
    /// Removes it. Its jobs stay.
    Remove,
    /// Changes it as [`put_recurring`](super::Store::put_recurring) does, if it still says `from`. `false` when it says something
    /// else by now: whoever asks has not seen that, and is not to undo it.
    Change {
        /// What it says.
        from: Box<Definition>,
        /// What it is to say, under the same id.
        to: Box<Definition>,
    },
}
