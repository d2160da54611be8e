//! One failure: what is known of the jobs that failed alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::Path;
use axum::response::Response;
use boltjobs_core::deploy::{self, latest_server};
use boltjobs_core::fingerprint::{Fingerprint, NoFingerprint, Pattern};
use boltjobs_core::job::Job;
use boltjobs_core::silence::{self, Silence, Subject};
use boltjobs_core::store::{JobFilter, PageQuery, Trend};
use boltjobs_core::{JobState, Timestamp};

use crate::alike::{Alike, alike};
use crate::pages::{self, GROUPS};
use crate::refused::Refused;
use crate::routes::Asked;

/// How many of the jobs are looked at, those that were enqueued last.
pub(crate) const SAMPLE: usize = 100;

/// Jobs that failed alike.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) pattern: Pattern,
    pub(crate) failed: u64,
    pub(crate) retrying: u64,
    /// When the first and the last of them failed; it is not known of those that failed before many others.
    pub(crate) seen: Option<(Timestamp, Timestamp)>,
    /// How many failed in each hour of late.
    pub(crate) trend: Trend,
    pub(crate) silence: Option<Silence>,
    /// Some of them, those that were enqueued last first.
    pub(crate) sample: Vec<Job>,
    /// Their requests with the versions of their payloads, each with how many there are.
    pub(crate) requests: Vec<((Arc<str>, u32), usize)>,
    /// The servers that ran their latest attempts.
    pub(crate) servers: Vec<(Arc<str>, usize)>,
    /// The versions of the program that these had, as far as they are kept.
    pub(crate) versions: Vec<(Arc<str>, usize)>,
    pub(crate) alike: Alike,
}

pub(crate) async fn failure(asked: Asked, Path(fingerprint): Path<String>) -> Response {
    let found = find(&asked, &fingerprint).await;
    asked.answer(found.map(|failure| pages::failure(asked.view(), &failure)))
}

/// Reads a fingerprint.
pub(crate) fn read_fingerprint(text: &str) -> Result<Fingerprint, Refused> {
    text.parse().map_err(|error: NoFingerprint| Refused::NotFound(format!("{error}.")))
}

/// Finds what is known of jobs that failed alike. It looks at [`SAMPLE`] of them, however many there are.
pub(crate) async fn find(asked: &Asked, fingerprint: &str) -> Result<Failure, Refused> {
    let (store, fingerprint) = (asked.store(), read_fingerprint(fingerprint)?);
    let of = |states| JobFilter { states, failures: vec![fingerprint], ..JobFilter::default() };
    let query = PageQuery { filter: of(Vec::new()), limit: SAMPLE, ..PageQuery::default() };
    let sample = store.page(query).await?.jobs;
    let gone = || {
        let why = "no job has failed so, or those that had are requeued or deleted";
        Refused::NotFound(format!("There is no failure {fingerprint}: {why}."))
    };
    let pattern = sample.first().and_then(Pattern::of).ok_or_else(gone)?;
    let groups = store.failures(GROUPS).await?;
    let group = groups.into_iter().find(|group| group.fingerprint == fingerprint);
    let versions = deploy::versions(store, sample.iter().filter_map(latest_server).collect()).await?;
    let version = |job| versions.get(&latest_server(job)?).cloned();
    let mut silences = silence::all(store, asked.now()).await?.into_iter();
    Ok(Failure {
        fingerprint,
        pattern,
        failed: store.count(of(vec![JobState::Failed]), None).await?.jobs,
        retrying: store.count(of(vec![JobState::Scheduled]), None).await?.jobs,
        seen: group.as_ref().map(|group| (group.first, group.last)),
        trend: group.map(|group| group.trend).unwrap_or_default(),
        silence: silences.find(|silence| silence.subject == Subject::Group(fingerprint)),
        requests: counted(sample.iter().map(|job| (Arc::clone(&job.spec.request), job.spec.version))),
        servers: counted(sample.iter().filter_map(latest_server)),
        versions: counted(sample.iter().filter_map(version)),
        alike: alike(sample.iter().map(|job| &*job.spec)),
        sample,
    })
}

/// Counts what is the same, the most frequent first.
fn counted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts = BTreeMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    counts
}
