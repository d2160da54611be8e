//! What a handler and a queue allow, and what is taken of it.

use std::sync::Arc;

use crate::rate::Rate;

/// What jobs of one handler are held to, over every server that shares the store.
///
/// It is decided at each claim. What is held back keeps its place, occupies no worker, and holds up nothing behind it
/// but jobs of its own key. A retry is a start like any other, and so is a run after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The request's own name.
    pub name: Arc<str>,
    /// Its older names: their jobs are counted together with its own.
    pub aliases: Vec<Arc<str>>,
    /// How many may run at once.
    pub concurrency: Option<u32>,
    /// How many that share a concurrency key may run at once. Running jobs of other requests with the key are counted.
    pub per_key: Option<u32>,
    /// How many may start in how long.
    pub rate: Option<Rate>,
    /// How many of one concurrency key may start in how long. Each handler counts its own.
    pub rate_per_key: Option<Rate>,
}

impl Limits {
    /// Names a request that is not limited yet.
    pub fn of(name: impl Into<Arc<str>>) -> Self {
        let (name, aliases) = (name.into(), Vec::new());
        Self { name, aliases, concurrency: None, per_key: None, rate: None, rate_per_key: None }
    }

    /// Says whether there is any limit.
    pub fn is_any(&self) -> bool {
        self.concurrency.is_some()
            || self.per_key.is_some()
            || self.rate.is_some()
            || self.rate_per_key.is_some()
    }

    /// Returns the names that are counted together.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.name).chain(&self.aliases)
    }
}

/// A place in limits that stays taken after its attempt has ended, because a blocking handler has not returned yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Held {
    /// The name of the request, as the job has it.
    pub request: Arc<str>,
    /// The queue of the job.
    pub queue: Arc<str>,
    /// The concurrency key of the job.
    pub key: Option<Arc<str>>,
}
