//! Measures the store: `cargo run --release -p boltjobs-sled --example bench_store [directory]`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a table of times is what it is for")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]
#![allow(clippy::cast_precision_loss, reason = "rates are rounded anyway")]

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::store::{Answer, Enqueued, Offer, Outcome, QueueOrder, Settlement, Store, Vitals};
use boltjobs_core::{JobId, Timestamp};
use boltjobs_sled::{Durability, SledOptions, SledStore};
use pollster::block_on;

const THREADS: u64 = 2;

fn now() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

fn job(number: u64) -> NewJob {
    let payload = format!("{{\"n\":{number:0238}}}").into_bytes();
    NewJob {
        id: JobId::from_parts(now(), u128::from(number)),
        spec: JobSpec::new("bench", payload).into(),
        start_at: None,
    }
}

/// Keeps `in_flight` enqueues of one job each going, until `jobs` have been acknowledged.
fn enqueue_all(store: &SledStore, jobs: u64, in_flight: u64, base: u64) -> Vec<Duration> {
    std::thread::scope(|scope| {
        let share = (in_flight / THREADS).max(1);
        let threads = in_flight.min(THREADS);
        let workers = (0..threads).map(|thread| {
            let first = base + thread * (jobs / threads);
            scope.spawn(move || enqueue_some(store, first..first + jobs / threads, share))
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

fn enqueue_some(store: &SledStore, numbers: std::ops::Range<u64>, in_flight: u64) -> Vec<Duration> {
    let (mut numbers, mut times) = (numbers, Vec::new());
    let mut waiting: Vec<(Instant, Answer<'_, Vec<Enqueued>>)> = Vec::new();
    block_on(poll_fn(|context| {
        loop {
            while (waiting.len() as u64) < in_flight {
                let Some(number) = numbers.next() else { break };
                waiting.push((Instant::now(), store.enqueue(vec![job(number)], now())));
            }
            let before = times.len();
            waiting.retain_mut(|(since, answer)| match Pin::new(answer).poll(context) {
                Poll::Ready(answer) => {
                    answer.unwrap();
                    times.push(since.elapsed());
                    false
                }
                Poll::Pending => true,
            });
            if waiting.is_empty() && numbers.is_empty() {
                return Poll::Ready(());
            }
            if times.len() == before {
                return Poll::Pending;
            }
        }
    }));
    times
}

/// Claims and settles until nothing is ready; two loops, so that one claims while the other waits.
fn drain(store: &SledStore, slots: usize) -> u64 {
    let offer = Arc::new(Offer {
        server: "bench".into(),
        workers: 9,
        queues: QueueOrder::All,
        queue_limits: BTreeMap::new(),
        held: Vec::new(),
        handles: [("bench".into(), 1.into())].into(),
        lease: Duration::from_mins(1),
        vitals: Vitals::default(),
    });
    let drain_some = || {
        let mut done = 0;
        loop {
            let claimed = block_on(store.claim(Arc::clone(&offer), vec![1; slots], now())).unwrap();
            if claimed.is_empty() {
                return done;
            }
            let settlements = claimed.iter().map(|claimed| Settlement {
                lease: claimed.lease,
                ran: Duration::from_millis(1),
                outcome: Outcome::Succeeded(None),
            });
            done += block_on(store.settle(settlements.collect(), now())).unwrap().len() as u64;
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(drain_some);
        drain_some() + other.join().unwrap()
    })
}

fn report(what: &str, count: u64, took: Duration, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let rate = count as f64 / took.as_secs_f64();
    println!("{what:<44} {rate:>9.0}/s  p50 {:>9.2?}  p99 {:>9.2?}", at(50), at(99));
}

fn measure(root: &Path, durability: Durability, name: &str) {
    let path = root.join(format!("bench-{name}"));
    drop(std::fs::remove_dir_all(&path));
    let store = SledOptions::new().durability(durability).open(&path).unwrap();
    let mut base = 0;
    for (in_flight, jobs) in [(1, 4_000), (64, 200_000), (1_024, 400_000)] {
        let start = Instant::now();
        let mut times = enqueue_all(&store, jobs, in_flight, base);
        report(&format!("{name}: enqueue, {in_flight} in flight"), jobs, start.elapsed(), &mut times);
        base += jobs;
    }
    for slots in [64, 1_024] {
        let jobs: Vec<_> = (base..base + 100_000).map(job).collect();
        base += 100_000;
        if slots == 64 {
            drain(&store, 1_024);
        }
        let start = Instant::now();
        block_on(store.enqueue(jobs, now())).unwrap();
        report(&format!("{name}: enqueue, 100,000 at once"), 100_000, start.elapsed(), &mut []);
        let start = Instant::now();
        let done = drain(&store, slots);
        report(&format!("{name}: claim and settle, batches of {slots}"), done, start.elapsed(), &mut []);
    }
    let (stats, start) = (store.stats(), Instant::now());
    block_on(store.close()).unwrap();
    drop(store);
    let closed = start.elapsed();
    let start = Instant::now();
    let store = SledStore::open(&path).unwrap();
    let total = block_on(store.counts()).unwrap().states.total();
    println!("{name}: closed in {closed:.2?}; {total} jobs opened in {:.2?}; {stats:?}", start.elapsed());
    drop(store);
    drop(std::fs::remove_dir_all(&path));
}

fn main() {
    let root = std::env::args().nth(1).map_or_else(std::env::temp_dir, Into::into);
    measure(&root, Durability::Immediate, "immediate");
    measure(&root, Durability::Eventual, "eventual");
}
