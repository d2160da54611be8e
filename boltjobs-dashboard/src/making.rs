//! Jobs that somebody makes by hand: of a request that a server handles, or as copies of others.
//!
//! What code of the program makes of a request, its title and its keys, is not known here: a copy keeps what its job has, and a
//! new job has none. The form carries the id of the job, so that one that is sent twice makes one job.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use boltjobs_core::access::Role;
use boltjobs_core::audit::AuditChange;
use boltjobs_core::job::{Job, JobSpec, NewJob};
use boltjobs_core::lineage::{BY, EnqueuedBy};
use boltjobs_core::literal::doubts;
use boltjobs_core::shape::Shape;
use boltjobs_core::store::{Handled, ServerInfo};
use boltjobs_core::text::shown;
use boltjobs_core::{JobId, Timestamp};
use serde::Deserialize;

use crate::actions::{Fields, Sent, answer, with_form};
use crate::audit::told_changes;
use crate::change::Typed;
use crate::doing::{self, allowed, needs, new_id, unknown};
use crate::edit::Faults;
use crate::fields::{Entries, blank};
use crate::pages;
use crate::refused::Refused;
use crate::routes::{Asked, find_job, html};

/// What a link says of the job that is to be made.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    request: String,
    /// The job that it is to be a copy of.
    #[serde(default)]
    from: String,
    #[serde(default, rename = "as")]
    by: String,
}

/// A job that is to be made.
#[derive(Debug)]
pub(crate) struct Making {
    pub(crate) id: JobId,
    /// The job that it is a copy of.
    pub(crate) from: Option<Job>,
    /// What it is, as long as nobody types anything.
    pub(crate) spec: JobSpec,
    pub(crate) shape: Option<Arc<Shape>>,
    pub(crate) typed: Typed,
    /// The fields of its payload, where these are typed.
    pub(crate) entries: Option<Entries>,
    /// When it may start: an instant, or how far it is from now.
    pub(crate) at: String,
    pub(crate) faults: Faults,
    pub(crate) preview: Option<Made>,
}

/// What was typed, read.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) spec: JobSpec,
    pub(crate) start_at: Option<Timestamp>,
    /// How it differs from what there was.
    pub(crate) differences: Vec<AuditChange>,
    /// What speaks against its payload.
    pub(crate) doubts: Vec<String>,
}

/// Returns the requests of which jobs can be made, each once, by their names.
pub(crate) fn requests(servers: &[ServerInfo]) -> BTreeMap<&Arc<str>, &Handled> {
    let all = servers.iter().flat_map(|server| server.offer.requests());
    // A server handles them under their aliases, too.
    all.filter(|(name, handled)| handled.defaults.as_ref().is_some_and(|it| it.request == **name)).collect()
}

impl Making {
    /// Begins with a request, or with the job that is to be copied.
    pub(crate) async fn new(asked: &Asked, request: &str, from: &str) -> Result<Self, Refused> {
        let (from, spec, shape) = if from.is_empty() {
            let servers = asked.store().servers(asked.now()).await?;
            let found = requests(&servers).into_iter().find(|(name, _)| ***name == *request);
            let (spec, shape) = found.and_then(|(_, handled)| new(handled)).ok_or_else(|| {
                let request = shown(request);
                Refused::NotFound(format!("No server that is there handles a request `{request}`."))
            })?;
            (None, spec, shape)
        } else {
            let found = find_job(asked, from).await?;
            let spec = copy(&found.job.spec);
            (Some(found.job), spec, found.shape)
        };
        Ok(Self {
            id: new_id(asked)?,
            typed: Typed::of(&spec),
            entries: Entries::of_job(&spec, shape.as_deref()),
            at: String::new(),
            faults: Faults::default(),
            preview: None,
            from,
            spec,
            shape,
        })
    }

    /// Takes what a form says.
    fn take(&mut self, form: &Sent) -> Result<(), Refused> {
        self.id = doing::job_id(form.field("id"))?;
        form.field("at").clone_into(&mut self.at);
        self.entries = self.entries.take().and_then(|entries| entries.typed(form));
        let typed = |field| form.has(field).then(|| form.field(field).to_owned());
        self.typed = Typed { queue: typed("queue"), priority: typed("priority"), payload: typed("payload") };
        if let Some(entries) = &self.entries {
            match entries.read() {
                Ok(payload) => self.typed.payload = Some(payload.to_string()),
                Err(faults) => faults.into_iter().for_each(|(field, why)| self.faults.add(field, why)),
            }
        }
        Ok(())
    }

    /// Reads what was typed.
    fn read(&mut self, now: Timestamp) -> Result<Made, Faults> {
        let mut faults = std::mem::take(&mut self.faults);
        let start_at = match self.at.trim() {
            "" => None,
            at => doing::instant(at, now).map_err(|why| faults.add("at", format!("use {why}"))).ok(),
        };
        match self.typed.read_spec(&self.spec) {
            Ok(changed) if !faults.any() => {
                let mut spec = changed.change.of(&self.spec);
                if self.from.is_none() {
                    spec.title = None;
                }
                let payload = serde_json::from_slice(&spec.payload).ok();
                let doubts = match (&self.shape, &payload) {
                    (Some(shape), Some(payload)) => doubts(shape, payload),
                    _ => Vec::new(),
                };
                Ok(Made { spec, start_at, differences: changed.differences, doubts })
            }
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }

    /// Enqueues it. What was enqueued under its id already is that job.
    async fn enqueue(&self, asked: &Asked, made: Made) -> Result<(), Refused> {
        let Made { mut spec, start_at, differences, .. } = made;
        allowed(asked, "enqueue", &format!("job {}", self.id))?;
        EnqueuedBy::User(asked.actor().to_owned()).write(&mut spec.meta);
        let request = Arc::clone(&spec.request);
        asked.store().enqueue(vec![NewJob { id: self.id, spec: spec.into(), start_at }], asked.now()).await?;
        let (detail, changes) = match &self.from {
            None => (format!("of the request {request}"), Vec::new()),
            Some(from) => (format!("a copy of job {}", from.id), differences),
        };
        told_changes(asked, "enqueue", (&format!("job {}", self.id), &detail), &changes, true).await;
        Ok(())
    }
}

/// Begins with what jobs of a request have.
fn new(handled: &Handled) -> Option<(JobSpec, Option<Arc<Shape>>)> {
    let defaults = handled.defaults.as_ref()?;
    let payload = blank(handled.shape.as_deref()).to_string().into_bytes();
    let spec = JobSpec {
        version: handled.version,
        queue: Arc::clone(&defaults.queue),
        priority: defaults.priority,
        tags: defaults.tags.clone(),
        sensitive: defaults.sensitive.clone(),
        ..JobSpec::new(Arc::clone(&defaults.request), payload)
    };
    Some((spec, handled.shape.clone()))
}

/// Leaves out of a job what binds it to others, and what makes it the only one.
fn copy(spec: &JobSpec) -> JobSpec {
    let (parents, batch, occurrence) = (Vec::new(), None, None);
    let mut copy = JobSpec { parents, batch, occurrence, unique: None, trace: None, ..spec.clone() };
    copy.meta.remove(BY);
    copy
}

/// Shows the requests, or the form for one of them.
pub(crate) async fn form(asked: Asked, Query(wanted): Query<Wanted>) -> Response {
    let done = async {
        needs(&asked, Role::Operate)?;
        if wanted.request.is_empty() && wanted.from.is_empty() {
            let servers = asked.store().servers(asked.now()).await?;
            return Ok(html(pages::choose(asked.view(), &requests(&servers))).into_response());
        }
        let mut making = Making::new(&asked, &wanted.request, &wanted.from).await?;
        if wanted.by == "json" {
            making.entries = None;
        }
        Ok(html(pages::making(asked.view(), &making)).into_response())
    };
    answer(&asked, done.await)
}

/// Shows what would be enqueued, or enqueues it.
pub(crate) async fn sent(asked: Asked, fields: Fields) -> Response {
    with_form(&asked, fields, |form| act(&asked, form)).await
}

async fn act(asked: &Asked, form: Sent) -> Result<Response, Refused> {
    needs(asked, Role::Operate)?;
    let enqueue = match form.field("action") {
        "preview" => false,
        "enqueue" => true,
        other => return Err(unknown(other)),
    };
    let mut making = Making::new(asked, form.field("request"), form.field("from")).await?;
    making.take(&form)?;
    let status = match making.read(asked.now()) {
        Ok(made) if enqueue => {
            making.enqueue(asked, made).await?;
            let page = asked.base().item("/jobs/", &making.id.to_string());
            return Ok(Redirect::to(&format!("{page}?did=enqueue")).into_response());
        }
        Ok(made) => {
            making.preview = Some(made);
            StatusCode::OK
        }
        Err(faults) => {
            making.faults = faults;
            StatusCode::BAD_REQUEST
        }
    };
    Ok((status, html(pages::making(asked.view(), &making))).into_response())
}

/// Makes a job for a program, and returns its id. Nothing in the place of the id means another one each time.
pub(crate) async fn make(
    asked: &Asked,
    (request, from): (&str, &str),
    typed: Typed,
    at: String,
    id: Option<JobId>,
) -> Result<JobId, Refused> {
    needs(asked, Role::Operate)?;
    let mut making = Making::new(asked, request, from).await?;
    // What is not said stays as it is.
    (making.typed, making.at, making.id) = (typed, at, id.unwrap_or(making.id));
    let made = making.read(asked.now()).map_err(|faults| Refused::Illegal(faults.told()))?;
    making.enqueue(asked, made).await?;
    Ok(making.id)
}
