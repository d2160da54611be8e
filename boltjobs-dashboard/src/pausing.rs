//! Pausing all queues at once, and letting them go on.

use std::sync::Arc;

use axum::extract::Query;
use axum::response::Response;
use boltjobs_core::access::Role;
use boltjobs_core::store::QueueInfo;
use serde::Deserialize;

use crate::actions::{Fields, Sent, answer, back};
use crate::audit::told_each;
use crate::doing::{allowed, needs, unknown};
use crate::pages;
use crate::refused::Refused;
use crate::routes::Asked;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    action: String,
}

/// Reads whether to pause.
fn pauses(action: &str) -> Result<bool, Refused> {
    match action {
        "pause" => Ok(true),
        "resume" => Ok(false),
        other => Err(unknown(other)),
    }
}

/// Returns the queues for which it would change anything.
async fn concerned(asked: &Asked, pause: bool) -> Result<Vec<QueueInfo>, Refused> {
    let queues = asked.store().queues(asked.now()).await?;
    Ok(queues.into_iter().filter(|queue| queue.paused_since.is_none() == pause).collect())
}

/// Shows which queues would be paused or resumed, before it is done.
pub(crate) async fn confirm(asked: Asked, Query(wanted): Query<Wanted>) -> Response {
    let page = async {
        needs(&asked, Role::Operate)?;
        let action = if wanted.action.is_empty() { "pause" } else { &*wanted.action };
        let pause = pauses(action)?;
        Ok(pages::pause(asked.view(), pause, &concerned(&asked, pause).await?))
    };
    asked.answer(page.await)
}

/// Pauses or resumes them, and leads to the list of them.
pub(crate) async fn sent(asked: Asked, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let action = form.field("action");
        // What came since the page was shown is left alone.
        let seen: Vec<_> = form.all("queue").map(str::to_owned).collect();
        let done = act(&asked, action, Some(&seen)).await?;
        let did = if pauses(action)? { "pause-all" } else { "resume-all" };
        Ok(back(&asked.base().path("/queues"), if done.is_empty() { "nothing" } else { did }))
    };
    answer(&asked, done.await)
}

/// Pauses or resumes all queues, or those of these names, and returns the ones that were not so already.
pub(crate) async fn act(
    asked: &Asked,
    action: &str,
    named: Option<&[String]>,
) -> Result<Vec<Arc<str>>, Refused> {
    needs(asked, Role::Operate)?;
    let pause = pauses(action)?;
    let mut done = Vec::new();
    // What is named is asked for, whether it would change or not.
    for name in named.into_iter().flatten() {
        allowed(asked, action, &format!("queue {name}"))?;
    }
    let mut meant = concerned(asked, pause).await?;
    if let Some(named) = named {
        meant.retain(|queue| named.iter().any(|name| **name == *queue.name));
    } else {
        allowed(asked, action, "all queues")?;
        for queue in &meant {
            allowed(asked, action, &format!("queue {}", queue.name))?;
        }
    }
    for queue in meant {
        if asked.store().pause(Arc::clone(&queue.name), pause, asked.now()).await? {
            done.push(queue.name);
        }
    }
    told_each(asked, action, "", done.iter().map(|queue| (format!("queue {queue}"), true))).await;
    Ok(done)
}
