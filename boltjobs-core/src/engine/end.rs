//! What hangs on the end of a job, in the write that ends it.

use super::Turn;
use crate::JobId;

impl Turn<'_> {
    /// Does what others wait for until this job has ended.
    pub(super) fn follow_end(&mut self, id: JobId) {
        self.note_run(id);
    }
}
