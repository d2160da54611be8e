//! What can be chosen in the box that finds jobs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use boltjobs_core::JobState;
use boltjobs_core::store::{Counts, JobFilter, StateCounts};

/// The most queues, and the most requests, that are offered: those with the most jobs.
const NAMES: usize = 50;

/// The other words, each to be gone on with or whole.
const OTHERS: [&str; 14] = [
    "queue:",
    "request:",
    "tag:",
    "error:",
    "attempt:>",
    "waited:>5m",
    "after:1h",
    "after:1d",
    "before:1d",
    "args.",
    "failure:",
    "batch:",
    "parent:",
    "is:retrying",
];

/// Lists the words that a query is made of, with the queues and requests that have jobs, where they are known.
pub(crate) fn words(counts: Option<&Counts>) -> Vec<String> {
    let mut words: Vec<_> =
        JobState::ALL.iter().map(|state| format!("state:{}", state.as_str().to_lowercase())).collect();
    words.extend(OTHERS.map(str::to_owned));
    if let Some(counts) = counts {
        let of = |queues, requests| JobFilter { queues, requests, ..JobFilter::default() }.to_string();
        words.extend(most(&counts.queues).map(|name| of(vec![name], Vec::new())));
        words.extend(most(&counts.requests).map(|name| of(Vec::new(), vec![name])));
    }
    words
}

/// Returns the names of those with the most jobs.
fn most(counts: &BTreeMap<Arc<str>, StateCounts>) -> impl Iterator<Item = Arc<str>> {
    let mut most: Vec<_> = counts.iter().filter(|(_, counts)| counts.total() > 0).collect();
    most.sort_by_key(|(_, counts)| Reverse(counts.total()));
    most.into_iter().take(NAMES).map(|(name, _)| Arc::clone(name))
}

#[cfg(test)]
mod tests {
    use boltjobs_core::JobId;
    use boltjobs_core::Timestamp;
    use boltjobs_core::engine::Engine;
    use boltjobs_core::job::{JobSpec, NewJob};

    use super::*;

    #[test]
    fn names_are_offered_as_they_are_typed_those_with_the_most_jobs_first_and_no_more_than_fit() {
        let job = |n: u128| {
            let queue = if n.is_multiple_of(3) { "mail" } else { "a \"b\"" }.into();
            let spec = JobSpec { queue, ..JobSpec::new(format!("request-{n}"), *b"{}") };
            NewJob { id: JobId::from_u128(n), spec: spec.into(), start_at: None }
        };
        let mut engine = Engine::default();
        engine.at(Timestamp::EPOCH, &mut ()).enqueue((0..60).map(job).collect()).unwrap();
        let (plain, all) = (words(None), words(Some(&engine.counts())));
        let names = &all[plain.len()..];
        assert_eq!((&*names[0], &*names[1]), (r#"queue:"a \"b\"""#, "queue:mail"));
        assert_eq!((names.len(), &*names[2]), (2 + NAMES, "request:request-0"));
        let whole = plain.iter().filter(|word| !word.ends_with([':', '>', '.']));
        assert!(
            whole.clone().count() > 10 && whole.chain(names).all(|word| word.parse::<JobFilter>().is_ok())
        );
    }
}
