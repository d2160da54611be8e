//! What a running job has noted and is not written yet.
//!
//! Progress and lines of the log come faster than any store could write them. They wait here, the latest word and a
//! bounded log, until the [service](crate::services::noting) writes those of all running jobs at once, or until the
//! attempt ends and they go before its outcome.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boltjobs_core::job::Lease;
use boltjobs_core::notes::{BARS, Bar, Log, LogLine, Note, Progress};
use boltjobs_core::store::Record;
use tokio::sync::{Mutex as Turnstile, MutexGuard as Turn, Notify};

/// The notes of one attempt.
#[derive(Debug)]
pub(crate) struct Notebook {
    state: AtomicU8,
    page: Mutex<Page>,
    /// Passed by whoever writes: what is on its way must not be overtaken by the end of the attempt.
    writing: Turnstile<()>,
    /// Wakes the service.
    noted: Arc<Notify>,
}

const UNUSED: u8 = 0;
const WRITTEN: u8 = 1;
const NOTED: u8 = 2;

/// What is not written yet.
#[derive(Debug, Default)]
struct Page {
    progress: Option<Progress>,
    parts: Vec<Arc<Part>>,
    log: Log,
}

/// How far a part of the job is. It stays on the page, and is written when it has changed.
#[derive(Debug)]
pub(crate) struct Part {
    name: String,
    done: AtomicU64,
    total: u64,
    changed: AtomicBool,
}

impl Part {
    pub(crate) fn new(name: String, total: u64) -> Arc<Self> {
        Arc::new(Self { name, done: AtomicU64::new(0), total, changed: AtomicBool::new(true) })
    }

    pub(crate) fn add(&self, count: u64) -> bool {
        self.done.fetch_add(count, Ordering::SeqCst);
        self.change()
    }

    pub(crate) fn set(&self, done: u64) -> bool {
        self.done.store(done, Ordering::SeqCst);
        self.change()
    }

    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    /// Says whether this is the first change since it was written.
    // Sequentially consistent, like what reads it: the change is seen by that write, or `changed` by the next one.
    fn change(&self) -> bool {
        !self.changed.load(Ordering::SeqCst) && !self.changed.swap(true, Ordering::SeqCst)
    }

    fn changed_bar(&self) -> Option<Bar> {
        self.changed.swap(false, Ordering::SeqCst).then(|| Bar {
            name: self.name.clone(),
            done: self.done(),
            total: self.total,
        })
    }
}

/// A page on its way to the store. Until it is dropped nobody else writes this notebook.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    notebook: &'a Notebook,
    page: Page,
    _turn: Turn<'a, ()>,
}

impl Notebook {
    pub(crate) fn new(noted: Arc<Notify>) -> Self {
        let (page, writing) = (Mutex::default(), Turnstile::default());
        Self { state: AtomicU8::new(UNUSED), page, writing, noted }
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that there is something to write.
    pub(crate) fn mark(&self) {
        if self.state.swap(NOTED, Ordering::SeqCst) != NOTED {
            self.noted.notify_one();
        }
    }

    pub(crate) fn set_progress(&self, progress: Progress) {
        self.page().progress = Some(progress);
        self.mark();
    }

    pub(crate) fn log(&self, line: LogLine) {
        self.page().log.push(line);
        self.mark();
    }

    /// Begins a part; one of the same name ends with it.
    pub(crate) fn begin(&self, name: String, total: u64) -> Arc<Part> {
        let mut page = self.page();
        page.parts.retain(|part| part.name != name);
        if page.parts.len() == BARS {
            page.parts.remove(0);
        }
        let part = Part::new(name, total);
        page.parts.push(Arc::clone(&part));
        drop(page);
        self.mark();
        part
    }

    /// Takes what is not written, if there is anything and nobody else is at it.
    pub(crate) fn take(&self) -> Option<Taken<'_>> {
        if self.state.load(Ordering::SeqCst) != NOTED {
            return None;
        }
        let turn = self.writing.try_lock().ok()?;
        Some(self.take_in(turn))
    }

    /// Takes the rest at the end of the attempt, once what is on its way has come to the store.
    pub(crate) async fn finish(&self, lease: Lease) -> Vec<Record> {
        if self.state.load(Ordering::SeqCst) == UNUSED {
            return Vec::new();
        }
        let turn = self.writing.lock().await;
        self.take_in(turn).records(lease)
    }

    fn take_in<'a>(&'a self, turn: Turn<'a, ()>) -> Taken<'a> {
        // Before the page is read: what is noted from here on marks it again.
        self.state.store(WRITTEN, Ordering::SeqCst);
        let mut page = self.page();
        let parts = page.parts.clone();
        let taken = Page { progress: page.progress.take(), log: mem::take(&mut page.log), parts };
        Taken { notebook: self, page: taken, _turn: turn }
    }
}

impl Taken<'_> {
    /// Returns the notes as they are to be written.
    pub(crate) fn records(&self, lease: Lease) -> Vec<Record> {
        let lines: Vec<_> = self.page.log.lines().cloned().collect();
        let lines = (!lines.is_empty()).then_some(Note::Lines(lines));
        let progress = self.page.progress.clone().map(Note::Progress);
        let bars = self.page.parts.iter().filter_map(|part| part.changed_bar()).map(Note::Bar);
        bars.chain(progress).chain(lines).map(|note| Record { lease, note }).collect()
    }

    /// Puts back what could not be written, before what was noted since.
    pub(crate) fn put_back(self) {
        let mut page = self.notebook.page();
        let newer = mem::replace(&mut page.log, self.page.log);
        page.log.extend(newer.into_lines());
        if page.progress.is_none() {
            page.progress = self.page.progress;
        }
        for part in &self.page.parts {
            part.changed.store(true, Ordering::SeqCst);
        }
        drop(page);
        self.notebook.mark();
    }
}
