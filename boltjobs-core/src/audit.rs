//! Who did what: a record beside the jobs of what people asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::store::{Document, DocumentQuery, Store, StoreError};

/// The most entries that are kept, the latest ones.
pub const KEPT: usize = 10_000;

/// After how many entries the oldest ones are let go.
const BETWEEN: u32 = 100;

const PREFIX: &str = "audit/";

/// One thing that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What, as in `requeue`.
    pub action: String,
    /// What it was done to, as in `queue mail`.
    pub target: String,
    /// Whether it happened.
    pub done: bool,
    /// What came of it, in words; often nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// A page of entries, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// What to ask for the next page with; `None` when there is none.
    pub next: Option<Arc<str>>,
}

/// Keeps entries in one write, and now and then lets go of those beyond [`KEPT`].
///
/// # Errors
/// When the store can't write.
pub async fn write(store: &dyn Store, entries: &[AuditEntry], now: Timestamp) -> Result<(), StoreError> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut removed = Vec::new();
    let mut documents = Vec::with_capacity(entries.len());
    for entry in entries {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let key = format!("{PREFIX}{:020}-{number:08x}", entry.at.as_micros().max(0)).into();
        // It can't fail for texts and numbers.
        let text = serde_json::to_string(entry).unwrap_or_default().into();
        documents.push(Document { key, text });
        if number % BETWEEN == BETWEEN - 1 && removed.is_empty() {
            removed = old(store).await?;
        }
    }
    store.keep(documents, removed, now).await
}

async fn old(store: &dyn Store) -> Result<Vec<Arc<str>>, StoreError> {
    let query = DocumentQuery { prefix: PREFIX.into(), last_first: true, limit: KEPT, after: None };
    let kept = store.documents(query.clone()).await?;
    let Some(last) = kept.get(KEPT - 1) else { return Ok(Vec::new()) };
    let after = Some(Arc::clone(&last.key));
    let old = store.documents(DocumentQuery { after, ..query }).await?;
    Ok(old.into_iter().map(|document| document.key).collect())
}

/// Returns entries, the latest first.
///
/// # Errors
/// When the store can't answer.
pub async fn read(store: &dyn Store, after: Option<Arc<str>>, limit: usize) -> Result<AuditPage, StoreError> {
    let after = after.filter(|key| key.starts_with(PREFIX));
    let query = DocumentQuery { prefix: PREFIX.into(), after, last_first: true, limit: limit + 1 };
    let mut found = store.documents(query).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| Arc::clone(&last.key));
    // What another release has written otherwise is left out.
    let entries = found.iter().filter_map(|document| serde_json::from_str(&document.text).ok());
    Ok(AuditPage { entries: entries.collect(), next })
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::memory::MemoryStore;

    fn entry(number: i64) -> AuditEntry {
        AuditEntry {
            at: Timestamp::from_micros(number),
            actor: "ada".to_owned(),
            action: "pause".to_owned(),
            target: format!("queue {number}"),
            done: true,
            detail: String::new(),
        }
    }

    #[test]
    fn entries_are_paged_from_the_latest_to_the_first() {
        let store = MemoryStore::new();
        for number in 1..=5 {
            block_on(write(&store, &[entry(number)], Timestamp::from_micros(number))).unwrap();
        }
        let page = block_on(read(&store, None, 3)).unwrap();
        assert_eq!(page.entries, [5, 4, 3].map(entry));
        let page = block_on(read(&store, page.next, 3)).unwrap();
        assert_eq!((page.entries, page.next), ([2, 1].map(entry).to_vec(), None));
    }

    #[test]
    fn the_oldest_entries_are_let_go() {
        let store = MemoryStore::new();
        for number in 0..10_250 {
            block_on(write(&store, &[entry(number)], Timestamp::from_micros(number))).unwrap();
        }
        let all = block_on(read(&store, None, 99_999)).unwrap().entries;
        assert!((KEPT..=KEPT + 200).contains(&all.len()), "{}", all.len());
        assert_eq!(all[0], entry(10_249));
    }
}
