//! Observers: told of each transition, and never in the way.

use std::sync::{Arc, Mutex};

use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};
use tokio::sync::Semaphore;

/// What was observed, in order; each test has its own.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<Transition>>>);

impl Seen {
    fn read(&self) -> Vec<Transition> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until so many have come.
    async fn until(&self, count: usize) -> Vec<Transition> {
        patiently(async {
            while self.read().len() < count {
                tokio::task::yield_now().await;
            }
            self.read()
        })
        .await
    }
}

/// Lets a slow observer go on.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

/// Fails if it is told to.
#[request(name = "work", aliases = ["toil"], display = "Work {0}")]
#[derive(Debug)]
pub struct Work(String);

#[handler(retries = 0)]
async fn work(Work(what): Work) -> JobResult {
    if what == "badly" { Err("no luck".into()) } else { Ok(()) }
}

/// Has an observer of its own, which waits for the gate.
#[request]
#[derive(Debug)]
pub struct Flood;

#[observer(only = [Work])]
async fn see(event: Transition, seen: Data<Seen>) {
    seen.0.lock().unwrap().push(event);
}

#[observer(only = [Work])]
async fn panics(event: Transition) {
    panic!("at {event:?}");
}

#[observer(only = [Work])]
async fn fails(_: Transition) -> JobResult {
    Err("no luck".into())
}

#[observer(only = [Flood])]
async fn slow(event: Transition, seen: Data<Seen>, gate: Data<Gate>) -> JobResult {
    gate.0.acquire().await?.forget();
    seen.0.lock().unwrap().push(event);
    Ok(())
}

/// Enqueues a job when nothing else happens any more.
#[on_stop]
async fn last_word() -> JobResult {
    Work("the last".to_owned()).enqueue().await?;
    Ok(())
}

async fn bench() -> (Bench, Seen, Gate) {
    let (seen, gate) = (Seen::default(), Gate(Arc::new(Semaphore::new(0))));
    let (given, open) = (seen.clone(), gate.clone());
    (Bench::with(|builder| builder.provide(given).provide(open)).await, seen, gate)
}

#[tokio::test]
async fn an_observer_sees_each_transition_in_its_order() {
    let (bench, seen, _) = bench().await;
    let job =
        bench.scope(async { Work("well".to_owned()).enqueue().meta("tenant", "oslo").await.unwrap() }).await;
    let events = seen.until(3).await;
    let steps: Vec<_> = events.iter().map(|event| (event.from(), event.to(), event.attempt())).collect();
    use JobState::{Enqueued, Processing, Succeeded};
    let expected = [(None, Enqueued, 0), (Some(Enqueued), Processing, 1), (Some(Processing), Succeeded, 1)];
    assert_eq!(steps, expected);
    let last = &events[2];
    assert_eq!(
        (last.id(), last.request_name(), last.title(), last.queue()),
        (job.id(), "work", "Work well", "default")
    );
    assert_eq!((&*last.meta()["tenant"], last.tags().len(), last.missed()), ("oslo", 0, 0));
    assert_eq!((last.reason(), last.error()), (None, None));
    assert_eq!(last.at(), bench.job(job.id()).await.since());
}

#[tokio::test]
async fn an_observer_that_panics_or_fails_is_in_nobodys_way() {
    let (bench, seen, _) = bench().await;
    for round in 1..=3 {
        let job = bench.scope(async { Work("badly".to_owned()).enqueue().await.unwrap() }).await;
        let failed = patiently(job.wait()).await.unwrap_err().to_string();
        assert!(failed.contains("no luck"), "{failed}");
        let event = seen.until(3 * round).await.pop().unwrap();
        assert_eq!((event.to(), &*event.error().unwrap().message), (JobState::Failed, "no luck"));
        assert_eq!(event.reason(), Some("it has no retries"));
    }
}

#[tokio::test]
async fn a_slow_observer_holds_up_nobody_and_is_told_what_it_missed() {
    const WAITING: usize = 10_000;
    let (bench, seen, gate) = bench().await;
    // One is with the observer, or still waits as well.
    bench.scope(async { Flood::enqueue_all((0..WAITING + 500).map(|_| Flood)).await.unwrap() }).await;
    let job = bench.scope(async { Work("well".to_owned()).enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    // The others have seen it, so all before it has been passed on.
    seen.until(3).await;
    gate.0.add_permits(2 * WAITING);
    seen.until(3 + WAITING).await;
    bench.scope(async { Flood.enqueue().await.unwrap() }).await;
    // Each is seen or counted as missed; the gap is in two where the observer took its first one in the middle of it.
    let missed = patiently(async {
        loop {
            let events = seen.read();
            let missed: u64 = events.iter().map(Transition::missed).sum();
            if events.len() as u64 + missed == 3 + WAITING as u64 + 501 {
                return missed;
            }
            tokio::task::yield_now().await;
        }
    });
    assert!((499..=500).contains(&missed.await));
}

#[tokio::test]
async fn a_shutdown_lets_observers_see_the_last_transition() {
    let (bench, seen, _) = bench().await;
    let job = bench.scope(async { Work("well".to_owned()).enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    bench.scope(async { Work::enqueue_all((0..99).map(|n| Work(n.to_string()))).await.unwrap() }).await;
    patiently(bench.server.shutdown()).await.unwrap();
    let events = seen.read();
    let created = events.iter().filter(|event| event.from().is_none()).count();
    let claimed = events.iter().filter(|event| event.to() == JobState::Processing).count();
    let ended = events.iter().filter(|event| event.to().is_final()).count();
    assert_eq!((created, claimed), (101, ended));
    assert_eq!(events.last().unwrap().title(), "Work the last");
}
