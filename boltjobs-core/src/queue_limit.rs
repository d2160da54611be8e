//! How many jobs of a queue may run at once, as somebody has set it while the program runs.
//!
//! It is a [`Document`] beside the jobs, so that it survives a restart, and every claim goes by it: it takes the place of
//! what the servers say of the queue.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::name::{self, NameError};
use crate::store::{Document, DocumentQuery, MOST_WORKERS, Store, StoreError};
use crate::{Timestamp, text};

/// The most jobs of a queue that a limit may allow: as many as a server may have workers.
pub const MOST: u32 = MOST_WORKERS;

pub(crate) const PREFIX: &str = "limit/queue/";

/// The limit of a queue that somebody has set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QueueLimit {
    /// The queue.
    pub queue: Arc<str>,
    /// How many of its jobs may run at once.
    pub at_most: u32,
    /// Who has set it.
    pub actor: String,
    /// When they did.
    pub at: Timestamp,
}

impl fmt::Display for QueueLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at once, set by {} at {}", self.at_most, self.actor, self.at)
    }
}

impl QueueLimit {
    /// Returns the document that keeps it.
    pub(crate) fn document(&self) -> Document {
        // It can't fail for texts and numbers.
        let text = serde_json::to_string(self).unwrap_or_default().into();
        Document { key: key(&self.queue), text }
    }

    /// Reads the limit of a document; `None` for any other document, and for what another release has written otherwise.
    pub(crate) fn of(key: &str, text: &str) -> Option<Self> {
        let queue = key.strip_prefix(PREFIX)?;
        let limit: Self = serde_json::from_str(text).ok()?;
        (*limit.queue == *queue && (1..=MOST).contains(&limit.at_most)).then_some(limit)
    }
}

fn key(queue: &str) -> Arc<str> {
    format!("{PREFIX}{queue}").into()
}

/// Why a limit can't be set.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// No queue has this name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The number can't be used.
    #[error("`{}` is no limit of a queue; use 1 to {MOST}, or pause the queue", text::shown(.0))]
    Number(String),
    /// The store can't tell or write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads how many jobs may run at once.
///
/// # Errors
/// [`LimitError::Number`].
pub fn parse(text: &str) -> Result<u32, LimitError> {
    let number = text.trim().parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| LimitError::Number(text.to_owned()))
}

/// Returns the limit of a queue that was set.
///
/// # Errors
/// When the store can't answer.
pub async fn of(store: &dyn Store, queue: &str) -> Result<Option<QueueLimit>, StoreError> {
    let query = DocumentQuery { prefix: key(queue), limit: 1, ..DocumentQuery::default() };
    let found = store.documents(query).await?;
    // The name of another queue may begin alike, and comes behind it.
    Ok(found.iter().find_map(|it| QueueLimit::of(&it.key, &it.text)).filter(|limit| *limit.queue == *queue))
}

/// Sets the limit of a queue, in place of one that was set; `false` when it was that already, and nothing was written.
///
/// # Errors
/// [`LimitError`] for what can't be set, and when the store can't write.
pub async fn set(store: &dyn Store, limit: &QueueLimit) -> Result<bool, LimitError> {
    name::validate_queue(&limit.queue)?;
    if !(1..=MOST).contains(&limit.at_most) {
        return Err(LimitError::Number(limit.at_most.to_string()));
    }
    if of(store, &limit.queue).await?.is_some_and(|known| known.at_most == limit.at_most) {
        return Ok(false);
    }
    store.keep(vec![limit.document()], Vec::new(), limit.at).await?;
    Ok(true)
}

/// Removes the limit of a queue that was set, so that what the servers say counts again; `false` when there was none.
///
/// # Errors
/// When the store can't write.
pub async fn remove(store: &dyn Store, queue: &str, now: Timestamp) -> Result<bool, StoreError> {
    let found = of(store, queue).await?.is_some();
    if found {
        store.keep(Vec::new(), vec![key(queue)], now).await?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::memory::MemoryStore;

    fn limit(queue: &str, at_most: u32) -> QueueLimit {
        QueueLimit { queue: queue.into(), at_most, actor: "ada".to_owned(), at: Timestamp::EPOCH }
    }

    #[test]
    fn a_limit_is_read_back_and_nothing_else_is_taken_for_one() {
        let written = limit("mail", 5).document();
        assert_eq!(&*written.key, "limit/queue/mail");
        assert_eq!(QueueLimit::of(&written.key, &written.text), Some(limit("mail", 5)));
        assert_eq!(QueueLimit::of("limit/queue/other", &written.text), None);
        for text in
            ["", "{}", "5", &written.text.replace(":5,", ":0,"), &written.text.replace(":5,", ":100001,")]
        {
            assert_eq!(QueueLimit::of(&written.key, text), None, "{text}");
        }
    }

    #[test]
    fn what_can_not_be_set_says_why() {
        let store = MemoryStore::new();
        for (text, expected) in
            [("5", Ok(5)), (" 100000 ", Ok(100_000)), ("0", Err(())), ("-1", Err(())), ("many", Err(()))]
        {
            assert_eq!(parse(text).map_err(|_| ()), expected, "{text}");
        }
        assert_eq!(
            parse("0").unwrap_err().to_string(),
            "`0` is no limit of a queue; use 1 to 100000, or pause the queue"
        );
        assert!(matches!(block_on(set(&store, &limit("mail", 0))), Err(LimitError::Number(_))));
        assert!(matches!(block_on(set(&store, &limit("My Mail", 1))), Err(LimitError::Name(_))));
    }

    #[test]
    fn a_limit_is_that_of_its_queue_alone() {
        let store = MemoryStore::new();
        assert!(block_on(set(&store, &limit("mailing", 3))).unwrap());
        assert_eq!(block_on(of(&store, "mail")).unwrap(), None, "its name only begins alike");
        assert!(!block_on(remove(&store, "mail", Timestamp::EPOCH)).unwrap());
        assert!(block_on(set(&store, &limit("mail", 4))).unwrap());
        assert!(!block_on(set(&store, &limit("mail", 4))).unwrap());
        assert_eq!(block_on(of(&store, "mail")).unwrap().map(|limit| limit.at_most), Some(4));
        assert!(block_on(remove(&store, "mail", Timestamp::EPOCH)).unwrap());
        assert_eq!(block_on(of(&store, "mailing")).unwrap().map(|limit| limit.at_most), Some(3));
    }
}
