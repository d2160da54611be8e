//! How many of some spans are how long.

use std::time::Duration;

/// Where one range ends and the next begins, in milliseconds: each is twice to three times as long as the one before.
const BOUNDS: [u64; 25] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    60_000,
    120_000,
    300_000,
    600_000,
    1_200_000,
    3_600_000,
    7_200_000,
    18_000_000,
    43_200_000,
    86_400_000,
    172_800_000,
];

/// Spans that are as long as this or longer, and shorter than that, where there is an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Duration,
    pub(crate) to: Option<Duration>,
    /// How many there are.
    pub(crate) spans: usize,
}

/// The ranges from the first that has any to the last, with those between and beside them, so that one alone is seen as one of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Histogram(pub(crate) Vec<Range>);

impl Histogram {
    pub(crate) fn of(spans: &[Duration]) -> Self {
        let bounds = || BOUNDS.into_iter().map(Duration::from_millis);
        let starts = std::iter::once(Duration::ZERO).chain(bounds());
        let mut ranges: Vec<_> = starts
            .zip(bounds().map(Some).chain([None]))
            .map(|(from, to)| Range { from, to, spans: 0 })
            .collect();
        for span in spans {
            let place = bounds().filter(|bound| bound <= span).count();
            ranges[place].spans += 1;
        }
        let any = |range: &Range| range.spans > 0;
        let Some((first, last)) = ranges.iter().position(any).zip(ranges.iter().rposition(any)) else {
            return Self::default();
        };
        ranges.truncate(last + 2);
        Self(ranges.split_off(first.saturating_sub(1)))
    }

    /// Returns the range that has most, the shortest of several.
    pub(crate) fn peak(&self) -> Option<Range> {
        self.0.iter().copied().rev().max_by_key(|range| range.spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_span_is_in_one_range_and_those_between_are_there_too() {
        assert_eq!(Histogram::of(&[]), Histogram::default());
        let millis = |from, to: u64, spans| {
            let [from, to] = [from, to].map(Duration::from_millis);
            Range { from, to: Some(to), spans }
        };
        let spans = [0, 999, 1_000, 1_999, 4_999].map(Duration::from_micros);
        let found = Histogram::of(&spans);
        assert_eq!(found.0, [millis(0, 1, 2), millis(1, 2, 2), millis(2, 5, 1), millis(5, 10, 0)]);
        assert_eq!(found.peak(), Some(millis(0, 1, 2)));
        let far = Histogram::of(&[Duration::from_millis(20), Duration::from_millis(150)]);
        let around = |spans| [millis(10, 20, 0), millis(20, 50, spans), millis(50, 100, 0)];
        assert_eq!(far.0, [&around(1)[..], &[millis(100, 200, 1), millis(200, 500, 0)]].concat());
        let [_, last] = Histogram::of(&[Duration::MAX]).0[..] else { panic!("the one before it, and it") };
        assert_eq!((last.from, last.to), (Duration::from_hours(48), None));
    }
}
