//! What the client is not told of for a while, as somebody knows of it.

use boltjobs_core::silence::{self, Silence, SilenceError, Subject};

use crate::client::Client;
use crate::error::{Error, Result};

/// Who has done what the program did.
pub(crate) const PROGRAM: &str = "the program";

impl Client {
    /// Returns what is silenced, on the dashboard or by [`silence`](Self::silence): what was silenced last first.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn silences(&self) -> Result<Vec<Silence>> {
        let runtime = self.runtime()?;
        Ok(silence::all(&*runtime.store, runtime.now()).await?)
    }

    /// Silences a check of the health, or ignores failures that are alike: they need nobody on the dashboard until a span is
    /// over (`1h`, `7d`) or a date comes (`2026-12-24`), the check finds nothing (`well`), so many more have failed (`+100`), or
    /// one fails so on a server of a version or a later one (`fixed:1.5`). Jobs are run and retried as before. It takes the
    /// place of a silence that there was.
    ///
    /// ```no_run
    /// # async fn example() -> boltjobs::Result<()> {
    /// use boltjobs::SilenceOf;
    ///
    /// let client = boltjobs::client();
    /// let failure = &client.failures(1).await?[0];
    /// client.silence(SilenceOf::Group(failure.fingerprint), "7d", "mended in 2.1").await?;
    /// client.silence(SilenceOf::Check("no queue is paused".into()), "well", "the bank is closed").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] when nobody can tell when it is over, or the reason has not 1 to 200 characters in one line;
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn silence(&self, of: Subject, until: &str, reason: &str) -> Result<()> {
        let runtime = self.runtime()?;
        let (store, now) = (&*runtime.store, runtime.now());
        let until = silence::until(store, &of, until, now).await.map_err(refused)?;
        let (reason, actor) = (reason.to_owned(), PROGRAM.to_owned());
        let silence = Silence { subject: of, until, reason, actor, at: now };
        silence::keep(store, &silence, now).await.map_err(refused)
    }

    /// Ends a silence before its time; `false` when there was none.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn unsilence(&self, of: Subject) -> Result<bool> {
        let runtime = self.runtime()?;
        Ok(silence::end(&*runtime.store, &[of], runtime.now()).await?)
    }
}

fn refused(error: SilenceError) -> Error {
    match error {
        SilenceError::Store(error) => error.into(),
        error @ (SilenceError::Reason | SilenceError::Until(..)) => Error::Config(error.to_string()),
    }
}
