//! Runs cases, each run in a process of its own, so that none finds what another has left in memory.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::cases::{CASES, Case};
use crate::command::Asked;
use crate::figure::{Result, Run, Scale};
use crate::process::Busy;
use crate::report::{self, Measured, Report};

/// Measures what was asked for, and tells the figures.
pub(crate) fn measure(asked: &Asked) -> Result<()> {
    if cfg!(feature = "allocations") && asked.cases != ["allocations"] {
        return Err(
            "this build counts allocations, which slows everything down; ask for `allocations` alone".into(),
        );
    }
    let cases = chosen(asked)?;
    let mut report = Report::begin(asked.runs, asked.scale)?;
    report::print(&report.head());
    for case in cases {
        let runs: Result<Vec<_>> = (0..asked.runs).map(|_| run(case, asked.scale)).collect();
        let measured = Measured::of(case.name, case.about, runs, asked.scale);
        report::print(&measured.told());
        report.cases.push(measured);
    }
    report::print(&report.foot());
    if let Some(file) = &asked.json {
        let mut json = serde_json::to_vec_pretty(&report)?;
        json.push(b'\n');
        std::fs::write(file, json)?;
    }
    Ok(())
}

/// Finds the cases that are named: in full, or else by a part of the name.
fn chosen(asked: &Asked) -> Result<Vec<&'static Case>> {
    if asked.cases.is_empty() {
        return Ok(CASES.iter().filter(|case| asked.all || !case.heavy).collect());
    }
    let mut chosen = Vec::new();
    for word in &asked.cases {
        let exact = CASES.iter().find(|case| case.name == word);
        let parts = CASES.iter().filter(|case| exact.is_none() && case.name.contains(word.as_str()));
        let found: Vec<_> = exact.into_iter().chain(parts).collect();
        if found.is_empty() {
            return Err(format!("no case has `{word}` in its name; `--list` lists them").into());
        }
        chosen.extend(found);
    }
    Ok(chosen)
}

/// Runs a case once.
fn run(case: &Case, scale: Scale) -> Result<Run> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--case", case.name, "--scale", &scale.factor().to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Measures one case in this process, for the one that has begun it.
pub(crate) fn answer(name: &str, scale: Scale) -> Result<()> {
    let case = CASES.iter().find(|case| case.name == name).ok_or("there is no such case")?;
    let busy = Busy::now();
    let figures = tokio::runtime::Runtime::new()?.block_on((case.run)(scale))?;
    let run = Run { figures, others: busy.others_since() };
    Ok(std::io::stdout().write_all(&serde_json::to_vec(&run)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str], all: bool) -> Result<Vec<&'static str>> {
        let cases = words.iter().map(|&word| word.to_owned()).collect();
        let asked = Asked { cases, all, runs: 1, scale: Scale::default(), json: None };
        Ok(chosen(&asked)?.iter().map(|case| case.name).collect())
    }

    #[test]
    fn a_word_is_the_name_of_a_case_or_a_part_of_names() -> Result<()> {
        assert_eq!(names(&["drain"], false)?, ["drain"]);
        let lives = ["lives-64", "lives-1024", "lives-beside", "memory-5m"];
        assert_eq!(names(&["lives", "memory-5m"], false)?, lives);
        assert!(names(&["nothing"], false).is_err());
        Ok(())
    }

    #[test]
    fn heavy_cases_run_only_when_they_are_asked_for() -> Result<()> {
        assert!(!names(&[], false)?.contains(&"growth"));
        assert_eq!(names(&[], true)?.len(), CASES.len());
        Ok(())
    }
}
