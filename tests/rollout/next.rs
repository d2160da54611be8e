//! The next release of the program in `main.rs`: its request has changed.

use boltjobs::prelude::*;
use boltjobs_tests::{patiently, say};

/// As this release knows it.
#[request(name = "invite", version = 2, response = String)]
#[derive(Debug)]
struct Invite {
    student: u64,
    greeting: String,
}

#[derive(serde::Deserialize)]
struct InviteV1 {
    student: u64,
}

#[upcast(from = 1)]
fn invite_from_v1(old: InviteV1) -> Invite {
    Invite { student: old.student, greeting: "Hello".to_owned() }
}

#[handler]
async fn invite(request: Invite) -> JobResult<String> {
    Ok(format!("{} {}", request.greeting, request.student))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> boltjobs::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (order, store) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let builder = boltjobs::builder().store(store);
    if order == "enqueue" {
        let server = builder.workers(0).start().await?;
        let job = Invite { student: 3, greeting: "Hei".to_owned() }.enqueue().await?;
        say(job.id());
        return server.shutdown().await;
    }
    let server = builder.start().await?;
    let client = server.client();
    // One job of the first release has ended already.
    patiently(async {
        while client.stats().await.is_ok_and(|stats| stats.succeeded < 3) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for job in client.jobs().state(JobState::Succeeded).list().await?.jobs {
        let (id, result) = (job.id(), job.result().unwrap_or_default());
        say(format!(
            "{id} of version {}, attempt {}: the next release says {result}",
            job.version(),
            job.attempts()
        ));
    }
    server.shutdown().await
}
