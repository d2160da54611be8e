//! Panics of handlers, as errors that say where they came from.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;

use boltjobs_core::job::ErrorInfo;

/// The lines of a backtrace that are kept.
const LINES: usize = 100;

thread_local! {
    /// Whether this thread is inside a handler.
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static BACKTRACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The interceptor whose code runs on this thread; none while that of a handler does.
    static BLAMED: Cell<Option<&'static str>> = const { Cell::new(None) };
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

/// Calls code of an interceptor, or of a handler for `None`, and remembers which it was if it panics.
pub(crate) fn blame<T>(interceptor: Option<&'static str>, call: impl FnOnce() -> T) -> T {
    let before = BLAMED.replace(interceptor);
    let value = call();
    // Not reached by a panic: whoever catches it asks who is to blame.
    BLAMED.set(before);
    value
}

/// Calls what may panic.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, ErrorInfo> {
    catch_any(call).map_err(|(panic, blamed)| describe(panic, blamed))
}

/// Calls what may panic and is neither a handler nor an interceptor; `what` is the word for it.
pub(crate) fn catch_in<T>(what: &str, call: impl FnOnce() -> T) -> Result<T, ErrorInfo> {
    catch_any(call).map_err(|(panic, _)| describe_as(panic, what))
}

/// Polls what may panic, until it has ended.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, ErrorInfo> {
    let mut future = pin!(future);
    poll_fn(|context| match catch(|| future.as_mut().poll(context)) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// Calls an interceptor, which may panic. A panic of the handler inside of it goes on.
pub(crate) fn catch_of<T>(interceptor: &'static str, call: impl FnOnce() -> T) -> Result<T, ErrorInfo> {
    catch_any(|| blame(Some(interceptor), call)).map_err(|(panic, blamed)| match blamed {
        Some(_) => describe(panic, blamed),
        None => resume_unwind(panic),
    })
}

/// Goes on with a panic that was caught on another thread.
pub(crate) fn resume(panic: ErrorInfo) -> ! {
    resume_unwind(Box::new(panic))
}

type Panic = Box<dyn Any + Send>;

fn catch_any<T>(call: impl FnOnce() -> T) -> Result<T, (Panic, Option<&'static str>)> {
    let before = (CATCHING.replace(true), BLAMED.get());
    let caught = catch_unwind(AssertUnwindSafe(call));
    CATCHING.set(before.0);
    let blamed = BLAMED.replace(before.1);
    caught.map_err(|panic| (panic, blamed))
}

fn describe(panic: Panic, blamed: Option<&'static str>) -> ErrorInfo {
    match blamed {
        Some(name) => describe_as(panic, &format!("the interceptor `{name}`")),
        None => describe_as(panic, "the handler"),
    }
}

fn describe_as(panic: Panic, who: &str) -> ErrorInfo {
    let panic = match panic.downcast::<ErrorInfo>() {
        Ok(described) => return *described,
        Err(panic) => panic,
    };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let message = match text {
        Some(text) => format!("{who} panicked: {text}"),
        None => format!("{who} panicked without a message"),
    };
    ErrorInfo { backtrace: BACKTRACE.take(), ..ErrorInfo::new("panic", message) }
}
