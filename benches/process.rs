//! What this process has used up so far, as the system counts it.

use std::fs;
use std::time::Duration;

use tokio::time::sleep;

/// How much memory may move, in bytes, while it counts as settled.
const STILL: u64 = 1 << 20;

/// Returns the time that all threads have run.
#[cfg(unix)]
pub(crate) fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.try_into().unwrap_or_default()
}

/// Not known here.
#[cfg(not(unix))]
pub(crate) fn cpu() -> Duration {
    Duration::ZERO
}

/// Returns the bytes that were given to the system to write: almost all of them by the store.
pub(crate) fn written() -> u64 {
    number_after("wchar:", "/proc/self/io")
}

/// Returns the bytes of memory that are in use.
pub(crate) fn memory() -> u64 {
    number_after("VmRSS:", "/proc/self/status") << 10
}

/// Returns the most bytes of memory that were in use.
pub(crate) fn peak_memory() -> u64 {
    number_after("VmHWM:", "/proc/self/status") << 10
}

/// Returns the memory in use once it has not moved for a second, or after 20 of them.
pub(crate) async fn settled_memory() -> u64 {
    let (mut before, mut still) = (memory(), 0);
    for _ in 0..100 {
        sleep(Duration::from_millis(200)).await;
        let now = memory();
        still = if now.abs_diff(before) < STILL { still + 1 } else { 0 };
        before = now;
        if still == 5 {
            break;
        }
    }
    before
}

/// Returns the number that follows a word in a file of the system; 0 where there is none.
fn number_after(word: &str, file: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
