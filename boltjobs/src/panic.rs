//! Panics of handlers, as errors that say where they came from.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use boltjobs_core::job::ErrorInfo;

/// The lines of a backtrace that are kept.
const LINES: usize = 100;

thread_local! {
    /// Whether this thread is inside a handler.
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static BACKTRACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics of handlers leave their backtrace. The hook that was there before is still called.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                let place = info.location().map_or_else(String::new, |place| format!("at {place}\n"));
                let trace = Backtrace::force_capture().to_string();
                let trace: Vec<_> = trace.lines().take(LINES).collect();
                BACKTRACE.set(Some(place + &trace.join("\n")));
            }
            before(info);
        }));
    });
}

/// Calls a handler, or what serves it, which may panic.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, ErrorInfo> {
    catch_in("the handler", call)
}

/// Calls what may panic; `what` is the word for it.
pub(crate) fn catch_in<T>(what: &str, call: impl FnOnce() -> T) -> Result<T, ErrorInfo> {
    let before = CATCHING.replace(true);
    let caught = catch_unwind(AssertUnwindSafe(call));
    CATCHING.set(before);
    caught.map_err(|panic| {
        let mut error = ErrorInfo::new("panic", message(what, &*panic));
        error.backtrace = BACKTRACE.take();
        error
    })
}

fn message(what: &str, panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.map_or_else(
        || format!("{what} panicked without a message"),
        |text| format!("{what} panicked: {text}"),
    )
}
