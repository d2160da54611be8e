//! apalis with apalis-sqlite, and with its memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::*;
use apalis_core::backend::memory::{MemorySink, MemoryStorage, MemoryStorageError};
use apalis_core::task::task_id::RandomId;
use apalis_sqlite::callback::HookCallbackListener;
use apalis_sqlite::{SqlitePool, SqliteStorage};
use futures::channel::mpsc::{self, UnboundedSender};
use futures::lock::Mutex;
use futures::{SinkExt, StreamExt};
use peers_harness::{About, Payload, Peer, Result, Setting, ran};

/// As in its README.
const POLL: Duration = Duration::from_millis(500);

async fn count(payload: Payload) {
    ran(&payload);
}

#[derive(Clone)]
enum Apalis {
    Sqlite { storage: SqliteStorage<Payload>, listener: HookCallbackListener },
    Memory { sender: UnboundedSender<Task<Payload>>, storage: Arc<Mutex<Option<MemoryStorage<Payload>>>> },
}

fn memory() -> Apalis {
    let (sender, receiver) = mpsc::unbounded();
    // Its own sink is for one thread: two that send at once panic, and a worker that meets a sender sleeps for good.
    let sink = Box::new(sender.clone().sink_map_err(MemoryStorageError::from));
    let storage = MemoryStorage::new_with(MemorySink::new(Arc::new(Mutex::new(sink))), receiver.boxed());
    Apalis::Memory { sender, storage: Arc::new(Mutex::new(Some(storage))) }
}

fn task(payload: Payload) -> Task<Payload> {
    TaskBuilder::new(payload).task_id(TaskId::from_string(RandomId::default())).build()
}

impl Peer for Apalis {
    const ABOUT: About = About {
        crates: &["apalis", "apalis-sqlite"],
        bulk: true,
        settings: &[
            Setting {
                name: "default",
                on_disk: "by chance: `setup` sets `synchronous = off` on one of up to 10 connections",
                how: "WAL; one worker, told by the update hook and by a poll every 500 ms as in its README, batches of 10",
                waiting: 2_000,
            },
            Setting {
                name: "synchronous = full",
                on_disk: "before each acknowledgement",
                how: "set up by a pool of its own, so that no connection is off; the rest as before",
                waiting: 2_000,
            },
            Setting {
                name: "memory",
                on_disk: "never",
                how: "a channel in memory; one worker",
                waiting: 200_000,
            },
        ],
    };

    async fn open(setting: &str, folder: &Path) -> Result<Self> {
        let url = format!("sqlite://{}?mode=rwc", folder.join("jobs.db").display());
        if setting == "memory" {
            return Ok(memory());
        }
        if setting == "synchronous = full" {
            let pool = SqlitePool::connect(&url).await?;
            SqliteStorage::setup(&pool).await?;
            pool.close().await;
        }
        let (pool, listener) = SqliteStorage::connect_with_callback(&url)?;
        if setting == "default" {
            SqliteStorage::setup(&pool).await?;
        }
        Ok(Self::Sqlite { storage: SqliteStorage::new(&pool), listener })
    }

    async fn enqueue(&self, payload: Payload) -> Result {
        match self {
            Self::Sqlite { storage, .. } => storage.clone().push(payload).await?,
            Self::Memory { sender, .. } => sender.unbounded_send(task(payload))?,
        }
        Ok(())
    }

    async fn enqueue_all(&self, payloads: Vec<Payload>) -> Result {
        match self {
            Self::Sqlite { storage, .. } => storage.clone().push_bulk(payloads).await?,
            Self::Memory { sender, .. } => {
                for payload in payloads {
                    sender.unbounded_send(task(payload))?;
                }
            }
        }
        Ok(())
    }

    async fn work(&self) -> Result {
        match self {
            Self::Sqlite { storage, listener } => {
                let strategy = Strategy::new().stream(listener.clone().ready_chunks(10)).interval(POLL);
                let backend = storage.clone().poll_with_strategy(strategy);
                let worker = WorkerBuilder::new("counter").backend(backend).build(count);
                tokio::spawn(async move {
                    if let Err(error) = worker.run().await {
                        eprintln!("the worker stopped: {error}");
                    }
                });
            }
            Self::Memory { storage, .. } => {
                let backend = storage.lock().await.take().ok_or("working already")?;
                let worker = WorkerBuilder::new("counter").backend(backend).build(count);
                tokio::spawn(async move {
                    let ended = worker.run().await;
                    eprintln!("the worker ended: {ended:?}");
                });
            }
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    peers_harness::main::<Apalis>().await;
}
