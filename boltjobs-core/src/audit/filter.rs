//! What one types to find entries: `after:2h before:2026-01-31 trace:4bf92f3577b34da6a3ce929d0e0e4736 queue mail`.

use super::{AuditChange, AuditEntry};
use crate::Timestamp;
use crate::query::{QueryError, words};
use crate::store::Moment;
use crate::text::{folded, shown};

/// Which entries are meant: those that match everything that is said, in upper or lower case. What is empty matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who asked for it.
    pub who: String,
    /// What they asked for, as in `requeue`.
    pub what: String,
    /// A text in what it was done to, in what came of it, or in what was changed.
    pub text: String,
    /// The id of a trace, or its beginning.
    pub trace: String,
    /// Those of this moment or after it.
    pub after: Option<Moment>,
    /// Those before this moment.
    pub before: Option<Moment>,
}

impl AuditFilter {
    /// Reads what one types: `after:2h`, `before:2026-01-31` and `trace:4bf92f35` as in the query of jobs, and a text.
    ///
    /// # Errors
    /// Says what can't be read, where, and what to write.
    pub fn typed(query: &str) -> Result<Self, QueryError> {
        let (mut filter, mut text) = (Self::default(), Vec::new());
        for word in words(query)? {
            let (column, value) = (word.column, word.value);
            let at = |what| QueryError { column, what };
            let Some(key) = word.key else {
                text.push(value);
                continue;
            };
            match &*key.to_ascii_lowercase() {
                "after" => filter.after = Some(value.parse().map_err(at)?),
                "before" => filter.before = Some(value.parse().map_err(at)?),
                "trace" if !value.is_empty() => filter.trace = value,
                "trace" => return Err(at("nothing stands behind `trace:`".to_owned())),
                _ => {
                    let whole = format!("{key}:{value}");
                    return Err(at(format!(
                        "there is no key `{}`; use `after:`, `before:` or `trace:`, or write \"{}\" in quotes to look for it as text",
                        shown(&key),
                        shown(&whole)
                    )));
                }
            }
        }
        filter.text = text.join(" ");
        Ok(filter)
    }

    /// Returns it with instants in the place of spans until now. A span means nothing before.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let at = |moment: Option<Moment>| moment.map(|moment| moment.at(now));
        Self { after: at(self.after), before: at(self.before), ..self }
    }

    /// Says whether it means this entry.
    pub fn admits(&self, entry: &AuditEntry) -> bool {
        let is = |said: &str, found: &str| said.is_empty() || folded(said) == folded(found);
        let text = folded(&self.text);
        let has = |found: &str| folded(found).contains(&text);
        let changed = |change: &AuditChange| {
            let AuditChange { field, before, after } = change;
            [Some(field), before.as_ref(), after.as_ref()].into_iter().flatten().any(|found| has(found))
        };
        let trace = || entry.trace.as_deref().unwrap_or_default();
        let instant = |moment: Option<Moment>| moment.and_then(Moment::instant);
        is(&self.who, &entry.actor)
            && is(&self.what, &entry.action)
            && (text.is_empty()
                || has(&entry.target)
                || has(&entry.detail)
                || entry.changes.iter().any(changed))
            && (self.trace.is_empty() || trace().starts_with(&*self.trace.to_ascii_lowercase()))
            && instant(self.after).is_none_or(|after| entry.at >= after)
            && instant(self.before).is_none_or(|before| entry.at < before)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            at: Timestamp::from_micros(7_200_000_000),
            actor: "ada".to_owned(),
            action: "change".to_owned(),
            target: "job 7".to_owned(),
            done: true,
            detail: String::new(),
            changes: vec![AuditChange {
                field: "payload.to".to_owned(),
                before: None,
                after: Some("\"bob\"".to_owned()),
            }],
            trace: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        }
    }

    #[test]
    fn what_one_types_is_a_range_a_trace_and_a_text() {
        let filter = AuditFilter::typed("after:2h queue  before:2026-01-31 \"a:b\" trace:4BF92f").unwrap();
        assert_eq!((&*filter.text, &*filter.trace), ("queue a:b", "4BF92f"));
        assert_eq!(filter.after, Some(Duration::from_hours(2).into()));
        assert_eq!(filter.before, Some("2026-01-31".parse().unwrap()));
        for (query, column, why) in [
            ("x colour:red", 3, "there is no key `colour`"),
            ("after:soon", 1, "`soon` is no time"),
            ("before:", 1, "is no time"),
            ("trace:", 1, "nothing stands behind"),
            ("\"", 1, "no end"),
        ] {
            let error = AuditFilter::typed(query).unwrap_err();
            assert!(error.column == column && error.what.contains(why), "{query}: {error}");
        }
    }

    #[test]
    fn an_entry_is_found_by_when_it_was_its_trace_and_what_it_changed() {
        let now = Timestamp::from_micros(9_000_000_000);
        for (query, found) in [
            ("", true),
            ("after:30m", true),
            ("after:29m", false),
            ("before:30m", false),
            ("before:29m", true),
            ("trace:4BF92F35", true),
            ("trace:92f35", false),
            ("PAYLOAD.TO", true),
            ("bob", true),
            ("alice", false),
        ] {
            assert_eq!(AuditFilter::typed(query).unwrap().at(now).admits(&entry()), found, "{query}");
        }
        let untraced = AuditEntry { trace: None, ..entry() };
        assert!(!AuditFilter::typed("trace:4").unwrap().admits(&untraced));
    }
}
