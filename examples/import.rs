//! An import in three steps, with a bar and a log. It fails in its second step; the next attempt goes on there, and the
//! first step is not done again. The program checks that, prints what the job noted, and ends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use boltjobs::prelude::*;

/// Imports the students of a school.
#[request(display = "Import {school}", response = u64)]
#[derive(Debug)]
pub struct Import {
    pub school: String,
}

/// How often the registrar was asked for its list, which costs money.
static DOWNLOADS: AtomicU32 = AtomicU32::new(0);

// A delay this short is for the sake of the example: the default begins with 15 seconds.
#[handler(retries = 3, backoff = "fixed(50ms)")]
async fn import(request: Import, ctx: JobContext) -> JobResult<u64> {
    // What a step returns is stored, and read back on the next attempt. Large things go elsewhere, a reference here.
    let students: Vec<String> = ctx.step("download", || download(&request.school)).await?;
    ctx.progress(30, "checking the list");
    ctx.step("check", || async {
        if ctx.attempt() == 1 {
            return Err("the registrar has closed for lunch".into());
        }
        tracing::info!(students = students.len(), "the list is good");
        Ok(())
    })
    .await?;

    let bar = ctx.progress_bar("students", students.len() as u64);
    for (index, student) in bar.wrap(students.iter().enumerate()) {
        // In a loop each step has a name of its own.
        ctx.step(format!("enroll {index}"), || async {
            tracing::info!(%student, "enrolled");
            Ok(())
        })
        .await?;
    }
    ctx.progress(100, "done");
    Ok(bar.done())
}

async fn download(school: &str) -> JobResult<Vec<String>> {
    DOWNLOADS.fetch_add(1, Ordering::SeqCst);
    tracing::info!(school, "downloading");
    Ok(["Ada", "Grace", "Linus"].map(str::to_owned).to_vec())
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    let server = boltjobs::builder().store("memory").start().await?;
    let job = Import { school: "Trondheim".into() }.enqueue().await?;
    let enrolled = tokio::time::timeout(Duration::from_secs(30), job.wait())
        .await
        .expect("it ends soon")?;

    let details = boltjobs::client()
        .job(job.id())
        .await?
        .expect("it is kept for a day");
    for line in details.log() {
        println!("attempt {}  {:5} {}", line.attempt, line.level, line.message);
    }
    for step in details.steps() {
        println!(
            "step `{}` was done by attempt {} in {:?}",
            step.name, step.attempt, step.took
        );
    }

    assert_eq!((enrolled, details.attempts()), (3, 2));
    assert_eq!(
        DOWNLOADS.load(Ordering::SeqCst),
        1,
        "the second attempt read the list back"
    );
    assert_eq!(details.steps().len(), 5);
    assert_eq!((details.bars()[0].done, details.bars()[0].total), (3, 3));
    assert_eq!(details.progress().map(|progress| progress.percent), Some(100));
    assert_eq!(
        details
            .log()
            .filter(|line| line.message.starts_with("downloading"))
            .count(),
        1
    );
    server.shutdown().await
}
