use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use super::{Bug, Place, VARIABLE};

/// The laws, of a store that can be opened again.
const LAWS: &[&str] = &["memory::tests::on_a_tape::"];

/// What else there is: models, oracles and rules of single pieces. They take longer.
const CHECKS: &[&str] =
    &["conformance::model::", "cron::", "engine::tests::", "rate::", "recurring::", "state::"];

/// The most that are named of the checks which catch one bug.
const NAMED: usize = 3;

/// The bugs that no law and no check of this crate catches.
const UNCAUGHT: &[Bug] = &[];

/// Runs tests of this program in a process that has a bug, and returns the first that fail.
fn failing(tests: &[&str], bug: &str, at_most: usize) -> Vec<String> {
    let mut command = Command::new(env::current_exe().expect("this program is a file"));
    command.args(tests).args(["--test-threads", "2"]).env(VARIABLE, bug);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it begins");
    let said = BufReader::new(child.stdout.take().expect("it is a pipe"));
    let lines = said.lines().map(|line| line.expect("it says text"));
    let mut ended = false;
    let lines = lines.inspect(|line| ended |= line.starts_with("test result: "));
    let failed =
        lines.filter_map(|line| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.to_owned()));
    let failed: Vec<_> = failed.take(at_most).collect();
    // Who has failed often enough need not go on.
    let killed = failed.len() == at_most && child.kill().is_ok();
    child.wait().expect("it ends");
    assert!(ended || killed, "with `{bug}` the tests did not come to an end, after {failed:?}");
    failed
}

fn caught_by(bug: Bug) -> Vec<String> {
    let laws = failing(LAWS, bug.name(), NAMED);
    if laws.is_empty() { failing(CHECKS, bug.name(), 1) } else { laws }
}

/// Returns each bug with what caught it.
fn catch_all(bugs: Vec<Bug>) -> Vec<(Bug, Vec<String>)> {
    let (bugs, caught) = (Mutex::new(bugs), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let Some(bug) = bugs.lock().unwrap().pop() else { return };
            let by = caught_by(bug);
            caught.lock().unwrap().push((bug, by));
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let mut caught = caught.into_inner().unwrap();
    caught.sort_by_key(|(bug, _)| Bug::ALL.iter().position(|other| other == bug));
    caught
}

#[test]
fn each_bug_of_the_engine_is_caught() {
    let bugs = Bug::ALL.iter().copied().filter(|bug| bug.place() == Place::Engine).collect();
    let caught = catch_all(bugs);
    println!("{:<30} promise  caught by", "bug");
    for (bug, by) in &caught {
        let by: Vec<_> = by.iter().map(|test| test.rsplit("::").next().unwrap_or(test)).collect();
        println!("{bug:<30} {:<7}  {}", bug.promise(), by.join(", "));
    }
    let uncaught: Vec<_> = caught.iter().filter(|(_, by)| by.is_empty()).map(|(bug, _)| *bug).collect();
    assert_eq!(uncaught, UNCAUGHT, "the bugs that nothing here catches");
}

#[test]
fn names_are_those_of_the_bugs_and_no_others() {
    for bug in Bug::ALL {
        let words = format!("{bug:?}").split_inclusive(|_: char| true).fold(String::new(), |name, letter| {
            let dash = if letter.chars().all(char::is_uppercase) && !name.is_empty() { "-" } else { "" };
            name + dash + &letter.to_lowercase()
        });
        assert_eq!(bug.name(), words);
        assert_eq!(bug.name().parse(), Ok(*bug));
    }
    let names: BTreeSet<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    assert_eq!(names.len(), Bug::ALL.len());
    let error = "no-bug".parse::<Bug>().unwrap_err().to_string();
    assert!(error.starts_with("unknown bug `no-bug`; use `epoch-reset-on-reclaim`, "), "{error}");
}

#[test]
fn a_name_that_no_bug_has_is_refused() {
    let law = ["memory::tests::on_a_tape::claim::a_job_is_handed_out_once"];
    assert_eq!(failing(&law, "no-bug", 1), law);
    assert_eq!(failing(&law, "", 1), [""; 0]);
}
