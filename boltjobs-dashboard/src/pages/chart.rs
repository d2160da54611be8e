//! How many jobs ended, as bars: what succeeded stands on the line, what did not hangs from it.

use std::fmt::Write as _;
use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::deploy::Deploy;
use boltjobs_core::throughput::{Flow, Throughput, Window};
use maud::{Markup, html};

use super::frame::{View, absolute, table};
use crate::text::{clip, counted, span};
use crate::zoom::Zoom;

/// The size of a chart in its own units; it is as wide as the page.
const WIDTH: usize = 600;
const HEIGHT: usize = 120;

/// Draws what happened in a window that ends now, with a sentence that says the same, and a table behind it; and when the
/// program became another one.
pub(super) fn chart(title: &str, window: &Window, found: &Throughput, deploys: &[Deploy]) -> Markup {
    let ends = [format!("{} ago", length(window)), "now".to_owned()];
    draw(title, window, found, deploys, &format!("In the last {}", length(window)), &ends, None)
}

/// Draws a span of time that was chosen in the same way, with links to other ones. The script has one choose a range of it, too.
pub(super) fn zoomed(view: &View, zoom: &Zoom, found: &Throughput, deploys: &[Deploy]) -> Markup {
    if let Some(name) = zoom.name {
        let when = format!("In the last {}", length(&zoom.window));
        let ends = [format!("{} ago", length(&zoom.window)), "now".to_owned()];
        return draw(
            &format!("The last {name}"),
            &zoom.window,
            found,
            deploys,
            &when,
            &ends,
            Some((view, zoom)),
        );
    }
    let ends = [zoom.from, zoom.to].map(|at| at.to_datetime().format("%Y-%m-%d %H:%M UTC").to_string());
    let when = format!("From {} to {}", ends[0], ends[1]);
    draw("The chosen span", &zoom.window, found, deploys, &when, &ends, Some((view, zoom)))
}

fn draw(
    title: &str,
    window: &Window,
    found: &Throughput,
    deploys: &[Deploy],
    when: &str,
    ends: &[String; 2],
    zoom: Option<(&View, &Zoom)>,
) -> Markup {
    let starts: Vec<_> = window.starts().collect();
    let marks = marks(&starts, window, deploys);
    let said = said(&starts, found, when) + &deployed(&marks);
    html! {
        figure class="chart" {
            figcaption { (title) }
            div class="plot" data-from=[zoom.map(|(_, zoom)| zoom.from)] data-step=[zoom.map(|_| window.step.as_secs())]
                data-steps=[zoom.map(|_| window.steps)] {
                (scale(&found.steps)) (bars(&found.steps, &said, &marks))
            }
            // The sentence says so, too.
            div class="scale" aria-hidden="true" {
                span { (ends[0]) } span { "jobs in each " (span(window.step)) } span { (ends[1]) }
            }
            p class="quiet" { (said) }
            @if let Some((view, zoom)) = zoom {
                nav class="spans" aria-label="Other spans" {
                    @for (word, from, to) in zoom.others(view.now) { a href=(closer(view, from, to)) { (word) } " " }
                }
            }
            details {
                summary { "Show as a table" }
                (rows(title, &starts, &found.steps, &marks, &|at| {
                    let (view, _) = zoom.filter(|_| window.step > SHORTEST)?;
                    Some(closer(view, at, at.plus(window.step)))
                }))
            }
        }
    }
}

/// Steps are not shorter than this where one can look closer.
const SHORTEST: Duration = Duration::from_mins(1);

/// Leads to the graph of a span of time.
fn closer(view: &View, from: Timestamp, to: Timestamp) -> String {
    view.base.query("/", &[("from", &from.to_string()), ("to", &to.to_string())])
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

fn bars(steps: &[Flow], said: &str, marks: &[Mark<'_>]) -> Markup {
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
    let mut came = String::new();
    for (at, _) in marks {
        let _ = write!(came, "M{} 0V{HEIGHT}", at * width);
    }
    html! {
        svg viewBox=(format!("0 -{EDGE} {WIDTH} {}", HEIGHT + 2 * EDGE)) preserveAspectRatio="none" role="img" aria-label=(said) {
            // Within a drawing, an element that is not closed holds the next one.
            path class="chart-grid" d=(format!("M0 0H{WIDTH}M0 {HEIGHT}H{WIDTH}")) {}
            path class="chart-succeeded" d=(good) {}
            path class="chart-failed" d=(bad) {}
            path class="chart-deleted" d=(gone) {}
            path class="chart-axis" d=(format!("M0 {line}H{WIDTH}")) {}
            @if !came.is_empty() { path class="chart-deploy" d=(came) {} }
        }
    }
}

fn said(starts: &[Timestamp], found: &Throughput, when: &str) -> String {
    let total = found.total();
    let mut said = format!(
        "{when} {} came; {} succeeded, {} failed, {} were deleted. Retries: {}.",
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

/// In which step of a window the program became another one.
type Mark<'a> = (usize, &'a Deploy);

/// The most deploys that a sentence names.
const NAMED: usize = 3;

/// Returns the deploys of a window, the first first.
fn marks<'a>(starts: &[Timestamp], window: &Window, deploys: &'a [Deploy]) -> Vec<Mark<'a>> {
    let step = |deploy: &Deploy| {
        let at = starts.iter().rposition(|start| *start <= deploy.at)?;
        (deploy.at.since(starts[at]) < window.step).then_some(at)
    };
    deploys.iter().rev().filter_map(|deploy| Some((step(deploy)?, deploy))).collect()
}

/// Says which versions came; the latest ones, where there are many.
fn deployed(marks: &[Mark<'_>]) -> String {
    let named = marks.iter().rev().take(NAMED).rev();
    let named = named.map(|(_, it)| {
        format!("{} at {}", clip(&it.version, VERSION), it.at.to_datetime().format("%H:%M UTC"))
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match marks.len().saturating_sub(NAMED) {
        _ if marks.is_empty() => String::new(),
        0 => format!(" Deployed: {named}."),
        more => format!(" Deployed: {named}, and {more} before."),
    }
}

/// The most characters of a version.
const VERSION: usize = 40;

fn length(window: &Window) -> String {
    span(window.step * u32::try_from(window.steps).unwrap_or(u32::MAX))
}

fn rows(
    title: &str,
    starts: &[Timestamp],
    steps: &[Flow],
    marks: &[Mark<'_>],
    closer: &dyn Fn(Timestamp) -> Option<String>,
) -> Markup {
    let mut columns = vec!["From", "Came", "Succeeded", "Failed", "Deleted", "Retried"];
    if !marks.is_empty() {
        columns.push("Deployed");
    }
    let marked = |step: usize| marks.iter().filter(move |(at, _)| *at == step);
    let all = starts.iter().zip(steps).enumerate();
    let busy = all.filter(|(at, (_, flow))| **flow != Flow::default() || marked(*at).next().is_some());
    table(
        title,
        &columns,
        &html! {
            @for (step, (at, flow)) in busy.rev() {
                tr {
                    th scope="row" {
                        @if let Some(link) = closer(*at) { a href=(link) { (absolute(*at)) } } @else { (absolute(*at)) }
                    }
                    @for number in [flow.enqueued, flow.succeeded, flow.failed, flow.deleted, flow.retried] {
                        td class="number" { (number) }
                    }
                    @if !marks.is_empty() {
                        td { @for (_, deploy) in marked(step) { code { (clip(&deploy.version, VERSION)) } " " } }
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
        let drawn = bars(&[flow(30, 0, 0), flow(0, 5, 5)], "", &[]).into_string();
        assert!(drawn.contains(r#"class="chart-succeeded" d="M0 0H299V90H0z""#), "{drawn}");
        assert!(drawn.contains(r#"class="chart-failed" d="M300 90H599V105H300z""#), "{drawn}");
        assert!(drawn.contains(r#"class="chart-deleted" d="M300 105H599V120H300z""#), "{drawn}");
        assert!(
            bars(&[flow(1_000_000, 1, 0)], "", &[]).into_string().contains("V121"),
            "one failure is seen"
        );
        bars(&[], "", &[]);
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

    #[test]
    fn a_deploy_is_marked_in_its_step_said_and_in_the_table() {
        let at = |seconds| Timestamp::EPOCH.plus(Duration::from_secs(seconds));
        let window = Window { until: at(600), step: Duration::from_mins(1), steps: 5 };
        let starts: Vec<_> = window.starts().collect();
        let first = starts[0].since(Timestamp::EPOCH).as_secs();
        let deploy =
            |version: &str, seconds| Deploy { version: version.into(), server: "a".into(), at: at(seconds) };
        let deploys = [deploy("<b>", first + 65), deploy("1.4", first), deploy("1.3", first - 1)];
        let marks = marks(&starts, &window, &deploys);
        assert_eq!(
            marks.iter().map(|(step, it)| (*step, &*it.version)).collect::<Vec<_>>(),
            [(0, "1.4"), (1, "<b>")]
        );
        let found = Throughput { steps: vec![Flow::default(); 5], ..Throughput::default() };
        let drawn = chart("Title", &window, &found, &deploys).into_string();
        assert!(drawn.contains(r#"class="chart-deploy" d="M0 0V120M120 0V120""#), "{drawn}");
        assert!(drawn.contains("Deployed: 1.4 at ") && drawn.contains("&lt;b&gt; at "), "{drawn}");
        assert!(drawn.contains("<code>&lt;b&gt;</code>") && !drawn.contains("1.3"), "{drawn}");
        assert!(!chart("Title", &window, &found, &[]).into_string().contains("eploy"));
        assert_eq!(deployed(&[(0, &deploys[2]); 5]).matches(" at ").count(), NAMED);
    }
}
