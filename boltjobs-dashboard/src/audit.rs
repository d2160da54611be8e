//! What is told of who did what: to whoever logs, and in the store.

use boltjobs_core::audit::{AuditChange, AuditEntry, write};

use crate::routes::Asked;
use crate::text::{clip, counted};

/// The most changes of an edit that are kept, and the most characters of each value.
const CHANGES: usize = 20;
const LONGEST: usize = 200;

/// Tells what somebody did, or tried to.
pub(crate) async fn told(asked: &Asked, action: &str, what: &str, done: bool) {
    told_with(asked, action, what, "", done).await;
}

/// The same with what came of it, in short.
pub(crate) async fn told_with(asked: &Asked, action: &str, what: &str, detail: &str, done: bool) {
    tell_all(asked, action, vec![entry(asked, action, what, detail, done)]).await;
}

/// The same with what was changed.
pub(crate) async fn told_changes(
    asked: &Asked,
    action: &str,
    (what, detail): (&str, &str),
    changes: &[AuditChange],
    done: bool,
) {
    let over = changes.len().saturating_sub(CHANGES);
    let over = (over > 0).then(|| format!("{} more changed", counted(over as u64, "field")));
    let detail = [detail].into_iter().filter(|it| !it.is_empty()).chain(over.as_deref());
    let detail = detail.collect::<Vec<_>>().join("; ");
    let short = |text: &String| clip(text, LONGEST).into_owned();
    let each = |change: &AuditChange| AuditChange {
        field: short(&change.field),
        before: change.before.as_ref().map(short),
        after: change.after.as_ref().map(short),
    };
    let changes = changes.iter().take(CHANGES).map(each).collect();
    let entry = AuditEntry { changes, ..entry(asked, action, what, &detail, done) };
    tell_all(asked, action, vec![entry]).await;
}

/// The same of what was done to several things; it is stored in one write.
pub(crate) async fn told_each(
    asked: &Asked,
    action: &str,
    detail: &str,
    acted: impl IntoIterator<Item = (String, bool)>,
) {
    let acted = acted.into_iter().map(|(target, done)| entry(asked, action, &target, detail, done)).collect();
    tell_all(asked, action, acted).await;
}

/// The same of somebody who comes in, or tries to. Of a wrong token it is told before, to whoever logs.
pub(crate) async fn told_as(asked: &Asked, actor: &str, action: &str, what: &str, done: bool) {
    if done {
        tell(actor, action, what, done);
    }
    let entry = AuditEntry { actor: actor.to_owned(), ..entry(asked, action, what, "", done) };
    store(asked, &[entry]).await;
}

fn entry(asked: &Asked, action: &str, what: &str, detail: &str, done: bool) -> AuditEntry {
    AuditEntry {
        at: asked.now(),
        actor: asked.actor().to_owned(),
        action: action.to_owned(),
        target: what.to_owned(),
        done,
        detail: detail.to_owned(),
        changes: Vec::new(),
        trace: asked.trace(),
    }
}

async fn tell_all(asked: &Asked, action: &str, entries: Vec<AuditEntry>) {
    for AuditEntry { actor, target, detail, changes, done, .. } in &entries {
        let parts = [detail.clone(), changed(changes)].into_iter().filter(|part| !part.is_empty());
        let parts = parts.collect::<Vec<_>>().join("; ");
        let what = if parts.is_empty() { target.clone() } else { format!("{target}: {parts}") };
        tell(actor, action, &what, *done);
    }
    store(asked, &entries).await;
}

/// Tells changes in one line.
fn changed(changes: &[AuditChange]) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let each = |it: &AuditChange| format!("{} from {} to {}", it.field, text(&it.before), text(&it.after));
    changes.iter().map(each).collect::<Vec<_>>().join("; ")
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
