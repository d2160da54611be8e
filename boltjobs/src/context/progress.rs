//! How far a part of a job is.

use std::sync::Arc;

use crate::pipeline::notebook::Part;
use crate::pipeline::running::RunningJob;

/// A bar that a handler moves on while it works. Cheap to clone, and to move on: it is written twice a second at most.
///
/// Made by [`JobContext::progress_bar`](crate::JobContext::progress_bar).
#[derive(Debug, Clone)]
pub struct ProgressBar {
    part: Arc<Part>,
    /// Whose bar it is; nobody's in `process()`.
    job: Option<Arc<RunningJob>>,
}

impl ProgressBar {
    pub(super) fn new(name: String, total: u64, job: Option<Arc<RunningJob>>) -> Self {
        let part = match &job {
            Some(job) => job.notebook.begin(name, total),
            None => Part::new(name, total),
        };
        Self { part, job }
    }

    /// Moves it on by so much.
    pub fn inc(&self, count: u64) {
        let changed = self.part.add(count);
        self.note(changed);
    }

    /// Sets how much is done.
    pub fn set(&self, done: u64) {
        let changed = self.part.set(done);
        self.note(changed);
    }

    /// Returns how much is done.
    pub fn done(&self) -> u64 {
        self.part.done()
    }

    /// Moves it on by one for each item, once the next item is asked for.
    pub fn wrap<I: IntoIterator>(&self, items: I) -> impl Iterator<Item = I::Item> + use<I> {
        let (bar, mut items, mut at_work) = (self.clone(), items.into_iter(), false);
        std::iter::from_fn(move || {
            if at_work {
                bar.inc(1);
            }
            let item = items.next();
            at_work = item.is_some();
            item
        })
    }

    fn note(&self, changed: bool) {
        if let Some(job) = self.job.as_ref().filter(|_| changed) {
            job.notebook.mark();
        }
    }
}
