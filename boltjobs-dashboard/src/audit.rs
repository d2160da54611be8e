//! What is told of who did what.

use crate::routes::Asked;

/// Tells what somebody did, or tried to.
pub(crate) fn told(asked: &Asked, action: &str, what: &str, done: bool) {
    tell(asked.actor(), action, what, done);
}

/// The same of somebody who is not, or not yet, let in.
pub(crate) fn tell(actor: &str, action: &str, what: &str, done: bool) {
    tracing::info!(target: "boltjobs::audit", actor, action, what, done, "asked for in the dashboard");
}
