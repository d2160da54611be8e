//! Keys that only one job may have at a time.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::JobState;

/// A key that at most one job of a request may hold.
///
/// A job holds its key while it has not ended, unless [`states`](Self::states) says otherwise, and for as long after it
/// was enqueued as [`within`](Self::within) says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// The key, which is compared among the jobs of one request.
    pub key: Arc<str>,
    /// The states in which another job holds the key; those that are not final, when there is no list.
    pub states: Option<Vec<JobState>>,
    /// For how long a job holds the key after it was enqueued, whatever its state.
    pub within: Option<Duration>,
    /// What to do with a job whose key is held.
    pub on_conflict: OnConflict,
}

/// What becomes of a job whose unique key another one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnConflict {
    /// It is not enqueued; the one that holds the key stands for it. The default.
    #[default]
    Reject,
    /// The one that holds the key takes its payload and its schedule, unless it runs or has ended.
    Replace,
    /// The one that holds the key takes its schedule, unless it runs or has ended.
    Reschedule,
}
