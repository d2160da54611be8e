//! How long a start takes after the process before was killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use boltjobs::Server;
use tokio::time::sleep;

use crate::figure::{Figure, Result, Scale, float};
use crate::jobs;
use crate::process::{memory, peak_memory};

/// What the process to be killed says once all is on disk.
const READY: &str = "ready";

pub(crate) async fn open(scale: Scale) -> Result<Vec<Figure>> {
    let waiting = scale.of(1_000_000);
    let folder = tempfile::tempdir()?;
    leave_behind(folder.path(), waiting)?;
    let begin = Instant::now();
    let server = start(folder.path()).await?;
    let took = begin.elapsed();
    let (peak, after) = (peak_memory(), memory());
    let found = server.client().stats().await?.enqueued;
    assert_eq!(found, waiting, "an acknowledged job is lost");
    server.shutdown().await?;
    let mib = |bytes: u64| float(bytes) / float(1 << 20);
    Ok(vec![
        Figure::new("start", "s", took.as_secs_f64()).at_most(3.0),
        Figure::new("peak memory", "MiB", mib(peak)),
        Figure::new("memory afterwards", "MiB", mib(after)),
    ])
}

/// Lets another process fill a store, and kills it.
fn leave_behind(folder: &Path, waiting: u64) -> Result<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--fill")
        .args([folder.as_os_str(), waiting.to_string().as_ref()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut said)?;
    }
    child.kill()?;
    child.wait()?;
    if said.trim() == READY { Ok(()) } else { Err("the process that fills the store has failed".into()) }
}

/// Fills a store, says so, and goes on until it is killed.
pub(crate) fn fill(folder: &Path, waiting: u64) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let _server = start(folder).await?;
        jobs::fill(waiting).await?;
        writeln!(std::io::stdout(), "{READY}")?;
        loop {
            sleep(Duration::from_mins(1)).await;
        }
    })
}

async fn start(folder: &Path) -> Result<Server> {
    let location = format!("sled:{}", folder.join("jobs").display());
    Ok(boltjobs::builder().store(location).workers(0).start().await?)
}
