//! What a transition makes of a record, live and when it is read back.

use super::Move;
use crate::job::{HISTORY_ROWS, HistoryRow, Job, RowData};

impl Job {
    /// Makes a transition.
    pub(super) fn make(&mut self, change: Move) {
        let from = self.state;
        self.state = change.row.state;
        self.since = change.row.at;
        self.renew_expiry(from);
        self.due = match change.row.data {
            RowData::Scheduled { due } => Some(due),
            RowData::None
            | RowData::Processing { .. }
            | RowData::Succeeded { .. }
            | RowData::Ended { .. } => None,
        };
        self.attempt = change.attempt;
        self.epoch = change.epoch;
        self.order = change.order;
        self.crashes = change.crashes;
        self.cancel = None;
        self.waits_for.clear();
        self.remember(change.row);
    }

    fn remember(&mut self, row: HistoryRow) {
        self.history.push(row);
        if self.history.len() > HISTORY_ROWS {
            // The row that created the job stays: it says where the job came from.
            self.history.remove(1);
            self.forgotten_rows += 1;
        }
    }
}
