//! The store that is checked in for each released format, and what is in it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use boltjobs_core::engine::Entry;
use boltjobs_core::store::{DocumentQuery, Store};
use boltjobs_core::throughput::Window;
use boltjobs_sled::SledStore;
use common::filled::fill;
use common::{all_jobs, at, copy, open_theirs, small};
use pollster::block_on;
use tempfile::tempdir;

/// Where the checked-in store of a format is.
fn fixture(format: u32) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("format-{format}"))
}

#[test]
fn a_store_of_each_released_format_opens_with_everything_in_it() {
    let (opened, made) = (copy(&fixture(1)), tempdir().unwrap());
    let opened = SledStore::open(opened.path()).unwrap();
    let made = small().open(made.path()).unwrap();
    fill(&made);
    assert_eq!(all_jobs(&opened), all_jobs(&made));
    assert_eq!(block_on(opened.recurring_jobs()), block_on(made.recurring_jobs()));
    let batches = |store: &SledStore| block_on(store.batches(None, usize::MAX)).unwrap();
    assert_eq!(batches(&opened), batches(&made));
    assert_eq!(block_on(opened.queues(at(110_101))), block_on(made.queues(at(110_101))));
    let notes = |store: &SledStore| block_on(store.notes(common::id(20))).unwrap();
    assert_eq!(notes(&opened), notes(&made));
    assert!(notes(&opened).is_some());
    let counts = (all_jobs(&opened).len(), batches(&opened).len());
    assert_eq!(counts, (13, 2), "it holds less than it did");
    let all = DocumentQuery { limit: 9, ..DocumentQuery::default() };
    let documents = |store: &SledStore| block_on(store.documents(all.clone())).unwrap();
    assert_eq!(documents(&opened), documents(&made));
    assert_eq!(documents(&opened).len(), 1);
    let days = Window { until: at(810_000), step: Duration::from_hours(24), steps: 20 };
    let counted = |store: &SledStore| block_on(store.throughput(days)).unwrap();
    assert_eq!(counted(&opened), counted(&made));
    assert_eq!(counted(&opened).total().enqueued, 1, "the others were a week ago");
}

/// A format that no store was checked in for could change unseen.
#[test]
fn the_store_of_this_format_has_an_entry_of_each_kind() {
    let made = tempdir().unwrap();
    let store = small().open(made.path()).unwrap();
    fill(&store);
    block_on(store.close()).unwrap();
    let kinds = kinds(made.path());
    let format = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md")).unwrap();
    let rows = format.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | `"));
    let written: BTreeSet<u8> = rows.filter_map(|(number, _)| number.parse().ok()).collect();
    // A job and what it noted are written whole together, and only by compaction.
    let written: BTreeSet<u8> = written.into_iter().filter(|kind| *kind != 19).collect();
    assert_eq!(kinds, written, "the entries that were written, and the variants that FORMAT.md lists");
}

/// The bytes of the header of a chunk, and the flags of one that holds a piece of an entry.
const HEADER: usize = 40;
const PIECE: u8 = 2 | 4;

/// Returns the variants of the entries that are whole in a chunk.
fn kinds(path: &Path) -> BTreeSet<u8> {
    let mut kinds = BTreeSet::new();
    for chunk in open_theirs(path).iter().values() {
        let chunk = chunk.unwrap();
        // The mark of the database is no chunk.
        let Some((header, body)) = chunk.split_at_checked(HEADER) else { continue };
        let mut rest = if header[2] & PIECE == 0 { body } else { &[] };
        while let Some(kind) = rest.first() {
            kinds.insert(*kind);
            let (_, length): (Entry, _) =
                bincode::serde::decode_from_slice(rest, bincode::config::standard()).unwrap();
            rest = &rest[length..];
        }
    }
    kinds
}

/// Makes the store that is checked in. To be run once for each format, by its release.
#[test]
#[ignore = "writes into the source tree"]
fn make_the_store_of_this_format() {
    fs::create_dir_all(fixture(1).parent().unwrap()).unwrap();
    let store = small().open(fixture(1)).unwrap();
    fill(&store);
    block_on(store.close()).unwrap();
}
