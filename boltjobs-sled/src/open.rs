//! From a path to a store, or to an error that says what is wrong.
//!
//! What can be found without sled is found before sled, which may change the files of a damaged database, opens it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use boltjobs_core::Timestamp;
use boltjobs_core::engine::Engine;
use boltjobs_core::store::StoreError;
use boltjobs_core::watch::Watchers;
use sled::IVec;

use crate::archive::Records;
use crate::chunk::FORMAT;
use crate::committer::{Phase, Rest, Shared, State};
use crate::disk::{Disk, FORMAT_KEY, seq_of};
use crate::error::{Failure, corrupt, explain, in_use, location, newer, no_store, panic_text, unavailable};
#[cfg(test)]
use crate::faults::Faults;
use crate::files::{Database, Files, is_locked, open_sled, release, write_again};
use crate::gate::Gate;
use crate::group::Group;
use crate::head::{self, Head, Left};
use crate::medium::Medium;
use crate::options::SledOptions;
use crate::replay::{Broken, Replayed, replay};
use crate::reserved::{Reserved, is_only_reserved};
use crate::stats::Counters;

/// Our own lock, taken before anything is looked at.
const LOCK: &str = "lock";
/// The file of sled that holds the data.
const DATA: &str = "db";
/// The file of sled that holds its settings.
const SETTINGS: &str = "conf";

/// Opens a store. Its first group, which counts the boot, is durable.
pub(crate) fn open(path: &Path, options: &SledOptions) -> Result<(Shared, Disk), StoreError> {
    if !(64 << 10..=16 << 20).contains(&options.segment_size) || !options.segment_size.is_power_of_two() {
        return Err(no_store(path, "the segment size must be a power of two from 64 KiB to 16 MiB"));
    }
    let lock = prepare(path)?;
    let (head_file, mut head) = read_head(path)?;
    let segment_size = segment_size(path, head)?.unwrap_or(options.segment_size);
    // What was closed left word of it, and what is new has nothing to suspect.
    let crashed = head.left.is_none();
    take_over(path, &mut head, &head_file)?;
    make_up_for_a_sync(path, head)?;
    let config = sled::Config::new()
        .path(path)
        .segment_size(segment_size)
        .cache_capacity(options.cache)
        // Its own thread also drives its garbage collection.
        .flush_every_ms(Some(500))
        .use_compression(false);
    #[cfg(test)]
    let faults = Arc::<Faults>::default();
    let (db, records, replayed) = guarded(path, || {
        let db = open_sled(&config).map_err(|error| explain_open(path, &error))?;
        let database = Arc::new(Database {
            db: Mutex::new(Some(db.clone())),
            #[cfg(test)]
            faults: Arc::clone(&faults),
        });
        let records = Records::new(Arc::clone(&database) as _, location(path));
        let replayed = replay_all(path, &db, head, records.engine(options.memory))?;
        Ok((database, records, replayed))
    })?;
    let fail = |error: io::Error| unavailable(&location(path), &then_open(&explain(&error)));
    let file = OpenOptions::new().read(true).write(true).open(path.join(DATA)).map_err(fail)?;
    sync_names(path).map_err(fail)?;
    let files = Files {
        db,
        config,
        file,
        unsynced: false,
        reserved: Reserved::default(),
        head_file,
        #[cfg(test)]
        faults: Arc::clone(&faults),
        lock,
    };
    let found = Found {
        location: location(path),
        medium: Box::new(files),
        head,
        replayed,
        records: Some(records),
        crashed,
        chunk_limit: chunk_limit(segment_size),
    };
    let (shared, disk) = begin(found, options)?;
    #[cfg(test)]
    let shared = Shared { faults, ..shared };
    Ok((shared, disk))
}

/// What was found where a store is kept.
pub(crate) struct Found {
    pub(crate) location: String,
    pub(crate) medium: Box<dyn Medium>,
    pub(crate) head: Head,
    pub(crate) replayed: Replayed,
    /// Where records are read ahead, if they are.
    pub(crate) records: Option<Arc<Records>>,
    /// Whether it was not closed.
    pub(crate) crashed: bool,
    /// The most bytes of a chunk.
    pub(crate) chunk_limit: usize,
}

/// Begins to work with what was found.
pub(crate) fn begin(found: Found, options: &SledOptions) -> Result<(Shared, Disk), StoreError> {
    let Found { location, medium, head, replayed, records: ahead, crashed, chunk_limit } = found;
    let Replayed { engine, span, records, torn } = replayed;
    let counters = Arc::new(Counters::new());
    let (floor, asked) = (options.compaction_floor, span.next);
    let mut disk = Disk { medium, head, span, records, torn, floor, asked, counters: Arc::clone(&counters) };
    let mut state = State {
        phase: Phase::Running,
        stalled: None,
        engine,
        open: Group::new(chunk_limit, span.next),
        flight: None,
        busy: None,
        rest: Rest::Busy,
    };
    if crashed {
        state.engine.suspect_all();
    }
    boot(&mut state, &mut disk)
        .map_err(|failure| unavailable(&location, &then_open(&failure.into_reason())))?;
    let shared = Shared {
        state: Mutex::new(state),
        work: Condvar::new(),
        watchers: Watchers::default(),
        records: ahead,
        location,
        durability: options.durability,
        counters,
        closed: Arc::<Gate>::default(),
        #[cfg(feature = "simulation")]
        waker: Mutex::default(),
        #[cfg(test)]
        faults: Arc::default(),
    };
    Ok((shared, disk))
}

/// What was tried is tried again by whoever opens the store.
fn then_open(reason: &str) -> String {
    format!("{reason}, then open the store again")
}

/// A leaf of sled holds nine chunks, 22 at the very most after merges, and one larger than a quarter of a segment goes
/// to a file that is never synced.
fn chunk_limit(segment_size: usize) -> usize {
    (segment_size / 128).min(16 << 10)
}

/// Epochs of this boot are above all earlier ones, so it must be durable before the first claim.
fn boot(state: &mut State, disk: &mut Disk) -> Result<(), Failure> {
    let State { engine, open, .. } = state;
    engine.at(Timestamp::EPOCH, open).boot();
    let mut group = disk.place(&mut open.take(), None)?;
    disk.write(&mut group)?;
    let unpublished = engine.take_unpublished();
    // Nobody watches yet.
    drop(engine.publish(unpublished));
    Ok(())
}

/// Makes the directory and takes our lock on it.
fn prepare(path: &Path) -> Result<File, StoreError> {
    let fail = |error: &io::Error| no_store(path, explain(error));
    if fs::metadata(path).is_ok_and(|found| !found.is_dir()) {
        return Err(no_store(path, "it is a file; give the path of a directory"));
    }
    if !path.exists() {
        fs::create_dir_all(path).map_err(|error| fail(&error))?;
        // The name of a new directory is in its parent.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or(Path::new("."))).map_err(|error| fail(&error))?;
    }
    if path.join(DATA).exists() && !path.join(head::NAME).exists() {
        let reason = "it holds a sled database without the file `head` of boltjobs; give another directory, or \
                      restore that file if the database is a store";
        return Err(no_store(path, reason));
    }
    let mut options = OpenOptions::new();
    let lock = options.create(true).truncate(false).write(true).open(path.join(LOCK));
    let lock = lock.map_err(|error| fail(&error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(in_use(path)),
        Err(fs::TryLockError::Error(error)) => Err(fail(&error)),
    }
}

/// Reads how far the journal is known to have come. A new store gets its head before anything else.
fn read_head(path: &Path) -> Result<(File, Head), StoreError> {
    let fail = |error: io::Error| no_store(path, explain(&error));
    let name = path.join(head::NAME);
    if !name.exists() {
        let mut options = OpenOptions::new();
        let file = options.create_new(true).read(true).write(true).open(&name).map_err(fail)?;
        let mut head = Head::default();
        for _ in 0..2 {
            head.advance(0, 0, |slot| slot.put(&file)).map_err(fail)?;
        }
        file.sync_all().and_then(|()| sync_directory(path)).map_err(fail)?;
        return Ok((file, head));
    }
    let file = OpenOptions::new().read(true).write(true).open(&name).map_err(fail)?;
    let Some(head) = Head::read(&file).map_err(fail)? else {
        // Made, and cut off before it was written: nothing else can be there yet.
        if file.metadata().map_err(fail)?.len() == 0 && !path.join(DATA).exists() {
            drop(file);
            fs::remove_file(&name).map_err(fail)?;
            return read_head(path);
        }
        return Err(corrupt(path, "the file `head` is damaged"));
    };
    if head.format > u32::from(FORMAT) {
        return Err(newer(path, head.format));
    }
    Ok((file, head))
}

/// Returns the segment size with which the store was made, or none when it is new.
fn segment_size(path: &Path, head: Head) -> Result<Option<usize>, StoreError> {
    let settings = match fs::read(path.join(SETTINGS)) {
        Ok(settings) => settings,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(no_store(path, explain(&error))),
    };
    let data = fs::metadata(path.join(DATA)).map_or(0, |data| data.len());
    if head.last > 0 && data == 0 {
        return Err(corrupt(path, "the file `db` is missing or empty"));
    }
    let Some((text, crc)) = settings.split_last_chunk::<4>().filter(|(text, _)| !text.is_empty()) else {
        let made = head.last > 0 || data > 0;
        return if made { Err(corrupt(path, "the file `conf` is missing")) } else { Ok(None) };
    };
    let damaged = || corrupt(path, "the file `conf` is damaged");
    // Sled goes on after a mere warning, and would read the data in the wrong units.
    if u32::from_le_bytes(*crc) != crc32fast::hash(text) {
        return Err(damaged());
    }
    let text = std::str::from_utf8(text).map_err(|_| damaged())?;
    let size = text.lines().find_map(|line| line.strip_prefix("segment_size: ")?.parse().ok());
    size.map(Some).ok_or_else(damaged)
}

/// Compares the file of sled with what it was when the store was closed, and forgets that before sled changes it:
/// an open that is cut off must not look like damage to the next one.
fn take_over(path: &Path, head: &mut Head, head_file: &File) -> Result<(), StoreError> {
    let Some(left) = head.left else { return Ok(()) };
    let fail = |error: io::Error| no_store(path, explain(&error));
    let found = Left::of(&File::open(path.join(DATA)).map_err(fail)?).map_err(fail)?;
    if found != left {
        return Err(corrupt(path, "the file `db` is not as it was left"));
    }
    let (last, crc) = (head.last, head.crc);
    let forgotten = head.advance(last, crc, |slot| slot.put(head_file));
    forgotten.and_then(|()| head_file.sync_all()).map_err(fail)
}

/// Writes the file of sled again if the process before could not make up for a sync that failed: the system may show
/// what is not on disk, and no later sync would write it.
fn make_up_for_a_sync(path: &Path, head: Head) -> Result<(), StoreError> {
    if !head.unsynced {
        return Ok(());
    }
    let fail = |error: io::Error| unavailable(&location(path), &then_open(&explain(&error)));
    let file = OpenOptions::new().read(true).write(true).open(path.join(DATA)).map_err(fail)?;
    write_again(&file).map_err(fail)
}

/// Reads every key. All of them are ours, or the database is not.
fn replay_all(path: &Path, db: &sled::Db, head: Head, engine: Engine) -> Result<Replayed, StoreError> {
    let format = db.get(FORMAT_KEY).map_err(|error| explain_open(path, &error))?;
    let format = format.and_then(|bytes| Some(u32::from_le_bytes(bytes.as_ref().try_into().ok()?)));
    if let Some(format) = format.filter(|format| *format > u32::from(FORMAT)) {
        return Err(newer(path, format));
    }
    let only_reserved = |(key, value): &(IVec, IVec)| is_only_reserved(key, value);
    if format.is_none() && (head.last > 0 || !db.iter().all(|pair| pair.as_ref().is_ok_and(only_reserved))) {
        return Err(corrupt(path, "the record of its format is missing"));
    }
    let mut fault = None;
    let chunks = db.iter().filter_map(|pair| match pair {
        Ok((key, value)) if *key == *FORMAT_KEY || is_only_reserved(&key, &value) => None,
        Ok((key, value)) => match seq_of(&key) {
            Some(seq) => Some(release(db, seq).map(|()| (seq, value)).map_err(|error| error.to_string())),
            None => Some(Err("it holds a key that boltjobs did not write".to_owned())),
        },
        Err(error) => {
            let text = error.to_string();
            fault = Some(explain_open(path, &error));
            Some(Err(text))
        }
    });
    let replayed = replay(chunks, head, engine);
    replayed.map_err(|broken| match (fault, broken) {
        (Some(fault), _) => fault,
        (None, Broken::Newer(format)) => newer(path, format),
        (None, Broken::Damaged(reason)) => corrupt(path, reason),
        (None, Broken::Unread(error)) => error,
    })
}

/// Turns a panic of sled, which is how it meets some damage, into an error.
///
/// The panic hook is left alone, for it belongs to the whole process: what it prints names this thread.
fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(corrupt(path, format!("sled panicked: {}", panic_text(&*panic)))))
}

fn explain_open(path: &Path, error: &sled::Error) -> StoreError {
    match error {
        locked if is_locked(locked) => in_use(path),
        sled::Error::Io(error) => unavailable(&location(path), &then_open(&explain(error))),
        sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Corruption { .. } => corrupt(path, error.to_string()),
    }
}

/// Makes the names of the files durable, and the settings, which sled does not sync.
fn sync_names(path: &Path) -> io::Result<()> {
    File::open(path.join(SETTINGS))?.sync_all()?;
    sync_directory(path)
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Elsewhere a directory can't be opened; its names are durable when the file system says so.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SledStore;

    #[test]
    fn an_open_that_is_cut_off_does_not_look_like_damage() {
        let directory = tempfile::tempdir().unwrap();
        drop(SledStore::open(directory.path()).unwrap());
        let (file, mut head) = read_head(directory.path()).unwrap();
        assert!(head.left.is_some());
        take_over(directory.path(), &mut head, &file).unwrap();
        // Sled changes its file, and the process ends before anything is noted.
        drop(
            sled::Config::new()
                .path(directory.path())
                .segment_size(SledOptions::new().segment_size)
                .open()
                .unwrap()
                .insert("Mformat", &[1, 0, 0, 0]),
        );
        SledStore::open(directory.path()).unwrap();
    }
}
