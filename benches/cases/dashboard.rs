//! What the dashboard takes: a page among many jobs, and watching.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use boltjobs::{Builder, DashboardRole, JobId, Request as _};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::bench::{Bench, callers};
use crate::figure::{Figure, Result, Scale, float, percentiles};
use crate::jobs::{Count, counted, decline, fill, job};
use crate::process;

/// How often each page is asked for.
const ASKED: usize = 200;

/// How many tabs watch, each as a browser of its own.
const TABS: usize = 10;

/// What is asked for besides a job and a page from the middle of all.
const PATHS: &[&str] = &[
    "/",
    "/?from=3h&to=1h",
    "/jobs",
    "/jobs?q=state:enqueued",
    "/jobs?q=state:failed+queue:q3",
    "/jobs?q=tag:eu",
    "/jobs?q=state:enqueued+tag:eu+tag:paid",
    "/jobs?q=nothing-has-this",
    "/failures",
    "/retries",
    "/recurring",
    "/queues",
    "/queues/q3",
    "/batches",
    "/servers",
    "/operations",
    "/health",
    "/audit",
    "/audit?q=nothing-has-this",
    "/metrics",
    "/api/overview",
    "/api/counts",
    "/api/jobs?size=500",
    "/api/jobs?q=nothing-has-this",
    "/api/failures",
    "/api/queues",
    "/api/throughput?span=week",
    "/api/health",
];

fn shown(builder: Builder) -> Builder {
    builder.workers(256).dashboard("127.0.0.1:0").dashboard_role(DashboardRole::Operate)
}

/// Asks for every page while 600,000 jobs wait, 300,000 have succeeded and 100,000 have failed.
pub(crate) async fn pages(scale: Scale) -> Result<Vec<Figure>> {
    let bench = Bench::start(shown).await?;
    let (waiting, succeeded, failed) = (scale.of(600_000), scale.of(300_000), scale.of(100_000));
    fill(succeeded).await?;
    counted(succeeded).await;
    callers(1_024, failed, |number| async move {
        decline(number).enqueue().queue(format!("q{}", number % 10)).retries(0).await?;
        Ok(())
    })
    .await?;
    while bench.client().stats().await?.failed < failed {
        sleep(Duration::from_millis(10)).await;
    }
    bench.pause(true).await?;
    callers(1_024, waiting, |number| async move {
        let job = job(number).enqueue().tag("eu");
        if number % 2 == 0 {
            job.tag("paid").await?
        } else {
            job.await?
        };
        Ok(())
    })
    .await?;
    let deep = job(0).enqueue().await?.id();
    callers(1_024, waiting / 2, |number| async move {
        job(number).enqueue().await?;
        Ok(())
    })
    .await?;

    let at = bench.dashboard()?;
    let mut paths: Vec<_> = PATHS.iter().map(|path| (*path).to_owned()).collect();
    paths.extend(of_job(deep));
    paths.push(format!("/requests/{}", Count::INFO.name()));
    paths.extend(
        bench.client().failures(1).await?.iter().map(|group| format!("/failures/{}", group.fingerprint)),
    );
    let mut figures = Vec::new();
    for path in paths {
        let asked = path.clone();
        let times =
            spawn_blocking(move || (0..ASKED).map(|_| millis(at, &asked)).collect::<Result<Vec<_>>>());
        let [median, worst] = percentiles(&path.replace(&deep.to_string(), "<id>"), "ms", times.await??);
        figures.extend([median, worst.at_most(50.0)]);
    }
    bench.stop().await?;
    Ok(figures)
}

fn of_job(id: JobId) -> [String; 5] {
    [
        format!("/jobs/copy?as=rust&job={id}"),
        format!("/jobs/{id}"),
        format!("/jobs/{id}/edit"),
        format!("/api/jobs/{id}"),
        format!("/jobs?after={id}"),
    ]
}

/// Watches with ten browsers while nothing happens but heartbeats.
pub(crate) async fn idle(scale: Scale) -> Result<Vec<Figure>> {
    let bench = Bench::start(shown).await?;
    let span = scale.span(Duration::from_secs(20));
    sleep(Duration::from_secs(1)).await;
    let alone = used(span).await;
    let at = bench.dashboard()?;
    for _ in 0..TABS {
        watch(at)?;
    }
    sleep(Duration::from_secs(1)).await;
    let watched = used(span).await;
    bench.stop().await?;
    Ok(vec![
        Figure::new("nobody watches", "% of a core", alone),
        Figure::new(format!("{TABS} tabs more"), "% of a core", watched - alone).at_most(2.0),
    ])
}

async fn used(span: Duration) -> f64 {
    let before = process::cpu();
    sleep(span).await;
    100.0 * process::cpu().saturating_sub(before).as_secs_f64() / span.as_secs_f64()
}

/// Drains 500,000 jobs five times, and compares those with a tab open with those without. The first warms up.
pub(crate) async fn watched(scale: Scale) -> Result<Vec<Figure>> {
    let bench = Bench::start(shown).await?;
    let jobs = scale.of(500_000);
    let at = bench.dashboard()?;
    let mut took = [Duration::ZERO; 2];
    let mut goal = 0;
    for (round, open) in [false, false, true, true, false].into_iter().enumerate() {
        bench.pause(true).await?;
        fill(jobs).await?;
        let tab = open.then(|| watch(at)).transpose()?;
        let begin = Instant::now();
        bench.pause(false).await?;
        goal += jobs;
        counted(goal).await;
        if round > 0 {
            took[usize::from(open)] += begin.elapsed();
        }
        if let Some(tab) = tab {
            tab.shutdown(Shutdown::Both)?;
        }
    }
    bench.stop().await?;
    let rates = took.map(|took| float(2 * jobs) / took.as_secs_f64());
    Ok(vec![
        Figure::new("nobody watches", "jobs/s", rates[0]),
        Figure::new("one tab on the first page", "jobs/s", rates[1]),
        Figure::new("watched to not", "", rates[1] / rates[0]).at_least(0.95),
    ])
}

/// Keeps a first page up to date until the connection is shut down, as the script of the page does.
fn watch(at: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(at)?;
    let mut events = stream.try_clone()?;
    std::thread::spawn(move || -> Result<()> {
        write!(events, "GET /events HTTP/1.1\r\nhost: {at}\r\n\r\n")?;
        let mut buffer = [0; 4_096];
        loop {
            let read = events.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            if String::from_utf8_lossy(&buffer[..read]).contains("event: change") {
                millis(at, "/")?;
            }
        }
    });
    Ok(stream)
}

/// Asks for a path on a connection of its own, and returns how long it took until all was there.
fn millis(at: SocketAddr, path: &str) -> Result<f64> {
    let begin = Instant::now();
    let mut stream = TcpStream::connect(at)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let took = begin.elapsed().as_secs_f64() * 1e3;
    if answer.starts_with(b"HTTP/1.1 200 ") {
        return Ok(took);
    }
    Err(format!("{path} is answered with {}", String::from_utf8_lossy(&answer)).into())
}
