//! What a case measures: figures, and what they should be.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What may fail ends the case, whatever it is.
pub(crate) type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// What one run of a case has measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) figures: Vec<Figure>,
    /// Which part of the cores other programs used meanwhile.
    pub(crate) others: f64,
}

/// One measured number.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) value: f64,
    pub(crate) goal: Option<Goal>,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    pub(crate) fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, unit: &str, value: f64) -> Self {
        Self { name: name.into(), unit: unit.to_owned(), value, goal: None }
    }

    pub(crate) fn at_least(self, least: f64) -> Self {
        Self { goal: Some(Goal::AtLeast(least)), ..self }
    }

    pub(crate) fn at_most(self, most: f64) -> Self {
        Self { goal: Some(Goal::AtMost(most)), ..self }
    }
}

/// How large cases are, compared with what their goals mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale(f64);

impl Scale {
    /// Says whether the goals mean what is measured.
    pub(crate) fn is_full(self) -> bool {
        self == Self::default()
    }

    pub(crate) fn factor(self) -> f64 {
        self.0
    }

    /// Scales a number of jobs; some remain in any case.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of jobs")]
    pub(crate) fn of(self, jobs: u64) -> u64 {
        ((float(jobs) * self.0) as u64).max(jobs.min(100))
    }

    /// Scales how long is measured: a tenth in any case, and never more than all of it.
    pub(crate) fn span(self, full: Duration) -> Duration {
        full.mul_f64(self.0.clamp(0.1, 1.0))
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self(1.0)
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let factor: f64 =
            text.parse().map_err(|_| format!("`{text}` is no scale; use a number as in `0.01`"))?;
        if factor > 0.0 && factor.is_finite() {
            return Ok(Self(factor));
        }
        Err(format!("the scale `{text}` is not above zero; use a number as in `0.01`"))
    }
}

/// The numbers here are exact as floats, up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

/// Returns the number that this part of all is not above: 0.5 for the median.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "an index"
)]
pub(crate) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let index = (sorted.len() as f64 * part) as usize;
    sorted.get(index).or(sorted.last()).copied().unwrap_or(f64::NAN)
}

/// Tells the median and the 99th percentile of what was measured many times.
pub(crate) fn percentiles(name: &str, unit: &str, mut values: Vec<f64>) -> [Figure; 2] {
    values.sort_unstable_by(f64::total_cmp);
    [("p50", 0.5), ("p99", 0.99)]
        .map(|(label, part)| Figure::new(format!("{name}, {label}"), unit, quantile(&values, part)))
}
