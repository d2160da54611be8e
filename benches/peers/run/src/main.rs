//! Builds all peers, runs each case of each in a process of its own, and prints one table of the medians.

mod build;
mod options;
mod table;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::options::Options;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const CASES: &[&str] = &["enqueue 1", "enqueue 64", "enqueue 1024", "bulk", "drain", "life 64", "idle"];
/// The cases whose syncs are counted.
const SYNCED: &[&str] = &["enqueue 1", "enqueue 64", "life 64"];
/// A case that takes longer is given up.
const LONGEST: Duration = Duration::from_secs(60);

/// What a peer says about itself.
#[derive(Deserialize)]
struct About {
    crates: Vec<String>,
    bulk: bool,
    settings: Vec<Setting>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Setting {
    name: String,
    on_disk: String,
    how: String,
    waiting: u64,
}

/// What one run of a case, or the median of several, gave.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Row {
    jobs: u64,
    per_second: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    cpu_us: Option<f64>,
    notes: Vec<String>,
}

/// One row of the tables.
#[derive(Serialize)]
struct Measured {
    peer: String,
    versions: Vec<String>,
    #[serde(flatten)]
    setting: Setting,
    cases: BTreeMap<String, Row>,
    /// Calls of fsync, fdatasync and the like for each job, opening the store included.
    syncs_per_job: BTreeMap<String, f64>,
    #[serde(skip)]
    runs: BTreeMap<String, Vec<Row>>,
    #[serde(skip)]
    program: PathBuf,
    #[serde(skip)]
    bulk: bool,
}

#[derive(Serialize)]
struct Report {
    /// How often 4 KiB were appended and synced in a second, before each run.
    disk_per_second: Vec<f64>,
    runs: usize,
    seconds: f64,
    rows: Vec<Measured>,
}

fn main() -> Result {
    let options = Options::parse()?;
    let mut rows = Vec::new();
    for peer in build::PEERS.iter().filter(|peer| options.wants_peer(peer)) {
        let program = build::build(peer)?;
        let about: About = serde_json::from_slice(&Command::new(&program).arg("about").output()?.stdout)?;
        let versions = build::versions(peer, &about.crates)?;
        rows.extend(about.settings.into_iter().map(|setting| Measured {
            peer: (*peer).to_owned(),
            versions: versions.clone(),
            setting,
            cases: BTreeMap::new(),
            syncs_per_job: BTreeMap::new(),
            runs: BTreeMap::new(),
            program: program.clone(),
            bulk: about.bulk,
        }));
    }
    let mut report = Report { disk_per_second: Vec::new(), runs: 0, seconds: options.seconds, rows };
    // All peers before the second run of one, so that an hour in which the machine is slow is shared.
    for run in 1..=options.runs {
        report.disk_per_second.push(disk()?);
        for row in &mut report.rows {
            for case in CASES.iter().filter(|case| options.wants_case(case) && (row.bulk || **case != "bulk"))
            {
                eprintln!("run {run}: {} ({}), {case}", row.peer, row.setting.name);
                let measured = measure(Command::new(&row.program), &row.setting, case, options.seconds)?;
                row.runs.entry((*case).to_owned()).or_default().push(measured);
            }
            row.cases = row.runs.iter().map(|(case, runs)| (case.clone(), median(runs))).collect();
        }
        report.runs = run;
        // What an hour has measured should not be lost with the end of the next one.
        keep(&report, &options)?;
    }
    for row in report.rows.iter_mut().filter(|_| options.syncs) {
        for case in SYNCED.iter().filter(|case| options.wants_case(case)) {
            eprintln!("syncs: {} ({}), {case}", row.peer, row.setting.name);
            if let Some(syncs) = syncs(row, case)? {
                row.syncs_per_job.insert((*case).to_owned(), syncs);
            }
        }
    }
    keep(&report, &options)?;
    print!("{}", table::markdown(&report));
    Ok(())
}

fn keep(report: &Report, options: &Options) -> Result {
    if let Some(file) = &options.json {
        fs::write(file, serde_json::to_string_pretty(report)? + "\n")?;
    }
    Ok(())
}

/// Runs one case in a process of its own, which is ended when it takes too long.
fn measure(mut command: Command, setting: &Setting, case: &str, seconds: f64) -> Result<Row> {
    command.args([&setting.name, case, &seconds.to_string()]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let begin = Instant::now();
    while process.try_wait()?.is_none() {
        if begin.elapsed() > LONGEST {
            process.kill()?;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = process.wait_with_output()?;
    Ok(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| Row {
        notes: vec![format!("no result after {} s", begin.elapsed().as_secs())],
        ..Row::default()
    }))
}

fn median(runs: &[Row]) -> Row {
    let of = |values: Vec<Option<f64>>| {
        let mut values: Vec<_> = values.into_iter().flatten().collect();
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let mut jobs: Vec<_> = runs.iter().map(|row| row.jobs).collect();
    jobs.sort_unstable();
    let mut notes: Vec<_> = runs.iter().flat_map(|row| row.notes.clone()).collect();
    notes.dedup();
    Row {
        jobs: jobs.get(jobs.len() / 2).copied().unwrap_or_default(),
        per_second: of(runs.iter().map(|row| Some(row.per_second)).collect()).unwrap_or_default(),
        p50_ms: of(runs.iter().map(|row| row.p50_ms).collect()),
        p99_ms: of(runs.iter().map(|row| row.p99_ms).collect()),
        cpu_us: of(runs.iter().map(|row| row.cpu_us).collect()),
        notes,
    }
}

/// How often the disk was synced for each job, where `strace` can tell.
fn syncs(row: &Measured, case: &str) -> Result<Option<f64>> {
    let counted = tempfile::NamedTempFile::new()?;
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "--seccomp-bpf", "-e", "trace=fsync,fdatasync,msync", "-o"]);
    strace.arg(counted.path()).arg(&row.program);
    let Ok(traced) = measure(strace, &row.setting, case, 2.0) else { return Ok(None) };
    let calls = fs::read_to_string(counted.path())?;
    // The columns are: % time, seconds, usecs/call, calls, errors where there are any, syscall.
    let calls = calls.lines().filter(|line| line.ends_with("sync"));
    let calls: u64 = calls.filter_map(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok()).sum();
    Ok((traced.jobs > 0).then(|| calls as f64 / traced.jobs as f64))
}

/// What the disk does by itself: how often in a second it takes and syncs 4 KiB.
fn disk() -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(Path::new(folder.path()).join("disk"))?;
    let (begin, mut times) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_secs(2) {
        file.write_all(&[0x5A; 4_096])?;
        file.sync_data()?;
        times += 1;
    }
    Ok(f64::from(times) / begin.elapsed().as_secs_f64())
}
