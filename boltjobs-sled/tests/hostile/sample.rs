//! Stores to be damaged, and what is in them.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::store::{Retention, Store};
use boltjobs_sled::{SledOptions, SledStore};
use pollster::block_on;

use crate::common::filled::fill;
use crate::common::{all_jobs, at, job, run, small};
use crate::image::Image;

/// Tells a child where to fill a store, and die.
const DIRECTORY: &str = "BOLTJOBS_HOSTILE_TEST_DIRECTORY";

/// A store, and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) image: Image,
    /// All that can be read from it.
    pub(crate) content: String,
    /// Whether it was closed; if not, its process was killed.
    pub(crate) closed: bool,
    /// The same store, closed and open, before the latest jobs.
    pub(crate) earlier: [Image; 2],
}

impl Sample {
    /// A store that was closed.
    pub(crate) fn closed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, earlier) = filled(folder.path());
        let content = content(&store);
        block_on(store.close()).unwrap();
        Self { name: "closed", image: Image::of(folder.path()), content, closed: true, earlier }
    }

    /// The same one, open.
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, earlier) = filled(folder.path());
        let image = Image::of(folder.path());
        Self { name: "open", image, content: content(&store), closed: false, earlier }
    }

    /// The same one, whose process died after the last answer.
    pub(crate) fn killed(test: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", test]).env(DIRECTORY, &path).output().unwrap();
        assert!(!child.status.success() && path.join("db").exists(), "{child:?}");
        let image = Image::of(&path);
        let content = content(&small().open(&path).unwrap());
        Self { name: "killed", image, content, closed: false, earlier: [Image::default(), Image::default()] }
    }
}

/// The files of a store with other jobs, and larger segments.
pub(crate) fn stranger() -> Image {
    let folder = tempfile::tempdir().unwrap();
    let open = || SledOptions::new().segment_size(256 << 10).open(folder.path()).unwrap();
    block_on(open().enqueue((0..300).map(|number| job(number, 2_000)).collect(), at(0))).unwrap();
    block_on(open().enqueue((300..310).map(|number| job(number, 2_000)).collect(), at(0))).unwrap();
    Image::of(folder.path())
}

/// Is the child, if this process is one.
pub(crate) fn be_killed() {
    if let Some(folder) = std::env::var_os(DIRECTORY) {
        let _filled = filled(Path::new(&folder));
        std::process::abort();
    }
}

/// Makes a store with one of each, over many groups and a few compactions.
fn filled(path: &Path) -> (SledStore, [Image; 2]) {
    let store = small().open(path).unwrap();
    fill(&store);
    block_on(store.close()).unwrap();
    let closed = Image::of(path);
    // Sled makes its index when it opens what is there.
    let store = small().open(path).unwrap();
    let open = Image::of(path);
    let retention = Retention::default().succeeded(Duration::from_secs(5)).batches(Duration::from_hours(99));
    for round in 0..80_u64 {
        let seconds = 120_000 + round.cast_signed();
        block_on(store.enqueue(vec![job(2_000 + round, 300), job(3_000 + round, 20)], at(seconds))).unwrap();
        if round % 8 > 0 {
            run(&store, 2, seconds);
        }
        block_on(store.expire(retention, at(seconds))).unwrap();
    }
    block_on(store.enqueue(vec![job(4_000, 3_000)], at(120_100))).unwrap();
    let stats = store.stats();
    assert!(stats.dropped > 20 && stats.journal_bytes > 8_000, "{stats:?}");
    (store, [closed, open])
}

/// When it is looked at.
const LATER: Timestamp = Timestamp::from_micros(1_700_000_000_000_000 + 130_000_000_000);

/// Returns all that can be read from a store.
pub(crate) fn content(store: &SledStore) -> String {
    let mut content = String::new();
    for job in all_jobs(store) {
        let (notes, why) =
            (block_on(store.notes(job.id)).unwrap(), block_on(store.explain(job.id, LATER)).unwrap());
        writeln!(content, "{job:?} {notes:?} {why:?}").unwrap();
    }
    let (batches, recurring) = (block_on(store.batches(None, usize::MAX)), block_on(store.recurring_jobs()));
    writeln!(content, "{batches:?}\n{recurring:?}").unwrap();
    writeln!(content, "{:?}\n{:?}", block_on(store.queues(LATER)), block_on(store.counts())).unwrap();
    content
}
