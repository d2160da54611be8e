//! Jobs that wait for others, and batches: an order is packed once it is paid, and an import grows while it runs.
//!
//! Run it with `cargo run --example workflow`. It checks itself, and ends by itself.

use boltjobs::prelude::*;

#[request(response = u64, display = "Charge {cents} cents")]
#[derive(Debug)]
pub struct Charge {
    pub cents: u64,
}

#[handler(retries = 0)]
async fn charge(request: Charge) -> JobResult<u64> {
    if request.cents == 0 {
        return Err("nothing to charge".into());
    }
    Ok(9_000 + request.cents)
}

#[request(response = String)]
#[derive(Debug)]
pub struct Pack;

#[handler]
async fn pack(_: Pack, ctx: JobContext) -> JobResult<String> {
    let receipt: Option<u64> = ctx.parent_result().await?;
    Ok(format!("packed against receipt {}", receipt.ok_or("no receipt")?))
}

#[request(response = String)]
#[derive(Debug)]
pub struct CallCustomer;

#[handler]
async fn call_customer(_: CallCustomer) -> JobResult<String> {
    Ok("called the customer".to_owned())
}

/// Finds out what there is to import, and adds a job for each part to its own batch.
#[request]
#[derive(Debug)]
pub struct Import {
    pub files: u32,
}

#[handler]
async fn import(request: Import, ctx: JobContext) -> JobResult {
    let batch = ctx.batch().ok_or("an import belongs into a batch")?;
    batch
        .extend((0..request.files).map(|file| ImportFile { file }))
        .await?;
    Ok(())
}

#[request]
#[derive(Debug)]
pub struct ImportFile {
    pub file: u32,
}

#[handler]
async fn import_file(_: ImportFile) {}

#[request(response = String)]
#[derive(Debug)]
pub struct Publish;

#[handler]
async fn publish(_: Publish) -> JobResult<String> {
    Ok("published".to_owned())
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    let server = boltjobs::builder().store("memory").start().await?;

    // What comes after a success, and what comes after a failure.
    for cents in [4_200, 0] {
        let paid = Charge { cents }.enqueue().await?;
        let pack = Pack.continue_after(&paid).await?;
        let call = CallCustomer.continue_after(&paid).when(After::Failed).await?;
        println!(
            "{cents} cents: pack: {:?}; call: {:?}",
            pack.wait().await,
            call.wait().await
        );
        assert_eq!(pack.state().await? == JobState::Succeeded, cents > 0);
        assert_eq!(call.state().await? == JobState::Succeeded, cents == 0);
    }

    // A batch that grows from inside, and what follows it.
    let batch = Batch::new("nightly import")
        .push(Import { files: 12 })
        .on_success(Publish)
        .submit()
        .await?;
    let ended = batch.wait().await?;
    println!(
        "{}: {} of {} succeeded",
        ended.name(),
        ended.succeeded(),
        ended.total()
    );
    assert_eq!((ended.total(), ended.succeeded()), (13, 13));

    // It can be followed later, too.
    let late = Publish.continue_after(&batch).await?;
    println!("{}", late.wait().await?);
    server.shutdown().await
}
