//! How long what has ended is kept.

use std::time::Duration;

/// How long ended jobs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Those in Succeeded. Default: 1 day.
    pub succeeded: Duration,
    /// Those in Failed. Default: 90 days.
    pub failed: Duration,
    /// Those in Deleted. Default: 1 day.
    pub deleted: Duration,
    /// Batches that have ended. Default: 7 days.
    pub batches: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let day = Duration::from_hours(24);
        Self { succeeded: day, failed: day * 90, deleted: day, batches: day * 7 }
    }
}
