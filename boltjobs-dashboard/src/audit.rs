//! What is told of who did what: to whoever logs, and in the store.

use boltjobs_core::audit::{AuditEntry, write};

use crate::routes::Asked;

/// Tells what somebody did, or tried to.
pub(crate) async fn told(asked: &Asked, action: &str, what: &str, done: bool) {
    told_each(asked, action, [(what.to_owned(), done)]).await;
}

/// The same of what was done to several things; it is stored in one write.
pub(crate) async fn told_each(asked: &Asked, action: &str, acted: impl IntoIterator<Item = (String, bool)>) {
    let (actor, at) = (asked.actor(), asked.now());
    let entry = |(target, done): (String, bool)| {
        tell(actor, action, &target, done);
        let (actor, action, detail) = (actor.to_owned(), action.to_owned(), String::new());
        AuditEntry { at, actor, action, target, done, detail }
    };
    let entries: Vec<_> = acted.into_iter().map(entry).collect();
    // What was done is done.
    if let Err(error) = write(asked.store(), &entries, at).await {
        tracing::warn!(target: "boltjobs::audit", %error, actor, action, "it could not be stored who did this");
    }
}

/// The same of somebody who is not, or not yet, let in: it is not stored, for anybody could fill the store with it.
pub(crate) fn tell(actor: &str, action: &str, what: &str, done: bool) {
    tracing::info!(target: "boltjobs::audit", actor, action, what, done, "asked for in the dashboard");
}
