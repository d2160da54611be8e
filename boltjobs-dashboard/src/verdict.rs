//! Whether all is well, and if not, what is wrong.

use boltjobs_core::JobState;

use crate::overview::Overview;
use crate::text::{counted, names};

/// What the first page says first.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The one sentence.
    pub(crate) sentence: String,
    pub(crate) reasons: Vec<Reason>,
}

/// What needs somebody.
#[derive(Debug)]
pub(crate) struct Reason {
    /// What it is, and the way to mend it.
    pub(crate) text: String,
    /// The page where it can be seen.
    pub(crate) page: &'static str,
    /// What is looked for there.
    pub(crate) query: &'static str,
}

impl Reason {
    fn new(page: &'static str, text: impl Into<String>) -> Self {
        Self { text: text.into(), page, query: "" }
    }
}

/// Judges what there is.
pub(crate) fn verdict(overview: &Overview) -> Verdict {
    let mut reasons = Vec::new();
    let stopped = overview.servers.is_empty();
    if stopped {
        reasons.push(Reason::new("/servers", "No server is there; start one that has workers and handlers."));
    } else {
        // Without a server these hold for every queue and every request, and say nothing more.
        reasons.extend(unworked(overview));
        reasons.extend(unhandled(overview));
    }
    reasons.extend(failed(overview));
    reasons.extend(paused(overview));
    reasons.extend(broken(overview));
    let sentence = match reasons.len() {
        0 => "All is well.".to_owned(),
        _ if stopped => "Stopped: nothing runs.".to_owned(),
        1 => "Working, but one thing needs you.".to_owned(),
        several => format!("Working, but {several} things need you."),
    };
    Verdict { sentence, reasons }
}

fn failed(overview: &Overview) -> Option<Reason> {
    let failed = overview.counts.states.get(JobState::Failed);
    let text =
        format!("{} failed for good; requeue or delete what you have looked at.", counted(failed, "job"));
    (failed > 0).then(|| Reason { query: "state:failed", ..Reason::new("/jobs", text) })
}

fn paused(overview: &Overview) -> Option<Reason> {
    let paused = overview.queues.iter().filter(|queue| queue.paused_since.is_some());
    let paused = names(paused.map(|queue| &*queue.name))?;
    Some(Reason::new("/queues", format!("Paused queues: {paused}; their jobs wait until they are resumed.")))
}

fn unworked(overview: &Overview) -> Option<Reason> {
    let queues = overview.queues.iter();
    let unworked = queues.filter(|queue| queue.servers == 0 && queue.counts.unfinished() > 0);
    let unworked = names(unworked.map(|queue| &*queue.name))?;
    let text =
        format!("Queues with jobs that no server works: {unworked}; name them in the `queues` of one.");
    Some(Reason::new("/queues", text))
}

fn unhandled(overview: &Overview) -> Option<Reason> {
    let handled = |request| overview.servers.iter().any(|server| server.offer.handles.contains_key(request));
    let requests = overview.counts.requests.iter().filter(|(_, counts)| counts.unfinished() > 0);
    let unhandled = names(requests.map(|(request, _)| &**request).filter(|request| !handled(*request)))?;
    let text = format!(
        "Requests with jobs that no server handles: {unhandled}; add #[handler], or `use that_crate as _;` if it \
         lives in another crate."
    );
    Some(Reason::new("/servers", text))
}

fn broken(overview: &Overview) -> Option<Reason> {
    let broken = overview.recurring.iter().filter(|recurring| recurring.definition.error().is_some());
    let broken: Vec<_> = broken.map(|recurring| &recurring.definition).collect();
    let first = broken.first()?.error()?;
    let ids = names(broken.iter().map(|definition| &*definition.id))?;
    let text =
        format!("Recurring definitions that can't be read: {ids} ({first}); add them again to mend them.");
    Some(Reason::new("/recurring", text))
}
