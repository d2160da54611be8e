//! What this process has used up so far, as the system counts it.

use std::fs;
use std::time::Duration;

use tokio::time::sleep;

use crate::figure::float;

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

/// How busy the machine has been, in ticks of the system since it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Busy {
    /// What all cores could have done.
    all: u64,
    /// What was done for others than this process and those that it began.
    others: u64,
}

impl Busy {
    pub(crate) fn now() -> Self {
        let machine = numbers("/proc/stat", "cpu ");
        // User, nice, system, idle, iowait, irq, softirq and steal; interrupts are mostly those of our own disk.
        let all: u64 = machine.iter().take(8).sum();
        let idle: u64 = machine.iter().skip(3).take(4).sum();
        // Behind the name of the program, which may be anything, in brackets: user and system time, and the same of
        // processes that it has waited for.
        let process = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let behind = process.rsplit(')').next().unwrap_or_default().split_whitespace();
        let own: u64 = behind.skip(11).take(4).filter_map(|number| number.parse::<u64>().ok()).sum();
        Self { all, others: (all - idle).saturating_sub(own) }
    }

    /// Returns which part of the cores others have used since.
    pub(crate) fn others_since(self) -> f64 {
        let now = Self::now();
        float(now.others.saturating_sub(self.others)) / float((now.all - self.all).max(1))
    }
}

/// Returns the bytes that were given to the system to write: almost all of them by the store.
pub(crate) fn written() -> u64 {
    number("/proc/self/io", "wchar:")
}

/// Returns the bytes of memory that are in use.
pub(crate) fn memory() -> u64 {
    number("/proc/self/status", "VmRSS:") << 10
}

/// Returns the most bytes of memory that were in use.
pub(crate) fn peak_memory() -> u64 {
    number("/proc/self/status", "VmHWM:") << 10
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

fn number(file: &str, name: &str) -> u64 {
    numbers(file, name).first().copied().unwrap_or(0)
}

/// Returns the numbers that follow a name in a file of the system; none where there is no such file.
fn numbers(file: &str, name: &str) -> Vec<u64> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().map_while(|number| number.parse().ok()).collect()
}
