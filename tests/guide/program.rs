use std::sync::Arc;
use std::time::Duration;

use boltjobs::prelude::*;

#[request(display = "Remind {student} of {course}")]
#[derive(Debug)]
pub struct Remind {
    pub student: u64,
    pub course: String,
}

#[handler(retries = 2, backoff = "fixed(10s)")]
async fn remind(request: Remind, ctx: JobContext) -> JobResult {
    if request.student == 13 && ctx.attempt() < 3 {
        return Err("unlucky".into());
    }
    Ok(())
}

pub async fn sign_up(student: u64, course: &str) -> boltjobs::Result<()> {
    Remind { student, course: course.into() }.schedule_in(Duration::from_secs(3600)).await?;
    Ok(())
}

/// What the bank is asked through.
pub trait Bank: Send + Sync {
    /// Takes the money once for each key, and returns the number of the receipt.
    fn charge(&self, key: &str, order: u64) -> Result<u64, String>;
}

#[provider]
async fn bank() -> JobResult<Arc<dyn Bank>> {
    Err("the bank has no address here".into())
}

#[request(response = u64)]
#[derive(Debug)]
pub struct Charge {
    pub order: u64,
}

#[handler(retries = 2, backoff = "fixed(10s)", timeout = "1m")]
async fn charge(request: Charge, ctx: JobContext, bank: Data<Arc<dyn Bank>>) -> JobResult<u64> {
    let key = format!("order {}", request.order);
    let receipt: u64 = ctx.step("charge", || async { Ok(bank.charge(&key, request.order)?) }).await?;
    tokio::time::sleep(Duration::from_secs(2)).await; // it prints
    SendReceipt { number: receipt }.schedule_in(Duration::from_secs(60)).await?;
    Ok(receipt)
}

#[request]
#[derive(Debug, PartialEq)]
pub struct SendReceipt {
    pub number: u64,
}

#[handler]
async fn send_receipt(_: SendReceipt) {}

#[request(response = String)]
#[derive(Debug, Default)]
pub struct Nightly;

#[handler]
async fn nightly(_: Nightly, ctx: JobContext) -> JobResult<String> {
    Ok(ctx.now().to_rfc3339())
}
