//! The demo: a job for whoever has seen none yet. It runs on servers that show a dashboard.

use std::sync::Arc;

use boltjobs_core::JobId;
use boltjobs_core::access::Role;
use boltjobs_core::demo::spec;
use boltjobs_core::job::{DEFAULT_QUEUE, JobSpec, NewJob};
use boltjobs_core::lineage::EnqueuedBy;
use boltjobs_core::store::ServerInfo;

use crate::audit::told;
use crate::doing::{allowed, needs, unknown};
use crate::once;
use crate::refused::Refused;
use crate::routes::Asked;

/// Returns the queue from which a server would take a demo, if one would.
pub(crate) fn queue(servers: &[ServerInfo]) -> Option<Arc<str>> {
    let server = servers.iter().find(|server| server.offer.runs_demo())?;
    let names = server.offer.queues.names();
    let queue = names.iter().find(|name| &***name == DEFAULT_QUEUE).or(names.first());
    Some(queue.map_or_else(|| DEFAULT_QUEUE.into(), Arc::clone))
}

/// Enqueues a demo: one that ends well (`run`), or one that fails (`fail`). Under a key it is made once.
pub(crate) async fn enqueue(asked: &Asked, action: &str, key: &str) -> Result<JobId, Refused> {
    needs(asked, Role::Operate)?;
    let fails = match action {
        "run" => false,
        "fail" => true,
        other => return Err(unknown(other)),
    };
    allowed(asked, action, "demo")?;
    let queue = queue(&asked.store().servers(asked.now()).await?).ok_or_else(|| {
        let why = "No server that is there runs the demo: it takes one that shows a dashboard, and has workers and handlers.";
        Refused::Illegal(why.to_owned())
    })?;
    let id = once::id(asked, key, &format!("demo {action}")).await?;
    if asked.store().job(id).await?.is_some() {
        return Ok(id);
    }
    let mut spec = JobSpec { queue, ..spec(fails) };
    EnqueuedBy::User(asked.actor().to_owned()).write(&mut spec.meta);
    let job = NewJob { id, spec: spec.into(), start_at: None };
    asked.store().enqueue(vec![job], asked.now()).await?;
    told(asked, "demo", &format!("job {id}"), true).await;
    Ok(id)
}
