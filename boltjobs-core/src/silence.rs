//! What somebody knows of, and does not want to be told of for a while: a check of the health, or a failure.
//!
//! A silence hides nothing. It says who has taken note of what was found, why that may stay so, and until when.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::store::{Document, DocumentQuery, JobFilter, PageQuery, Store, StoreError};
use crate::text::shown;
use crate::{Timestamp, deploy, duration};

/// The most silences that are kept, those that were made last.
pub const KEPT: usize = 1_000;

/// The most characters of a reason.
pub const LONGEST_REASON: usize = 200;

/// For how long a silence may be.
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(366 * 24);

const PREFIX: &str = "silence/";

/// What is silenced.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A check of the health, by its name, as in `no queue is paused`.
    Check(String),
    /// The jobs that failed in the same way.
    Group(Fingerprint),
}

impl Subject {
    fn key(&self) -> Arc<str> {
        match self {
            Self::Check(name) => format!("{PREFIX}check/{name}").into(),
            Self::Group(fingerprint) => format!("{PREFIX}failure/{fingerprint}").into(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(name) => write!(f, "check `{name}`"),
            Self::Group(fingerprint) => write!(f, "failure {fingerprint}"),
        }
    }
}

/// When a silence is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// At an instant.
    Time(Timestamp),
    /// When the check finds nothing, as far as somebody looks.
    Well,
    /// When so many jobs have failed in the same way, for good or with another attempt to come.
    Jobs(u64),
    /// When a job fails in the same way again on a server of this version of the program, or of a later one: it is mended there.
    Fixed(String),
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(at) => write!(f, "until {at}"),
            Self::Well => f.write_str("until it is well again"),
            Self::Jobs(jobs) => write!(f, "until {jobs} jobs have failed"),
            Self::Fixed(version) => write!(f, "fixed in {version}"),
        }
    }
}

/// What somebody does not want to be told of for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What is silenced.
    pub subject: Subject,
    /// When it is over.
    pub until: Until,
    /// Why.
    pub reason: String,
    /// Who silenced it.
    pub actor: String,
    /// When they did.
    pub at: Timestamp,
}

impl Silence {
    /// Says whether it still holds: not when its time is over, nor when as many jobs have failed as it says.
    async fn holds(&self, store: &dyn Store, now: Timestamp) -> Result<bool, StoreError> {
        match (&self.subject, &self.until) {
            (_, Until::Time(at)) => Ok(now < *at),
            (Subject::Group(fingerprint), Until::Jobs(jobs)) => {
                Ok(failed(store, *fingerprint).await? < *jobs)
            }
            (Subject::Group(fingerprint), Until::Fixed(version)) => {
                Ok(!came_again(store, *fingerprint, version, self.at).await?)
            }
            (Subject::Check(_), Until::Jobs(_) | Until::Fixed(_)) | (_, Until::Well) => Ok(true),
        }
    }
}

/// Counts the jobs that have failed in one way, for good or with another attempt to come; it costs the same however many.
async fn failed(store: &dyn Store, fingerprint: Fingerprint) -> Result<u64, StoreError> {
    let filter = JobFilter { failures: vec![fingerprint], ..JobFilter::default() };
    Ok(store.count(filter, None).await?.jobs)
}

/// Says whether a job has failed so since an instant on a server of a version or a later one. It looks at [`LOOKED_AT`] jobs,
/// those that were enqueued last.
async fn came_again(
    store: &dyn Store,
    fingerprint: Fingerprint,
    first: &str,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let filter = JobFilter { failures: vec![fingerprint], ..JobFilter::default() };
    let query = PageQuery { filter, limit: LOOKED_AT, ..PageQuery::default() };
    let jobs = store.page(query).await?.jobs;
    let servers = jobs.iter().filter(|job| job.since > since).filter_map(deploy::latest_server);
    let versions = deploy::versions(store, servers.collect()).await?;
    Ok(versions.values().any(|version| deploy::is_from(version, first)))
}

/// How many jobs are looked at for where they failed.
const LOOKED_AT: usize = 100;

/// The most characters of a version in which something is mended.
const LONGEST_VERSION: usize = 100;

/// Why something can't be silenced.
#[derive(Debug, thiserror::Error)]
pub enum SilenceError {
    /// The reason can't be kept.
    #[error("a silence has a reason of 1 to {LONGEST_REASON} characters in one line; say why it may stay so")]
    Reason,
    /// Nothing says when it is over.
    #[error("`{text}` is no end of a silence; {known}", text = shown(.0), known = known(.1))]
    Until(String, Subject),
    /// The store can't tell or write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Says which ends there are.
fn known(subject: &Subject) -> &'static str {
    match subject {
        Subject::Check(_) => {
            "use a span from `1m` to `366d`, or `well` for when the check finds nothing; or a date as in `2026-12-24`"
        }
        Subject::Group(_) => {
            "use a span from `1m` to `366d`, a date as in `2026-12-24`, `+100` for when 100 more have failed, or `fixed:1.5` for \
             when one fails so in the version 1.5 or a later one"
        }
    }
}

/// Reads when a silence is over: a span as in `1h` or `7d`, or a date as in `2026-12-24`, with which it is over in UTC; of a
/// check also `well`; of a failure also `+100`, for when there are 100 more jobs of it than now, and `fixed:1.5`, for when one
/// fails so on a server of the version 1.5 or a later one.
///
/// # Errors
/// [`SilenceError::Until`] with what can be written instead, [`SilenceError::Store`] when the store can't count.
pub async fn until(
    store: &dyn Store,
    subject: &Subject,
    text: &str,
    now: Timestamp,
) -> Result<Until, SilenceError> {
    let illegal = || SilenceError::Until(text.to_owned(), subject.clone());
    match (subject, text.strip_prefix('+')) {
        (Subject::Check(_), None) if text == "well" => Ok(Until::Well),
        (Subject::Group(fingerprint), Some(more)) => {
            let more: u64 = more.parse().ok().filter(|more| *more > 0).ok_or_else(illegal)?;
            Ok(Until::Jobs(failed(store, *fingerprint).await?.saturating_add(more)))
        }
        (Subject::Group(_), None) if text.starts_with("fixed:") => {
            let version = text["fixed:".len()..].trim();
            let legal = !version.is_empty() && version.chars().count() <= LONGEST_VERSION;
            let legal = legal && !version.chars().any(char::is_control);
            legal.then(|| Until::Fixed(version.to_owned())).ok_or_else(illegal)
        }
        _ => {
            if let Some(date) = date(text) {
                let legal = (now.plus(SHORTEST)..=now.plus(LONGEST)).contains(&date);
                return legal.then_some(Until::Time(date)).ok_or_else(illegal);
            }
            let span = duration::parse(text).ok().filter(|span| (SHORTEST..=LONGEST).contains(span));
            Ok(Until::Time(now.plus(span.ok_or_else(illegal)?)))
        }
    }
}

/// Reads a date as the instant at which it begins, in UTC.
fn date(text: &str) -> Option<Timestamp> {
    let date: chrono::NaiveDate = text.parse().ok()?;
    Some(Timestamp::from(date.and_time(chrono::NaiveTime::MIN).and_utc()))
}

/// Silences something, in place of a silence that it had, and lets go of those that are over.
///
/// # Errors
/// [`SilenceError::Reason`], [`SilenceError::Store`] when the store can't write.
pub async fn keep(store: &dyn Store, silence: &Silence, now: Timestamp) -> Result<(), SilenceError> {
    let reason = &silence.reason;
    if reason.trim().is_empty()
        || reason.chars().count() > LONGEST_REASON
        || reason.chars().any(char::is_control)
    {
        return Err(SilenceError::Reason);
    }
    let key = silence.subject.key();
    let (kept, mut removed) = sorted(store, now).await?;
    removed.extend(kept.iter().skip(KEPT - 1).map(|kept| kept.subject.key()));
    removed.retain(|old| *old != key);
    // It can't fail for texts and numbers.
    let text = serde_json::to_string(silence).unwrap_or_default().into();
    Ok(store.keep(vec![Document { key, text }], removed, now).await?)
}

/// Returns the silences that hold, those that were made last first.
///
/// # Errors
/// When the store can't answer.
pub async fn all(store: &dyn Store, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
    Ok(sorted(store, now).await?.0)
}

/// Ends silences, and lets go of those that are over; `false` when none of them was there.
///
/// # Errors
/// When the store can't write.
pub async fn end(store: &dyn Store, subjects: &[Subject], now: Timestamp) -> Result<bool, StoreError> {
    let (kept, mut removed) = sorted(store, now).await?;
    let ended = kept.into_iter().filter(|silence| subjects.contains(&silence.subject));
    let ended: Vec<_> = ended.map(|silence| silence.subject.key()).collect();
    let found = !ended.is_empty();
    removed.extend(ended);
    if !removed.is_empty() {
        store.keep(Vec::new(), removed, now).await?;
    }
    Ok(found)
}

/// Returns the silences that hold, those that were made last first, and the keys of all others.
async fn sorted(store: &dyn Store, now: Timestamp) -> Result<(Vec<Silence>, Vec<Arc<str>>), StoreError> {
    let query = DocumentQuery { prefix: PREFIX.into(), limit: 2 * KEPT, ..DocumentQuery::default() };
    let (mut hold, mut over) = (Vec::new(), Vec::new());
    for document in store.documents(query).await? {
        // What another release has written otherwise is left alone.
        let Ok(silence) = serde_json::from_str::<Silence>(&document.text) else { continue };
        if silence.holds(store, now).await? { hold.push(silence) } else { over.push(document.key) }
    }
    hold.sort_by_key(|silence| std::cmp::Reverse(silence.at));
    Ok((hold, over))
}

#[cfg(test)]
mod tests;
