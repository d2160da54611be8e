//! On what is measured: the machine, the versions, and what all cases have in common.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use boltjobs::Timestamp;
use serde::Serialize;

use crate::figure::{Result, Scale};
use crate::jobs;

/// The machine.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_mib: u64,
    kernel: String,
    /// Where the stores are; where that is on one machine concerns no other.
    #[serde(skip)]
    folder: String,
    file_system: String,
}

/// What is measured.
#[derive(Debug, Serialize)]
pub(crate) struct Versions {
    boltjobs: &'static str,
    sled: &'static str,
    rustc: &'static str,
    profile: &'static str,
    commit: Option<String>,
}

/// What all cases have in common, but for what their own words say.
#[derive(Debug, Serialize)]
pub(crate) struct Conditions {
    measured: String,
    runs: usize,
    scale: f64,
    store: &'static str,
    sync: &'static str,
    handler: &'static str,
    payload: String,
    payload_bytes: usize,
    counts_allocations: bool,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let folder = env::temp_dir();
        Self {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory_mib: field("/proc/meminfo", "MemTotal")
                .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
                .map_or(0, |kib| kib >> 10),
            kernel: read("/proc/sys/kernel/osrelease").unwrap_or_else(|| env::consts::OS.to_owned()),
            file_system: file_system(&folder).unwrap_or_else(|| "unknown".to_owned()),
            folder: folder.display().to_string(),
        }
    }

    pub(crate) fn told(&self) -> String {
        let Self { cpu, cores, memory_mib, kernel, folder, file_system } = self;
        format!("{cpu}, {cores} cores, {memory_mib} MiB, kernel {kernel}; {folder} on {file_system}")
    }
}

impl Versions {
    pub(crate) fn look() -> Self {
        Self {
            boltjobs: env!("CARGO_PKG_VERSION"),
            sled: locked("sled"),
            rustc: env!("RUSTC_VERSION"),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" },
            commit: commit(),
        }
    }

    pub(crate) fn told(&self) -> String {
        let Self { boltjobs, sled, rustc, profile, commit } = self;
        let commit = commit.as_ref().map_or(String::new(), |commit| format!(" at {commit}"));
        format!("boltjobs {boltjobs}{commit}, sled {sled}, {rustc}, {profile} build")
    }
}

impl Conditions {
    pub(crate) fn of(runs: usize, scale: Scale) -> Result<Self> {
        let payload = jobs::payload()?;
        Ok(Self {
            measured: Timestamp::from_micros((jobs::wall_clock() / 1_000).cast_signed()).to_string(),
            runs,
            scale: scale.factor(),
            store: "sled",
            sync: "fdatasync before each acknowledgement",
            handler: "only counts",
            payload_bytes: payload.len(),
            payload,
            counts_allocations: cfg!(feature = "allocations"),
        })
    }

    pub(crate) fn told(&self) -> String {
        let Self { measured, runs, scale, store, sync, handler, payload, payload_bytes, .. } = self;
        format!(
            "{store}, {sync}; a handler that {handler}; payload of {payload_bytes} bytes, as in {payload}\n\
             {measured}, runs: {runs}, scale: {scale}"
        )
    }
}

/// Finds the version of a package in the lock file of the build.
fn locked(package: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{package}\"\n")));
    let version = entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next());
    version.unwrap_or("unknown")
}

/// Asks git which commit was built, and whether something has been changed since.
fn commit() -> Option<String> {
    let arguments = ["describe", "--always", "--dirty", "--exclude=*"];
    let answer = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    let commit = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    Some(commit).filter(|commit| !commit.is_empty())
}

/// Finds the kind of file system, and its options, of the mount that a folder is in.
fn file_system(folder: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder).ok()?;
    let mounts = read("/proc/self/mounts")?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?, words.next()?))
    });
    let around = mounts.filter(|(point, ..)| folder.starts_with(point));
    // The latest of the innermost hides the others.
    let (_, kind, options) = around.max_by_key(|(point, ..)| point.len())?;
    Some(format!("{kind} ({options})"))
}

/// Finds the value of a field in a file of the system.
fn field(file: &str, name: &str) -> Option<String> {
    let text = read(file)?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn read(file: &str) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}
