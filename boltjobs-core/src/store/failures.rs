//! Jobs that failed in the same way, and what is written beside the jobs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::fingerprint::{Fingerprint, Pattern};

/// The jobs that failed in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// What they are found by.
    pub fingerprint: Fingerprint,
    /// What their errors have in common.
    pub pattern: Pattern,
    /// How many have failed for good.
    pub failed: u64,
    /// How many wait for another attempt.
    pub retrying: u64,
    /// When the first of them failed that the store has seen since it was opened and still counts.
    pub first: Timestamp,
    /// When the last one failed.
    pub last: Timestamp,
}

/// A small text that a program keeps beside its jobs, under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The key; what belongs together begins alike.
    pub key: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// Which documents are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentQuery {
    /// What their keys begin with.
    pub prefix: Arc<str>,
    /// The key after which they begin, in the order that is asked for.
    pub after: Option<Arc<str>>,
    /// Whether the greatest key comes first, instead of the least.
    pub last_first: bool,
    /// The most of them.
    pub limit: usize,
}
