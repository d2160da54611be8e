//! The log of a job.

use boltjobs_core::notes::{LogLevel, LogLine, Notes};
use maud::{Markup, html};

use super::frame::{View, absolute};
use crate::text::clip;

/// The most characters of a line.
const LINE: usize = 1_000;

/// The most lines that are shown, the latest ones.
const LINES: usize = 500;

/// The levels by which a log is read, with their names in a link. Each has those that matter more, too.
pub(crate) const LEVELS: [(&str, &str, LogLevel); 5] = [
    ("trace", "All", LogLevel::Trace),
    ("debug", "Debug and above", LogLevel::Debug),
    ("info", "Info and above", LogLevel::Info),
    ("warn", "Warn and above", LogLevel::Warn),
    ("error", "Errors", LogLevel::Error),
];

/// Shows the lines of a level and above.
pub(super) fn log(view: &View, place: &str, notes: &Notes, level: LogLevel) -> Markup {
    let lines: Vec<&LogLine> = notes.log.lines().filter(|line| line.level <= level).collect();
    let left_out = lines.len().saturating_sub(LINES);
    html! {
        h2 { "Log" }
        (levels(view, place, notes, level))
        @if left_out > 0 { p { (left_out) " earlier lines are not shown." } }
        @if lines.is_empty() { p { "There is no line of this level or above." } }
        @else { pre tabindex="0" { @for each in &lines[left_out..] { (line(each)) } } }
    }
}

/// Offers the levels that would leave something out, each with how many lines it has.
fn levels(view: &View, place: &str, notes: &Notes, here: LogLevel) -> Markup {
    let count = |level| notes.log.lines().filter(|line| line.level <= level).count();
    let counted = LEVELS.map(|(name, words, level)| (name, words, level, count(level)));
    let useful = |at: usize| at == 0 || counted[at].3 < counted[at - 1].3 || counted[at].2 == here;
    html! {
        @if (1..LEVELS.len()).any(useful) {
            nav class="tabs" aria-label="Levels of the log" {
                @for (at, (name, words, level, lines)) in counted.into_iter().enumerate() {
                    @if useful(at) {
                        a href=(format!("{}?level={name}#noted", view.base.item("/jobs/", place)))
                            aria-current=[(level == here).then_some("true")] {
                            (words) " " span class="count" { (lines) }
                        }
                    }
                }
            }
        }
    }
}

fn line(line: &LogLine) -> Markup {
    html! {
        @if line.skipped > 0 { (line.skipped) " lines were let go\n" }
        (absolute(line.at)) " " (line.level) " " (clip(&line.message, LINE)) "\n"
    }
}
