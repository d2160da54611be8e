//! Short jobs that one task runs one after the other, and what it must not do to them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use boltjobs::Timestamp;
use boltjobs::prelude::*;
use boltjobs_core::clock::{Clock, Sleep};
use boltjobs_tests::patiently;

/// A clock by which everything is done at once, but for what waits for it.
#[derive(Debug, Default)]
struct Swift(AtomicU64);

impl Clock for Swift {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep<'_> {
        Box::pin(std::future::pending())
    }

    #[expect(clippy::disallowed_methods, reason = "this is a clock")]
    fn sleep(&self, span: Duration) -> Sleep<'_> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// Two jobs, of which one waits for the other as no async fn should: it holds its thread.
#[request]
#[derive(Debug)]
pub struct Part {
    role: String,
}

#[derive(Debug, Clone)]
struct Stage {
    cue: mpsc::Sender<()>,
    cued: Arc<Mutex<mpsc::Receiver<()>>>,
}

#[handler(retries = 0)]
async fn play(part: Part, stage: Data<Stage>) -> JobResult {
    match part.role.as_str() {
        "waits" => stage.cued.lock().unwrap().recv_timeout(Duration::from_secs(20))?,
        "gives the cue" => stage.cue.send(())?,
        _ => {}
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_jobs_do_not_wait_for_one_that_suddenly_holds_its_thread() {
    let (cue, cued) = mpsc::channel();
    let stage = Stage { cue, cued: Arc::new(Mutex::new(cued)) };
    let builder = boltjobs::builder().store("memory").workers(8).clock(Arc::new(Swift::default()));
    let server = builder.provide(stage).start().await.expect("the server starts");
    let client = server.client();
    // How short they are is known once some have run.
    for roles in [["walks by"; 3], ["waits", "gives the cue", "walks by"]] {
        let parts = roles.map(|role| Part { role: role.to_owned() });
        let jobs = client.scope(async { Part::enqueue_all(parts).await });
        let jobs = jobs.await.expect("it was started").expect("they are enqueued");
        for job in jobs {
            patiently(job.wait()).await.expect("it succeeds");
        }
    }
    server.shutdown().await.expect("it stops");
}
