//! What can be done, whoever asks for it: a form of the pages, or a program by JSON. They differ in how they ask and in
//! what they are answered; who may, what happens, and what is told to whoever logs is the same, and is here.

use std::sync::Arc;

use boltjobs_core::access::Role;
use boltjobs_core::operation::{Bulk, Operation};
use boltjobs_core::store::{Action, Change, Command, RecurringCommand};
use boltjobs_core::text::shown;
use boltjobs_core::{JobId, JobState, Timestamp, duration};
use chrono::DateTime;

use crate::access::By;
use crate::audit::{tell, told, told_each};
use crate::once;
use crate::pages::Acted;
use crate::refused::Refused;
use crate::routes::Asked;
use crate::text::as_sentence;

/// The most jobs that are acted on at once.
const MOST: usize = 1_000;

/// What is done to jobs that were chosen.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    Bulk(Bulk),
    Reschedule(Timestamp),
}

impl Wish {
    fn name(&self) -> &'static str {
        match self {
            Self::Bulk(bulk) => bulk.name(),
            Self::Reschedule(_) => "reschedule",
        }
    }
}

/// Reads what to do with jobs: for one that is put off, until when, and for one that is moved or prioritized, what to. An empty text
/// says nothing.
pub(crate) fn wish(name: &str, at: &str, to: &str, now: Timestamp) -> Result<Wish, Refused> {
    match name {
        "reschedule" if to.is_empty() => {
            let illegal = |why| Refused::Illegal(format!("`reschedule` takes {why}."));
            instant(at, now).map(Wish::Reschedule).map_err(illegal)
        }
        "requeue" | "delete" | "move" | "prioritize" if at.is_empty() => {
            Bulk::read(name, to).map(Wish::Bulk).map_err(|why| Refused::Illegal(as_sentence(&why)))
        }
        "reschedule" => {
            Err(Refused::Illegal("`to` is for `move` and `prioritize`, and not for `reschedule`.".to_owned()))
        }
        "requeue" | "delete" | "move" | "prioritize" => {
            Err(Refused::Illegal(format!("`at` is for `reschedule`, and not for `{name}`.")))
        }
        other => Err(unknown(other)),
    }
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

/// Refuses what the app does not let whoever asks do to something, which is named as in the audit.
pub(crate) fn allowed(asked: &Asked, action: &str, target: &str) -> Result<(), Refused> {
    if asked.access().permits(action, target) {
        return Ok(());
    }
    let actor = asked.actor();
    tell(actor, action, target, false);
    Err(Refused::Forbidden(format!("The app does not let `{actor}` {action} {target}; nothing was done.")))
}

pub(crate) fn unknown(action: &str) -> Refused {
    Refused::Illegal(format!("There is no action `{}`.", shown(action)))
}

/// Acts on jobs that are in one of these states, or in any that allows it when there are none; reports each, in order.
pub(crate) async fn jobs(
    asked: &Asked,
    wish: Wish,
    ids: Vec<JobId>,
    expected: Vec<JobState>,
) -> Result<Vec<Acted>, Refused> {
    may(asked, &wish, &ids)?;
    let done = act(asked, wish.clone(), ids.clone(), expected).await?;
    report(asked, &wish, ids, done).await
}

/// The same with jobs that somebody has marked in a list: what is lost by it otherwise, where they were or what they had, is kept as
/// an operation, to be taken back.
pub(crate) async fn marked(
    asked: &Asked,
    wish: Wish,
    ids: Vec<JobId>,
    expected: Vec<JobState>,
) -> Result<(Vec<Acted>, Option<Operation>), Refused> {
    let Wish::Bulk(bulk @ (Bulk::Move(_) | Bulk::Prioritize(_))) = &wish else {
        return Ok((jobs(asked, wish, ids, expected).await?, None));
    };
    may(asked, &wish, &ids)?;
    let (id, by) = (new_id(asked)?, (asked.actor(), "changed in the dashboard".into()));
    let all = &asked.source().operations;
    let (operation, done) = all.with_marked(id, bulk.clone(), &ids, expected, by).await?;
    let done = ids.iter().map(|id| done.contains(id)).collect();
    Ok((report(asked, &wish, ids, done).await?, Some(operation)))
}

/// Refuses what whoever asks may not do to one of the jobs.
fn may(asked: &Asked, wish: &Wish, ids: &[JobId]) -> Result<(), Refused> {
    needs(asked, Role::Operate)?;
    check_number(ids.len())?;
    ids.iter().try_for_each(|id| allowed(asked, wish.name(), &format!("job {id}")))
}

/// Tells what was done to jobs, and returns what each of them is by now.
async fn report(asked: &Asked, wish: &Wish, ids: Vec<JobId>, done: Vec<bool>) -> Result<Vec<Acted>, Refused> {
    let detail = match wish {
        Wish::Bulk(Bulk::Requeue | Bulk::Delete) | Wish::Reschedule(_) => String::new(),
        Wish::Bulk(bulk) => format!("to {}", bulk.to()),
    };
    let each = ids.iter().zip(&done).map(|(id, done)| (format!("job {id}"), *done));
    told_each(asked, wish.name(), &detail, each).await;
    let mut acted = Vec::with_capacity(ids.len());
    for (id, done) in ids.into_iter().zip(done) {
        acted.push(Acted { id, done, job: asked.store().job(id).await? });
    }
    Ok(acted)
}

/// Refuses to act on no job, and on more than fit.
pub(crate) fn check_number(chosen: usize) -> Result<(), Refused> {
    let fits = (1..=MOST).contains(&chosen);
    fits.then_some(())
        .ok_or_else(|| Refused::Illegal(format!("{chosen} jobs are chosen; choose 1 to {MOST}.")))
}

async fn act(
    asked: &Asked,
    wish: Wish,
    ids: Vec<JobId>,
    expected: Vec<JobState>,
) -> Result<Vec<bool>, Refused> {
    let (store, now) = (asked.store(), asked.now());
    let (action, did) = match wish {
        Wish::Bulk(Bulk::Requeue) => (Action::Requeue, "requeued"),
        Wish::Bulk(Bulk::Delete) => (Action::Delete, "deleted"),
        Wish::Reschedule(at) => (Action::Reschedule(at), "rescheduled"),
        Wish::Bulk(Bulk::Move(queue)) => {
            let change = Change { queue: Some(queue), expected, ..Change::default() };
            return Ok(store.change(ids, change, now).await?);
        }
        Wish::Bulk(Bulk::Prioritize(priority)) => {
            let change = Change { priority: Some(priority), expected, ..Change::default() };
            return Ok(store.change(ids, change, now).await?);
        }
    };
    let reason = Some(format!("{did} in the dashboard").into());
    Ok(store.command(ids, Command { action, expected, reason }, now).await?)
}

/// Acts on a recurring definition, and says what was tried, and whether it happened; `None` when the definition is not there.
/// Under a key one job is made.
pub(crate) async fn recurring(
    asked: &Asked,
    id: Arc<str>,
    action: &str,
    key: &str,
) -> Result<(RecurringCommand, Option<bool>), Refused> {
    needs(asked, if action == "remove" { Role::Administer } else { Role::Operate })?;
    allowed(asked, action, &format!("recurring definition {id}"))?;
    let command = match action {
        "trigger" => RecurringCommand::Trigger(once::id(asked, key, &format!("trigger {id}")).await?),
        "pause" => RecurringCommand::Pause,
        "resume" => RecurringCommand::Resume,
        "remove" => RecurringCommand::Remove,
        other => return Err(unknown(other)),
    };
    if let RecurringCommand::Trigger(job) = &command
        && asked.store().job(*job).await?.is_some()
    {
        return Ok((command, Some(true)));
    }
    let done = asked.store().recurring(Arc::clone(&id), command.clone(), asked.now()).await?;
    told(asked, action, &format!("recurring definition {id}"), done == Some(true)).await;
    Ok((command, done))
}

/// The same for several, in order.
pub(crate) async fn many_recurring(
    asked: &Asked,
    action: &str,
    ids: Vec<String>,
    key: &str,
) -> Result<Vec<(String, Option<bool>)>, Refused> {
    if ids.is_empty() || ids.len() > MOST {
        needs(asked, Role::Operate)?;
        let chosen = ids.len();
        return Err(Refused::Illegal(format!("{chosen} definitions are chosen; choose 1 to {MOST}.")));
    }
    let mut acted = Vec::with_capacity(ids.len());
    for (at, id) in ids.into_iter().enumerate() {
        // Each makes a job of its own.
        let key = if key.is_empty() { String::new() } else { format!("{key}/{at}") };
        let (_, done) = recurring(asked, id.as_str().into(), action, &key).await?;
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
    allowed(asked, action, &format!("queue {name}"))?;
    let done = asked.store().pause(Arc::clone(&name), pause, asked.now()).await?;
    told(asked, action, &format!("queue {name}"), done).await;
    Ok(done)
}
