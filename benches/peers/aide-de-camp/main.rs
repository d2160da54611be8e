//! aide-de-camp on SQLite.

use std::convert::Infallible;
use std::path::Path;

use aide_de_camp::prelude::{
    CancellationToken, Duration, JobProcessor, JobRunner, Queue, RunnerOptions, RunnerRouter, Xid,
};
use aide_de_camp_sqlite::{MIGRATOR, SqliteQueue};
use peers_harness::{About, Payload, Peer, Result, Setting, ran};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

struct Count;

#[async_trait::async_trait]
impl JobProcessor for Count {
    // A tuple needs none of the derives of that bincode.
    type Payload = (String, u64);
    type Error = Infallible;

    async fn handle(
        &self,
        _: Xid,
        (text, number): (String, u64),
        _: CancellationToken,
    ) -> std::result::Result<(), Infallible> {
        ran(&Payload { text, number });
        Ok(())
    }

    fn name() -> &'static str {
        "count"
    }
}

#[derive(Clone)]
struct AideDeCamp(SqliteQueue);

impl Peer for AideDeCamp {
    const ABOUT: About = About {
        crates: &["aide-de-camp-sqlite"],
        bulk: false,
        settings: &[
            Setting {
                name: "default",
                on_disk: "before each acknowledgement",
                how: "rollback journal, 10 connections; 10 at once, which poll every 10 ms (in its README: 1 s)",
                waiting: 2_000,
            },
            Setting {
                name: "WAL, synchronous = normal",
                on_disk: "at checkpoints",
                how: "as before but for that",
                waiting: 2_000,
            },
        ],
    };

    async fn open(setting: &str, folder: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(folder.join("jobs.db")).create_if_missing(true);
        let options = match setting {
            "default" => options,
            _ => options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal),
        };
        let pool = SqlitePool::connect_with(options).await?;
        MIGRATOR.run(&pool).await?;
        Ok(Self(SqliteQueue::with_pool(pool)))
    }

    async fn enqueue(&self, Payload { text, number }: Payload) -> Result {
        self.0.schedule::<Count>((text, number), 0).await?;
        Ok(())
    }

    async fn work(&self) -> Result {
        let mut router = RunnerRouter::default();
        router.add_job_handler(Count);
        let mut runner = JobRunner::new(self.0.clone(), router, 10, RunnerOptions::default());
        tokio::spawn(async move { runner.run(Duration::milliseconds(10)).await });
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    peers_harness::main::<AideDeCamp>().await;
}
