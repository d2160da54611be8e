//! The limit of the machine: a plain file that takes the same bytes in the same groups, each with an fdatasync.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::figure::{float, quantile};

/// The fewest groups that tell something.
const FEWEST: usize = 5;

/// What the disk does.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) groups_per_second: f64,
    /// How long one group takes, the median of all.
    pub(crate) median: Duration,
}

/// Writes groups of this many bytes, for so long.
pub(crate) fn measure(bytes: usize, span: Duration) -> io::Result<Raw> {
    let folder = tempfile::tempdir()?;
    let mut file = OpenOptions::new().create(true).append(true).open(folder.path().join("raw"))?;
    let group = vec![0x5A; bytes];
    let (begin, mut took) = (Instant::now(), Vec::new());
    while begin.elapsed() < span || took.len() < FEWEST {
        let sent = Instant::now();
        file.write_all(&group)?;
        file.sync_data()?;
        took.push(sent.elapsed().as_secs_f64());
    }
    let groups_per_second = float(took.len() as u64) / begin.elapsed().as_secs_f64();
    took.sort_unstable_by(f64::total_cmp);
    Ok(Raw { groups_per_second, median: Duration::from_secs_f64(quantile(&took, 0.5)) })
}
