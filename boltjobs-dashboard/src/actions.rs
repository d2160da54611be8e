//! What the forms of the pages do. Each is a POST with the token.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use boltjobs_core::store::RecurringCommand;

use crate::doing;
use crate::operating::{self, Typed};
use crate::pages;
use crate::refused::Refused;
use crate::routes::{Asked, html};
use crate::saved::Saved;
use crate::{batches, bulk, confirming, demo, limiting, saved};

/// The fields of a form, in order.
pub(crate) type Fields = Result<Form<Vec<(String, String)>>, FormRejection>;

/// A form that was checked.
pub(crate) struct Sent(Vec<(String, String)>);

impl Sent {
    /// Reads a form, if it is ours.
    pub(crate) fn read(asked: &Asked, fields: Fields) -> Result<Self, Refused> {
        let illegal = |error: FormRejection| Refused::Illegal(error.body_text());
        let form = Self(fields.map_err(illegal)?.0);
        if !asked.access().holds(form.field("token")) {
            let why =
                "The form is not of this run of the program: open the page again, and send it once more.";
            return Err(Refused::Forbidden(why.to_owned()));
        }
        Ok(form)
    }

    /// Takes what a link says for what a form does, where nothing is changed by it.
    pub(crate) fn link(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// Returns the first field of a name; nothing when there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Says whether there is a field of a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Returns what is said to be sent once more: all fields but those that show where the form is from.
    pub(crate) fn again(&self) -> impl Iterator<Item = (&str, &str)> {
        let again = self.0.iter().filter(|(name, _)| !["token", "key", "ask"].contains(&&**name));
        again.map(|(name, value)| (&**name, &**value))
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| &**value)
    }
}

/// Reads a form, does with it what is to be done, and answers.
pub(crate) async fn with_form<Done: Future<Output = Result<Response, Refused>>>(
    asked: &Asked,
    fields: Fields,
    act: impl FnOnce(Sent) -> Done,
) -> Response {
    let done = async { act(Sent::read(asked, fields)?).await };
    answer(asked, done.await)
}

pub(crate) fn answer(asked: &Asked, done: Result<Response, Refused>) -> Response {
    done.unwrap_or_else(|refused| asked.refuse("Nothing was done", refused))
}

/// Leads back to a page, which then says what was done.
pub(crate) fn back(page: &str, did: &str) -> Response {
    Redirect::to(&format!("{page}?did={did}")).into_response()
}

/// Acts on the jobs that were chosen.
pub(crate) async fn jobs(asked: Asked, fields: Fields) -> Response {
    with_form(&asked, fields, |form| act_on_jobs(&asked, form)).await
}

async fn act_on_jobs(asked: &Asked, form: Sent) -> Result<Response, Refused> {
    let name = form.field("action");
    let ids = form.all("job").map(doing::job_id).collect::<Result<Vec<_>, _>>()?;
    if confirming::asks(&form, name) || ["move", "prioritize"].contains(&name) && !form.has("to") {
        return confirming::jobs(asked, &form, name, &ids).await;
    }
    let wish = doing::wish(name, form.field("at"), form.field("to"), asked.now())?;
    // Whoever looked at one job meant it in the state that was shown.
    let expected = doing::states(form.all("seen"))?;
    if form.field("from") == "job" {
        let acted = doing::jobs(asked, wish, ids, expected).await?;
        let did = if acted[0].done { name } else { "nothing" };
        return Ok(back(&asked.base().item("/jobs/", &acted[0].id.to_string()), did));
    }
    let (acted, operation) = doing::marked(asked, wish, ids, expected).await?;
    Ok(html(pages::acted(asked.view(), name, &acted, operation.as_ref())).into_response())
}

/// Acts on the recurring definitions that were chosen.
pub(crate) async fn many_recurring(asked: Asked, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let (action, ids) = (form.field("action"), form.all("id").map(str::to_owned).collect());
        let acted = doing::many_recurring(&asked, action, ids, form.field("key")).await?;
        Ok(html(pages::recurring_acted(asked.view(), action, &acted)).into_response())
    };
    answer(&asked, done.await)
}

/// Acts on a recurring definition.
pub(crate) async fn recurring(asked: Asked, Path(id): Path<String>, fields: Fields) -> Response {
    with_form(&asked, fields, |form| act_on_recurring(&asked, &id, form)).await
}

async fn act_on_recurring(asked: &Asked, id: &str, form: Sent) -> Result<Response, Refused> {
    let action = form.field("action");
    if confirming::asks(&form, action) {
        return confirming::recurring(asked, &form, id).await;
    }
    let (command, done) = doing::recurring(asked, id.into(), action, form.field("key")).await?;
    let page = match command {
        RecurringCommand::Remove => asked.base().path("/recurring"),
        RecurringCommand::Trigger(_)
        | RecurringCommand::Pause
        | RecurringCommand::Resume
        | RecurringCommand::Change { .. } => asked.base().item("/recurring/", id),
    };
    Ok(back(&page, if done == Some(true) { action } else { "nothing" }))
}

/// Has a browser keep a query, or let go of one, and leads to the list that was shown.
pub(crate) async fn queries(asked: Asked, headers: HeaderMap, fields: Fields) -> Response {
    let done = || {
        let form = Sent::read(&asked, fields)?;
        let (action, name, shown) = (form.field("action"), form.field("name"), form.field("q"));
        let set = match action {
            "save" => Saved::new(name, shown).and_then(|one| saved::keep(&headers, asked.base(), one)),
            "forget" => Ok(saved::forget(&headers, asked.base(), name)),
            other => return Err(doing::unknown(other)),
        };
        let page = asked.base().query("/jobs", &[("q", shown), ("did", action)]);
        Ok(([(SET_COOKIE, set.map_err(Refused::Illegal)?)], Redirect::to(&page)).into_response())
    };
    answer(&asked, done())
}

/// Runs a demo, and leads to it.
pub(crate) async fn demo(asked: Asked, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let job = demo::enqueue(&asked, form.field("action"), form.field("key")).await?;
        Ok(Redirect::to(&asked.base().item("/jobs/", &job.to_string())).into_response())
    };
    answer(&asked, done.await)
}

/// Begins an operation, and leads to it.
pub(crate) async fn begin(asked: Asked, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let typed = Typed {
            action: form.field("action"),
            to: form.field("to"),
            query: form.field("q"),
            pace: form.field("pace"),
            limit: form.field("limit"),
            key: form.field("key"),
            hold: form.field("hold"),
        };
        let operation = operating::begin(&asked, &typed).await?;
        let page = asked.base().item("/operations/", &operation.id.to_string());
        Ok(Redirect::to(&page).into_response())
    };
    answer(&asked, done.await)
}

/// Acts on an operation.
pub(crate) async fn steer(asked: Asked, Path(id): Path<String>, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let operation = bulk::find(&asked, &id).await?;
        let action = form.field("action");
        let done = operating::steer(&asked, operation, action).await?;
        Ok(back(&asked.base().item("/operations/", &id), if done { action } else { "nothing" }))
    };
    answer(&asked, done.await)
}

/// Acts on a batch.
pub(crate) async fn batch(asked: Asked, Path(id): Path<String>, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let action = form.field("action");
        if confirming::asks(&form, action) {
            return confirming::batch(&asked, &form, &id).await;
        }
        let done = operating::batch(&asked, batches::read_id(&id)?, action).await?;
        Ok(back(&asked.base().item("/batches/", &id), if done { action } else { "nothing" }))
    };
    answer(&asked, done.await)
}

/// Acts on a queue.
pub(crate) async fn queues(asked: Asked, Path(name): Path<String>, fields: Fields) -> Response {
    with_form(&asked, fields, |form| act_on_queue(&asked, &name, form)).await
}

async fn act_on_queue(asked: &Asked, name: &str, form: Sent) -> Result<Response, Refused> {
    let action = form.field("action");
    let done = limiting::act(asked, name.into(), action, form.field("limit")).await?;
    let page = if form.field("from") == "queue" {
        asked.base().item("/queues/", name)
    } else {
        asked.base().path("/queues")
    };
    Ok(back(&page, if done { action } else { "nothing" }))
}
