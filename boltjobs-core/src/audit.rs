//! Who did what: a record beside the jobs of what people asked for.

mod filter;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::store::{Document, DocumentQuery, Moment, Store, StoreError};

pub use filter::AuditFilter;

/// The most entries that are kept, the latest ones.
pub const KEPT: usize = 10_000;

/// After how many entries the oldest ones are let go.
const BETWEEN: u32 = 100;

/// How many entries are looked at in one call of the store.
const LOOK: usize = 1_000;

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
    /// What an edit has changed, without anything sensitive. Entries of earlier releases have it in words, in `detail`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AuditChange>,
    /// The id of the W3C trace of the request that asked for it, if that was in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Arc<str>>,
}

/// One thing that is another way after an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditChange {
    /// What it is, as in `payload.to`.
    pub field: String,
    /// What it was; `None` when it was not there.
    pub before: Option<String>,
    /// What it is then; `None` when it is not there.
    pub after: Option<String>,
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
        let key = format!("{}-{number:08x}", key_of(entry.at)).into();
        // It can't fail for texts and numbers.
        let text = serde_json::to_string(entry).unwrap_or_default().into();
        documents.push(Document { key, text });
        if number % BETWEEN == BETWEEN - 1 && removed.is_empty() {
            removed = old(store).await?;
        }
    }
    store.keep(documents, removed, now).await
}

/// Returns what the keys of the entries of an instant begin with.
fn key_of(at: Timestamp) -> Arc<str> {
    format!("{PREFIX}{:020}", at.as_micros().max(0)).into()
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
    find(store, &AuditFilter::default(), after, limit).await
}

/// Returns entries that a filter means, the latest first. It looks at all that are kept of its range of time, if it has to.
///
/// # Errors
/// When the store can't answer.
pub async fn find(
    store: &dyn Store,
    filter: &AuditFilter,
    after: Option<Arc<str>>,
    limit: usize,
) -> Result<AuditPage, StoreError> {
    let after = after.filter(|key| key.starts_with(PREFIX));
    // The entries of an instant stand behind its key, so that those before it come after that key from the last on.
    let end = filter.before.and_then(Moment::instant).map(key_of);
    let mut after = match (after, end) {
        (Some(after), Some(end)) => Some(after.min(end)),
        (after, end) => after.or(end),
    };
    let first = filter.after.and_then(Moment::instant).map(key_of);
    let mut page = AuditPage::default();
    let mut last = None;
    loop {
        let query = DocumentQuery {
            prefix: PREFIX.into(),
            after: after.clone(),
            last_first: true,
            limit: if *filter == AuditFilter::default() { limit + 1 } else { LOOK },
        };
        let found = store.documents(query.clone()).await?;
        for document in &found {
            if first.as_ref().is_some_and(|first| document.key < *first) {
                return Ok(page);
            }
            // What another release has written otherwise is left out.
            let Ok(entry) = serde_json::from_str::<AuditEntry>(&document.text) else { continue };
            if !filter.admits(&entry) {
                continue;
            }
            if page.entries.len() == limit {
                page.next = last;
                return Ok(page);
            }
            page.entries.push(entry);
            last = Some(Arc::clone(&document.key));
        }
        match found.last() {
            Some(document) if found.len() == query.limit => after = Some(Arc::clone(&document.key)),
            _ => return Ok(page),
        }
    }
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
            changes: Vec::new(),
            trace: None,
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
    fn entries_are_found_by_who_what_and_text_over_all_that_are_kept() {
        let store = MemoryStore::new();
        let special = |number| AuditEntry {
            actor: "Grace".to_owned(),
            action: "silence".to_owned(),
            detail: "until Straße".to_owned(),
            ..entry(number)
        };
        for number in 1..=3_500 {
            let entry = if number % 1_000 == 1 { special(number) } else { entry(number) };
            block_on(write(&store, &[entry], Timestamp::from_micros(number))).unwrap();
        }
        let by = |who: &str, what: &str, text: &str| AuditFilter {
            who: who.to_owned(),
            what: what.to_owned(),
            text: text.to_owned(),
            ..AuditFilter::default()
        };
        for filter in [
            by("grace", "", ""),
            by("", "SILENCE", ""),
            by("", "", "STRASSE"),
            by("Grace", "silence", "queue"),
        ] {
            let page = block_on(find(&store, &filter, None, 3)).unwrap();
            assert_eq!(page.entries, [3_001, 2_001, 1_001].map(special), "{filter:?}");
            let page = block_on(find(&store, &filter, page.next, 3)).unwrap();
            assert_eq!((page.entries, page.next), (vec![special(1)], None), "{filter:?}");
        }
        for filter in [by("grac", "", ""), by("grace", "pause", ""), by("", "", "grace")] {
            assert_eq!(block_on(find(&store, &filter, None, 3)).unwrap(), AuditPage::default(), "{filter:?}");
        }
        assert_eq!(
            block_on(find(&store, &by("", "", "queue 3500"), None, 3)).unwrap().entries,
            [entry(3_500)]
        );
    }

    #[test]
    fn entries_are_found_by_a_range_of_time_and_paged_within_it() {
        let store = MemoryStore::new();
        for number in 1..=3_000 {
            block_on(write(&store, &[entry(number)], Timestamp::from_micros(number))).unwrap();
        }
        let at = |number| Some(Timestamp::from_micros(number).into());
        let range = AuditFilter { after: at(1_000), before: at(1_005), ..AuditFilter::default() };
        let page = block_on(find(&store, &range, None, 3)).unwrap();
        assert_eq!(page.entries, [1_004, 1_003, 1_002].map(entry), "the end is not in it");
        let page = block_on(find(&store, &range, page.next, 3)).unwrap();
        assert_eq!((page.entries, page.next), ([1_001, 1_000].map(entry).to_vec(), None), "the beginning is");
        let early = AuditFilter { before: at(3), ..AuditFilter::default() };
        assert_eq!(block_on(find(&store, &early, None, 9)).unwrap().entries, [2, 1].map(entry));
        let late = AuditFilter { after: at(2_999), who: "ADA".to_owned(), ..AuditFilter::default() };
        assert_eq!(block_on(find(&store, &late, None, 9)).unwrap().entries, [3_000, 2_999].map(entry));
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
