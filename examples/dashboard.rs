//! A dashboard with something to see: jobs that succeed, fail, wait and run, recurring ones, and a queue that is paused.
//! Open <http://localhost:4010>; Ctrl-C ends the program.

use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;

#[request(display = "Mail to {to}")]
#[derive(Debug)]
pub struct SendMail {
    pub to: String,
}

#[handler]
async fn send_mail(request: SendMail) {
    tracing::info!("a mail to {} is on its way", request.to);
}

#[request(display = "Charge {customer}")]
#[derive(Debug)]
pub struct Charge {
    pub customer: String,
    pub cents: u64,
    /// The dashboard shows `***`.
    #[request(sensitive)]
    pub card: String,
}

#[handler(retries = 0)]
async fn charge(request: Charge) -> JobResult {
    if request.cents > 10_000 {
        return Err(std::io::Error::other("the bank refused the card").into());
    }
    Ok(())
}

#[request(display = "Import of {file}")]
#[derive(Debug)]
pub struct Import {
    pub file: String,
}

/// Takes two minutes, so that there is time to look at it.
#[handler(timeout = "1h")]
async fn import(_: Import, ctx: JobContext) -> JobResult {
    let rows = ctx.step("count the rows", || async { Ok(120_u64) }).await?;
    let bar = ctx.progress_bar("rows", rows);
    for row in 0..rows {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => bar.inc(1),
            () = ctx.cancelled() => return Err(JobError::cancelled().into()),
        }
        if row % 10 == 0 {
            tracing::info!("row {row} of {rows}");
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    tracing_subscriber::fmt().init();
    let server = boltjobs::builder()
        .store("memory")
        .dashboard("127.0.0.1:4010")
        // Who sees it may act. Without this it only looks.
        .dashboard_role(DashboardRole::Administer)
        .start()
        .await?;

    for to in ["ada@example.org", "grace@example.org", "alan@example.org"] {
        SendMail { to: to.into() }.enqueue().await?;
    }
    for (customer, cents) in [
        ("Ada", 4_200),
        ("Grace", 1_999),
        ("Alan", 99_000),
        ("Edsger", 12_345),
    ] {
        let charge = Charge { customer: customer.into(), cents, card: "4111 1111 1111 1111".into() };
        charge.enqueue().queue("payments").tag("eu").await?;
    }
    let import = Import { file: "customers.csv".into() }.enqueue().await?;
    SendMail { to: "office@example.org".into() }
        .enqueue()
        .after(&import)
        .await?;
    SendMail { to: "later@example.org".into() }
        .schedule_in(Duration::from_secs(3_600))
        .await?;
    SendMail { to: "newsletter@example.org".into() }
        .enqueue()
        .queue("newsletter")
        .await?;
    boltjobs::client().queue("newsletter").pause().await?;
    Import { file: "nightly.csv".into() }
        .recurring("nightly-import", "0 3 * * *")
        .timezone("Europe/Oslo")
        .await?;
    SendMail { to: "team@example.org".into() }
        .recurring("reminder", "*/5 * * * *")
        .await?;

    println!("open http://localhost:4010");
    server.run_until_signal().await
}
