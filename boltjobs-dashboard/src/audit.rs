//! What is told of who did what: to whoever logs, and in the store.

use std::borrow::Cow;

use boltjobs_core::audit::{AuditEntry, write};

use crate::routes::Asked;

/// Tells what somebody did, or tried to.
pub(crate) async fn told(asked: &Asked, action: &str, what: &str, done: bool) {
    told_with(asked, action, what, "", done).await;
}

/// The same with what came of it, in short.
pub(crate) async fn told_with(asked: &Asked, action: &str, what: &str, detail: &str, done: bool) {
    tell_all(asked, action, vec![(what.to_owned(), detail.to_owned(), done)]).await;
}

/// The same of what was done to several things; it is stored in one write.
pub(crate) async fn told_each(
    asked: &Asked,
    action: &str,
    detail: &str,
    acted: impl IntoIterator<Item = (String, bool)>,
) {
    let acted = acted.into_iter().map(|(target, done)| (target, detail.to_owned(), done)).collect();
    tell_all(asked, action, acted).await;
}

/// The same of somebody who comes in, or tries to. Of a wrong token it is told before, to whoever logs.
pub(crate) async fn told_as(asked: &Asked, actor: &str, action: &str, what: &str, done: bool) {
    if done {
        tell(actor, action, what, done);
    }
    let (actor, action, target) = (actor.to_owned(), action.to_owned(), what.to_owned());
    let entry = AuditEntry { at: asked.now(), actor, action, target, done, detail: String::new() };
    store(asked, &[entry]).await;
}

async fn tell_all(asked: &Asked, action: &str, acted: Vec<(String, String, bool)>) {
    let (actor, at) = (asked.actor(), asked.now());
    let entry = |(target, detail, done): (String, String, bool)| {
        let what =
            if detail.is_empty() { Cow::Borrowed(&*target) } else { format!("{target}: {detail}").into() };
        tell(actor, action, &what, done);
        let (actor, action) = (actor.to_owned(), action.to_owned());
        AuditEntry { at, actor, action, target, done, detail }
    };
    let entries: Vec<_> = acted.into_iter().map(entry).collect();
    store(asked, &entries).await;
}

async fn store(asked: &Asked, entries: &[AuditEntry]) {
    // What was done is done.
    if let (Err(error), Some(AuditEntry { actor, action, .. })) =
        (write(asked.store(), entries, asked.now()).await, entries.first())
    {
        tracing::warn!(target: "boltjobs::audit", %error, actor, action, "it could not be stored who did this");
    }
}

/// The same of somebody who is not, or not yet, let in: it is not stored, for anybody could fill the store with it.
pub(crate) fn tell(actor: &str, action: &str, what: &str, done: bool) {
    tracing::info!(target: "boltjobs::audit", actor, action, what, done, "asked for in the dashboard");
}
