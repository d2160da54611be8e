//! What the client tells of many jobs at once: what failed, how much came and ended, and who did what.

use std::sync::Arc;

use boltjobs_core::audit::{self, AuditFilter, AuditPage};
use boltjobs_core::store::FailureGroup;
use boltjobs_core::throughput::{Throughput, Window};

use crate::client::Client;
use crate::error::Result;

impl Client {
    /// Returns at most `limit` groups of jobs that failed alike, for good or with another attempt to come: the one that
    /// failed last first. [`JobQuery::failure`](crate::JobQuery::failure) finds the jobs of one.
    ///
    /// It is counted as jobs come and go, and costs the same with ten jobs and with ten million.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn failures(&self, limit: usize) -> Result<Vec<FailureGroup>> {
        Ok(self.runtime()?.store.failures(limit).await?)
    }

    /// Returns how many jobs came and ended in each step of a window. Minutes are kept for a week, restarts included, and
    /// single seconds for two minutes, in memory.
    ///
    /// ```no_run
    /// # async fn example() -> boltjobs::Result<()> {
    /// let now = chrono::Utc::now().into();
    /// let hour = boltjobs::client().throughput(boltjobs::Window::hour(now)).await?;
    /// println!("{} jobs failed within the hour", hour.total().failed);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn throughput(&self, window: Window) -> Result<Throughput> {
        Ok(self.runtime()?.store.throughput(window).await?)
    }

    /// Returns at most `limit` entries of who did what on the dashboard, the latest first: those after `after`, which is
    /// the `next` of the page before. The latest 10,000 are kept.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn audit(&self, after: Option<Arc<str>>, limit: usize) -> Result<AuditPage> {
        Ok(audit::read(&*self.runtime()?.store, after, limit).await?)
    }

    /// The same of entries that match what one types into the box of the dashboard: `after:2h`, `before:2026-01-31`,
    /// `trace:4bf92f35` and a text.
    ///
    /// # Errors
    /// Those of [`audit`](Self::audit), and [`Error::Query`](crate::Error::Query) for what can't be read.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn audit_matching(
        &self,
        query: &str,
        after: Option<Arc<str>>,
        limit: usize,
    ) -> Result<AuditPage> {
        let runtime = self.runtime()?;
        let filter = AuditFilter::typed(query)?.at(runtime.now());
        Ok(audit::find(&*runtime.store, &filter, after, limit).await?)
    }
}
