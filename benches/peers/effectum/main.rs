//! effectum: one thread writes to SQLite, up to 50 operations in a transaction.

use std::path::Path;
use std::sync::Arc;

use effectum::{Job, JobRunner, Queue, RunningJob, Worker};
use peers_harness::{About, Payload, Peer, Result, Setting, ran};

#[derive(Clone)]
struct Effectum {
    queue: Arc<Queue>,
    at_once: u16,
}

async fn count(job: RunningJob, _: ()) -> effectum::Result<()> {
    ran(&job.json_payload()?);
    Ok(())
}

fn job(payload: &Payload) -> Result<Job> {
    Ok(Job::builder("count").json_payload(payload)?.build())
}

impl Peer for Effectum {
    const ABOUT: About = About {
        crates: &["effectum"],
        bulk: true,
        settings: &[
            Setting {
                name: "default",
                on_disk: "before each acknowledgement",
                how: "rollback journal, as it comes; 10 at once, as in its README",
                waiting: 50_000,
            },
            Setting {
                name: "512 at once",
                on_disk: "before each acknowledgement",
                how: "rollback journal; 512 at once",
                waiting: 100_000,
            },
            Setting {
                name: "WAL, 512 at once",
                on_disk: "at checkpoints",
                how: "the file set to WAL beforehand, `synchronous = normal` of its own; 512 at once",
                waiting: 100_000,
            },
        ],
    };

    async fn open(setting: &str, folder: &Path) -> Result<Self> {
        let file = folder.join("jobs.db");
        if setting.starts_with("WAL") {
            // It asks for WAL by a pragma that does not exist, and so gets it only from a file that has it.
            rusqlite::Connection::open(&file)?.pragma_update_and_check(
                None,
                "journal_mode",
                "wal",
                |_| Ok(()),
            )?;
        }
        let at_once = if setting == "default" { 10 } else { 512 };
        Ok(Self { queue: Arc::new(Queue::new(&file).await?), at_once })
    }

    async fn enqueue(&self, payload: Payload) -> Result {
        self.queue.add_job(job(&payload)?).await?;
        Ok(())
    }

    async fn enqueue_all(&self, payloads: Vec<Payload>) -> Result {
        self.queue.add_jobs(payloads.iter().map(job).collect::<Result<_>>()?).await?;
        Ok(())
    }

    async fn work(&self) -> Result {
        let runner = JobRunner::builder("count", count).build();
        let worker = Worker::builder(&self.queue, ()).max_concurrency(self.at_once);
        // A smaller minimum lets it fetch many at a time.
        let worker = worker.min_concurrency(self.at_once.div_ceil(2)).jobs([runner]).build().await?;
        // It works until it is dropped.
        std::mem::forget(worker);
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    peers_harness::main::<Effectum>().await;
}
