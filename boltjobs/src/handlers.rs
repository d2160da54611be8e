//! Handlers: what their jobs are held to, as it is set while the program runs.

use std::sync::Arc;

use boltjobs_core::handler_limit::{self, HandlerLimit, HandlerLimitError, Limit, LimitKind};
use boltjobs_core::name;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::request::Request;
use crate::silences::PROGRAM;

/// The handler of a request, to limit it.
///
/// What is set takes the place of that one limit in the code, be it less or more: on every server, restarts included, until it is
/// [removed](Self::unlimit). What runs goes on, and who waits is woken when there is more room.
///
/// ```no_run
/// use boltjobs::LimitKind;
///
/// # async fn example() -> boltjobs::Result<()> {
/// let charges = boltjobs::client().handler("billing.charge");
/// charges.rate_limit("10/1m").await?; // while the partner is slow
/// charges.unlimit(LimitKind::RateLimit).await?; // what `#[handler(rate_limit = ..)]` says counts again
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct HandlerRef {
    client: Client,
    request: Arc<str>,
}

impl HandlerRef {
    /// Returns the name of the request.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// Lets at most so many of its jobs run at once, 1 to 100,000. `false` when that was set already.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Name`] for a name that no request can have, [`Error::Config`] for a limit that can't be used,
    /// [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn concurrency(&self, at_most: u32) -> Result<bool> {
        self.set(Limit::Concurrency(at_most)).await
    }

    /// Lets at most so many of its jobs that share a concurrency key run at once, 1 to 100,000. `false` when that was set already.
    ///
    /// # Errors
    /// As for [`concurrency`](Self::concurrency).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn concurrency_per_key(&self, at_most: u32) -> Result<bool> {
        self.set(Limit::ConcurrencyPerKey(at_most)).await
    }

    /// Lets no more of its jobs start than a rate allows, as in `100/1m, burst = 10`. `false` when that was set already.
    ///
    /// Where the code has no rate, what has started before is not counted.
    ///
    /// # Errors
    /// As for [`concurrency`](Self::concurrency).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn rate_limit(&self, rate: &str) -> Result<bool> {
        self.set(Limit::parse(LimitKind::RateLimit, rate).map_err(refused)?).await
    }

    /// The same for the starts of each concurrency key.
    ///
    /// # Errors
    /// As for [`concurrency`](Self::concurrency).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn rate_limit_per_key(&self, rate: &str) -> Result<bool> {
        self.set(Limit::parse(LimitKind::RateLimitPerKey, rate).map_err(refused)?).await
    }

    /// Removes a limit that was set, by the program or on the dashboard: what the code says counts again. `false` when there was none.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Name`], [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn unlimit(&self, kind: LimitKind) -> Result<bool> {
        name::validate_request(&self.request)?;
        let runtime = self.client.runtime()?;
        Ok(handler_limit::remove(&*runtime.store, &self.request, kind, runtime.now()).await?)
    }

    /// Returns the limits of it that were set, with who has set each, and when. What the code says is among
    /// [`servers`](Client::servers).
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn set_limits(&self) -> Result<Vec<HandlerLimit>> {
        let runtime = self.client.runtime()?;
        Ok(handler_limit::of(&*runtime.store, &self.request).await?)
    }

    async fn set(&self, limit: Limit) -> Result<bool> {
        let runtime = self.client.runtime()?;
        let (request, actor, at) = (Arc::clone(&self.request), PROGRAM.to_owned(), runtime.now());
        let limit = HandlerLimit { request, limit, actor, at };
        handler_limit::set(&*runtime.store, &limit).await.map_err(refused)
    }
}

fn refused(error: HandlerLimitError) -> Error {
    match error {
        HandlerLimitError::Name(error) => Error::Name(error),
        HandlerLimitError::Store(error) => Error::Store(error),
        HandlerLimitError::Kind(_) | HandlerLimitError::Number(_) | HandlerLimitError::Rate(_) => {
            Error::Config(error.to_string())
        }
    }
}

impl Client {
    /// Names the handler of a request by the own name of the request, to limit it. That there is one is not checked here: it may
    /// be in another program.
    pub fn handler(&self, request: impl Into<String>) -> HandlerRef {
        HandlerRef { client: self.clone(), request: request.into().into() }
    }

    /// Names the handler of a request by its type.
    pub fn handler_of<R: Request>(&self) -> HandlerRef {
        self.handler(R::INFO.name())
    }
}
