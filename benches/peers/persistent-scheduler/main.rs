//! persistent-scheduler: native_db, that is redb.

use std::path::Path;
use std::sync::Arc;

use peers_harness::{About, Payload, Peer, Result, Setting, ran};
use persistent_scheduler::core::context::{TaskConfiguration, TaskContext};
use persistent_scheduler::core::task::{Task, TaskFuture};
use persistent_scheduler::core::task_kind::TaskKind;
use persistent_scheduler::nativedb::meta::NativeDbTaskStore;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Count(Payload);

impl Task for Count {
    const TASK_KEY: &'static str = "count";
    const TASK_QUEUE: &'static str = "default";

    fn delay_seconds(&self) -> u32 {
        0
    }

    fn run(self) -> TaskFuture {
        Box::pin(async move {
            ran(&self.0);
            Ok(())
        })
    }
}

fn context(store: &NativeDbTaskStore) -> TaskContext<NativeDbTaskStore> {
    TaskContext::new(store.clone()).register::<Count>().set_concurrency("default", 10)
}

#[derive(Clone)]
struct Scheduler {
    store: NativeDbTaskStore,
    context: Arc<TaskContext<NativeDbTaskStore>>,
    working: Arc<Mutex<Option<TaskContext<NativeDbTaskStore>>>>,
}

impl Peer for Scheduler {
    const ABOUT: About = About {
        crates: &["persistent-scheduler", "native_db"],
        bulk: true,
        settings: &[Setting {
            name: "default",
            on_disk: "before each acknowledgement",
            how: "10 at once, as in its example; polls every 200 ms",
            waiting: 2_000,
        }],
    };

    async fn open(_: &str, folder: &Path) -> Result<Self> {
        let file = folder.join("jobs.db").to_string_lossy().into_owned();
        let store = NativeDbTaskStore::new(Some(file), None);
        Ok(Self { context: Arc::new(context(&store)), store, working: Arc::default() })
    }

    async fn enqueue(&self, payload: Payload) -> Result {
        Ok(self.context.add_task(Count(payload), TaskKind::Once, None).await?)
    }

    async fn enqueue_all(&self, payloads: Vec<Payload>) -> Result {
        let task =
            |payload| TaskConfiguration { inner: Count(payload), kind: TaskKind::Once, delay_seconds: None };
        Ok(self.context.add_tasks(payloads.into_iter().map(task).collect()).await?)
    }

    async fn work(&self) -> Result {
        *self.working.lock().await = Some(context(&self.store).start().await);
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    peers_harness::main::<Scheduler>().await;
}
