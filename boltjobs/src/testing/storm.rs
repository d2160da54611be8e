//! Chance that decides what goes wrong.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use boltjobs_core::Timestamp;

use super::faults::{Fate, StoreCall};

/// How many lines of the trace are kept.
const LINES: usize = 60;

/// What one seed decides.
#[derive(Debug)]
pub(super) struct Storm {
    chance: fastrand::Rng,
    weather: Weather,
    /// How many disasters are still to come.
    left: u32,
    /// For how many steps the disk stays full.
    full: u32,
    /// Whether nothing happens any more.
    calm: bool,
    /// How many want quiet for a moment.
    quiet: u32,
    /// Whether calls of the test itself are struck.
    pub(super) rough: bool,
    trace: Trace,
}

/// How often what happens, in thousandths of the calls. A seed takes some kinds of disasters and leaves others out: a
/// store that fails all the time hides what only a crash would show.
#[derive(Debug, Clone, Copy)]
struct Weather {
    fail: u16,
    fail_after: u16,
    crash: u16,
    disk_fail: u16,
    disk_full: u16,
    disk_die: u16,
    linger: u16,
    /// Whether a crash takes the power with it, in thousandths of the crashes.
    power: u16,
    stroke: u16,
}

/// What befalls a process from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    Kill,
    Pause(Duration),
    /// The leases of all that runs are over, and it goes on all the same.
    Leases,
    Forward(Duration),
    Back(Duration),
}

/// What was asked and answered.
#[derive(Debug, Default)]
struct Trace {
    lines: VecDeque<String>,
    count: u64,
    hash: u64,
}

impl Storm {
    pub(super) fn new(seed: u64) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed ^ 0x5EED);
        let mut often = |kinds: [u16; 4]| kinds[chance.usize(0..4)];
        let weather = Weather {
            fail: often([0, 0, 10, 60]),
            fail_after: often([0, 0, 5, 40]),
            crash: often([0, 3, 10, 40]),
            disk_fail: often([0, 0, 10, 60]),
            disk_full: often([0, 0, 5, 20]),
            disk_die: often([0, 3, 10, 40]),
            linger: often([0, 100, 300, 600]),
            power: often([0, 200, 500, 1_000]),
            stroke: often([0, 200, 500, 900]),
        };
        let left = chance.u32(0..16);
        Self { chance, weather, left, full: 0, calm: false, quiet: 0, rough: false, trace: Trace::default() }
    }

    fn happens(&mut self, thousandths: u16) -> bool {
        self.quiet == 0 && self.left > 0 && thousandths > 0 && self.chance.u16(0..1_000) < thousandths
    }

    /// Says whether something bad happens now that costs one of those that are left.
    fn strikes(&mut self, thousandths: u16) -> bool {
        let strikes = self.happens(thousandths);
        self.left -= u32::from(strikes);
        strikes
    }

    /// Decides about a call of the store.
    pub(super) fn strike(&mut self, inside: bool) -> Fate {
        if !inside && !self.rough {
            return Fate::Pass;
        }
        let weather = self.weather;
        if self.strikes(weather.crash) {
            return if self.chance.bool() { Fate::CrashBefore } else { Fate::CrashAfter };
        }
        if self.strikes(weather.fail) {
            return Fate::Fail;
        }
        if self.strikes(weather.fail_after) { Fate::FailAfter } else { Fate::Pass }
    }

    /// Decides about a step of the disk.
    #[cfg(feature = "sled")]
    pub(super) fn strike_disk(&mut self, step: boltjobs_sled::DiskStep) -> boltjobs_sled::DiskFault {
        use boltjobs_sled::{DiskFault, DiskStep};
        if self.quiet == 0 && self.full > 0 && step != DiskStep::Read {
            self.full -= 1;
            return DiskFault::Full;
        }
        let weather = self.weather;
        if self.strikes(weather.disk_die) {
            return DiskFault::Die;
        }
        if self.strikes(weather.disk_full) {
            self.full = self.chance.u32(1..12);
            return DiskFault::Full;
        }
        if self.strikes(weather.disk_fail) { DiskFault::Fail } else { DiskFault::Pass }
    }

    /// Decides how often others come first.
    pub(super) fn linger(&mut self) -> u8 {
        if self.quiet == 0 && self.chance.u16(0..1_000) < self.weather.linger {
            self.chance.u8(1..6)
        } else {
            0
        }
    }

    /// Decides what befalls the process from outside, and after which time; nothing any more when all is over.
    pub(super) fn stroke(&mut self) -> Option<(Duration, Option<Stroke>)> {
        if self.left == 0 {
            return None;
        }
        let span = [20, 2_000, 30_000, 600_000][self.chance.usize(0..4)];
        let wait = Duration::from_millis(self.chance.u64(1..span));
        let weather = self.weather;
        let stroke = self.strikes(weather.stroke).then(|| {
            let some = |chance: &mut fastrand::Rng| Duration::from_millis(chance.u64(1..7_200_000));
            match self.chance.u8(0..7) {
                0 | 1 => Stroke::Kill,
                2 => Stroke::Pause(Duration::from_millis(self.chance.u64(1..200_000))),
                3 | 4 => Stroke::Leases,
                5 => Stroke::Forward(some(&mut self.chance)),
                _ => Stroke::Back(some(&mut self.chance)),
            }
        });
        if stroke.is_none() {
            // It comes to an end, even if nothing happens.
            self.left -= u32::from(self.quiet == 0 && self.chance.u8(0..4) == 0);
        }
        Some((wait, stroke))
    }

    /// Decides whether a crash takes the power with it.
    pub(super) fn takes_power(&mut self) -> bool {
        self.chance.u16(0..1_000) < self.weather.power
    }

    /// Returns a number below another one.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.chance.usize(0..limit)
    }

    /// Lets nothing happen for a moment.
    pub(super) fn hush(&mut self, hush: bool) {
        if hush {
            self.quiet += 1;
        } else {
            self.quiet -= 1;
        }
    }

    /// Lets nothing happen any more.
    pub(super) fn calm(&mut self) {
        (self.left, self.full, self.calm) = (0, 0, true);
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm
    }

    pub(super) fn note(&mut self, now: Option<Timestamp>, call: &dyn fmt::Display, answer: &dyn fmt::Debug) {
        let mut line = String::new();
        if let Some(now) = now {
            let _ = write!(line, "{now} ");
        }
        let _ = write!(line, "{call}: {answer:?}");
        let trace = &mut self.trace;
        let mut hasher = DefaultHasher::new();
        (trace.hash, &line).hash(&mut hasher);
        (trace.hash, trace.count) = (hasher.finish(), trace.count + 1);
        if trace.lines.len() == LINES {
            trace.lines.pop_front();
        }
        let mut line = readable(&line);
        line.truncate(line.floor_char_boundary(500));
        trace.lines.push_back(line);
    }

    /// Returns the sum of everything that was asked and answered, and its last lines.
    pub(super) fn trace(&self) -> (u64, u64, Vec<String>) {
        let Trace { lines, count, hash } = &self.trace;
        (*count, *hash, lines.iter().cloned().collect())
    }

    /// Says in words what this seed does.
    pub(super) fn describe(&self) -> String {
        format!("{:?}", self.weather)
    }
}

/// Shows payloads as the text that they are.
fn readable(line: &str) -> String {
    let (mut text, mut rest) = (String::new(), line);
    while let Some((before, after)) = rest.split_once("payload: [") {
        let Some((bytes, behind)) = after.split_once(']') else { break };
        let bytes: Vec<u8> = bytes.split(", ").filter_map(|byte| byte.parse().ok()).collect();
        let _ = write!(text, "{before}payload: {}", String::from_utf8_lossy(&bytes));
        rest = behind;
    }
    text + rest
}

/// Names the call in the trace.
pub(super) fn named(call: StoreCall, inside: bool) -> String {
    if inside { call.to_string() } else { format!("the test: {call}") }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn payloads_are_shown_as_text() {
        let line =
            r"claim: [Claimed { payload: [123, 34, 97, 34, 125], retries: None }, Claimed { payload: [] }]";
        let shown = r#"claim: [Claimed { payload: {"a"}, retries: None }, Claimed { payload:  }]"#;
        assert_eq!(readable(line), shown);
        assert_eq!(readable("due: Ok(None)"), "due: Ok(None)");
    }
}
