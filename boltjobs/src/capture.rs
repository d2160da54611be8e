//! The log of a job: `tracing` events within its handler, without a layer that the program would have to add.
//!
//! While a handler is polled, its thread's subscriber is a [`Tee`]. Each event goes to the log of the job that runs
//! there, if its level is wanted, and on to the program's own subscriber, if that wants it; what one of them wants
//! changes nothing for the other. Spans are the program's own: the tee passes them on, and their ids are its ids.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use boltjobs_core::notes::{LogLevel, LogLine};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, NoSubscriber, Subscriber};
use tracing::{Dispatch, Event, Level, Metadata, callsite, dispatcher};
use tracing_core::span::Current;

use crate::runtime;

/// The most bytes of one line.
const LONGEST_LINE: usize = 8 << 10;

/// What stands at the end of a line that was longer.
const CUT: &str = "…";

/// Captures what handlers log.
#[derive(Debug)]
pub(crate) struct Capture {
    tee: Dispatch,
    program: Program,
    /// The level that the builder says.
    level: LogLevel,
    /// The place in [`LEVELS`] of the one that counts by now.
    wanted: Arc<AtomicUsize>,
    /// With a single dispatcher `tracing` decides what an event is worth by who is the default where it first happens,
    /// and that may be outside of any handler. With two it asks both, and two of a
    /// kind have one answer.
    _second: Dispatch,
}

/// The program's own subscriber, once it has one.
type Program = Arc<OnceLock<Dispatch>>;

impl Capture {
    /// Begins to capture events up to a level; none at `OFF`.
    pub(crate) fn new(level: LevelFilter) -> Option<Self> {
        let level = kept(level.into_level()?);
        let (program, wanted) = (Program::default(), Arc::new(AtomicUsize::new(level as usize)));
        let tee = || Dispatch::new(Tee { wanted: Arc::clone(&wanted), program: Arc::clone(&program) });
        let (tee, second) = (tee(), tee());
        let capture = Self { tee, program, level, wanted, _second: second };
        capture.adopt();
        Some(capture)
    }

    /// Captures events up to another level from now on; with none, up to that of the builder.
    pub(crate) fn keep_up_to(&self, level: Option<LogLevel>) {
        let wanted = level.unwrap_or(self.level) as usize;
        if self.wanted.swap(wanted, Ordering::Relaxed) != wanted {
            // What is worth an event was asked once, and is asked again.
            callsite::rebuild_interest_cache();
        }
    }

    /// Captures on this thread until the guard is dropped.
    pub(crate) fn enter(&self) -> DefaultGuard {
        if self.program.get().is_none() {
            self.adopt();
        }
        dispatcher::set_default(&self.tee)
    }

    /// Takes the subscriber of this thread for the program's own, if there is one. It may be set after the start.
    fn adopt(&self) {
        let found = dispatcher::get_default(|found| {
            if found.is::<NoSubscriber>() {
                return None;
            }
            match found.downcast_ref::<Tee>() {
                Some(other) => other.program.get().cloned(),
                None => Some(found.clone()),
            }
        });
        if let Some(found) = found
            && self.program.set(found).is_ok()
        {
            // What it wants was not asked of it through the tee so far.
            callsite::rebuild_interest_cache();
        }
    }
}

/// Gives events to the job that runs, and everything to the program.
struct Tee {
    wanted: Arc<AtomicUsize>,
    program: Program,
}

/// Every level, in the order of [`LogLevel`].
const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];

/// Returns the level of a log.
fn kept(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

impl Tee {
    fn level(&self) -> Level {
        LEVELS.get(self.wanted.load(Ordering::Relaxed)).copied().unwrap_or(Level::INFO)
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= self.level()
    }
}

impl Subscriber for Tee {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let theirs =
            self.program.get().map_or_else(Interest::never, |program| program.register_callsite(metadata));
        if self.wants(metadata) && !theirs.is_always() { Interest::sometimes() } else { theirs }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The program's subscriber gives a hint of its own, and the higher one of all counts.
        Some(self.level().into())
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.wants(metadata) || self.program.get().is_some_and(|program| program.enabled(metadata))
    }

    fn event(&self, event: &Event<'_>) {
        if self.wants(event.metadata()) {
            log(event);
        }
        // Asked here, and not in `enabled` alone: filters of single layers take note of it for the event that follows.
        if let Some(program) = self.program.get().filter(|program| program.enabled(event.metadata())) {
            program.event(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.program.get().map_or(Id::from_u64(u64::MAX), |program| program.new_span(span))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.pass_on(|program| program.record(span, values));
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.pass_on(|program| program.record_follows_from(span, follows));
    }

    fn enter(&self, span: &Id) {
        self.pass_on(|program| program.enter(span));
    }

    fn exit(&self, span: &Id) {
        self.pass_on(|program| program.exit(span));
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.program.get().map_or_else(|| span.clone(), |program| program.clone_span(span))
    }

    fn try_close(&self, span: Id) -> bool {
        self.program.get().is_some_and(|program| program.try_close(span))
    }

    fn current_span(&self) -> Current {
        self.program.get().map_or_else(Current::none, Dispatch::current_span)
    }
}

impl Tee {
    fn pass_on(&self, pass: impl FnOnce(&Dispatch)) {
        if let Some(program) = self.program.get() {
            pass(program);
        }
    }
}

/// Gives an event to the job whose handler this is.
fn log(event: &Event<'_>) {
    runtime::with_job(|runtime, job| {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        let level = kept(*metadata.level());
        let (at, target) = (runtime.now(), metadata.target().to_owned());
        job.notebook.log(LogLine { at, level, target, message: text.text, attempt: job.attempt, skipped: 0 });
    });
}

/// The message of an event with its fields. What would make it too long is not even formatted.
#[derive(Default)]
struct Text {
    text: String,
    full: bool,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // An error only says that the line is full.
        let _ = match field.name() {
            "message" => write!(self, "{value:?}"),
            // What a record of the crate `log` says about itself.
            name if name.starts_with("log.") => Ok(()),
            name => {
                let gap = if self.text.is_empty() { "" } else { " " };
                write!(self, "{gap}{name}={value:?}")
            }
        };
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.full {
            return Err(fmt::Error);
        }
        let room = LONGEST_LINE - CUT.len() - self.text.len();
        if text.len() <= room {
            self.text.push_str(text);
            return Ok(());
        }
        self.text.push_str(&text[..text.floor_char_boundary(room)]);
        self.text.push_str(CUT);
        self.full = true;
        Err(fmt::Error)
    }
}
