//! What surrounds a test.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;

struct Mailer {
    from: String,
}

#[provider]
async fn mailer() -> JobResult<Mailer> {
    Err("no test shall reach the mail server".into())
}

/// What only a test provides.
struct Stamp(u32);

#[request(response = String)]
#[derive(Debug)]
struct Send {
    to: String,
}

#[handler(retries = 0)]
async fn send(request: Send, mailer: Data<Mailer>, stamp: Data<Stamp>) -> JobResult<String> {
    Ok(format!("{} to {} for {}", mailer.from, request.to, stamp.0))
}

#[request]
#[derive(Debug)]
struct Nobody;

#[request(response = u16)]
#[derive(Debug)]
struct Fetch {
    port: u16,
}

#[handler(retries = 0)]
async fn fetch(request: Fetch) -> JobResult<u16> {
    let connected = tokio::net::TcpStream::connect(("127.0.0.1", request.port));
    let stream = tokio::time::timeout(Duration::from_secs(30), connected).await??;
    let mut answer = [0; 2];
    loop {
        tokio::time::timeout(Duration::from_secs(30), stream.readable()).await??;
        match stream.try_read(&mut answer) {
            Ok(_) => return Ok(u16::from_be_bytes(answer)),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[boltjobs::test]
async fn a_provider_is_replaced(jobs: TestJobs) {
    jobs.provide(Mailer { from: "test@school.example".into() });
    jobs.provide(Stamp(7));
    let run = jobs.perform(Send { to: "ada".into() }).await;
    assert_eq!(run.response().unwrap(), "test@school.example to ada for 7");
    jobs.crash().await;
    assert!(jobs.perform(Send { to: "ada".into() }).await.is_success(), "also in the next process");
}

#[boltjobs::test]
async fn a_provider_is_built_when_somebody_asks_for_it(jobs: TestJobs) {
    let error = jobs.perform(Send { to: "ada".into() }).await.error().unwrap();
    assert!(error.contains("no test shall reach the mail server"), "{error}");
    assert!(error.ends_with("put another value in its place with `jobs.provide(value)`"), "{error}");
}

#[boltjobs::test]
async fn what_nobody_provides_is_named(jobs: TestJobs) {
    jobs.provide(Mailer { from: String::new() });
    let error = jobs.perform(Send { to: "ada".into() }).await.error().unwrap();
    assert!(error.starts_with("nothing provides `kit::world::Stamp`"), "{error}");
}

#[boltjobs::test]
async fn a_request_without_a_handler_can_be_enqueued(jobs: TestJobs) {
    Nobody.enqueue().await.unwrap();
    jobs.run_until_idle().await;
    assert_enqueued!(jobs, Nobody);
}

#[boltjobs::test]
async fn each_test_has_a_world_of_its_own() {
    // No jobs are taken here, and none of others are found.
    assert_eq!(boltjobs::client().stats().await.unwrap(), boltjobs::Stats::default());
}

#[boltjobs::test]
async fn a_test_may_return_an_error(_jobs: TestJobs) -> boltjobs::Result<()> {
    Nobody.enqueue().await?;
    Ok(())
}

#[boltjobs::test]
async fn the_world_outside_can_be_waited_for(jobs: TestJobs) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, &[1, 2]).unwrap();
    });
    jobs.allow_real_io();
    let fetch = Fetch { port }.enqueue().await.unwrap();
    let ended = jobs.wait_for(&fetch).await;
    assert_eq!(ended.result().unwrap(), 258, "{:?}", ended.last_error());
    server.join().unwrap();
}

#[boltjobs::test]
#[should_panic(expected = "the test waits, and nothing that it waits for can come")]
async fn a_test_that_waits_in_vain_ends(_jobs: TestJobs) {
    std::future::pending::<()>().await;
}
