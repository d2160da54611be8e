//! Opens damaged stores, and judges what comes of it.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use boltjobs_core::store::{Store, StoreError};
use pollster::block_on;

use crate::common::{at, job, small};
use crate::damage::Damage;
use crate::image::Image;
use crate::sample::{Sample, content};

/// The longest that one case may take; only one that hangs does.
const PATIENCE: Duration = Duration::from_mins(1);

/// The column of what sled did to a store that was refused.
const CHANGED: &str = "(sled changed files)";

/// A damaged store.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) damage: Damage,
}

/// How often what came of which kind of damage.
#[derive(Debug, Default)]
pub(crate) struct Table {
    of: &'static str,
    rows: BTreeMap<(String, &'static str), BTreeMap<&'static str, u32>>,
}

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// `good`, or the kind of the error.
    pub(crate) what: &'static str,
    /// Whether sled changed its files although the store was refused.
    pub(crate) changed: bool,
}

impl Table {
    /// Returns how many cases of a file had an outcome.
    pub(crate) fn of(&self, file: &str, outcome: &str) -> u32 {
        let rows = self.rows.iter().filter(|((of, _), _)| of == file);
        rows.filter_map(|(_, outcomes)| outcomes.get(outcome)).sum()
    }

    fn add(&mut self, case: &Case, outcome: Outcome) {
        let file = if case.file.starts_with("snap.") { "snap.*" } else { &case.file };
        let row = self.rows.entry((file.to_owned(), case.damage.kind())).or_default();
        *row.entry(outcome.what).or_default() += 1;
        if outcome.changed {
            *row.entry(CHANGED).or_default() += 1;
        }
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let outcomes = self.rows.values().flatten().filter(|(what, _)| **what != CHANGED);
        writeln!(
            f,
            "{} cases of a store that was {}:",
            outcomes.map(|(_, count)| count).sum::<u32>(),
            self.of
        )?;
        for ((file, kind), outcomes) in &self.rows {
            write!(f, "{file:8} {kind:18}")?;
            outcomes.iter().try_for_each(|(what, count)| write!(f, " {what} {count}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Damages a store in each of these ways, and returns what came of it.
pub(crate) fn judge(sample: &Sample, cases: &[Case]) -> Table {
    keep_quiet();
    let folder = tempfile::tempdir().unwrap();
    let (next, mut table) = (AtomicUsize::new(0), Table { of: sample.name, ..Table::default() });
    thread::scope(|scope| {
        let (tell, told) = channel();
        for worker in 0..2 {
            let (tell, next, folder) = (tell.clone(), &next, folder.path().join(worker.to_string()));
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { break };
                    // Many are good in the same way.
                    let thorough = number % 8 == 0;
                    let judge = || judge_one(sample, case, &folder, thorough);
                    let judged = catch_unwind(AssertUnwindSafe(judge));
                    let judged = judged.unwrap_or_else(|_| Err("a panic reached the caller".to_owned()));
                    if tell.send((case, judged)).is_err() {
                        // Another case was judged, and is the end of the test.
                        break;
                    }
                }
            });
        }
        drop(tell);
        for done in 0..cases.len() {
            let Ok((case, judged)) = told.recv_timeout(PATIENCE) else {
                // Its thread will never end, so neither would the scope.
                eprintln!("{}: one of the cases around {:?} hangs", sample.name, cases.get(done));
                std::process::abort();
            };
            let outcome = judged.unwrap_or_else(|fault| {
                panic!("{}, {}, {}: {fault}", sample.name, case.file, case.damage.place())
            });
            table.add(case, outcome);
        }
    });
    table
}

fn judge_one(sample: &Sample, case: &Case, folder: &Path, thorough: bool) -> Result<Outcome, String> {
    let mut damaged = sample.image.clone();
    case.damage.apply(&mut damaged, &case.file);
    damaged.write(folder);
    let error = match open_and_compare(sample, folder)? {
        None if thorough => return goes_on(folder).map(|()| Outcome { what: "good", changed: false }),
        None => return Ok(Outcome { what: "good", changed: false }),
        Some(error) => error,
    };
    let what = kind(&error, folder)?;
    let changed = only_sled_changed(sample, case, &damaged, folder)?;
    // What was refused stays refused, whatever sled dropped of it.
    match open_and_compare(sample, folder) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(format!("it opened after `{error}`")),
        Err(fault) => return Err(format!("opened after `{error}`: {fault}")),
    }
    Ok(Outcome { what, changed })
}

/// Opens a store. Either it is refused, or it holds what it held.
fn open_and_compare(sample: &Sample, folder: &Path) -> Result<Option<StoreError>, String> {
    match small().open(folder) {
        Ok(store) => {
            let found = content(&store);
            if found == sample.content {
                return Ok(None);
            }
            let different = found.lines().zip(sample.content.lines()).find(|(found, held)| found != held);
            Err(format!("it opened, and is not what it was: {different:?}"))
        }
        Err(error) => Ok(Some(error)),
    }
}

/// A store that opened takes more, and keeps it.
fn goes_on(folder: &Path) -> Result<(), String> {
    let open = || small().open(folder).map_err(|error| format!("it opened once: {error}"));
    let store = open()?;
    block_on(store.enqueue(vec![job(9_999, 500)], at(200_000))).map_err(|error| error.to_string())?;
    let before = content(&store);
    block_on(store.close()).map_err(|error| error.to_string())?;
    if content(&open()?) == before { Ok(()) } else { Err("it went on, and lost something".to_owned()) }
}

/// Names the kind of an error, if it is clear: it says where, what, and what to do.
fn kind(error: &StoreError, folder: &Path) -> Result<&'static str, String> {
    let text = error.to_string();
    let what = match error {
        StoreError::Corrupt { .. } => "Corrupt",
        StoreError::Location { .. } => "Location",
        StoreError::Unavailable { .. } => "Unavailable",
        StoreError::NewerFormat { .. } => "NewerFormat",
        StoreError::InUse { .. } | StoreError::Refused(_) | StoreError::Closed | _ => {
            return Err(format!("refused with `{text}`"));
        }
    };
    let advice =
        ["restore it", "give ", "mend the cause", "open the store again", "restore that file", "upgrade"];
    let clear = text.contains(&*folder.to_string_lossy())
        && text.contains("; ")
        && advice.iter().any(|advice| text.contains(advice))
        && !text.contains("report");
    if clear { Ok(what) } else { Err(format!("it is not said what to do: `{text}`")) }
}

/// A store that was refused is as it was. Sled alone may have changed its own files, if the process was killed.
fn only_sled_changed(sample: &Sample, case: &Case, damaged: &Image, folder: &Path) -> Result<bool, String> {
    let mut left = Image::of(folder);
    // An empty file, and an empty folder.
    for made in ["lock", "blobs"] {
        if !damaged.0.contains_key(made) {
            left.0.remove(made);
        }
    }
    let mut changed = damaged.differences(&left);
    // What is whole says nothing of whose it is, so sled has to find out.
    let strange =
        case.damage.kind() == "forged" || case.file == "conf" && matches!(case.damage, Damage::Replace(..));
    let before_sled = sample.closed && ["db", "conf", "head"].contains(&&*case.file) && !strange;
    if !before_sled {
        changed.retain(|name| name != "db" && !name.starts_with("snap."));
        if sample.closed {
            // It was noted that the store is open.
            changed.retain(|name| name != "head");
        }
    }
    if changed.is_empty() {
        return Ok(damaged.0.get("db") != left.0.get("db"));
    }
    Err(format!("it was refused, and {changed:?} changed"))
}

/// Sled meets some damage with a panic, and what it prints would hide the rest.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = thread::current();
            if thread.name() != Some("boltjobs-commit") {
                eprint!("in {:?}: ", thread.name());
                print(panic);
            }
        }));
    });
}
