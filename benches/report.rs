//! The figures of all runs, for people and for programs.

use std::fmt::Write;

use serde::Serialize;

use crate::figure::{Figure, Goal, Result, Run, Scale};
use crate::machine::{Conditions, Machine, Versions};

/// The part of the CPUs that others may use while figures mean something. Threads of the kernel that write for us are
/// among the others.
const QUIET: f64 = 0.2;

/// Everything that is told.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    versions: Versions,
    conditions: Conditions,
    pub(crate) cases: Vec<Measured>,
}

/// The figures of a case.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    case: &'static str,
    about: &'static str,
    /// Why there are no figures.
    failed: Option<String>,
    /// Which part of the cores other programs used meanwhile, in each run.
    others: Vec<f64>,
    figures: Vec<Row>,
}

/// One figure over all runs.
#[derive(Debug, Serialize)]
struct Row {
    figure: String,
    unit: String,
    runs: Vec<f64>,
    min: f64,
    median: f64,
    max: f64,
    goal: Option<Goal>,
    /// Whether the median is what it should be. Not said of a case that was scaled, as no goal is meant for that.
    met: Option<bool>,
}

impl Report {
    pub(crate) fn begin(runs: usize, scale: Scale) -> Result<Self> {
        let (machine, versions) = (Machine::look(), Versions::look());
        Ok(Self { machine, versions, conditions: Conditions::of(runs, scale)?, cases: Vec::new() })
    }

    pub(crate) fn head(&self) -> String {
        let Self { machine, versions, conditions, .. } = self;
        format!("{}\n{}\n{}\n", machine.told(), versions.told(), conditions.told())
    }

    /// Sums up.
    pub(crate) fn foot(&self) -> String {
        let count =
            |met| self.cases.iter().flat_map(|case| &case.figures).filter(|row| row.met == met).count();
        let failed = self.cases.iter().filter(|case| case.failed.is_some()).count();
        let (met, missed) = (count(Some(true)), count(Some(false)));
        format!("\ngoals met: {met}, missed: {missed}; cases without figures: {failed}\n")
    }
}

impl Measured {
    /// Puts the runs of a case together.
    pub(crate) fn of(case: &'static str, about: &'static str, runs: Result<Vec<Run>>, scale: Scale) -> Self {
        match runs {
            Ok(runs) => Self {
                others: runs.iter().map(|run| run.others).collect(),
                figures: rows(&runs, scale),
                case,
                about,
                failed: None,
            },
            Err(error) => {
                let failed = Some(error.to_string());
                Self { case, about, failed, others: Vec::new(), figures: Vec::new() }
            }
        }
    }

    pub(crate) fn told(&self) -> String {
        let mut text = format!("\n{}: {}\n", self.case, self.about);
        if let Some(error) = &self.failed {
            let _ = writeln!(text, "  no figures: {error}");
        }
        let others = self.others.iter().copied().fold(0.0, f64::max);
        if others > QUIET {
            let percent = others * 100.0;
            let _ =
                writeln!(text, "  DISTURBED: other programs used {percent:.0} % of the CPUs; measure again");
        }
        for row in &self.figures {
            let spread = match row.runs.len() {
                1 => String::new(),
                _ => format!("{} to {}", number(row.min), number(row.max)),
            };
            let goal = match (row.goal, row.met) {
                (None, _) => String::new(),
                (Some(goal), None) => format!("goal {}", told(goal)),
                (Some(goal), Some(true)) => format!("goal {}: met", told(goal)),
                (Some(goal), Some(false)) => format!("goal {}: MISSED", told(goal)),
            };
            let (figure, median) = (&row.figure, number(row.median));
            let line = format!("  {figure:<46} {median:>12} {:<7} {spread:<24} {goal}", row.unit);
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }
}

/// Puts each figure of the first run together with those of the other runs, which have the same in the same places.
fn rows(runs: &[Run], scale: Scale) -> Vec<Row> {
    let first = runs.first().into_iter().flat_map(|run| &run.figures).enumerate();
    let row = |(place, Figure { name, unit, goal, .. }): (usize, &Figure)| {
        let runs: Vec<_> = runs.iter().filter_map(|run| Some(run.figures.get(place)?.value)).collect();
        let mut sorted = runs.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        let (last, half) = (sorted.len().saturating_sub(1), sorted.len() / 2);
        let median =
            if sorted.len().is_multiple_of(2) { f64::midpoint(at(half - 1), at(half)) } else { at(half) };
        let met = goal.filter(|_| scale.is_full()).map(|goal| goal.is_met_by(median));
        let (figure, unit, goal) = (name.clone(), unit.clone(), *goal);
        Row { figure, unit, min: at(0), median, max: at(last), runs, goal, met }
    };
    first.map(row).collect()
}

fn told(goal: Goal) -> String {
    match goal {
        Goal::AtLeast(least) => format!(">= {}", number(least)),
        Goal::AtMost(most) => format!("<= {}", number(most)),
    }
}

/// Writes a number with about three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => grouped(&format!("{value:.0}")),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Puts a comma between each three digits.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
pub(crate) fn print(text: &str) {
    print!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(values: &[f64], scale: Scale) -> Measured {
        let run = |value: &f64| Run {
            figures: vec![Figure::new("rate", "jobs/s", *value).at_least(10.0)],
            others: 0.0,
        };
        Measured::of("case", "about", Ok(values.iter().map(run).collect()), scale)
    }

    #[test]
    fn the_median_of_the_runs_meets_a_goal_or_misses_it() {
        let of = |values: &[f64]| {
            let row = measured(values, Scale::default()).figures.remove(0);
            (row.min, row.median, row.max, row.met)
        };
        assert_eq!(of(&[9.0, 30.0, 11.0]), (9.0, 11.0, 30.0, Some(true)));
        assert_eq!(of(&[9.0, 10.0]), (9.0, 9.5, 10.0, Some(false)));
        assert!(measured(&[9.0], Scale::default()).told().contains("goal >= 10.0: MISSED"));
    }

    #[test]
    fn nothing_is_said_of_goals_at_another_scale() -> Result<()> {
        let measured = measured(&[9.0], "0.5".parse()?);
        assert_eq!(measured.figures[0].met, None);
        assert!(!measured.told().contains("MISSED"));
        Ok(())
    }

    #[test]
    fn numbers_have_the_digits_that_count() {
        let told = [1_234_567.8, 999.6, 12.34, 0.456, 0.012_34, 0.0].map(number);
        assert_eq!(told, ["1,234,568", "1,000", "12.3", "0.46", "0.0123", "0"]);
    }
}
