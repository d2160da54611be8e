//! What limits hold back, end to end: by handler, by key, by queue, by rate, and by a pause.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{JobHandle, LimitKind, Reason};
use boltjobs_tests::{Bench, patiently};
use tokio::sync::{Semaphore, mpsc as channel};

/// What runs, by course, and a way to let it end.
#[derive(Debug, Clone)]
pub struct Classroom {
    seen: Arc<Mutex<BTreeMap<String, usize>>>,
    started: channel::UnboundedSender<u64>,
    ends: Arc<Semaphore>,
}

fn classroom() -> (Classroom, channel::UnboundedReceiver<u64>) {
    let (started, starts) = channel::unbounded_channel();
    (Classroom { seen: Arc::default(), started, ends: Arc::new(Semaphore::new(0)) }, starts)
}

impl Classroom {
    async fn teach(&self, course: &str, student: u64) -> usize {
        let running = {
            let mut seen = self.seen.lock().unwrap();
            let running = seen.entry(course.to_owned()).or_default();
            *running += 1;
            *running
        };
        self.started.send(student).unwrap();
        self.ends.acquire().await.unwrap().forget();
        *self.seen.lock().unwrap().get_mut(course).unwrap() -= 1;
        running
    }
}

/// One of a course at a time.
#[request(concurrency_key = "course:{course}", response = usize)]
#[derive(Debug)]
pub struct Enroll {
    course: String,
    student: u64,
}

#[handler(concurrency_per_key = 1)]
async fn enroll(request: Enroll, room: Data<Classroom>) -> JobResult<usize> {
    Ok(room.teach(&request.course, request.student).await)
}

/// Three in ten seconds, and one of a course.
#[request(concurrency_key = "course:{course}")]
#[derive(Debug)]
pub struct Announce {
    course: String,
}

#[handler(rate_limit = "3/10s", rate_limit_per_key = "1/10s")]
async fn announce(_: Announce) -> JobResult {
    Ok(())
}

/// Has no limit of its own.
#[request(response = usize)]
#[derive(Debug)]
pub struct Visit {
    student: u64,
}

#[handler]
async fn visit(request: Visit, room: Data<Classroom>) -> JobResult<usize> {
    Ok(room.teach("none", request.student).await)
}

/// A way out of a handler that blocks.
#[derive(Debug, Clone)]
pub struct Door {
    entered: channel::UnboundedSender<()>,
    open: Arc<Mutex<mpsc::Receiver<()>>>,
}

/// Blocks past its timeout.
#[request(concurrency_key = "{key}")]
#[derive(Debug)]
pub struct Stuck {
    key: String,
}

#[handler(retries = 0, timeout = "1s", concurrency_per_key = 1)]
fn stuck(_: Stuck, door: Data<Door>) -> JobResult {
    door.entered.send(())?;
    door.open.lock().unwrap().recv()?;
    Ok(())
}

fn no_door() -> Door {
    let (entered, _) = channel::unbounded_channel();
    Door { entered, open: Arc::new(Mutex::new(mpsc::channel().1)) }
}

async fn bench(room: Classroom) -> Bench {
    Bench::with(|builder| builder.provide(room).provide(no_door()).workers(8)).await
}

fn enrolls(course: &str, students: std::ops::Range<u64>) -> Vec<Enroll> {
    students.map(|student| Enroll { course: course.into(), student }).collect()
}

async fn next(starts: &mut channel::UnboundedReceiver<u64>) -> u64 {
    patiently(starts.recv()).await.unwrap()
}

#[tokio::test]
async fn jobs_of_one_key_never_overlap_and_hold_up_no_other_key_and_no_worker() {
    let (room, mut starts) = classroom();
    let bench = bench(room.clone()).await;
    let rust = bench.scope(async { Enroll::enqueue_all(enrolls("rust", 0..20)).await.unwrap() }).await;
    let go = bench.scope(async { Enroll::enqueue_all(enrolls("go", 100..103)).await.unwrap() }).await;
    let others = (200..206).map(|student| Visit { student });
    let visits = bench.scope(async { Visit::enqueue_all(others).await.unwrap() }).await;
    // Two keys and six others fill all eight workers, although twenty of one key were first.
    let mut first = Vec::new();
    for _ in 0..8 {
        first.push(next(&mut starts).await);
    }
    first.sort_unstable();
    assert_eq!(first, [0, 100, 200, 201, 202, 203, 204, 205]);
    let explained = bench.client().explain(rust[1].id()).await.unwrap();
    let Reason::KeyFull { holders, .. } = explained.reason() else { panic!("{explained}") };
    assert_eq!(holders, &[rust[0].id()]);

    room.ends.add_permits(1_000);
    for job in rust.iter().chain(&go) {
        assert_eq!(patiently(job.wait()).await.unwrap(), 1, "it was alone with its key");
    }
    for job in &visits {
        patiently(job.wait()).await.unwrap();
    }
    let mut order: Vec<_> = std::iter::from_fn(|| starts.try_recv().ok()).collect();
    order.retain(|student| *student < 100);
    assert_eq!(order, (1..20).collect::<Vec<_>>(), "in the order in which they came");
}

#[tokio::test]
async fn a_rate_is_waited_for_by_time_alone_and_to_the_microsecond() {
    let bench = bench(classroom().0).await;
    let courses = ["a", "a", "b", "c", "d"].map(|course| Announce { course: course.into() });
    let jobs = bench.scope(async { Announce::enqueue_all(courses).await.unwrap() }).await;
    for at in [0, 2, 3] {
        patiently(jobs[at].wait()).await.unwrap();
    }
    let until = bench.clock_now().plus(Duration::from_secs(10));
    let why = bench.client().explain(jobs[4].id()).await.unwrap();
    assert!(matches!(why.reason(), Reason::HandlerRate { until: at, .. } if *at == until), "{why}");

    // The job that is due at that moment shows that the scheduler has been at work.
    let nearly = Duration::from_secs(10) - Duration::from_micros(1);
    let marker = bench.scope(async { Leaf.schedule_in(nearly).await.unwrap() }).await;
    bench.clock.advance(nearly);
    patiently(marker.wait()).await.unwrap();
    for at in [1, 4] {
        assert_eq!(jobs[at].state().await.unwrap(), JobState::Enqueued);
    }
    bench.clock.advance(Duration::from_micros(1));
    for at in [1, 4] {
        patiently(jobs[at].wait()).await.unwrap();
    }
}

/// Does nothing.
#[request]
#[derive(Debug)]
pub struct Leaf;

#[handler]
async fn leaf(_: Leaf) -> JobResult {
    Ok(())
}

#[tokio::test]
async fn a_queue_may_have_a_limit_of_its_own() {
    let (room, mut starts) = classroom();
    let queues = [Queue::new("mail").concurrency(2), Queue::new("default")];
    let settings = |builder: boltjobs::Builder| {
        builder.provide(room.clone()).provide(no_door()).workers(8).queues(queues)
    };
    let bench = Bench::with(settings).await;
    let mut jobs: Vec<JobHandle<Visit>> = Vec::new();
    for student in 0..5 {
        jobs.push(bench.scope(async { Visit { student }.enqueue().queue("mail").await.unwrap() }).await);
    }
    jobs.push(bench.scope(async { Visit { student: 9 }.enqueue().await.unwrap() }).await);
    let mut first = [next(&mut starts).await, next(&mut starts).await, next(&mut starts).await];
    first.sort_unstable();
    assert_eq!(first, [0, 1, 9]);
    let why = bench.client().explain(jobs[2].id()).await.unwrap();
    assert_eq!(why.reason(), &Reason::QueueFull { running: 2, at_most: 2 });
    let queues = bench.client().queues().await.unwrap();
    assert_eq!(queues.iter().find(|queue| queue.name() == "mail").unwrap().concurrency(), Some(2));
    room.ends.add_permits(100);
    for job in &jobs {
        assert!(patiently(job.wait()).await.unwrap() <= 3);
    }
}

#[tokio::test]
async fn a_limit_that_is_set_meanwhile_takes_the_place_of_that_of_the_program() {
    let (room, mut starts) = classroom();
    let settings = |builder: boltjobs::Builder| {
        builder
            .provide(room.clone())
            .provide(no_door())
            .workers(8)
            .queues([Queue::new("mail").concurrency(1)])
    };
    let bench = Bench::with(settings).await;
    let mail = bench.client().queue("mail");
    let mut jobs: Vec<JobHandle<Visit>> = Vec::new();
    for student in 0..4 {
        jobs.push(bench.scope(async { Visit { student }.enqueue().queue("mail").await.unwrap() }).await);
    }
    assert_eq!(next(&mut starts).await, 0);
    assert!(mail.limit(3).await.unwrap() && !mail.limit(3).await.unwrap());
    let mut more = [next(&mut starts).await, next(&mut starts).await];
    more.sort_unstable();
    assert_eq!(more, [1, 2], "who waits for a job is woken by the room that there is");
    let why = bench.client().explain(jobs[3].id()).await.unwrap();
    assert_eq!(why.reason(), &Reason::QueueFull { running: 3, at_most: 3 });
    let queues = bench.client().queues().await.unwrap();
    let set = queues[0].set_limit().expect("it is set");
    assert_eq!((queues[0].concurrency(), set.at_most, &*set.actor), (Some(3), 3, "the program"));

    assert!(mail.unlimit().await.unwrap() && !mail.unlimit().await.unwrap());
    assert_eq!(bench.client().queues().await.unwrap()[0].concurrency(), Some(1));
    room.ends.add_permits(100);
    for job in &jobs {
        patiently(job.wait()).await.unwrap();
    }
    let refused = mail.limit(0).await.unwrap_err().to_string();
    assert!(refused.contains("`0` is no limit of a queue; use 1 to 100000"), "{refused}");
    assert!(
        bench
            .client()
            .queue("No Queue")
            .limit(1)
            .await
            .unwrap_err()
            .to_string()
            .contains("invalid queue name")
    );
}

#[tokio::test]
async fn a_limit_of_a_handler_that_is_set_meanwhile_takes_the_place_of_its_code() {
    let (room, mut starts) = classroom();
    let bench = bench(room.clone()).await;
    let handler = bench.client().handler_of::<Visit>();
    assert!(handler.concurrency(1).await.unwrap() && !handler.concurrency(1).await.unwrap());
    let mut jobs: Vec<JobHandle<Visit>> = Vec::new();
    for student in 0..4 {
        jobs.push(bench.scope(async { Visit { student }.enqueue().await.unwrap() }).await);
    }
    assert_eq!(next(&mut starts).await, 0);
    let why = bench.client().explain(jobs[3].id()).await.unwrap();
    assert_eq!(why.reason(), &Reason::HandlerFull { running: 1, at_most: 1 });
    assert!(handler.concurrency(3).await.unwrap());
    let mut more = [next(&mut starts).await, next(&mut starts).await];
    more.sort_unstable();
    assert_eq!(more, [1, 2], "who waits for a job is woken by the room that there is");
    assert!(handler.unlimit(LimitKind::Concurrency).await.unwrap());
    assert!(!handler.unlimit(LimitKind::Concurrency).await.unwrap());
    assert_eq!(next(&mut starts).await, 3, "its code says nothing");
    room.ends.add_permits(100);
    for job in &jobs {
        patiently(job.wait()).await.unwrap();
    }

    assert!(handler.rate_limit("1/1h").await.unwrap() && handler.rate_limit_per_key("5/s").await.unwrap());
    assert!(handler.concurrency_per_key(2).await.unwrap());
    let last = bench.scope(async {
        let first = Visit { student: 7 }.enqueue().await.unwrap();
        patiently(first.wait()).await.unwrap();
        Visit { student: 8 }.enqueue().await.unwrap()
    });
    let why = bench.client().explain(last.await.id()).await.unwrap();
    assert!(matches!(why.reason(), Reason::HandlerRate { .. }), "{why}");
    let set = handler.set_limits().await.unwrap();
    assert!(set.iter().all(|set| set.actor == "the program"));
    assert_eq!(set.iter().map(|set| set.limit.to_string()).collect::<Vec<_>>(), ["2", "1/1h", "5/1s"]);
    for refused in [handler.concurrency(0).await, handler.rate_limit("0/s").await] {
        assert!(matches!(refused, Err(boltjobs::Error::Config(_))), "{refused:?}");
    }
    assert!(bench.client().handler("no request").concurrency(1).await.is_err());
}

#[tokio::test]
async fn a_paused_queue_rests_until_it_is_resumed_and_says_so() {
    let bench = bench(classroom().0).await;
    let (client, mail) = (bench.client(), bench.client().queue("mail"));
    assert!(mail.pause().await.unwrap() && mail.is_paused().await.unwrap());
    assert!(!mail.pause().await.unwrap());
    let rests = bench.scope(async { Leaf.enqueue().queue("mail").await.unwrap() }).await;
    let other = bench.scope(async { Leaf.enqueue().await.unwrap() }).await;
    patiently(other.wait()).await.unwrap();
    assert_eq!(rests.state().await.unwrap(), JobState::Enqueued);
    let why = client.explain(rests.id()).await.unwrap();
    assert!(why.to_string().starts_with("its queue `mail` is paused since 2026-01-01"), "{why}");
    let listed = client.queues().await.unwrap();
    let mail_details = listed.iter().find(|queue| queue.name() == "mail").unwrap();
    assert!(mail_details.is_paused() && mail_details.oldest().is_some());
    assert_eq!((mail_details.count(JobState::Enqueued), mail_details.servers()), (1, 1));

    assert!(mail.resume().await.unwrap());
    patiently(rests.wait()).await.unwrap();
    assert!(!mail.resume().await.unwrap() && !mail.is_paused().await.unwrap());
    assert!(client.queue("No Queue").pause().await.unwrap_err().to_string().contains("invalid queue name"));
}

#[tokio::test]
async fn a_server_is_listed_from_its_start_to_its_shutdown() {
    let (store, room) = (boltjobs_tests::Flaky::staying_open(), classroom().0);
    let store: Arc<dyn boltjobs::Store> = Arc::new(store);
    let settings = |builder: boltjobs::Builder| {
        builder.provide(room).provide(no_door()).workers(3).queues(["mail", "default"])
    };
    let bench = Bench::on(Arc::clone(&store), settings).await;
    let servers = bench.client().servers().await.unwrap();
    let [server] = &servers[..] else { panic!("{servers:?}") };
    assert_eq!((server.name(), server.workers()), (bench.server.name(), 3));
    assert_eq!(server.queues(), [("mail", None), ("default", None)]);
    let (_, version, limits) =
        server.requests().find(|(name, ..)| name.ends_with("Enroll")).expect("it is handled");
    assert_eq!((version, limits.unwrap().per_key), (1, Some(1)));

    // Three heartbeats in a lease keep it there.
    let first = server.heartbeat();
    patiently(async {
        // It may be missed for a moment, as the clock is moved faster than the server can follow.
        while bench.client().servers().await.unwrap().first().is_none_or(|server| server.heartbeat() == first)
        {
            bench.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    })
    .await;
    let now = bench.clock_now();
    bench.server.shutdown().await.unwrap();
    assert_eq!(store.servers(now).await.unwrap(), []);
}

#[tokio::test]
async fn a_blocking_handler_that_outlives_its_attempt_keeps_its_place_with_its_key_and_its_queue() {
    for (queue, keys) in [("default", ["a", "b", "a"]), ("slow", ["a", "b", "c"])] {
        let (entered, mut enters) = channel::unbounded_channel();
        let (open, wait) = mpsc::channel();
        let door = Door { entered, open: Arc::new(Mutex::new(wait)) };
        let queues = [Queue::new("slow").concurrency(2), Queue::new("default")];
        let settings = |builder: boltjobs::Builder| {
            builder.provide(classroom().0).provide(door).workers(8).queues(queues)
        };
        let bench = Bench::with(settings).await;
        let mut jobs = Vec::new();
        for key in keys {
            let stuck = Stuck { key: key.into() };
            jobs.push(bench.scope(async { stuck.enqueue().queue(queue).await.unwrap() }).await);
        }
        for job in &jobs[..2] {
            patiently(enters.recv()).await.unwrap();
            patiently(async {
                while bench.job(job.id()).await.state() != JobState::Failed {
                    bench.clock.advance(Duration::from_secs(1));
                    tokio::task::yield_now().await;
                }
            })
            .await;
        }
        // Another job makes the server claim again, and shows that it has.
        let leaf = bench.scope(async { Leaf.enqueue().await.unwrap() }).await;
        patiently(leaf.wait()).await.unwrap();
        assert_eq!(jobs[2].state().await.unwrap(), JobState::Enqueued, "its place in `{queue}` is taken");
        for _ in 0..3 {
            open.send(()).unwrap();
        }
        patiently(jobs[2].wait()).await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_job_is_explained_clearly() {
    let bench = bench(classroom().0).await;
    let id: JobId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
    let why = bench.client().explain(id).await.unwrap();
    assert_eq!(why.reason(), &Reason::Unknown);
    assert!(why.to_string().starts_with("there is no job 01890a5d"), "{why}");
}
