//! Lists of jobs: what is asked for, and what is found.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use boltjobs_core::job::Job;
use boltjobs_core::store::{Explanation, JobFilter, PageQuery};
use boltjobs_core::text::shown;
use boltjobs_core::{JobId, JobState};
use serde::Deserialize;

use crate::columns::{Column, Columns};
use crate::pages::{self, JobsPage, Kept, SIZES, Wider};
use crate::refused::Refused;
use crate::routes::{Asked, html, read_id};
use crate::saved;
use crate::server::is_aborted;

/// What is said of a list of jobs.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    order: String,
    #[serde(default)]
    size: String,
    #[serde(default)]
    columns: String,
}

impl Wanted {
    /// Says whether nothing is said of how to list the jobs.
    pub(crate) fn says_nothing(&self) -> bool {
        [&self.after, &self.order, &self.size].into_iter().all(String::is_empty)
    }
}

pub(crate) async fn jobs(asked: Asked, headers: HeaderMap, Query(wanted): Query<Wanted>) -> Response {
    let counts = asked.source().store.counts().await;
    let kept = Kept {
        shared: &asked.source().queries,
        own: saved::of(&headers),
        words: pages::completion::words(counts.ok().as_ref()),
    };
    match wanted.q.parse::<JobFilter>() {
        Ok(filter) => {
            let page = async {
                let columns = Columns::of(&wanted.columns, &headers)?;
                let mut listed = find(&asked, filter, &wanted).await?;
                if columns.has(Column::Why) {
                    listed.why = why(&asked, &listed.page.jobs).await?;
                }
                if listed.page.jobs.is_empty() && listed.page.next.is_none() && listed.after.is_none() {
                    listed.wider = wider(&asked, &listed.filter).await?;
                }
                Ok(pages::jobs(asked.view(), &listed, &columns, &kept))
            };
            asked.answer(page.await)
        }
        Err(error) => {
            let page = html(pages::unreadable(asked.view(), &wanted.q, &error, &kept));
            (StatusCode::BAD_REQUEST, page).into_response()
        }
    }
}

/// Finds the jobs of a list.
pub(crate) async fn find(asked: &Asked, filter: JobFilter, wanted: &Wanted) -> Result<JobsPage, Refused> {
    let after = match &*wanted.after {
        "" => None,
        id => Some(read_id(id)?),
    };
    let size = match &*wanted.size {
        "" => SIZES[0],
        text => SIZES.into_iter().find(|size| size.to_string() == text).ok_or_else(|| {
            Refused::Illegal(format!("A page can have {SIZES:?} jobs, and not {:?}.", shown(text)))
        })?,
    };
    let oldest_first = match &*wanted.order {
        "" | "newest" => false,
        "oldest" => true,
        other => {
            let other = shown(other);
            return Err(Refused::Illegal(format!(
                "Jobs are listed `newest` or `oldest` first, and not `{other}`."
            )));
        }
    };
    let store = &asked.source().store;
    let page =
        store.page(PageQuery { filter: filter.at(asked.now()), oldest_first, after, limit: size }).await?;
    let servers = store.servers(asked.now()).await?;
    let aborted = page.jobs.iter().filter(|job| is_aborted(job, &servers)).map(|job| job.id).collect();
    let (why, wider) = (BTreeMap::new(), Vec::new());
    Ok(JobsPage {
        filter,
        counts: store.counts().await?,
        page,
        aborted,
        after,
        oldest_first,
        size,
        why,
        wider,
    })
}

/// The most jobs of a page that are asked why they wait.
const ASKED_WHY: usize = 50;

/// Finds why the first jobs of a page wait that do so for a worker.
async fn why(asked: &Asked, jobs: &[Job]) -> Result<BTreeMap<JobId, Explanation>, Refused> {
    let mut found = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.state == JobState::Enqueued).take(ASKED_WHY) {
        found.insert(job.id, asked.source().store.explain(job.id, asked.now()).await?);
    }
    Ok(found)
}

/// Counts what would match without each part of a filter, by one look for each, the most first.
async fn wider(asked: &Asked, filter: &JobFilter) -> Result<Vec<Wider>, Refused> {
    let mut all = Wider::of(filter);
    for each in &mut all {
        each.tally = asked.source().store.count(each.filter.at(asked.now()), None).await?;
    }
    all.sort_by_key(|each| (Reverse(each.tally.jobs), each.tally.next.is_none()));
    Ok(all)
}
