//! How many jobs ended, as bars: what succeeded stands on the line, what did not hangs from it.

use std::fmt::Write as _;

use boltjobs_core::Timestamp;
use boltjobs_core::throughput::{Flow, Throughput, Window};
use maud::{Markup, html};

use super::frame::{absolute, table};
use crate::text::{counted, span};

/// The size of a chart in its own units; it is as wide as the page.
const WIDTH: usize = 600;
const HEIGHT: usize = 120;

/// Draws what happened in a window, with a sentence that says the same, and a table behind it.
pub(super) fn chart(title: &str, window: &Window, found: &Throughput) -> Markup {
    let starts: Vec<_> = window.starts().collect();
    let said = said(&starts, found, window);
    html! {
        figure class="chart" {
            figcaption { (title) }
            div class="plot" { (scale(&found.steps)) (bars(&found.steps, &said)) }
            // The sentence says so, too.
            div class="scale" aria-hidden="true" {
                span { (length(window)) " ago" } span { "jobs in each " (span(window.step)) } span { "now" }
            }
            p class="quiet" { (said) }
            details {
                summary { "Show as a table" }
                (rows(title, &starts, &found.steps))
            }
        }
    }
}

/// How much room there is above and below what is drawn, so that what is at the edge is whole.
const EDGE: usize = 4;

/// Returns the most jobs of a step above the line and below it.
fn most(steps: &[Flow]) -> (u64, u64) {
    let most = |of: fn(&Flow) -> u64| steps.iter().map(of).max().unwrap_or_default();
    (most(|flow| flow.succeeded), most(|flow| flow.failed + flow.deleted))
}

/// Returns how high so many jobs are drawn, where the whole height is for `whole`.
fn units(count: u64, whole: u64) -> usize {
    usize::try_from(count * HEIGHT as u64 / whole.max(1)).unwrap_or(HEIGHT)
}

/// Returns where the line is that bars stand on and hang from.
fn line(above: u64, below: u64) -> usize {
    if above + below == 0 { HEIGHT } else { units(above, above + below) }
}

/// Writes beside the bars how many jobs they stand for. It has no units of its own, so that letters keep their form however
/// wide the bars are.
fn scale(steps: &[Flow]) -> Markup {
    let (above, below) = most(steps);
    let line = line(above, below);
    let label = |at: usize, count: u64| {
        let percent = (at + EDGE) * 100 / (HEIGHT + 2 * EDGE);
        html! { text x="100%" y=(format!("{percent}%")) dy=".35em" text-anchor="end" { (count) } }
    };
    html! {
        svg class="axis" aria-hidden="true" {
            // What would stand upon another one is left out.
            @if line >= CLOSE && above > 0 { (label(0, above)) }
            (label(line, 0))
            @if HEIGHT - line >= CLOSE && below > 0 { (label(HEIGHT, below)) }
        }
    }
}

/// How far apart labels have to be.
const CLOSE: usize = 16;

fn bars(steps: &[Flow], said: &str) -> Markup {
    let (above, below) = most(steps);
    let units = |count: u64| units(count, above + below);
    // What there is can be seen, however little it is beside the rest.
    let height = |count: u64| if count == 0 { 0 } else { units(count).max(2) };
    let line = line(above, below);
    let width = WIDTH / steps.len().max(1);
    let (mut good, mut bad, mut gone) = (String::new(), String::new(), String::new());
    for (at, flow) in steps.iter().enumerate() {
        let (left, right) = (at * width, (at + 1) * width - usize::from(width > 2));
        let bar = |path: &mut String, from: usize, to: usize| {
            if from != to {
                // It can't fail for a String.
                let _ = write!(path, "M{left} {from}H{right}V{to}H{left}z");
            }
        };
        let (failed, deleted) = (height(flow.failed), height(flow.deleted));
        bar(&mut good, line.saturating_sub(height(flow.succeeded)), line);
        bar(&mut bad, line, line + failed);
        bar(&mut gone, line + failed, line + failed + deleted);
    }
    html! {
        svg viewBox=(format!("0 -{EDGE} {WIDTH} {}", HEIGHT + 2 * EDGE)) preserveAspectRatio="none" role="img" aria-label=(said) {
            // Within a drawing, an element that is not closed holds the next one.
            path class="chart-grid" d=(format!("M0 0H{WIDTH}M0 {HEIGHT}H{WIDTH}")) {}
            path class="chart-succeeded" d=(good) {}
            path class="chart-failed" d=(bad) {}
            path class="chart-deleted" d=(gone) {}
            path class="chart-axis" d=(format!("M0 {line}H{WIDTH}")) {}
        }
    }
}

fn said(starts: &[Timestamp], found: &Throughput, window: &Window) -> String {
    let total = found.total();
    let mut said = format!(
        "In the last {} {} came; {} succeeded, {} failed, {} were deleted. Retries: {}.",
        length(window),
        counted(total.enqueued, "job"),
        total.succeeded,
        total.failed,
        total.deleted,
        total.retried
    );
    let peak = starts.iter().zip(&found.steps).max_by_key(|(_, flow)| flow.ended());
    if let Some((at, flow)) = peak.filter(|(_, flow)| flow.ended() > 0) {
        let _ = write!(said, " Most ended at {}: {}.", at.to_datetime().format("%H:%M UTC"), flow.ended());
    }
    said
}

fn length(window: &Window) -> String {
    span(window.step * u32::try_from(window.steps).unwrap_or(u32::MAX))
}

fn rows(title: &str, starts: &[Timestamp], steps: &[Flow]) -> Markup {
    let columns = ["From", "Came", "Succeeded", "Failed", "Deleted", "Retried"];
    let busy = starts.iter().zip(steps).filter(|(_, flow)| **flow != Flow::default());
    table(
        title,
        &columns,
        &html! {
            @for (at, flow) in busy.rev() {
                tr {
                    th scope="row" { (absolute(*at)) }
                    @for number in [flow.enqueued, flow.succeeded, flow.failed, flow.deleted, flow.retried] {
                        td class="number" { (number) }
                    }
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_hangs_below_what_succeeded() {
        let flow = |succeeded, failed, deleted| Flow { succeeded, failed, deleted, ..Flow::default() };
        let drawn = bars(&[flow(30, 0, 0), flow(0, 5, 5)], "").into_string();
        assert!(drawn.contains(r#"class="chart-succeeded" d="M0 0H299V90H0z""#), "{drawn}");
        assert!(drawn.contains(r#"class="chart-failed" d="M300 90H599V105H300z""#), "{drawn}");
        assert!(drawn.contains(r#"class="chart-deleted" d="M300 105H599V120H300z""#), "{drawn}");
        assert!(bars(&[flow(1_000_000, 1, 0)], "").into_string().contains("V121"), "one failure is seen");
        bars(&[], "");
    }

    #[test]
    fn the_scale_says_how_many_jobs_the_longest_bars_are() {
        let flow = |succeeded, failed| Flow { succeeded, failed, ..Flow::default() };
        let labels = |steps: &[Flow]| {
            let drawn = scale(steps).into_string();
            let texts = drawn.split("<text ").skip(1).filter_map(|text| {
                let (head, tail) = text.split_once('>')?;
                Some((
                    head.split("y=\"").nth(1)?.split('%').next()?.to_owned(),
                    tail.split('<').next()?.to_owned(),
                ))
            });
            texts.map(|(at, count)| format!("{count} at {at}")).collect::<Vec<_>>()
        };
        assert_eq!(labels(&[flow(30, 0), flow(0, 10)]), ["30 at 3", "0 at 73", "10 at 96"]);
        assert_eq!(labels(&[flow(30, 0)]), ["30 at 3", "0 at 96"]);
        assert_eq!(labels(&[flow(1_000, 1)]), ["1000 at 3", "0 at 96"], "two would stand upon each other");
        assert_eq!(labels(&[]), ["0 at 96"]);
    }
}
