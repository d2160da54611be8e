//! How many jobs took how long, as bars, each for a range of spans.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::frame::table;
use crate::histogram::{Histogram, Range};
use crate::sample::Percentiles;
use crate::text::{counted, span};

/// The size of a histogram in its own units; it is as wide as the page.
const WIDTH: usize = 600;
const HEIGHT: usize = 120;

/// Draws how many jobs took how long, with a sentence that says the same, and a table behind it.
pub(super) fn histogram(title: &str, found: &Histogram, percentiles: Option<Percentiles>) -> Markup {
    let said = said(found, percentiles);
    let most = found.peak().map_or(0, |range| range.spans);
    let ends = found.0.first().zip(found.0.last());
    html! {
        @if let Some((first, last)) = ends {
            figure class="chart" {
                figcaption { (title) }
                div class="plot" {
                    svg class="axis" aria-hidden="true" {
                        text x="100%" y="3%" dy=".35em" text-anchor="end" { (most) }
                        text x="100%" y="96%" dy=".35em" text-anchor="end" { "0" }
                    }
                    (bars(&found.0, most, &said))
                }
                // The sentence says so, too.
                div class="scale" aria-hidden="true" {
                    span { (span(first.from)) } span { "jobs by how long it took" }
                    span { (last.to.map_or_else(|| "longer".to_owned(), span)) }
                }
                p class="quiet" { (said) }
                details {
                    summary { "Show as a table" }
                    (table(title, &["It took", "Jobs"], &html! {
                        @for range in &found.0 { tr { th scope="row" { (between(range)) } td class="number" { (range.spans) } } }
                    }))
                }
            }
        }
    }
}

fn between(range: &Range) -> String {
    match range.to {
        Some(to) if range.from.is_zero() => format!("less than {}", span(to)),
        Some(to) => format!("{} to {}", span(range.from), span(to)),
        None => format!("{} or more", span(range.from)),
    }
}

fn said(found: &Histogram, percentiles: Option<Percentiles>) -> String {
    let all = found.0.iter().map(|range| range.spans).sum::<usize>();
    let mut said = format!("{}.", counted(all as u64, "job"));
    if let Some(it) = percentiles {
        let _ =
            write!(said, " Half took {} or less, 95 of a hundred {} or less.", span(it.p50), span(it.p95));
    }
    if let Some(peak) = found.peak() {
        let _ = write!(said, " Most took {}: {}.", between(&peak), peak.spans);
    }
    said
}

fn bars(ranges: &[Range], most: usize, said: &str) -> Markup {
    let width = WIDTH / ranges.len().max(1);
    let mut drawn = String::new();
    for (at, range) in ranges.iter().enumerate().filter(|(_, range)| range.spans > 0) {
        // What there is can be seen, however little it is beside the rest.
        let top = HEIGHT - (range.spans * HEIGHT / most.max(1)).max(2);
        // It can't fail for a String.
        let _ = write!(drawn, "M{} {HEIGHT}V{top}H{}V{HEIGHT}z", at * width, (at + 1) * width - 2);
    }
    html! {
        svg viewBox=(format!("0 -4 {WIDTH} {}", HEIGHT + 8)) preserveAspectRatio="none" role="img" aria-label=(said) {
            path class="chart-grid" d=(format!("M0 0H{WIDTH}")) {}
            path class="chart-succeeded" d=(drawn) {}
            path class="chart-axis" d=(format!("M0 {HEIGHT}H{WIDTH}")) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_histogram_is_drawn_said_and_listed() {
        let spans: Vec<_> = [3, 3, 4, 12].map(Duration::from_millis).into();
        let found = Histogram::of(&spans);
        let [p50, p95, p99] = [3, 12, 12].map(Duration::from_millis);
        let drawn = histogram("Run", &found, Some(Percentiles { p50, p95, p99 })).into_string();
        assert!(drawn.contains(r#"d="M120 120V0H238V120zM360 120V80H478V120z""#), "{drawn}");
        let said = "4 jobs. Half took 3ms or less, 95 of a hundred 12ms or less. Most took 2ms to 5ms: 3.";
        assert_eq!(drawn.matches(said).count(), 2, "the picture says so, and the text below it: {drawn}");
        assert!(drawn.contains(r#"5ms to 10ms</th><td class="number">0</td>"#), "{drawn}");
        assert_eq!(histogram("Run", &Histogram::default(), None).into_string(), "");
    }
}
