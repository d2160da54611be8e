//! What surrounds a handler: an audit log, a tenant that comes with each job, a call that is stopped, numbers for a
//! dashboard. The program checks what it shows, and ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use boltjobs::prelude::*;
use boltjobs::{Error, FromJobContext};

/// Sends an invoice.
#[request(response = String, display = "Invoice {number}")]
#[derive(Debug)]
pub struct SendInvoice {
    pub number: u64,
}

/// Whose job it is: found in the metadata, and made an argument of whatever handler asks for it.
pub struct Tenant(String);

impl FromJobContext for Tenant {
    async fn from_job_context(ctx: &JobContext) -> JobResult<Self> {
        // In a call in place there is no metadata.
        Ok(Self(ctx.meta("tenant").unwrap_or("nobody").to_owned()))
    }
}

#[handler(retries = 0)]
async fn send_invoice(invoice: SendInvoice, Tenant(tenant): Tenant) -> JobResult<String> {
    if invoice.number == 13 {
        panic!("thirteen is bad luck");
    }
    Ok(format!("invoice {} of {tenant}", invoice.number))
}

/// Around enqueueing: stamps each job with the tenant of the code that enqueues it, and keeps out what must not come in.
#[interceptor(enqueue)]
async fn stamp(mut jobs: Submission, next: NextSubmission) -> boltjobs::Result<Receipt> {
    for job in &mut jobs {
        if job
            .request::<SendInvoice>()
            .is_some_and(|invoice| invoice.number == 0)
        {
            return Err(Error::refused("invoices count from 1"));
        }
        job.set_meta("tenant", "oslo");
    }
    next.run(jobs).await
}

/// What happened, for the auditors.
#[derive(Clone, Default)]
pub struct AuditLog(Arc<Mutex<Vec<String>>>);

/// Around every handler. Panics and timeouts are outcomes here, as errors are.
#[interceptor]
async fn audit(call: Call, next: Next, log: Data<AuditLog>) -> Outcome {
    let title = call.title().to_owned();
    let outcome = next.run(call).await;
    let what = match (outcome.error(), outcome.deleted()) {
        (Some(error), _) => error.to_string(),
        (_, Some(reason)) => reason.to_owned(),
        _ => "done".to_owned(),
    };
    log.0.lock().unwrap().push(format!("{title}: {what}"));
    outcome
}

/// Inside of the audit, and around invoices alone: the handler is not called.
#[interceptor(after = audit, only = [SendInvoice])]
async fn no_drafts(call: Call, next: Next) -> Outcome {
    match call.request::<SendInvoice>() {
        Some(invoice) if invoice.number > 1_000 => Outcome::delete("it is a draft"),
        _ => next.run(call).await,
    }
}

/// Counts what failed, wherever it happened. It sees each transition once that is on disk, and holds nothing up.
#[derive(Clone, Default)]
pub struct Alerts(Arc<AtomicU64>);

#[observer]
async fn alert(event: Transition, alerts: Data<Alerts>) {
    if event.to() == JobState::Failed {
        alerts.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    let (log, alerts) = (AuditLog::default(), Alerts::default());
    let server = boltjobs::builder()
        .store("memory")
        .provide(log.clone())
        .provide(alerts.clone())
        // Even the built-in ones can be left out.
        .without_interceptor("stopwatch")
        .start()
        .await?;
    let invoice = |number| SendInvoice { number };

    let sent = invoice(7).enqueue().await?.wait().await?;
    assert_eq!(sent, "invoice 7 of oslo");

    let refused = invoice(0).enqueue().await.unwrap_err();
    println!("{refused}");
    assert!(matches!(refused, Error::Refused { .. }));

    let draft = invoice(1_001).enqueue().await?;
    println!("{}", draft.wait().await.unwrap_err());
    assert_eq!(draft.state().await?, JobState::Deleted);

    let unlucky = invoice(13).enqueue().await?.wait().await.unwrap_err();
    println!("{unlucky}");

    // A call in place goes through the same interceptors.
    assert_eq!(invoice(8).process().await?, "invoice 8 of nobody");
    assert!(invoice(1_002).process().await.is_err());

    server.shutdown().await?;

    for line in log.0.lock().unwrap().iter() {
        println!("audit: {line}");
    }
    assert_eq!(
        *log.0.lock().unwrap(),
        [
            "Invoice 7: done",
            "Invoice 1001: it is a draft",
            "Invoice 13: the handler panicked: thirteen is bad luck",
            "Invoice 8: done",
            "Invoice 1002: it is a draft",
        ]
    );
    // A shutdown lets observers see the last transition.
    assert_eq!(alerts.0.load(Ordering::Relaxed), 1);
    Ok(())
}
