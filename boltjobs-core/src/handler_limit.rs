//! What a handler is held to, as somebody has set it while the program runs.
//!
//! Each limit is a [`Document`] of its own beside the jobs, so that it survives a restart and two people who set two of them
//! do not undo each other. Every claim goes by it: it takes the place of that one limit of the handler, and the others stay as
//! the code says.

#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::name::{self, NameError};
use crate::queue_limit::MOST;
use crate::rate::{Rate, RateError};
use crate::store::{Document, DocumentQuery, Limits, Store, StoreError};
use crate::{Timestamp, text};

pub(crate) const PREFIX: &str = "limit/handler/";

/// Which of the limits of a handler, by the words of `#[handler]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    /// `concurrency`: how many of its jobs may run at once.
    Concurrency,
    /// `concurrency_per_key`: how many that share a concurrency key may.
    ConcurrencyPerKey,
    /// `rate_limit`: how many may start in how long.
    RateLimit,
    /// `rate_limit_per_key`: how many of one key may start in how long.
    RateLimitPerKey,
}

impl LimitKind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Concurrency, Self::ConcurrencyPerKey, Self::RateLimit, Self::RateLimitPerKey];

    /// Returns its word in `#[handler]`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::ConcurrencyPerKey => "concurrency_per_key",
            Self::RateLimit => "rate_limit",
            Self::RateLimitPerKey => "rate_limit_per_key",
        }
    }

    /// Returns what a handler is held to in this respect, if there is anything.
    pub fn of(self, limits: &Limits) -> Option<Limit> {
        match self {
            Self::Concurrency => limits.concurrency.map(Limit::Concurrency),
            Self::ConcurrencyPerKey => limits.per_key.map(Limit::ConcurrencyPerKey),
            Self::RateLimit => limits.rate.map(Limit::RateLimit),
            Self::RateLimitPerKey => limits.rate_per_key.map(Limit::RateLimitPerKey),
        }
    }
}

impl Display for LimitKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LimitKind {
    type Err = HandlerLimitError;

    fn from_str(text: &str) -> Result<Self, HandlerLimitError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| HandlerLimitError::Kind(text.to_owned()))
    }
}

/// One limit of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// At most so many of its jobs run at once.
    Concurrency(u32),
    /// At most so many that share a concurrency key do.
    ConcurrencyPerKey(u32),
    /// At most so many start in so long.
    RateLimit(Rate),
    /// At most so many of one key start in so long.
    RateLimitPerKey(Rate),
}

impl Limit {
    /// Reads one: a number of 1 to 100,000, or a rate as in `100/1m`.
    ///
    /// # Errors
    /// Says what makes no sense in the text, and what can be written instead.
    pub fn parse(kind: LimitKind, text: &str) -> Result<Self, HandlerLimitError> {
        let number = || {
            let number = text.trim().parse().ok().filter(|number| (1..=MOST).contains(number));
            number.ok_or_else(|| HandlerLimitError::Number(text.to_owned()))
        };
        Ok(match kind {
            LimitKind::Concurrency => Self::Concurrency(number()?),
            LimitKind::ConcurrencyPerKey => Self::ConcurrencyPerKey(number()?),
            LimitKind::RateLimit => Self::RateLimit(Rate::parse(text.trim())?),
            LimitKind::RateLimitPerKey => Self::RateLimitPerKey(Rate::parse(text.trim())?),
        })
    }

    /// Says which of the limits it is.
    pub fn kind(&self) -> LimitKind {
        match self {
            Self::Concurrency(_) => LimitKind::Concurrency,
            Self::ConcurrencyPerKey(_) => LimitKind::ConcurrencyPerKey,
            Self::RateLimit(_) => LimitKind::RateLimit,
            Self::RateLimitPerKey(_) => LimitKind::RateLimitPerKey,
        }
    }

    /// Puts it in its place among those of a handler.
    pub fn put(&self, limits: &mut Limits) {
        match *self {
            Self::Concurrency(at_most) => limits.concurrency = Some(at_most),
            Self::ConcurrencyPerKey(at_most) => limits.per_key = Some(at_most),
            Self::RateLimit(rate) => limits.rate = Some(rate),
            Self::RateLimitPerKey(rate) => limits.rate_per_key = Some(rate),
        }
    }
}

impl Display for Limit {
    /// Writes it so that [`Limit::parse`] reads it back.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concurrency(at_most) | Self::ConcurrencyPerKey(at_most) => at_most.fmt(f),
            Self::RateLimit(rate) | Self::RateLimitPerKey(rate) => rate.fmt(f),
        }
    }
}

/// A limit of a handler that somebody has set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HandlerLimit {
    /// The own name of the request. Its older names are counted together with it.
    pub request: Arc<str>,
    /// The limit.
    pub limit: Limit,
    /// Who has set it.
    pub actor: String,
    /// When they did.
    pub at: Timestamp,
}

/// What is written of it; the key of the document says the rest.
#[derive(Serialize, Deserialize)]
struct Written {
    value: String,
    actor: String,
    at: Timestamp,
}

impl HandlerLimit {
    fn document(&self) -> Document {
        let Self { request, limit, actor, at } = self;
        let written = Written { value: limit.to_string(), actor: actor.clone(), at: *at };
        // It can't fail for texts and numbers.
        let text = serde_json::to_string(&written).unwrap_or_default().into();
        Document { key: key(request, limit.kind()), text }
    }

    /// Reads the limit of a document; `None` for any other document, and for what another release has written otherwise.
    pub(crate) fn of(key: &str, text: &str) -> Option<Self> {
        // The name of a request may have slashes in it, and the kind has none.
        let (kind, request) = key.strip_prefix(PREFIX)?.split_once('/')?;
        let Written { value, actor, at } = serde_json::from_str(text).ok()?;
        let limit = Limit::parse(kind.parse().ok()?, &value).ok()?;
        Some(Self { request: request.into(), limit, actor, at })
    }
}

fn key(request: &str, kind: LimitKind) -> Arc<str> {
    format!("{PREFIX}{kind}/{request}").into()
}

/// Why a limit of a handler can't be set.
#[derive(Debug, thiserror::Error)]
pub enum HandlerLimitError {
    /// No request has this name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no such limit.
    #[error("`{}` is no limit of a handler; use {}", text::shown(.0), LimitKind::ALL.map(|kind| format!("`{kind}`")).join(", "))]
    Kind(String),
    /// The number can't be used.
    #[error("`{}` is no number of jobs; use 1 to {MOST}, or pause the queue", text::shown(.0))]
    Number(String),
    /// The rate can't be used.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// The store can't tell or write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Returns all limits of handlers that were set, by kinds and names. They are few: each was set by hand.
///
/// # Errors
/// When the store can't answer.
pub async fn all(store: &dyn Store) -> Result<Vec<HandlerLimit>, StoreError> {
    let query = DocumentQuery { prefix: PREFIX.into(), limit: usize::MAX, ..DocumentQuery::default() };
    let found = store.documents(query).await?;
    Ok(found.iter().filter_map(|it| HandlerLimit::of(&it.key, &it.text)).collect())
}

/// Returns the limits of one request that were set.
///
/// # Errors
/// When the store can't answer.
pub async fn of(store: &dyn Store, request: &str) -> Result<Vec<HandlerLimit>, StoreError> {
    let mut found = all(store).await?;
    found.retain(|limit| *limit.request == *request);
    Ok(found)
}

/// Sets a limit, in place of one of its kind that was set; `false` when it was that already, and nothing was written.
///
/// # Errors
/// [`HandlerLimitError`] for what can't be set, and when the store can't write.
pub async fn set(store: &dyn Store, limit: &HandlerLimit) -> Result<bool, HandlerLimitError> {
    name::validate_request(&limit.request)?;
    // A number that was not read from a text may be any.
    Limit::parse(limit.limit.kind(), &limit.limit.to_string())?;
    if of(store, &limit.request).await?.iter().any(|known| known.limit == limit.limit) {
        return Ok(false);
    }
    store.keep(vec![limit.document()], Vec::new(), limit.at).await?;
    Ok(true)
}

/// Removes a limit that was set, so that what the code says counts again; `false` when there was none.
///
/// # Errors
/// When the store can't write.
pub async fn remove(
    store: &dyn Store,
    request: &str,
    kind: LimitKind,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = of(store, request).await?.iter().any(|known| known.limit.kind() == kind);
    if found {
        store.keep(Vec::new(), vec![key(request, kind)], now).await?;
    }
    Ok(found)
}

/// Returns what a handler is held to with what was set of it.
pub fn over<'a>(mut limits: Limits, set: impl IntoIterator<Item = &'a HandlerLimit>) -> Limits {
    for one in set {
        one.limit.put(&mut limits);
    }
    limits
}
