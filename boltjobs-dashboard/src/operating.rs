//! What can be done with operations and batches, whoever asks for it.

use boltjobs_core::BatchId;
use boltjobs_core::access::Role;
use boltjobs_core::operation::{self, Operation, Order};
use boltjobs_core::text::shown;

use crate::audit::{told, told_with};
use crate::bulk;
use crate::doing::{allowed, needs, unknown};
use crate::once;
use crate::refused::Refused;
use crate::routes::Asked;

/// What is to be done to many jobs, as it comes.
#[derive(Debug)]
pub(crate) struct Typed<'a> {
    pub(crate) action: &'a str,
    /// What it is done to: a queue, or a priority; nothing for most.
    pub(crate) to: &'a str,
    pub(crate) query: &'a str,
    /// `careful`, or nothing.
    pub(crate) pace: &'a str,
    /// The most jobs; nothing for all.
    pub(crate) limit: &'a str,
    /// Under a key it is begun once.
    pub(crate) key: &'a str,
    /// `deploy`, to begin once another version of the program is there, or nothing.
    pub(crate) hold: &'a str,
}

/// Begins an operation.
pub(crate) async fn begin(asked: &Asked, typed: &Typed<'_>) -> Result<Operation, Refused> {
    needs(asked, Role::Operate)?;
    let (bulk, filter) = bulk::read(typed.action, typed.to, typed.query).map_err(Refused::Illegal)?;
    let careful = match typed.pace {
        "" => false,
        "careful" => true,
        other => {
            return Err(Refused::Illegal(format!("There is no pace `{}`; use `careful`.", shown(other))));
        }
    };
    let held = match typed.hold {
        "" => false,
        "deploy" => true,
        other => {
            return Err(Refused::Illegal(format!("Nothing is held for `{}`; use `deploy`.", shown(other))));
        }
    };
    let limit = match typed.limit {
        "" => None,
        text => Some(
            text.parse()
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or_else(|| Refused::Illegal(format!("`{}` is no number of jobs.", shown(text))))?,
        ),
    };
    allowed(asked, bulk.name(), &format!("jobs that match `{filter}`"))?;
    let Typed { action, to, query, pace, limit: most, hold, key } = typed;
    let id = once::id(asked, key, &format!("{action} {query:?} {to} {pace} {most} {hold}")).await?;
    if let Some(begun) = operation::find(asked.store(), id).await? {
        return Ok(begun);
    }
    let order = Order { bulk, filter, careful, held, limit, actor: asked.actor().to_owned() };
    let (operation, work) = asked.source().operations.begin(id, order).await?;
    work.map(tokio::spawn);
    let what = format!("{} jobs that match `{}`", operation.planned, operation.query);
    let to = operation.bulk.to();
    let to = (!to.is_empty()).then(|| format!("to {to}"));
    let parts = to.into_iter().chain(held.then(|| "after the next deploy".to_owned()));
    let detail = parts.collect::<Vec<_>>().join(", ");
    told_with(asked, operation.bulk.name(), &what, &detail, true).await;
    Ok(operation)
}

/// Pauses, stops, goes on with or takes back an operation; `false` when it is not of that kind by now.
pub(crate) async fn steer(asked: &Asked, operation: Operation, action: &str) -> Result<bool, Refused> {
    needs(asked, Role::Operate)?;
    let (id, all) = (operation.id, &asked.source().operations);
    allowed(asked, action, &format!("operation {id}"))?;
    let done = match action {
        "pause" => all.pause(id),
        "stop" => all.stop(id),
        "resume" => all.resume(operation).map(tokio::spawn).is_some(),
        "undo" => all.take_back(operation, asked.actor()).await?.is_some(),
        other => return Err(unknown(other)),
    };
    told(asked, action, &format!("operation {id}"), done).await;
    Ok(done)
}

/// Cancels a batch; `false` when it is not there, has ended, or was cancelled before.
pub(crate) async fn batch(asked: &Asked, id: BatchId, action: &str) -> Result<bool, Refused> {
    needs(asked, Role::Operate)?;
    if action != "cancel" {
        return Err(unknown(action));
    }
    allowed(asked, action, &format!("batch {id}"))?;
    let reason = format!("cancelled in the dashboard by {}", asked.actor());
    let done = asked.store().cancel_batch(id, Some(reason.into()), asked.now()).await?;
    told(asked, action, &format!("batch {id}"), done).await;
    Ok(done)
}
