//! Whether all is well, in one sentence.

use crate::health::{Reason, checks};
use crate::overview::Overview;

/// What the first page says first.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The one sentence.
    pub(crate) sentence: String,
    pub(crate) reasons: Vec<Reason>,
}

/// Judges what there is.
pub(crate) fn verdict(overview: &Overview) -> Verdict {
    let reasons: Vec<_> = checks(overview).into_iter().filter_map(|check| check.found).collect();
    let sentence = match reasons.len() {
        0 => "All is well.".to_owned(),
        _ if overview.servers.is_empty() => "Stopped: nothing runs.".to_owned(),
        1 => "Working, but one thing needs you.".to_owned(),
        several => format!("Working, but {several} things need you."),
    };
    Verdict { sentence, reasons }
}
