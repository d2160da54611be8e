//! Bugs that other queues had are put back, to see that the simulation finds them.
//!
//! `boltjobs-core` does the same with the laws of stores, for every bug of the engine.

use std::fmt::Write;
use std::process::Command;

use boltjobs_core::sabotage::{Bug, VARIABLE};

/// How many seeds each test may take.
const SEEDS: u64 = 400;

/// The bugs that the simulation finds within these seeds, and the test that does.
const CAUGHT: &[(Bug, &str)] = &[
    (Bug::EpochResetOnReclaim, ALL_ENDS),
    (Bug::AckByIdOnly, ALL_ENDS),
    (Bug::EpochsNotWritten, ALL_ENDS),
    (Bug::FinalRunsAgain, ALL_ENDS),
    (Bug::HeartbeatKeepsNothing, ALL_ENDS),
    (Bug::ClaimBeforeDurable, ALL_ENDS),
    (Bug::PauseNotWritten, ALL_ENDS),
    (Bug::FireWithoutAdvance, FIRES_ONCE),
    (Bug::SnoozeBurnsAttempt, ALL_ENDS),
    (Bug::CrashBurnsAttempt, ALL_ENDS),
    (Bug::RetryLosesQueue, ALL_ENDS),
    (Bug::RetryLosesPriority, ALL_ENDS),
    (Bug::RetryLosesTags, ALL_ENDS),
    (Bug::RetryLosesSteps, ALL_ENDS),
    (Bug::RetryCountsAsFailed, ALL_ENDS),
    (Bug::DeleteDriftsCounters, ALL_ENDS),
    (Bug::ContinuationBeforeParent, ALL_ENDS),
    (Bug::ContinuationLostOnFailure, ALL_ENDS),
    (Bug::ContinuationLostOnDelete, ALL_ENDS),
    (Bug::ContinuationForgetsOthers, ALL_ENDS),
    (Bug::BatchEndsEarly, ALL_ENDS),
    (Bug::KeyNeverReleased, ALL_ENDS),
    (Bug::LimitReadOnce, ALL_ENDS),
    (Bug::SlotLeaksOnReclaim, ALL_ENDS),
    (Bug::KeyStaysParked, ALL_ENDS),
    (Bug::WakeUpLostWhenReadyAgain, ALL_ENDS),
    (Bug::DueInWholeSeconds, ALL_ENDS),
    (Bug::DoubleFireInOverlap, ONE_MORNING),
    (Bug::AckBeforeDurable, ALL_ENDS),
    (Bug::OutcomeDroppedOnFailure, ALL_ENDS),
    (Bug::TimerHearsNothing, IS_IN_TIME),
    (Bug::CancelMissesClaim, IS_TOLD),
    (Bug::WatchAfterLook, IS_SEEN),
];

const ALL_ENDS: &str = "school::whatever_happens_all_that_was_acknowledged_ends";
const IS_IN_TIME: &str = "times::a_job_that_is_due_before_all_that_the_server_waits_for_is_in_time";
const IS_TOLD: &str = "school::a_job_that_is_deleted_as_it_starts_is_told";
const IS_SEEN: &str = "school::a_job_that_comes_while_the_server_looks_is_not_overlooked";
const FIRES_ONCE: &str = "times::each_instant_fires_once_whatever_the_clock_does";
const ONE_MORNING: &str = "times::a_day_has_one_morning_even_when_the_clock_is_turned";

/// Runs a test of this program in a process that has a bug. Returns the seed that finds it, and what it says.
fn find(bug: Bug, test: &str) -> Option<(u64, String)> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(VARIABLE, bug.name()).env_remove("BOLTJOBS_TEST_SEED");
    let ran =
        command.env("BOLTJOBS_TEST_RUNS", SEEDS.to_string()).env("RUST_BACKTRACE", "0").output().unwrap();
    if ran.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let (before, after) = said.split_once("failed with seed ").unwrap_or_else(|| panic!("{bug}: {said}"));
    let seed = after.split(';').next().unwrap().parse().unwrap();
    // What the handlers panic with on purpose comes before.
    let why = before.rsplit("panicked at ").next().unwrap_or_default();
    let why = why.lines().skip(1).find(|line| !line.contains("this must not be")).unwrap_or_default();
    Some((seed, why.trim().chars().take(110).collect()))
}

#[test]
fn each_bug_that_is_put_back_is_found() {
    let mut table =
        String::from("\n| bug | breaks | found by | with seed | it says |\n|---|---|---|---|---|\n");
    let mut missed = Vec::new();
    for (bug, test) in CAUGHT {
        let Some((seed, why)) = find(*bug, test) else {
            missed.push(bug.name());
            continue;
        };
        let test = test.split("::").last().unwrap();
        let _ = writeln!(table, "| {bug} | {} | `{test}` | {seed} | {why} |", bug.promise());
    }
    println!("{table}");
    assert!(missed.is_empty(), "{missed:?} are not found with {SEEDS} seeds each");
}
