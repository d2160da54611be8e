//! Which version of the program ran an attempt, and whether it is another one by now.

use std::collections::BTreeMap;
use std::sync::Arc;

use boltjobs_core::Timestamp;
use boltjobs_core::deploy::{self, Deploy};
use boltjobs_core::job::{Job, RowData};
use boltjobs_core::store::{Store, StoreError};

/// The versions of the servers that ran a job, by their names.
pub(crate) type Versions = BTreeMap<Arc<str>, Arc<str>>;

/// The program is another one than that which ran the latest attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
    /// When the first server of the new one started.
    pub(crate) at: Timestamp,
}

/// Finds the versions of the servers that ran a job.
pub(crate) async fn versions(store: &dyn Store, job: &Job) -> Result<Versions, StoreError> {
    let servers = job.history.iter().filter_map(|row| match &row.data {
        RowData::Processing { server, .. } => Some(Arc::clone(server)),
        RowData::None | RowData::Scheduled { .. } | RowData::Succeeded { .. } | RowData::Ended { .. } => None,
    });
    deploy::versions(store, servers.collect()).await
}

/// Says whether the code has changed since the latest attempt of a job that failed.
pub(crate) async fn changed(
    store: &dyn Store,
    job: &Job,
    versions: &Versions,
) -> Result<Option<Changed>, StoreError> {
    if job.last_error().is_none() {
        return Ok(None);
    }
    Ok(judge(&deploy::all(store).await?, job, versions))
}

/// Compares the latest deploy with the version of the latest attempt: that of its server, or else the one before it.
fn judge(deploys: &[Deploy], job: &Job, versions: &Versions) -> Option<Changed> {
    let (begun, server) = job.history.iter().rev().find_map(|row| match &row.data {
        RowData::Processing { server, .. } => Some((row.at, server)),
        RowData::None | RowData::Scheduled { .. } | RowData::Succeeded { .. } | RowData::Ended { .. } => None,
    })?;
    let before = || deploys.iter().find(|deploy| deploy.at <= begun).map(|deploy| &deploy.version);
    let from = versions.get(server).or_else(before)?;
    let latest = deploys.first().filter(|latest| latest.version != *from && latest.at > begun)?;
    Some(Changed { from: Arc::clone(from), to: Arc::clone(&latest.version), at: latest.at })
}
