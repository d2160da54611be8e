//! What the pages do. Each action is a POST of a form with the token, and is told with who did it.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use boltjobs_core::access::Role;
use boltjobs_core::store::{Action, Command, RecurringCommand, StoreError};
use boltjobs_core::text::shown;
use boltjobs_core::{JobId, JobState};

use crate::access::By;
use crate::audit::told;
use crate::pages::{self, Acted};
use crate::routes::{Asked, html};

/// The most jobs that one form acts on.
const MOST: usize = 1_000;

/// The fields of a form, in order.
pub(crate) type Fields = Result<Form<Vec<(String, String)>>, FormRejection>;

/// Why nothing was done.
enum Refused {
    Forbidden(String),
    Illegal(String),
    Unavailable(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

/// A form that was checked.
struct Sent(Vec<(String, String)>);

impl Sent {
    /// Reads a form, if it is ours.
    fn read(asked: &Asked, fields: Fields) -> Result<Self, Refused> {
        let illegal = |error: FormRejection| Refused::Illegal(error.body_text());
        let form = Self(fields.map_err(illegal)?.0);
        if !asked.access().holds(form.field("token")) {
            let why =
                "The form is not of this run of the program: open the page again, and send it once more.";
            return Err(Refused::Forbidden(why.to_owned()));
        }
        Ok(form)
    }

    /// Returns the first field of a name; nothing when there is none.
    fn field(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| &**value)
    }
}

fn needs(asked: &Asked, role: Role) -> Result<(), Refused> {
    if asked.access().role >= role {
        return Ok(());
    }
    let access = asked.access();
    Err(Refused::Forbidden(match access.by {
        By::Nothing => format!(
            "The role here is `{}`, and that takes `{role}`: see `dashboard_role` of the builder, or BOLTJOBS_DASHBOARD_ROLE.",
            access.role
        ),
        By::App | By::Header | By::Session => {
            format!("The role of `{}` is `{}`, and that takes `{role}`.", access.actor(), access.role)
        }
    }))
}

fn unknown(action: &str) -> Refused {
    Refused::Illegal(format!("There is no action `{}`.", shown(action)))
}

fn answer(asked: &Asked, done: Result<Response, Refused>) -> Response {
    let (status, title, why) = match done {
        Ok(response) => return response,
        Err(Refused::Forbidden(why)) => (StatusCode::FORBIDDEN, "Nothing was done", why),
        Err(Refused::Illegal(why)) => (StatusCode::BAD_REQUEST, "Nothing was done", why),
        Err(Refused::Unavailable(error)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "The store does not answer", error.to_string())
        }
    };
    asked.notice(status, title, &why)
}

/// Leads back to a page, which then says what was done.
fn back(page: &str, did: &str) -> Response {
    Redirect::to(&format!("{page}?did={did}")).into_response()
}

/// Acts on the jobs that were chosen.
pub(crate) async fn jobs(asked: Asked, fields: Fields) -> Response {
    let done = act_on_jobs(&asked, fields).await;
    answer(&asked, done)
}

async fn act_on_jobs(asked: &Asked, fields: Fields) -> Result<Response, Refused> {
    let form = Sent::read(asked, fields)?;
    needs(asked, Role::Operate)?;
    let (action, reason) = match form.field("action") {
        "requeue" => (Action::Requeue, "requeued in the dashboard"),
        "delete" => (Action::Delete, "deleted in the dashboard"),
        other => return Err(unknown(other)),
    };
    let id = |id: &str| {
        id.parse::<JobId>().map_err(|_| Refused::Illegal(format!("`{}` is not the id of a job.", shown(id))))
    };
    let ids = form.all("job").map(id).collect::<Result<Vec<_>, _>>()?;
    if ids.is_empty() || ids.len() > MOST {
        let chosen = ids.len();
        return Err(Refused::Illegal(format!("{chosen} jobs are chosen; choose 1 to {MOST}.")));
    }
    // Whoever looked at one job meant it in the state that was shown.
    let expected =
        form.all("seen").filter_map(|seen| JobState::ALL.into_iter().find(|state| state.as_str() == seen));
    let command = Command { action, expected: expected.collect(), reason: Some(reason.into()) };
    let done = asked.store().command(ids.clone(), command, asked.now()).await?;
    for (id, done) in ids.iter().zip(&done) {
        told(asked, form.field("action"), &format!("job {id}"), *done);
    }
    if form.field("from") == "job" {
        let did = if done[0] { form.field("action") } else { "nothing" };
        return Ok(back(&asked.base().item("/jobs/", &ids[0].to_string()), did));
    }
    let mut acted = Vec::with_capacity(ids.len());
    for (id, done) in ids.into_iter().zip(done) {
        acted.push(Acted { id, done, job: asked.store().job(id).await? });
    }
    Ok(html(pages::acted(asked.view(), form.field("action"), &acted)).into_response())
}

/// Acts on a recurring definition.
pub(crate) async fn recurring(asked: Asked, Path(id): Path<String>, fields: Fields) -> Response {
    let done = act_on_recurring(&asked, id.into(), fields).await;
    answer(&asked, done)
}

async fn act_on_recurring(asked: &Asked, id: Arc<str>, fields: Fields) -> Result<Response, Refused> {
    let form = Sent::read(asked, fields)?;
    let action = form.field("action");
    let (command, role) = match action {
        "trigger" => (RecurringCommand::Trigger(new_id(asked)?), Role::Operate),
        "pause" => (RecurringCommand::Pause, Role::Operate),
        "resume" => (RecurringCommand::Resume, Role::Operate),
        "remove" => (RecurringCommand::Remove, Role::Administer),
        other => return Err(unknown(other)),
    };
    needs(asked, role)?;
    let done = asked.store().recurring(Arc::clone(&id), command, asked.now()).await?;
    told(asked, action, &format!("recurring definition {id}"), done == Some(true));
    let page = match command {
        RecurringCommand::Remove => asked.base().path("/recurring"),
        RecurringCommand::Trigger(_) | RecurringCommand::Pause | RecurringCommand::Resume => {
            asked.base().item("/recurring/", &id)
        }
    };
    Ok(back(&page, if done == Some(true) { action } else { "nothing" }))
}

/// Makes the id of a job that nobody else makes.
fn new_id(asked: &Asked) -> Result<JobId, Refused> {
    let mut chance = [0; 16];
    let failed = |error| Refused::Illegal(format!("The system gives no random numbers: {error}."));
    getrandom::fill(&mut chance).map_err(failed)?;
    Ok(JobId::from_parts(asked.now(), u128::from_ne_bytes(chance)))
}

/// Acts on a queue.
pub(crate) async fn queues(asked: Asked, Path(name): Path<String>, fields: Fields) -> Response {
    let done = act_on_queue(&asked, name.into(), fields).await;
    answer(&asked, done)
}

async fn act_on_queue(asked: &Asked, name: Arc<str>, fields: Fields) -> Result<Response, Refused> {
    let form = Sent::read(asked, fields)?;
    needs(asked, Role::Operate)?;
    let action = form.field("action");
    let pause = match action {
        "pause" => true,
        "resume" => false,
        other => return Err(unknown(other)),
    };
    let done = asked.store().pause(Arc::clone(&name), pause, asked.now()).await?;
    told(asked, action, &format!("queue {name}"), done);
    Ok(back(&asked.base().path("/queues"), if done { action } else { "nothing" }))
}
