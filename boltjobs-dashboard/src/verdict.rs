//! Whether all is well, in one sentence.

use crate::health::{Check, Reason, checks};
use crate::overview::Overview;

/// What the first page says first.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The one sentence.
    pub(crate) sentence: String,
    pub(crate) is_well: bool,
    /// What needs somebody, each with the name of its check.
    pub(crate) reasons: Vec<(&'static str, Reason)>,
    /// How many checks have found something that somebody has silenced.
    pub(crate) silenced: usize,
}

/// Judges what there is.
pub(crate) fn verdict(overview: &Overview) -> Verdict {
    let checks = checks(overview);
    let silenced = checks.iter().filter(|check| check.found.is_some() && check.silence.is_some()).count();
    let needing = checks.into_iter().filter(Check::needs_somebody);
    let reasons: Vec<_> = needing.filter_map(|check| Some((check.name, check.found?))).collect();
    // Whoever has silenced that no server is there knows of it; that nothing runs is so all the same.
    let stopped = overview.servers.is_empty();
    let sentence = match reasons.len() {
        _ if stopped => "Stopped: nothing runs.".to_owned(),
        0 => "All is well.".to_owned(),
        1 => "Working, but one thing needs you.".to_owned(),
        several => format!("Working, but {several} things need you."),
    };
    Verdict { sentence, is_well: reasons.is_empty() && !stopped, reasons, silenced }
}
