//! A journal in sled: how it is written, and how sled is opened again after a write that failed.
//!
//! Sled remembers its first failure and refuses everything from then on, so its database is dropped and opened anew.
//! Our own lock stays held, and whatever had been written must be there: what is in memory goes on from that.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use sled::IVec;

use crate::chunk;
use crate::disk::{FORMAT_KEY, Span, key, seq_of};
use crate::error::{Failure, panic_text};
#[cfg(test)]
use crate::faults::{Faults, Step};
use crate::head::{Head, Left, Slot};
use crate::medium::{Batch, Chunks, Medium};
use crate::reserved::{Reserved, is_only_reserved};

/// Opens the database. A database of sled that was dropped lets go of its lock a moment later, on a thread of its own;
/// as our own lock is taken, such a one is the likely holder, and it is waited for.
pub(crate) fn open_sled(config: &sled::Config) -> sled::Result<sled::Db> {
    remove_unfinished_snapshots(config)?;
    for _ in 0..100 {
        match config.open() {
            Err(error) if is_locked(&error) => thread::sleep(Duration::from_millis(10)),
            opened => return opened,
        }
    }
    config.open()
}

/// Sled makes a snapshot under another name first, as it is opened. One that it could not finish, for want of room or as
/// the process ended, it takes for its newest and calls the database corrupt; without it, it makes a new one.
fn remove_unfinished_snapshots(config: &sled::Config) -> io::Result<()> {
    for file in fs::read_dir(config.get_path())? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

pub(crate) fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// The database. There is none after a write that failed, until it is open again.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) db: Mutex<Option<sled::Db>>,
    #[cfg(test)]
    pub(crate) faults: Arc<Faults>,
}

impl Database {
    fn lock(&self) -> MutexGuard<'_, Option<sled::Db>> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self) -> Result<sled::Db, Failure> {
        self.lock().clone().ok_or_else(|| Failure::Passing("the database is not open again".to_owned()))
    }
}

impl Chunks for Database {
    fn get(&self, key: &[u8]) -> Result<Option<IVec>, Failure> {
        #[cfg(test)]
        self.faults.strike(Step::Read)?;
        let db = self.get()?;
        let found = db.get(key)?;
        if let Some(seq) = seq_of(key) {
            release(&db, seq)?;
        }
        Ok(found.filter(|value| !is_only_reserved(key, value)))
    }
}

/// How often each chunk is asked for, so that sled lets go of others.
const ASKED: usize = 4;

/// How far behind the end of the journal no leaf grows any more, in chunks.
const BEHIND: u64 = 40;

/// Lets sled forget what it has read or written.
///
/// Sled keeps leaves in 256 groups. What is asked for in a group is looked at once there are 64 of it, and then the
/// group keeps what fits, or else the leaf that was asked for last. A journal asks for each leaf of nine chunks a few
/// times, and then never again, so that a group would keep four of them or more, of any size, whatever the cache is set
/// to. If each chunk is asked for four times as it goes by, a group keeps one or two.
pub(crate) fn release(db: &sled::Db, seq: u64) -> sled::Result<()> {
    (0..ASKED).try_for_each(|_| db.get(key(seq)).map(drop))
}

/// A database of sled, with the file `head` beside it.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) db: Arc<Database>,
    /// Opens the database again.
    pub(crate) config: sled::Config,
    /// Our own handle of sled's file: sled's flush promises nothing over a power cut, a sync of the file does. It is
    /// the same for as long as the store is open, so that no failure of the disk goes unnoticed.
    pub(crate) file: File,
    /// Whether a sync failed since the last one that did not.
    pub(crate) unsynced: bool,
    pub(crate) reserved: Reserved,
    pub(crate) head_file: File,
    #[cfg(test)]
    pub(crate) faults: Arc<Faults>,
    /// Held for as long as sled is open, so that two processes never look at one store. Dropped last.
    pub(crate) lock: File,
}

impl Medium for Files {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let db = self.db.get()?;
        self.reserved.before(batch, &db)?;
        #[cfg(test)]
        self.faults.strike(Step::Apply)?;
        apply(&db, batch)?;
        #[cfg(test)]
        self.faults.strike(Step::Flush)?;
        db.flush()?;
        for (key, value) in batch.changes() {
            if let Some(seq) = seq_of(key).filter(|_| value.is_some()) {
                release(&db, seq.saturating_sub(BEHIND))?;
            }
        }
        let synced = self.file.sync_data();
        #[cfg(test)]
        let synced = synced.and_then(|()| self.faults.strike(Step::Sync));
        self.unsynced = synced.is_err();
        Ok(synced?)
    }

    fn chunks(&self) -> Arc<dyn Chunks> {
        Arc::clone(&self.db) as _
    }

    fn is_unsynced(&self) -> bool {
        self.unsynced
    }

    fn note(&mut self, slot: Slot) -> io::Result<()> {
        slot.put(&self.head_file)?;
        #[cfg(test)]
        self.faults.strike(Step::Head)?;
        Ok(())
    }

    fn reopen(&mut self, was: Span, next: Span) -> Result<(), Failure> {
        if !self.let_go_of_sled() {
            return Err(Failure::Passing("threads of sled still hold its file".to_owned()));
        }
        let prepared = self.make_up_for_a_sync();
        // Whatever happens, sled needs its lock.
        self.file.unlock()?;
        prepared?;
        #[cfg(test)]
        self.faults.strike(Step::Open)?;
        let db = open_sled(&self.config)?;
        check(db.iter().map(|pair| Ok(pair?)), was, next)?;
        *self.db.lock() = Some(db);
        Ok(())
    }

    fn close(mut self: Box<Self>, mut head: Head) {
        let free = self.let_go_of_sled();
        let left = self.file.sync_all().and_then(|()| Left::of(&self.file));
        // After a sync that failed nobody knows what is on disk. The next open trusts sled where it could have known.
        if let (true, false, Ok(left)) = (free, self.unsynced, left)
            && let Err(error) =
                head.leave(left, |slot| slot.put(&self.head_file)).and_then(|()| self.head_file.sync_all())
        {
            tracing::warn!(%error, "the store could not note how it was left");
        }
        let Self { file, lock, .. } = *self;
        drop(file);
        drop(lock);
    }
}

impl Files {
    /// Writes the whole file again, as it is, if a sync has failed: the system may take for written what it could not
    /// write, so that no later sync would write it.
    fn make_up_for_a_sync(&mut self) -> io::Result<()> {
        if self.unsynced {
            #[cfg(test)]
            self.faults.strike(Step::Again)?;
            write_again(&self.file)?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Drops the database, and says whether all of it is gone. Then its file is locked by us.
    fn let_go_of_sled(&mut self) -> bool {
        let db = self.db.lock().take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(db))) {
            tracing::error!(reason = panic_text(&*panic), "sled panicked while it was closed");
        }
        // Threads of sled may hold the file for a moment longer. If one never lets go, nobody shall hang for it.
        (0..1_000).any(|_| {
            let free = self.file.try_lock().is_ok();
            if !free {
                thread::sleep(Duration::from_millis(1));
            }
            free
        })
    }
}

/// Hands changes to sled. It writes and syncs the beginning of a batch for itself, so what can do without one does.
fn apply(db: &sled::Db, changes: &Batch) -> sled::Result<()> {
    for part in changes.parts() {
        if let [(key, Some(value))] = part {
            db.insert(key, value)?;
            continue;
        }
        let mut batch = sled::Batch::default();
        for (key, value) in part {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        db.apply_batch(batch)?;
    }
    Ok(())
}

/// Writes and syncs a file as it is.
pub(crate) fn write_again(mut file: &File) -> io::Result<()> {
    let (mut place, mut buffer) = (0, vec![0; 1 << 18]);
    loop {
        file.seek(SeekFrom::Start(place))?;
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return file.sync_all();
        }
        file.seek(SeekFrom::Start(place))?;
        file.write_all(&buffer[..read])?;
        place += read as u64;
    }
}

/// Compares the journal with what it was before a write (`was`) that would have made it `next`.
pub(crate) fn check(
    pairs: impl Iterator<Item = Result<(IVec, IVec), Failure>>,
    was: Span,
    next: Span,
) -> Result<(), Failure> {
    let (mut expected, mut crc) = (next.oldest, None);
    for pair in pairs {
        let (key, value) = pair?;
        if *key == *FORMAT_KEY || is_only_reserved(&key, &value) {
            continue;
        }
        let seq = seq_of(&key).filter(|seq| (was.oldest..next.next).contains(seq));
        let seq = seq.ok_or_else(|| lost("it holds what was never written"))?;
        if !(next.oldest..was.next).contains(&seq) {
            // The write that failed removes it, or puts it there.
            continue;
        }
        let damaged = || lost(&format!("chunk {expected} is missing or damaged"));
        let (header, sum, _) = chunk::read(&value).map_err(|_| damaged())?;
        if seq != expected || header.seq != seq || crc.is_some_and(|crc| crc != header.previous) {
            return Err(damaged());
        }
        (expected, crc) = (seq + 1, Some(sum));
    }
    if expected < was.next || crc.is_some_and(|crc| crc != was.crc) {
        return Err(lost(&format!("the journal ends before chunk {expected}, or with another one")));
    }
    Ok(())
}

fn lost(what: &str) -> Failure {
    Failure::Lasting(format!("after a write that failed the journal is not what it was: {what}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::SledOptions;
    use crate::chunk::{HEADER, Header, seal};
    use crate::disk::key;

    /// A database with chunks of these numbers, and the span of the ones from `oldest` up to `next`.
    fn journal(oldest: u64, next: u64, changed: Option<u64>) -> (sled::Db, Span) {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let mut crc = 7;
        for seq in oldest..next {
            let mut bytes = vec![0; HEADER];
            let previous = if changed == Some(seq) { crc + 1 } else { crc };
            crc = seal(&mut bytes, Header { flags: 1, seq, group: seq, oldest, previous, count: 0 });
            db.insert(key(seq), bytes).unwrap();
        }
        (db, Span { oldest, next, crc, bytes: 0 })
    }

    fn check_db(db: &sled::Db, was: Span, next: Span) -> Result<(), Failure> {
        check(db.iter().map(|pair| Ok(pair?)), was, next)
    }

    #[test]
    fn a_journal_that_is_not_what_it_was_is_refused() {
        let (db, was) = journal(3, 9, None);
        let next = Span { oldest: 5, next: 11, ..was };
        check_db(&db, was, was).unwrap();
        check_db(&db, was, next).unwrap();
        // What the write removes may be gone, and what it adds may be there, all of it or some.
        db.remove(key(4)).unwrap();
        db.insert(key(10), b"any").unwrap();
        check_db(&db, was, next).unwrap();
        check_db(&db, was, was).unwrap_err();
        db.insert(key(11), b"any").unwrap();
        check_db(&db, was, next).unwrap_err();
        db.remove(key(11)).unwrap();
        for gone in 5..9 {
            let chunk = db.remove(key(gone)).unwrap().unwrap();
            assert!(check_db(&db, was, next).is_err(), "{gone}");
            db.insert(key(gone), chunk).unwrap();
        }
        check_db(&db, Span { crc: was.crc ^ 1, ..was }, next).unwrap_err();
        db.insert(b"theirs", b"any").unwrap();
        check_db(&db, was, next).unwrap_err();
        for changed in 4..9 {
            let (db, was) = journal(3, 9, Some(changed));
            assert!(check_db(&db, was, was).is_err(), "{changed}");
        }
    }

    #[test]
    fn a_store_that_has_lost_a_chunk_does_not_go_on() {
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            drop(SledOptions::new().open(directory.path()).unwrap());
        }
        let (_, mut disk) = crate::open::open(directory.path(), &SledOptions::new()).unwrap();
        disk.reopen(None).unwrap();
        let mut without = Batch::default();
        without.remove(&key(2));
        disk.medium.write(&without).unwrap();
        let failure = disk.reopen(None).unwrap_err();
        let Failure::Lasting(reason) = failure else { panic!("{failure:?}") };
        assert!(reason.contains("chunk 2 is missing or damaged"), "{reason}");
    }

    #[test]
    fn a_snapshot_that_sled_could_not_finish_is_in_nobodys_way() {
        let directory = tempfile::tempdir().unwrap();
        drop(SledOptions::new().open(directory.path()).unwrap());
        let unfinished = directory.path().join("snap.7FFFFFFFFFFFFFFF.generating");
        fs::write(&unfinished, b"").unwrap();
        drop(SledOptions::new().open(directory.path()).unwrap());
        assert!(!unfinished.exists());
    }

    #[test]
    fn a_file_that_is_written_again_is_the_same() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..600_000_u32).map(|at| at.to_le_bytes()[at as usize % 3]).collect();
        file.write_all(&bytes).unwrap();
        write_again(&file).unwrap();
        let mut again = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut again).unwrap();
        assert!(again == bytes);
    }
}
