//! What a server says of itself: its name, the memory of its process, and how late the runtime of its handlers is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use boltjobs_core::clock::Chance;
use tokio::runtime::Handle;

use crate::runtime::Runtime;

/// Makes the name of a server: `<host>:<process id>:<random>`.
pub(crate) fn server_name(chance: &dyn Chance) -> Arc<str> {
    let host = std::env::var("HOSTNAME").ok();
    let host = host.or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    let host = host.map(|host| host.trim().to_owned()).filter(|host| !host.is_empty());
    let (host, random) = (host.unwrap_or_else(|| "localhost".to_owned()), chance.next_u64() & 0xFF_FFFF);
    format!("{host}:{}:{random:06x}", std::process::id()).into()
}

/// Returns how many bytes of memory the process has, where Linux tells.
pub(crate) fn resident() -> Option<u64> {
    // `statm` counts pages, whose size only `unsafe` code can ask for.
    read_resident(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn read_resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1 << 10)
}

/// Measures how late a runtime is: it is given something to do, and how long that takes to begin is the lag.
///
/// One thing is under way at a time. It is begun with a heartbeat and told with the next one, so that an idle program is
/// not woken for it.
#[derive(Debug)]
pub(crate) struct Pulse {
    program: Handle,
    runtime: Arc<Runtime>,
    /// When the thing was given.
    since: Duration,
    /// How many microseconds later it began; [`WAITS`] until then.
    lag: Arc<AtomicU64>,
}

const WAITS: u64 = u64::MAX;

impl Pulse {
    /// Begins to measure the runtime of the program, whose services run elsewhere.
    pub(crate) fn new(program: Handle, runtime: Arc<Runtime>) -> Self {
        let mut pulse = Self { program, runtime, since: Duration::ZERO, lag: Arc::default() };
        pulse.begin();
        pulse
    }

    fn begin(&mut self) {
        let (runtime, lag) = (Arc::clone(&self.runtime), Arc::new(AtomicU64::new(WAITS)));
        let since = runtime.clock.monotonic();
        (self.since, self.lag) = (since, Arc::clone(&lag));
        let begun = {
            let clock = Arc::clone(&runtime.clock);
            async move {
                let late = clock.monotonic().saturating_sub(since).as_micros();
                lag.store(u64::try_from(late).unwrap_or(WAITS - 1).min(WAITS - 1), Ordering::Relaxed);
            }
        };
        drop(self.program.spawn(runtime.steer(begun)));
    }

    /// Returns how late the runtime was, or by how much it is late so far, and measures again once it was not.
    pub(crate) fn take(&mut self) -> Duration {
        match self.lag.load(Ordering::Relaxed) {
            WAITS => self.runtime.clock.monotonic().saturating_sub(self.since),
            lag => {
                self.begin();
                Duration::from_micros(lag)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        let status = "Name:\tprogram\nVmPeak:\t  999999 kB\nVmRSS:\t    5120 kB\nThreads:\t3\n";
        assert_eq!(read_resident(status), Some(5 << 20));
        for other in ["", "VmRSS:", "VmRSS:\t5120", "VmRSS:\tmany kB", "VmRSS:\t99999999999999999999 kB"] {
            assert_eq!(read_resident(other), None, "{other}");
        }
        if cfg!(target_os = "linux") {
            assert!(resident().is_some_and(|bytes| bytes > 1 << 20), "{:?}", resident());
        }
    }
}
