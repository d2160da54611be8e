//! fang on SQLite, by way of sqlx.

use std::path::Path;
use std::time::Duration;

use fang::asynk::async_queue::{AsyncQueue, AsyncQueueable};
use fang::asynk::async_runnable::AsyncRunnable;
use fang::asynk::async_worker_pool::AsyncWorkerPool;
use fang::{FangError, SleepParams, async_trait};
use peers_harness::{About, Payload, Peer, Result, Setting, ran};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Executor};

/// What its migration makes, which is not in the crate's features that are used here.
const SCHEMA: &str = include_str!("schema.sql");

#[derive(Debug, fang::Serialize, fang::Deserialize)]
#[serde(crate = "fang::serde")]
struct Count {
    text: String,
    number: u64,
}

#[typetag::serde]
#[async_trait]
impl AsyncRunnable for Count {
    async fn run(&self, _: &dyn AsyncQueueable) -> std::result::Result<(), FangError> {
        ran(&Payload { text: self.text.clone(), number: self.number });
        Ok(())
    }
}

#[derive(Clone)]
struct Fang(AsyncQueue);

impl Peer for Fang {
    const ABOUT: About = About {
        crates: &["fang"],
        bulk: false,
        settings: &[
            Setting {
                name: "default",
                on_disk: "before each acknowledgement",
                how: "rollback journal; one worker, which polls every 10 ms (its default: 5 s), as two run jobs twice",
                waiting: 2_000,
            },
            Setting {
                name: "WAL",
                on_disk: "before each acknowledgement",
                how: "the file set to WAL beforehand; one worker, as before",
                waiting: 2_000,
            },
        ],
    };

    async fn open(setting: &str, folder: &Path) -> Result<Self> {
        let file = folder.join("jobs.db");
        let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let options = match setting {
            "WAL" => options.journal_mode(SqliteJournalMode::Wal),
            _ => options,
        };
        let mut connection = options.connect().await?;
        connection.execute(SCHEMA).await?;
        let uri = format!("sqlite://{}", file.display());
        let mut queue = AsyncQueue::builder().uri(uri).max_pool_size(4_u32).build();
        queue.connect().await?;
        Ok(Self(queue))
    }

    async fn enqueue(&self, Payload { text, number }: Payload) -> Result {
        self.0.insert_task(&Count { text, number }).await?;
        Ok(())
    }

    async fn work(&self) -> Result {
        let poll = Duration::from_millis(10);
        let sleep = SleepParams {
            sleep_period: poll,
            max_sleep_period: poll,
            min_sleep_period: poll,
            sleep_step: Duration::ZERO,
        };
        let pool = AsyncWorkerPool::<AsyncQueue>::builder().number_of_workers(1_u32).queue(self.0.clone());
        pool.sleep_params(sleep).build().start().await;
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    peers_harness::main::<Fang>().await;
}
