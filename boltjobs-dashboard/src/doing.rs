//! What can be done, whoever asks for it: a form of the pages, or a program by JSON. They differ in how they ask and in
//! what they are answered; who may, what happens, and what is told to whoever logs is the same, and is here.

use std::sync::Arc;

use boltjobs_core::access::Role;
use boltjobs_core::store::{Action, Command, RecurringCommand};
use boltjobs_core::text::shown;
use boltjobs_core::{JobId, JobState, Timestamp, duration};
use chrono::DateTime;

use crate::access::By;
use crate::audit::{told, told_each};
use crate::pages::Acted;
use crate::refused::Refused;
use crate::routes::Asked;

/// The most jobs that are acted on at once.
const MOST: usize = 1_000;

/// Reads what to do with jobs, and for a job that is put off, until when; an empty text says nothing.
pub(crate) fn action(name: &str, at: &str, now: Timestamp) -> Result<Action, Refused> {
    let action = match (name, at) {
        ("requeue", "") => Action::Requeue,
        ("delete", "") => Action::Delete,
        ("reschedule", at) => {
            let illegal = |why| Refused::Illegal(format!("`reschedule` takes {why}."));
            Action::Reschedule(instant(at, now).map_err(illegal)?)
        }
        ("requeue" | "delete", _) => {
            return Err(Refused::Illegal(format!("`at` is for `reschedule`, and not for `{name}`.")));
        }
        (other, _) => return Err(unknown(other)),
    };
    Ok(action)
}

/// Reads an instant, or how far it is from now.
pub(crate) fn instant(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(span) = duration::parse(text) {
        return Ok(now.plus(span));
    }
    DateTime::parse_from_rfc3339(text).map(Timestamp::from).map_err(|error| {
        let text = shown(text);
        format!(
            "an instant as `at`, as in `2026-01-31T09:00:00Z`, or how far it is from now, as in `10m`, and not `{text}`: {error}"
        )
    })
}

/// Reads the id of a job.
pub(crate) fn job_id(text: &str) -> Result<JobId, Refused> {
    text.parse().map_err(|_| Refused::Illegal(format!("`{}` is not the id of a job.", shown(text))))
}

/// Reads the states in which something is to be done. An unknown one is refused: without it, any state would do.
pub(crate) fn states<'a>(names: impl Iterator<Item = &'a str>) -> Result<Vec<JobState>, Refused> {
    let state = |name: &str| {
        let illegal = |_| {
            let all = JobState::ALL.map(JobState::as_str).join(", ");
            Refused::Illegal(format!("There is no state `{}`; use {all}.", shown(name)))
        };
        name.parse().map_err(illegal)
    };
    names.map(state).collect()
}

pub(crate) fn needs(asked: &Asked, role: Role) -> Result<(), Refused> {
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

pub(crate) fn unknown(action: &str) -> Refused {
    Refused::Illegal(format!("There is no action `{}`.", shown(action)))
}

/// Acts on jobs that are in one of these states, or in any that allows it when there are none; reports each, in order.
pub(crate) async fn jobs(
    asked: &Asked,
    action: Action,
    ids: Vec<JobId>,
    expected: Vec<JobState>,
) -> Result<Vec<Acted>, Refused> {
    needs(asked, Role::Operate)?;
    if ids.is_empty() || ids.len() > MOST {
        let chosen = ids.len();
        return Err(Refused::Illegal(format!("{chosen} jobs are chosen; choose 1 to {MOST}.")));
    }
    let (name, did) = match action {
        Action::Requeue => ("requeue", "requeued"),
        Action::Delete => ("delete", "deleted"),
        Action::Reschedule(_) => ("reschedule", "rescheduled"),
    };
    let reason = Some(format!("{did} in the dashboard").into());
    let done = asked.store().command(ids.clone(), Command { action, expected, reason }, asked.now()).await?;
    let each = ids.iter().zip(&done).map(|(id, done)| (format!("job {id}"), *done));
    told_each(asked, name, each).await;
    let mut acted = Vec::with_capacity(ids.len());
    for (id, done) in ids.into_iter().zip(done) {
        acted.push(Acted { id, done, job: asked.store().job(id).await? });
    }
    Ok(acted)
}

/// Acts on a recurring definition, and says what was tried, and whether it happened; `None` when the definition is not there.
pub(crate) async fn recurring(
    asked: &Asked,
    id: Arc<str>,
    action: &str,
) -> Result<(RecurringCommand, Option<bool>), Refused> {
    let (command, role) = match action {
        "trigger" => (RecurringCommand::Trigger(new_id(asked)?), Role::Operate),
        "pause" => (RecurringCommand::Pause, Role::Operate),
        "resume" => (RecurringCommand::Resume, Role::Operate),
        "remove" => (RecurringCommand::Remove, Role::Administer),
        other => return Err(unknown(other)),
    };
    needs(asked, role)?;
    let done = asked.store().recurring(Arc::clone(&id), command.clone(), asked.now()).await?;
    told(asked, action, &format!("recurring definition {id}"), done == Some(true)).await;
    Ok((command, done))
}

/// The same for several, in order.
pub(crate) async fn many_recurring(
    asked: &Asked,
    action: &str,
    ids: Vec<String>,
) -> Result<Vec<(String, Option<bool>)>, Refused> {
    if ids.is_empty() || ids.len() > MOST {
        needs(asked, Role::Operate)?;
        let chosen = ids.len();
        return Err(Refused::Illegal(format!("{chosen} definitions are chosen; choose 1 to {MOST}.")));
    }
    let mut acted = Vec::with_capacity(ids.len());
    for id in ids {
        let (_, done) = recurring(asked, id.as_str().into(), action).await?;
        acted.push((id, done));
    }
    Ok(acted)
}

/// Makes the id of a job that nobody else makes.
pub(crate) fn new_id(asked: &Asked) -> Result<JobId, Refused> {
    let mut chance = [0; 16];
    let failed = |error| Refused::Illegal(format!("The system gives no random numbers: {error}."));
    getrandom::fill(&mut chance).map_err(failed)?;
    Ok(JobId::from_parts(asked.now(), u128::from_ne_bytes(chance)))
}

/// Acts on a queue; `false` when it was so already.
pub(crate) async fn queue(asked: &Asked, name: Arc<str>, action: &str) -> Result<bool, Refused> {
    needs(asked, Role::Operate)?;
    let pause = match action {
        "pause" => true,
        "resume" => false,
        other => return Err(unknown(other)),
    };
    let done = asked.store().pause(Arc::clone(&name), pause, asked.now()).await?;
    told(asked, action, &format!("queue {name}"), done).await;
    Ok(done)
}
