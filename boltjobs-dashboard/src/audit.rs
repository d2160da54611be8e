//! What is told of who did what: to whoever logs, and in the store.

use boltjobs_core::audit::{AuditEntry, write};

use crate::routes::Asked;

/// Tells what somebody did, or tried to.
pub(crate) async fn told(asked: &Asked, action: &str, what: &str, done: bool) {
    let actor = asked.actor();
    tell(actor, action, what, done);
    let entry = AuditEntry {
        at: asked.now(),
        actor: actor.to_owned(),
        action: action.to_owned(),
        target: what.to_owned(),
        done,
        detail: String::new(),
    };
    // What was done is done.
    if let Err(error) = write(asked.store(), &entry).await {
        tracing::warn!(target: "boltjobs::audit", %error, actor, action, what, "it could not be stored who did this");
    }
}

/// The same of somebody who is not, or not yet, let in: it is not stored, for anybody could fill the store with it.
pub(crate) fn tell(actor: &str, action: &str, what: &str, done: bool) {
    tracing::info!(target: "boltjobs::audit", actor, action, what, done, "asked for in the dashboard");
}
