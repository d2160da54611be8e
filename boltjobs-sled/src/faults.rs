//! Failures of the disk, for tests.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Where a disk may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A chunk can't be read.
    Read,
    /// The file is not written again after a sync that failed.
    Again,
    /// Sled is not opened again.
    Open,
    /// Sled takes nothing.
    Apply,
    /// Sled took it, and the kernel has not.
    Flush,
    /// The kernel has it, and the disk may not.
    Sync,
    /// The disk has it, and so has `head`, but did not say so.
    Head,
}

/// The failures that are to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    plan: Mutex<Plan>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Plan {
    /// Whether the disk neither works nor fails.
    hold: bool,
    /// What fails each time.
    stuck: Option<Step>,
    /// What fails once, one after the other.
    once: VecDeque<Step>,
}

impl Faults {
    /// Lets the next step wait.
    pub(crate) fn hold(&self) {
        self.plan().hold = true;
    }

    /// Lets a step fail until another is named, or none. Nothing is held any more.
    pub(crate) fn stick(&self, step: Option<Step>) {
        let mut plan = self.plan();
        (plan.hold, plan.stuck) = (false, step);
        if step.is_none() {
            plan.once.clear();
        }
        self.changed.notify_all();
    }

    /// Lets steps fail, one after the other.
    pub(crate) fn once(&self, steps: impl IntoIterator<Item = Step>) {
        self.plan().once.extend(steps);
    }

    pub(crate) fn strike(&self, step: Step) -> io::Result<()> {
        let held = self.changed.wait_while(self.plan(), |plan| plan.hold);
        let mut plan = held.unwrap_or_else(PoisonError::into_inner);
        let once = plan.once.pop_front_if(|next| *next == step);
        if once.is_some() || plan.stuck == Some(step) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
