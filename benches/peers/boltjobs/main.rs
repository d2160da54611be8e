//! boltjobs, as a user's program depends on it.

use std::path::Path;
use std::sync::Arc;

use boltjobs::Server;
use boltjobs::prelude::*;
use peers_harness::{About, Payload, Peer, Result, Setting, ran};

#[request]
#[derive(Debug)]
struct Count {
    text: String,
    number: u64,
}

#[handler]
async fn count(request: Count) {
    ran(&Payload { text: request.text, number: request.number });
}

fn job(Payload { text, number }: Payload) -> Count {
    Count { text, number }
}

#[derive(Clone)]
struct Boltjobs(Arc<Server>);

impl Peer for Boltjobs {
    const ABOUT: About = About {
        crates: &["boltjobs"],
        bulk: true,
        settings: &[
            Setting {
                name: "default",
                on_disk: "before each acknowledgement",
                how: "default workers (5 for each core)",
                waiting: 100_000,
            },
            Setting {
                name: "256 workers",
                on_disk: "before each acknowledgement",
                how: "256 workers",
                waiting: 100_000,
            },
            Setting {
                name: "eventual, 256 workers",
                on_disk: "soon after the acknowledgement",
                how: "`Durability::Eventual`, 256 workers",
                waiting: 100_000,
            },
            Setting {
                name: "memory, 256 workers",
                on_disk: "never",
                how: "the memory store, 256 workers",
                waiting: 100_000,
            },
        ],
    };

    async fn open(setting: &str, folder: &Path) -> Result<Self> {
        let builder = match setting {
            "memory, 256 workers" => boltjobs::builder().store("memory"),
            _ => boltjobs::builder().store(format!("sled:{}", folder.join("jobs").display())),
        };
        let builder = match setting {
            "eventual, 256 workers" => builder.durability(Durability::Eventual),
            _ => builder,
        };
        let builder = if setting == "default" { builder } else { builder.workers(256) };
        let server = builder.start().await?;
        server.client().queue("default").pause().await?;
        Ok(Self(Arc::new(server)))
    }

    async fn enqueue(&self, payload: Payload) -> Result {
        job(payload).enqueue().await?;
        Ok(())
    }

    async fn enqueue_all(&self, payloads: Vec<Payload>) -> Result {
        Count::enqueue_all(payloads.into_iter().map(job)).await?;
        Ok(())
    }

    async fn work(&self) -> Result {
        self.0.client().queue("default").resume().await?;
        Ok(())
    }

    async fn done(&self) -> Result<u64> {
        Ok(self.0.client().stats().await?.succeeded)
    }
}

#[tokio::main]
async fn main() {
    peers_harness::main::<Boltjobs>().await;
}
