//! Jobs as text, to be copied: as JSON, as the Rust that makes their requests, or as commands of curl.
//!
//! It only looks. A form sends the jobs that were marked, as they may be more than fit into an address; a link asks for a few.

use std::str::FromStr;

use axum::extract::Query;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use boltjobs_core::JobId;
use boltjobs_core::literal::literal;
use boltjobs_core::text::shown;

use crate::actions::{Fields, Sent, with_form};
use crate::api::{exported, written_all};
use crate::doing::{check_number, job_id};
use crate::kin;
use crate::pages::{self, Copies, curl};
use crate::refused::Refused;
use crate::routes::{Asked, find_job, html};

/// What jobs are copied as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    Json,
    Rust,
    Curl,
}

impl As {
    pub(crate) const ALL: [Self; 3] = [Self::Json, Self::Rust, Self::Curl];

    /// Returns its name, as in a form.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Rust => "rust",
            Self::Curl => "curl",
        }
    }

    /// Returns what people call it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Rust => "Rust",
            Self::Curl => "curl",
        }
    }

    /// Returns what a file of it is called and is.
    fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("jobs.json", "application/json"),
            Self::Rust => ("jobs.rs", "text/plain; charset=utf-8"),
            Self::Curl => ("jobs.sh", "text/plain; charset=utf-8"),
        }
    }
}

impl FromStr for As {
    type Err = Refused;

    fn from_str(name: &str) -> Result<Self, Refused> {
        let unknown = || {
            let name = shown(name);
            Refused::Illegal(format!("Nothing is copied as `{name}`; use `json`, `rust` or `curl`."))
        };
        Self::ALL.into_iter().find(|it| it.name() == name).ok_or_else(unknown)
    }
}

/// Shows jobs that a link names.
pub(crate) async fn look(
    asked: Asked,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    asked_for(&asked, &headers, Sent::link(pairs)).await.unwrap_or_else(|refused| asked.answer(Err(refused)))
}

/// Shows jobs that were marked.
pub(crate) async fn sent(asked: Asked, headers: HeaderMap, fields: Fields) -> Response {
    with_form(&asked, fields, |form| asked_for(&asked, &headers, form)).await
}

async fn asked_for(asked: &Asked, headers: &HeaderMap, form: Sent) -> Result<Response, Refused> {
    let kind = form.field("as").parse()?;
    let ids = form.all("job").map(job_id).collect::<Result<Vec<_>, _>>()?;
    check_number(ids.len())?;
    let (text, found) = written(asked, headers, kind, &ids).await?;
    if form.has("file") {
        let (name, what) = kind.file();
        let name = format!("attachment; filename=\"{name}\"");
        return Ok(([(CONTENT_TYPE, what.to_owned()), (CONTENT_DISPOSITION, name)], text).into_response());
    }
    Ok(html(pages::copied(asked.view(), &Copies { kind, ids: &ids, text, found })).into_response())
}

/// Writes jobs one after another, and says how many of them are still there.
async fn written(
    asked: &Asked,
    headers: &HeaderMap,
    kind: As,
    ids: &[JobId],
) -> Result<(String, usize), Refused> {
    let (mut values, mut parts) = (Vec::new(), Vec::new());
    for id in ids {
        let page = match find_job(asked, &id.to_string()).await {
            Ok(page) => page,
            Err(Refused::NotFound(_)) => continue,
            Err(refused) => return Err(refused),
        };
        let job = &page.job;
        match kind {
            As::Json => values.push(exported(&page, &kin::of_job(asked, job).await?)),
            As::Rust => parts.push(format!("// job {id}\n{}\n", literal(page.shape.as_deref(), &job.spec))),
            As::Curl => parts.push(curl(asked.view(), headers, job)),
        }
    }
    let found = values.len() + parts.len();
    Ok((if kind == As::Json { written_all(values) } else { parts.join("\n") }, found))
}
