//! Draws measurements over time as SVG, for light pages and dark ones.

use std::fmt::Write;

use crate::figure::float;

/// The most points of a line; more are put together, and the band behind the line shows what they were.
const POINTS: usize = 400;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const HEIGHT: f64 = 150.0;
const GAP: f64 = 48.0;

/// One measurement a second, beginning with the first.
#[derive(Debug)]
pub(crate) struct Panel {
    /// What is measured, with its unit.
    pub(crate) title: String,
    pub(crate) values: Vec<f64>,
    /// What the values should stay below, at each moment, and what that is.
    pub(crate) limit: Option<(String, Vec<f64>)>,
}

/// Draws panels above each other, over one axis of time.
pub(crate) fn draw(panels: &[Panel]) -> String {
    let height = TOP + float(panels.len() as u64) * (HEIGHT + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n{STYLE}"
    );
    for (place, panel) in (0_u64..).zip(panels) {
        panel.draw(TOP + float(place) * (HEIGHT + GAP), &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

const STYLE: &str = "\
<style>
  text { fill: #424a53 } .title { font-weight: bold }
  .grid { stroke: #8c959f; stroke-opacity: 0.35 }
  .line { fill: none; stroke: #0969da; stroke-width: 1.5 } .band { fill: #0969da; fill-opacity: 0.25 }
  .limit { fill: none; stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 5 4 } .limit-text { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #c9d1d9 }
    .line { stroke: #58a6ff } .band { fill: #58a6ff } .limit { stroke: #f0883e } .limit-text { fill: #f0883e }
  }
</style>
";

impl Panel {
    fn draw(&self, top: f64, svg: &mut String) {
        let limit = self.limit.as_ref().map_or(&[][..], |(_, limit)| limit);
        let most = self.values.iter().chain(limit).copied().fold(1.0, f64::max);
        let step = step(most, 4.0);
        let most = (most / step).ceil() * step;
        let seconds = float(self.values.len().max(2) as u64 - 1);
        let x = |second: f64| LEFT + second / seconds * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| top + HEIGHT * (1.0 - value / most);
        let _ = writeln!(svg, r#"<text class="title" x="{LEFT}" y="{}">{}</text>"#, top - 10.0, self.title);
        if let Some((name, _)) = &self.limit {
            let (right, above) = (WIDTH - RIGHT, top - 10.0);
            let _ = writeln!(
                svg,
                r#"<text class="limit-text" x="{right}" y="{above}" text-anchor="end">{name}</text>"#
            );
        }
        for value in ticks(most, step) {
            let (at, right) = (y(value), WIDTH - RIGHT);
            let _ = writeln!(
                svg,
                r#"<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1}" y2="{at:.1}"/><text x="{}" y="{:.1}" text-anchor="end">{}</text>"#,
                LEFT - 8.0,
                at + 4.0,
                label(value)
            );
        }
        draw_time(top + HEIGHT, seconds, &x, svg);
        let buckets = buckets(&self.values);
        let edge = |of: fn(&Bucket) -> f64| buckets.iter().map(move |bucket| (bucket.at, of(bucket)));
        let mut band: Vec<_> = edge(|bucket| bucket.least).collect();
        band.extend(edge(|bucket| bucket.most).collect::<Vec<_>>().into_iter().rev());
        let points = |points: &mut dyn Iterator<Item = (f64, f64)>| {
            points.fold(String::new(), |mut text, (second, value)| {
                let _ = write!(text, "{:.1},{:.1} ", x(second), y(value));
                text
            })
        };
        let _ = writeln!(svg, r#"<polygon class="band" points="{}"/>"#, points(&mut band.into_iter()));
        let _ = writeln!(svg, r#"<polyline class="line" points="{}"/>"#, points(&mut edge(|b| b.mean)));
        if !limit.is_empty() {
            let limit: Vec<_> = self::buckets(limit).iter().map(|bucket| (bucket.at, bucket.mean)).collect();
            let limit = points(&mut limit.into_iter());
            let _ = writeln!(svg, r#"<polyline class="limit" points="{limit}"/>"#);
        }
    }
}

/// Draws the axis of time: minutes where there are some, else seconds.
fn draw_time(bottom: f64, seconds: f64, x: &dyn Fn(f64) -> f64, svg: &mut String) {
    let (unit, name) = if seconds >= 180.0 { (60.0, "min") } else { (1.0, "s") };
    for tick in ticks(seconds / unit, step(seconds / unit, 10.0)) {
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{} {name}</text>"#,
            x(tick * unit),
            bottom + 16.0,
            label(tick)
        );
    }
}

/// Measurements that follow each other.
#[derive(Debug)]
struct Bucket {
    /// The second in the middle of them.
    at: f64,
    least: f64,
    mean: f64,
    most: f64,
}

fn buckets(values: &[f64]) -> Vec<Bucket> {
    let size = values.len().div_ceil(POINTS).max(1);
    let bucket = |(place, values): (usize, &[f64])| {
        let count = float(values.len() as u64);
        Bucket {
            at: float((place * size) as u64) + (count - 1.0) / 2.0,
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            mean: values.iter().sum::<f64>() / count,
            most: values.iter().copied().fold(0.0, f64::max),
        }
    };
    values.chunks(size).enumerate().map(bucket).collect()
}

/// Returns the step of 1, 2 or 5 and noughts that makes about so many ticks.
fn step(most: f64, ticks: f64) -> f64 {
    let power = 10_f64.powf((most / ticks).log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|digit| digit * power);
    steps.into_iter().find(|step| most / step <= ticks).unwrap_or(10.0 * power)
}

fn ticks(most: f64, step: f64) -> impl Iterator<Item = f64> {
    (0_u64..).map(move |tick| float(tick) * step).take_while(move |tick| *tick <= most * 1.000_001)
}

fn label(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        thousands if thousands >= 10_000.0 => format!("{}k", thousands / 1_000.0),
        value => format!("{}", (value * 1_000.0).round() / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_measurements_are_put_together_and_none_is_lost() {
        let values: Vec<_> = (0..1_000_u32).map(f64::from).collect();
        let buckets = buckets(&values);
        assert_eq!(buckets.len(), 334);
        let (first, last) = (&buckets[0], &buckets[333]);
        assert_eq!((first.at, first.least, first.mean, first.most), (1.0, 0.0, 1.0, 2.0));
        assert_eq!((last.at, last.least, last.most), (999.0, 999.0, 999.0));
    }

    #[test]
    fn ticks_are_round_numbers() {
        let of = |most| ticks(most, step(most, 4.0)).map(label).collect::<Vec<_>>();
        assert_eq!(of(71_001.0), ["0", "20k", "40k", "60k"]);
        assert_eq!(of(3.0), ["0", "1", "2", "3"]);
        assert_eq!(of(0.9), ["0", "0.5"]);
    }
}
