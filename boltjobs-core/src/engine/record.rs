//! What running jobs note.

use super::{Engine, Entry, Turn};
use crate::JobId;
use crate::notes::{Note, Notes};
use crate::sabotage::Bug;
use crate::store::Record;

impl Turn<'_> {
    /// Takes notes of running jobs, and says for each, in order, whether its lease still held.
    pub fn record(&mut self, records: Vec<Record>) -> Vec<bool> {
        records.into_iter().map(|record| self.record_one(record)).collect()
    }

    fn record_one(&mut self, record: Record) -> bool {
        let holds = self.engine.leased(record.lease, Bug::NoteByIdOnly).is_some();
        if holds {
            self.commit(Entry::Noted { id: record.lease.job, note: record.note });
        }
        holds
    }
}

impl Engine {
    /// Returns what a job has noted, if anything.
    pub fn notes(&self, id: JobId) -> Option<&Notes> {
        self.notes.get(&id)
    }

    pub(super) fn note(&mut self, id: JobId, note: Note) {
        let mut notes = self.forget_notes(id).unwrap_or_default();
        notes.take(note);
        self.put_notes(id, notes);
    }

    /// Keeps notes, unless the job is not known: its record comes later then, and its notes with it.
    pub(super) fn put_notes(&mut self, id: JobId, notes: Notes) {
        if self.jobs.contains(id) {
            self.forget_notes(id);
            self.weight += notes.weight() as u64;
            self.notes.insert(id, notes);
        }
    }

    pub(super) fn forget_notes(&mut self, id: JobId) -> Option<Notes> {
        let notes = self.notes.remove(&id)?;
        self.weight -= notes.weight() as u64;
        Some(notes)
    }
}
