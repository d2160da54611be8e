//! What failed, what is tried again, and what is looked after, under their paths.

use std::time::Duration;

use axum::extract::Query;
use axum::response::Response;
use boltjobs_core::Timestamp;
use boltjobs_core::job::Job;
use boltjobs_core::silence::{self, Subject};
use boltjobs_core::store::{FailureGroup, JobFilter, Page, PageQuery};
use boltjobs_core::throughput::Window;
use serde::Deserialize;

use crate::health::checks;
use crate::listing::{self, Wanted};
use crate::pages::sorting::Sorted;
use crate::pages::{self, Known};
use crate::refused::Refused;
use crate::routes::Asked;

pub(crate) async fn failures(asked: Asked, Query(sorted): Query<Sorted>) -> Response {
    let page = async {
        let (mut groups, last) = (find_failures(&asked).await?, last_failure(&asked).await?);
        sorted.apply(&mut groups, &pages::FAILURES_BY)?;
        Ok(pages::failures(asked.view(), &groups, last, &sorted))
    };
    asked.answer(page.await)
}

/// Returns the beginning of the latest hour in which a job failed, for good or with another attempt to come; `None` when none
/// did within a week.
pub(crate) async fn last_failure(asked: &Asked) -> Result<Option<Timestamp>, Refused> {
    let window = Window { until: asked.now(), step: Duration::from_hours(1), steps: 168 };
    let steps = asked.store().throughput(window).await?.steps;
    let failed = window.starts().zip(&steps).filter(|(_, flow)| flow.failed + flow.retried > 0);
    Ok(failed.last().map(|(at, _)| at))
}

/// Finds failures, each with its silence.
pub(crate) async fn find_failures(asked: &Asked) -> Result<Vec<Known>, Refused> {
    let groups = asked.store().failures(pages::GROUPS).await?;
    let silences = silence::all(asked.store(), asked.now()).await?;
    let known = |group: FailureGroup| {
        let subject = Subject::Group(group.fingerprint);
        let silence = silences.iter().find(|silence| silence.subject == subject).cloned();
        (group, silence)
    };
    Ok(groups.into_iter().map(known).collect())
}

pub(crate) async fn retries(asked: Asked, Query(wanted): Query<Wanted>) -> Response {
    let filter = JobFilter { retrying: true, ..JobFilter::default() };
    let page = async {
        if wanted.says_nothing()
            && let Some(jobs) = soonest(&asked, &filter).await?
        {
            return Ok(pages::soonest(asked.view(), &jobs));
        }
        let listed = listing::find(&asked, filter, &wanted).await?;
        Ok(pages::retries(asked.view(), &listed))
    };
    asked.answer(page.await)
}

/// Returns the jobs in the order of their next attempts, unless they are so many that one page can't look at all of them: stores
/// list by id.
async fn soonest(asked: &Asked, filter: &JobFilter) -> Result<Option<Vec<Job>>, Refused> {
    let query = PageQuery { filter: filter.clone(), limit: pages::SORTED, ..PageQuery::default() };
    let Page { mut jobs, next } = asked.store().page(query).await?;
    jobs.sort_by_key(|job| job.due);
    Ok(next.is_none().then_some(jobs))
}

pub(crate) async fn health(asked: Asked) -> Response {
    let overview = asked.overview().await;
    asked.answer(overview.map(|overview| pages::health(asked.view(), &checks(&overview))))
}

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct From {
    #[serde(default)]
    pub(crate) after: String,
}
