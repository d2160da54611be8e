//! A server on a store of its own, and what both do between two moments.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use boltjobs::{Builder, Client, Server, Store};
use boltjobs_sled::{Durability, SledOptions, SledStore, Stats};
use tempfile::TempDir;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::figure::{Figure, Result, Scale, float};
use crate::{process, raw};

/// How long raw writing is measured.
const RAW: Duration = Duration::from_secs(1);

/// The queue of all jobs.
pub(crate) const QUEUE: &str = "default";

/// A server that runs on a store in a new folder.
#[derive(Debug)]
pub(crate) struct Bench {
    server: Server,
    store: Arc<SledStore>,
    folder: TempDir,
}

impl Bench {
    /// Starts a server whose store acknowledges what is on disk.
    pub(crate) async fn start(settings: impl FnOnce(Builder) -> Builder) -> Result<Self> {
        Self::start_with(Durability::Immediate, settings).await
    }

    pub(crate) async fn start_with(
        durability: Durability,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("jobs");
        let store = spawn_blocking(move || SledOptions::new().durability(durability).open(path)).await??;
        let store = Arc::new(store);
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let server = settings(boltjobs::builder().store(shared)).start().await?;
        Ok(Self { server, store, folder })
    }

    pub(crate) fn client(&self) -> Client {
        self.server.client()
    }

    pub(crate) fn dashboard(&self) -> Result<SocketAddr> {
        Ok(self.server.dashboard_addr().ok_or("the dashboard is not served")?)
    }

    /// Holds back all jobs, or lets them run.
    pub(crate) async fn pause(&self, pause: bool) -> Result<()> {
        let queue = self.client().queue(QUEUE);
        let _ = if pause { queue.pause().await? } else { queue.resume().await? };
        Ok(())
    }

    /// Waits until so many jobs have Succeeded on disk.
    pub(crate) async fn succeeded(&self, jobs: u64) -> Result<()> {
        while self.client().stats().await?.succeeded < jobs {
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Returns what the store has written.
    pub(crate) fn stats(&self) -> Stats {
        self.store.stats()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("jobs")
    }

    /// Remembers this moment.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            groups: self.stats().groups,
            written: process::written(),
            cpu: process::cpu(),
            at: Instant::now(),
        }
    }

    /// Tells what was done since a moment, for so many jobs.
    pub(crate) fn since(&self, mark: &Mark, jobs: u64) -> Work {
        Work {
            took: mark.at.elapsed(),
            cpu: process::cpu().saturating_sub(mark.cpu),
            groups: self.stats().groups - mark.groups,
            written: process::written() - mark.written,
            jobs,
        }
    }

    /// Shuts the server down, and removes the folder.
    pub(crate) async fn stop(self) -> Result<()> {
        Ok(self.server.shutdown().await?)
    }
}

/// A moment from which something is measured.
#[derive(Debug)]
pub(crate) struct Mark {
    at: Instant,
    cpu: Duration,
    groups: u64,
    written: u64,
}

/// What was done for some jobs, by the whole process.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) jobs: u64,
    pub(crate) took: Duration,
    pub(crate) cpu: Duration,
    pub(crate) groups: u64,
    pub(crate) written: u64,
}

impl Work {
    pub(crate) fn per_second(&self) -> f64 {
        float(self.jobs) / self.took.as_secs_f64()
    }

    /// Tells the rate, for a goal to be put beside it.
    pub(crate) fn rate(&self, unit: &str) -> Figure {
        Figure::new("rate", unit, self.per_second())
    }

    /// Tells what each job took.
    pub(crate) fn costs(&self) -> [Figure; 3] {
        let each = |all: f64| all / float(self.jobs);
        [
            Figure::new("CPU time a job", "us", each(self.cpu.as_secs_f64() * 1e6)),
            Figure::new("jobs a group", "", self.jobs_a_group()),
            Figure::new("bytes written a job", "B", each(float(self.written))),
        ]
    }

    /// Measures what a plain file does with the same bytes in the same groups, and tells the ratio last, for a goal to be
    /// put beside it.
    pub(crate) async fn against_raw(&self, scale: Scale) -> Result<[Figure; 2]> {
        let limit = self.raw(self.jobs_a_group(), scale).await?;
        let ratio = self.per_second() / limit;
        Ok([Figure::new("raw, the same groups", "jobs/s", limit), Figure::new("ratio to raw", "", ratio)])
    }

    /// Measures what a plain file does with the same bytes a job, in groups of so many jobs.
    pub(crate) async fn raw_in_groups_of(&self, jobs: u64, scale: Scale) -> Result<Figure> {
        let limit = self.raw(float(jobs), scale).await?;
        Ok(Figure::new(format!("raw, groups of {jobs}"), "jobs/s", limit))
    }

    fn jobs_a_group(&self) -> f64 {
        float(self.jobs) / float(self.groups.max(1))
    }

    async fn raw(&self, jobs: f64, scale: Scale) -> Result<f64> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of bytes")]
        let bytes = (float(self.written) / float(self.jobs) * jobs) as usize;
        let raw = spawn_blocking(move || raw::measure(bytes, scale.span(RAW))).await??;
        Ok(raw.groups_per_second * jobs)
    }
}

/// Does the same from many callers at once, each doing its share of `total` one after the other, and returns what each
/// time took, in ms.
pub(crate) async fn callers<F>(
    callers: u64,
    total: u64,
    call: impl Fn(u64) -> F + Copy + Send + 'static,
) -> Result<Vec<f64>>
where
    F: Future<Output = Result<()>> + Send,
{
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        tasks.spawn(async move {
            let mut times = Vec::new();
            for number in (caller..total).step_by(usize::try_from(callers)?) {
                let sent = Instant::now();
                call(number).await?;
                times.push(sent.elapsed().as_secs_f64() * 1e3);
            }
            Result::<_>::Ok(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = tasks.join_next().await {
        all.extend(times??);
    }
    Ok(all)
}

/// Returns the bytes that a folder takes on its disk.
pub(crate) fn disk(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        bytes += if data.is_dir() { disk(&entry.path())? } else { allocated(&data) };
    }
    Ok(bytes)
}

#[cfg(unix)]
fn allocated(file: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(file) * 512
}

#[cfg(not(unix))]
fn allocated(file: &std::fs::Metadata) -> u64 {
    file.len()
}
