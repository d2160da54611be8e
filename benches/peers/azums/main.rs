//! azums on SQLite.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azums::{Job, QuickstartFlow, SqliteBackend, StorageBackend};
use peers_harness::{About, Payload, Peer, Result, Setting, ran};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

#[derive(Clone)]
struct Azums(Arc<QuickstartFlow>);

impl Peer for Azums {
    const ABOUT: About = About {
        crates: &["azums"],
        bulk: false,
        settings: &[
            Setting {
                name: "default",
                on_disk: "at checkpoints",
                how: "WAL, `synchronous = normal`, 5 connections; one worker, which leases 32 at a time",
                waiting: 2_000,
            },
            Setting {
                name: "synchronous = full",
                on_disk: "before each acknowledgement",
                how: "as before but for that",
                waiting: 2_000,
            },
        ],
    };

    async fn open(setting: &str, folder: &Path) -> Result<Self> {
        let file = folder.join("jobs.db");
        let flow = if setting == "default" {
            azums::quickstart(format!("sqlite://{}?mode=rwc", file.display())).await?
        } else {
            // What `make_sqlite_pool` of it says, but for `synchronous`.
            let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
            let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
            let options = options.busy_timeout(Duration::from_secs(5)).foreign_keys(true);
            let pool = SqlitePoolOptions::new().max_connections(5).acquire_timeout(Duration::from_secs(5));
            let backend = SqliteBackend::new(pool.connect_with(options).await?);
            backend.run_migrations().await?;
            QuickstartFlow::new(Arc::new(backend))
        };
        let handler = |job: Job| async move {
            ran(&serde_json::from_value(job.payload)?);
            Ok(())
        };
        flow.register_handler("count", handler).await;
        Ok(Self(Arc::new(flow)))
    }

    async fn enqueue(&self, payload: Payload) -> Result {
        self.0.enqueue(Job::new("count", serde_json::to_value(payload)?)).await?;
        Ok(())
    }

    async fn work(&self) -> Result {
        let flow = Arc::clone(&self.0);
        tokio::spawn(async move {
            while let Err(error) = flow.run().await {
                eprintln!("the worker stopped: {error}");
            }
        });
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    peers_harness::main::<Azums>().await;
}
