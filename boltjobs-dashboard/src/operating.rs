//! What can be done with operations and batches, whoever asks for it.

use boltjobs_core::BatchId;
use boltjobs_core::access::Role;
use boltjobs_core::store::count_all;
use boltjobs_core::text::shown;

use crate::audit::told;
use crate::bulk;
use crate::doing::{Refused, needs, new_id, unknown};
use crate::operation::{Operation, Status};
use crate::operations::take_back;
use crate::query;
use crate::routes::Asked;

/// What is to be done to many jobs.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) action: &'a str,
    pub(crate) query: &'a str,
    /// `careful`, or nothing.
    pub(crate) pace: &'a str,
    /// The most jobs; nothing for all.
    pub(crate) limit: &'a str,
}

/// Begins an operation.
pub(crate) async fn begin(asked: &Asked, order: &Order<'_>) -> Result<Operation, Refused> {
    needs(asked, Role::Operate)?;
    let (bulk, filter) = bulk::read(order.action, order.query).map_err(Refused::Illegal)?;
    let careful = match order.pace {
        "" => false,
        "careful" => true,
        other => {
            return Err(Refused::Illegal(format!("There is no pace `{}`; use `careful`.", shown(other))));
        }
    };
    let limit = match order.limit {
        "" => None,
        text => Some(
            text.parse()
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or_else(|| Refused::Illegal(format!("`{}` is no number of jobs.", shown(text))))?,
        ),
    };
    let planned = count_all(asked.store(), &filter).await?;
    let operation = Operation {
        id: new_id(asked)?,
        bulk,
        query: query::write(&filter),
        careful,
        limit,
        actor: asked.actor().to_owned(),
        started_at: asked.now(),
        ended_at: None,
        planned: limit.map_or(planned, |limit: u64| planned.min(limit)),
        done: 0,
        skipped: 0,
        watched: 0,
        after: None,
        status: Status::Running,
    };
    let source = asked.source();
    source.operations.begin(source, operation.clone()).await?;
    told(asked, bulk.name(), &format!("{} jobs that match `{}`", operation.planned, operation.query), true)
        .await;
    Ok(operation)
}

/// Pauses, stops, goes on with or takes back an operation; `false` when it is not of that kind by now.
pub(crate) async fn steer(asked: &Asked, operation: Operation, action: &str) -> Result<bool, Refused> {
    needs(asked, Role::Operate)?;
    let source = asked.source();
    let (id, all) = (operation.id, &source.operations);
    let done = match action {
        "pause" => all.pause(id),
        "stop" => all.stop(id),
        "resume" => {
            let open = matches!(operation.status, Status::Paused | Status::Stopped(_));
            if open {
                all.work(source, operation);
            }
            open
        }
        "undo" => {
            let open = operation.undo_until().is_some_and(|until| until > asked.now());
            if open {
                take_back(source, operation, asked.actor()).await?;
            }
            open
        }
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
    let reason = format!("cancelled in the dashboard by {}", asked.actor());
    let done = asked.store().cancel_batch(id, Some(reason.into()), asked.now()).await?;
    told(asked, action, &format!("batch {id}"), done).await;
    Ok(done)
}
