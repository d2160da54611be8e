use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;
use chrono::{DateTime, Utc};

use crate::program::{Nightly, Remind};

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

#[boltjobs::test]
async fn the_night_of_the_change_has_its_run(jobs: TestJobs) {
    jobs.set_clock(at("2026-03-28T12:00:00Z"));
    Nightly.recurring("nightly", cron!("30 2 * * *")).timezone("Europe/Oslo").await.unwrap();

    // There is no 2:30 in this night: it fires at the end of the gap.
    assert_eq!(jobs.next_due().await, Some(at("2026-03-29T01:00:00Z")));

    let report = jobs.advance_to(at("2026-04-04T12:00:00Z")).await;
    assert_eq!(report.succeeded::<Nightly>(), 7);
}

#[boltjobs::test]
async fn a_clock_that_jumps_makes_jobs_due(jobs: TestJobs) {
    Remind { student: 7, course: "Rust".into() }.schedule_in(Duration::from_secs(7200)).await.unwrap();
    jobs.set_clock(jobs.now() + Duration::from_secs(7200));
    assert_eq!(jobs.drain().await.succeeded::<Remind>(), 1);
}

#[boltjobs::test]
async fn a_handler_asks_for_the_time_of_the_test(jobs: TestJobs) {
    jobs.set_clock(at("2031-05-06T07:08:09Z"));
    let run = jobs.perform(Nightly).await;
    assert_eq!(run.response().unwrap(), "2031-05-06T07:08:09+00:00");
}

/// Asks a server, and gives it 30 seconds.
#[request(response = u64)]
#[derive(Debug)]
struct Ask {
    port: u16,
}

#[handler]
async fn ask(request: Ask) -> JobResult<u64> {
    let asked = async {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", request.port)).await?;
        stream.readable().await?;
        let mut answer = [0; 1];
        stream.try_read(&mut answer)?;
        Ok(answer[0].into())
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await?
}

#[boltjobs::test]
async fn a_server_answers(jobs: TestJobs) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.accept().unwrap().0.write_all(&[42]));

    jobs.allow_real_io();
    let job = Ask { port }.enqueue().await.unwrap();
    assert_eq!(job.wait().await.unwrap(), 42);
}
