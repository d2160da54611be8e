//! rustqueue: redb, with or without the coalescing of writes.

use std::path::Path;

use peers_harness::{About, Payload, Peer, Result, Setting, ran};
use rustqueue::RustQueue;
use rustqueue::storage::BufferedRedbConfig;

/// A worker runs one job at a time, so several are started.
const WORKERS: usize = 16;

#[derive(Clone)]
struct Queue {
    queue: RustQueue,
    workers: usize,
}

impl Peer for Queue {
    const ABOUT: About = About {
        crates: &["rustqueue"],
        bulk: false,
        settings: &[
            Setting {
                name: "default",
                on_disk: "before each acknowledgement",
                how: "16 workers of one job each, which poll every 500 ms",
                waiting: 2_000,
            },
            Setting {
                name: "write coalescing",
                on_disk: "before each acknowledgement",
                how: "groups of up to 100 writes or 10 ms; 16 workers of one job each, which poll every 500 ms",
                waiting: 2_000,
            },
            Setting {
                name: "hybrid",
                on_disk: "each second",
                how: "in memory, with snapshots; one worker of one job, as more hung",
                waiting: 20_000,
            },
        ],
    };

    async fn open(setting: &str, folder: &Path) -> Result<Self> {
        let file = folder.join("jobs.redb");
        let builder = match setting {
            "hybrid" => RustQueue::hybrid(file)?,
            "write coalescing" => RustQueue::redb(file)?.with_write_coalescing(BufferedRedbConfig::default()),
            _ => RustQueue::redb(file)?,
        };
        let workers = if setting == "hybrid" { 1 } else { WORKERS };
        Ok(Self { queue: builder.build()?, workers })
    }

    async fn enqueue(&self, payload: Payload) -> Result {
        self.queue.push("jobs", "count", serde_json::to_value(payload)?, None).await?;
        Ok(())
    }

    async fn work(&self) -> Result {
        for _ in 0..self.workers {
            let queue = self.queue.clone();
            tokio::spawn(async move {
                let handler = async |job: rustqueue::Job| {
                    ran(&serde_json::from_value(job.data)?);
                    Ok::<_, serde_json::Error>(())
                };
                if let Err(error) = queue.run_worker("jobs", handler).await {
                    eprintln!("a worker stopped: {error}");
                }
            });
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    peers_harness::main::<Queue>().await;
}
