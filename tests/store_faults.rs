//! Folders on which no server can start. Each is refused with its path and the way to mend it, and left as it was.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use boltjobs::prelude::*;
use boltjobs::{Client, Error, Server, StoreError};
use boltjobs_tests::{Child, Seed, patiently, role, say};
use tempfile::{TempDir, tempdir};

const HELD: &str = "BOLTJOBS_HELD_STORE";

/// How many jobs a sample has.
const JOBS: u64 = 200;

/// Is never run here.
#[request]
#[derive(Debug)]
pub struct Note {
    number: u64,
}

#[handler]
async fn note(_: Note) {}

/// Starts a server that only enqueues.
async fn start(folder: &Path) -> boltjobs::Result<Server> {
    boltjobs::builder().store(format!("sled:{}", folder.display())).workers(0).start().await
}

async fn fill(client: &Client) {
    let jobs = async {
        for number in 0..JOBS / 10 {
            Note::enqueue_all((0..10).map(|_| Note { number })).await.unwrap();
        }
    };
    client.scope(jobs).await.unwrap();
}

/// A store with jobs, whose server was shut down.
async fn closed() -> TempDir {
    let folder = tempdir().unwrap();
    let server = start(folder.path()).await.unwrap();
    fill(&server.client()).await;
    server.shutdown().await.unwrap();
    folder
}

/// A store with jobs, as a process leaves it that is killed.
async fn killed() -> TempDir {
    let (folder, copied) = (tempdir().unwrap(), tempdir().unwrap());
    let server = start(folder.path()).await.unwrap();
    fill(&server.client()).await;
    copy(folder.path(), copied.path());
    server.shutdown().await.unwrap();
    copied
}

fn copy(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        fs::write(to.join(name), bytes).unwrap();
    }
}

/// The files of a folder, by their names.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect()
}

/// Inverts the lowest bit of a byte.
fn flip(file: &Path, at: impl FnOnce(usize) -> usize) {
    let mut bytes = fs::read(file).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// Makes a store look as if a later release had written it.
fn age(folder: &Path, format: u32) {
    let path = folder.join("head");
    let mut head = fs::read(&path).unwrap();
    for slot in [0, 4_096] {
        head[slot + 8..slot + 12].copy_from_slice(&format.to_le_bytes());
        let checksum = crc32fast::hash(&head[slot..slot + 44]);
        head[slot + 44..slot + 48].copy_from_slice(&checksum.to_le_bytes());
    }
    fs::write(path, head).unwrap();
}

/// Makes a database that is none of ours.
fn foreign(folder: &Path) {
    let theirs = sled::Config::new().path(folder).segment_size(64 << 10).open().unwrap();
    theirs.insert("theirs", "precious").unwrap();
}

/// Starts on a folder that no server can use, and returns why not. All that lies beside it stays as it was.
async fn refusal(folder: &Path) -> StoreError {
    let kept = if folder.is_dir() { folder } else { folder.ancestors().find(|path| path.is_dir()).unwrap() };
    // The kernel's own folders are neither ours to read nor to compare.
    let before = (!kept.starts_with("/proc")).then(|| files(kept));
    let refused = patiently(start(folder)).await;
    let error = refused.map(drop).expect_err("there is no store that could be opened");
    let Error::Store(error) = error else { panic!("it is no fault of the program: {error}") };
    assert!(before.is_none_or(|before| before == files(kept)), "{error}: files were changed");
    assert!(error.to_string().contains(&*folder.to_string_lossy()), "{error}");
    error
}

#[tokio::test]
async fn what_is_wrong_with_a_folder_is_said_with_its_path_and_the_way_to_mend_it() {
    let place = tempdir().unwrap();
    let file = place.path().join("notes.txt");
    fs::write(&file, "mine").unwrap();
    let (damaged, unsettled, headless, newer) =
        (closed().await, closed().await, closed().await, closed().await);
    flip(&damaged.path().join("db"), |length| length / 2);
    flip(&unsettled.path().join("conf"), |length| length / 2);
    fs::write(headless.path().join("head"), "scribble").unwrap();
    age(newer.path(), 7);
    let theirs = tempdir().unwrap();
    foreign(theirs.path());

    let mut said = String::new();
    for (what, folder) in [
        ("a file", file.as_path()),
        ("below a file", &file.join("jobs")),
        ("data changed", damaged.path()),
        ("settings changed", unsettled.path()),
        ("head overwritten", headless.path()),
        ("a later release", newer.path()),
        ("another program", theirs.path()),
    ] {
        let text = refusal(folder).await.to_string();
        said += &format!("{what}: {}\n", text.replace(&*folder.to_string_lossy(), "<folder>"));
    }
    assert_eq!(
        said,
        "\
a file: can't open the store `sled:<folder>`: it is a file; give the path of a directory
below a file: can't open the store `sled:<folder>`: a part of its path is a file; give the path of a directory
data changed: the store `sled:<folder>` is damaged: the file `db` is not as it was left; \
restore it from a backup, or move it away and start anew
settings changed: the store `sled:<folder>` is damaged: the file `conf` is damaged; \
restore it from a backup, or move it away and start anew
head overwritten: the store `sled:<folder>` is damaged: the file `head` is damaged; \
restore it from a backup, or move it away and start anew
a later release: the store `sled:<folder>` has format 7, and this release reads up to 1; \
upgrade boltjobs, or open another store
another program: can't open the store `sled:<folder>`: \
it holds a sled database without the file `head` of boltjobs; \
give another directory, or restore that file if the database is a store
"
    );
    let theirs = sled::Config::new().path(theirs.path()).segment_size(64 << 10).open().unwrap();
    assert_eq!(theirs.get("theirs").unwrap().unwrap(), "precious");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_place_where_nothing_can_be_made_is_refused() {
    let error = refusal(Path::new("/proc/boltjobs-data")).await;
    assert!(matches!(error, StoreError::Location { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_that_another_process_works_on_is_refused_and_goes_on_working() {
    let test = "a_folder_that_another_process_works_on_is_refused_and_goes_on_working";
    if role().is_some() {
        return hold().await;
    }
    let folder = tempdir().unwrap();
    let mut holder = Child::of(test, "holds", |command| command.env(HELD, folder.path()));
    holder.expect("held");
    let Err(Error::Store(error)) = start(folder.path()).await else { panic!("two processes have it") };
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    let text = error.to_string();
    let place = folder.path().to_string_lossy();
    for part in [&*place, "in use by another process", "stop that process", "a directory of its own"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    // It is free as soon as that process is gone, however it went, and holds what that one was told last.
    holder.proceed();
    holder.expect("enqueued");
    holder.kill();
    let server = start(folder.path()).await.unwrap();
    assert_eq!(server.client().stats().await.unwrap().enqueued, JOBS);
    server.shutdown().await.unwrap();
}

/// Holds a folder, and works on it once it is told to.
async fn hold() {
    let server = start(Path::new(&std::env::var_os(HELD).unwrap())).await.unwrap();
    say("held");
    boltjobs_tests::proceed().await;
    fill(&server.client()).await;
    say("enqueued");
    std::future::pending().await
}

#[tokio::test]
async fn damage_of_a_killed_store_is_refused_or_harmless_and_never_a_panic() {
    let sample = killed().await;
    let mut seed = Seed::new();
    let mut refused = 0;
    let length = usize::try_from(fs::metadata(sample.path().join("db")).unwrap().len()).unwrap();
    for round in 0..18 {
        let folder = tempdir().unwrap();
        copy(sample.path(), folder.path());
        // Most of the file is empty still; the beginning is not.
        let at = seed.0.usize(..if round % 4 == 0 { length } else { length.min(16 << 10) });
        let db = folder.path().join("db");
        if round % 3 == 0 {
            fs::OpenOptions::new().write(true).open(db).unwrap().set_len(at as u64).unwrap();
        } else {
            flip(&db, |_| at);
        }
        match start(folder.path()).await {
            Ok(server) => {
                assert_eq!(server.client().stats().await.unwrap().enqueued, JOBS, "byte {at}");
                server.shutdown().await.unwrap();
            }
            Err(Error::Store(error @ StoreError::Corrupt { .. })) => {
                let text = error.to_string();
                assert!(
                    text.contains(&*folder.path().to_string_lossy()) && text.contains("backup"),
                    "byte {at}: {text}"
                );
                refused += 1;
            }
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    assert!(refused > 4, "only {refused} met anything that counts");
}

#[tokio::test]
async fn what_lies_beside_a_new_store_stays_as_it_is() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("photo.jpg"), "a cat").unwrap();
    start(folder.path()).await.unwrap().shutdown().await.unwrap();
    assert_eq!(files(folder.path())[Path::new("photo.jpg")], b"a cat");
}
