//! Two releases of one program, one after the other on one store. The next one is `next.rs`.

use std::process::Command;

use boltjobs::prelude::*;
use boltjobs_tests::patiently;

/// As the first release knows it.
#[request(name = "invite", response = String)]
#[derive(Debug)]
pub struct Invite {
    student: u64,
}

#[handler]
async fn invite(request: Invite) -> JobResult<String> {
    Ok(format!("the first release invites {}", request.student))
}

/// Runs the next release until it has done what it is told, and returns what it says.
fn next_release(order: &str, store: &str) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_boltjobs-next-release")).args([order, store]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_job_of_a_newer_version_waits_for_a_server_that_knows_it_and_an_older_one_is_brought_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sled:{}", folder.path().display());
    let newer: JobId = next_release("enqueue", &store).trim().parse().unwrap();

    // The first release works one queue alone, so that something of its own is left.
    let server = boltjobs::builder().store(store.as_str()).queues(["default"]).start().await.unwrap();
    let client = server.client();
    let done = client.scope(async { Invite { student: 1 }.enqueue().await.unwrap() }).await.unwrap();
    assert_eq!(patiently(done.wait()).await.unwrap(), "the first release invites 1");
    let left =
        client.scope(async { Invite { student: 2 }.enqueue().queue("later").await.unwrap() }).await.unwrap();
    let left = left.id();
    // The newer one stood before the one that is done.
    let waiting = client.job(newer).await.unwrap().unwrap();
    assert_eq!((waiting.state(), waiting.attempts(), waiting.version()), (JobState::Enqueued, 0, 2));
    assert_eq!(waiting.history().len(), 1);
    server.shutdown().await.unwrap();

    let said = next_release("work", &store);
    for (id, version, invited) in [(newer, 2, "Hei 3"), (left, 1, "Hello 2")] {
        let line = format!("{id} of version {version}, attempt 1: the next release says \"{invited}\"");
        assert!(said.lines().any(|said| said == line), "`{line}` is missing in\n{said}");
    }
}
