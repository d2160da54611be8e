//! Small texts that a program keeps beside its jobs.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;

use super::{Engine, Entry, Turn};
use crate::handler_limit::{self, HandlerLimit};
use crate::order;
use crate::queue_limit::{self, QueueLimit};
use crate::store::{Document, DocumentQuery};

#[derive(Debug, Default)]
pub(super) struct Documents {
    kept: BTreeMap<Arc<str>, Arc<str>>,
    weight: u64,
}

fn weight(key: &str, text: &str) -> u64 {
    (key.len() + text.len() + 12) as u64
}

fn document((key, text): (&Arc<str>, &Arc<str>)) -> Document {
    Document { key: Arc::clone(key), text: Arc::clone(text) }
}

impl Documents {
    pub(super) fn put(&mut self, document: Document) {
        let Document { key, text } = document;
        self.weight += weight(&key, &text);
        if let Some(before) = self.kept.insert(Arc::clone(&key), text) {
            self.weight -= weight(&key, &before);
        }
    }

    pub(super) fn remove(&mut self, key: &Arc<str>) {
        if let Some(before) = self.kept.remove(key) {
            self.weight -= weight(key, &before);
        }
    }

    pub(super) fn get(&self, key: &Arc<str>) -> Option<Document> {
        self.kept.get_key_value(key).map(document)
    }

    /// Estimates the bytes that the records take on disk.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    pub(super) fn all(&self) -> &BTreeMap<Arc<str>, Arc<str>> {
        &self.kept
    }
}

impl Turn<'_> {
    /// Keeps documents, and removes others.
    pub fn keep(&mut self, kept: Vec<Document>, removed: Vec<Arc<str>>) {
        let named = |prefix| {
            let mut keys = kept.iter().map(|document| &document.key).chain(&removed);
            keys.any(|key| key.starts_with(prefix))
        };
        let limited = named(queue_limit::PREFIX) || named(handler_limit::PREFIX);
        let ordered = named(order::PREFIX);
        self.engine.unpublished.changes.ordered |= ordered;
        for document in kept {
            self.commit(Entry::Document(Box::new(document)));
        }
        for key in removed {
            if self.engine.documents.kept.contains_key(&key) {
                self.commit(Entry::DocumentRemoved(key));
            }
        }
        if limited {
            self.engine.read_limits();
            // There may be room now that there was not.
            self.engine.ask_again();
        }
    }
}

impl Engine {
    /// Reads the limits that somebody has set. A boot does so, too: they are not part of what is replayed.
    pub(super) fn read_limits(&mut self) {
        let kept = |prefix| {
            let kept = self.documents.kept.range::<str, _>((Included(prefix), Unbounded));
            kept.take_while(move |(key, _)| key.starts_with(prefix))
        };
        let queues = kept(queue_limit::PREFIX).filter_map(|(key, text)| QueueLimit::of(key, text));
        let queues = queues.map(|limit| (Arc::clone(&limit.queue), limit)).collect();
        let mut handlers = BTreeMap::<_, Vec<_>>::new();
        for limit in kept(handler_limit::PREFIX).filter_map(|(key, text)| HandlerLimit::of(key, text)) {
            handlers.entry(Arc::clone(&limit.request)).or_default().push(limit);
        }
        (self.limiting.set, self.limiting.handlers) = (queues, handlers);
        // Then the end of a job may be what others wait for.
        self.limited |= !self.limiting.set.is_empty() || !self.limiting.handlers.is_empty();
    }

    /// Returns documents whose keys begin alike.
    pub fn documents(&self, query: &DocumentQuery) -> Vec<Document> {
        let prefix = &*query.prefix;
        let kept = &self.documents.kept;
        let after = query.after.as_deref();
        if query.last_first {
            let found = kept.range::<str, _>((Unbounded, after.map_or(Unbounded, Excluded))).rev();
            // Those behind all that begin so come first.
            let found = found.skip_while(|(key, _)| ***key > *prefix && !key.starts_with(prefix));
            return found
                .take_while(|(key, _)| key.starts_with(prefix))
                .take(query.limit)
                .map(document)
                .collect();
        }
        let begin = after.map_or(Included(prefix), Excluded);
        let found = kept.range::<str, _>((begin, Unbounded));
        found.take_while(|(key, _)| key.starts_with(prefix)).take(query.limit).map(document).collect()
    }
}
