//! What single steps cost, without a disk or a runtime: `cargo bench -p boltjobs-benches`. `README.md` says more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::cron::{Cron, Dst, Zone};
use boltjobs_core::engine::{Engine, Entry};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::memory::MemoryStore;
use boltjobs_core::store::{
    Answer, JobFilter, Offer, Outcome, PageQuery, QueueOrder, Settlement, Store, StoreError, Vitals,
};
use boltjobs_core::{JobId, JobState, Timestamp};
use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher, black_box};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// How many jobs one call speaks of.
const CALLS: [u64; 2] = [1, 100];

/// How many jobs wait beside those that are measured.
const WAITING: u64 = 10_000;

fn main() {
    divan::main();
}

/// Jobs as `boltjobs` makes them of a request with a text and a number.
fn jobs(first: u64, jobs: u64) -> Vec<NewJob> {
    let request: Arc<str> = "benches::Count".into();
    let job = |number: u64| {
        let payload = format!(r#"{{"text":"abcdefghijklmnopqrstuvwxyz012345","number":{number}}}"#);
        let id = JobId::from_parts(NOW, number.into());
        NewJob { id, spec: JobSpec::new(Arc::clone(&request), payload.into_bytes()).into(), start_at: None }
    };
    (first..first + jobs).map(job).collect()
}

/// A store in which so many jobs wait, and numbers that no job has yet begin there.
fn store(waiting: u64) -> MemoryStore {
    let store = MemoryStore::new();
    answer(store.enqueue(jobs(0, waiting), NOW));
    store
}

fn offer() -> Arc<Offer> {
    Arc::new(Offer {
        server: "bench".into(),
        workers: 1_000,
        queues: QueueOrder::All,
        queue_limits: BTreeMap::new(),
        held: Vec::new(),
        handles: [("benches::Count".into(), 1.into())].into(),
        lease: Duration::from_mins(1),
        vitals: Vitals::default(),
    })
}

/// Claims so many jobs, and returns what ends them well.
fn claimed(store: &MemoryStore, jobs: u64) -> Vec<Settlement> {
    let workers = vec![1; usize::try_from(jobs).unwrap_or(1)];
    let claimed = answer(store.claim(offer(), workers, NOW));
    let settlement =
        |lease| Settlement { lease, ran: Duration::from_millis(1), outcome: Outcome::Succeeded(None) };
    claimed.iter().map(|claimed| settlement(claimed.lease)).collect()
}

/// The memory store answers at once.
fn answer<T>(answer: Answer<'_, T>) -> T {
    let answered: Result<T, StoreError> = pollster::block_on(answer);
    answered.unwrap_or_else(|error| panic!("the memory store refused: {error}"))
}

#[divan::bench(args = CALLS)]
fn enqueue(bencher: Bencher<'_, '_>, count: u64) {
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| (store(WAITING), jobs(WAITING, count)))
        .bench_values(|(store, jobs)| {
            answer(store.enqueue(jobs, NOW));
            store
        });
}

#[divan::bench(args = CALLS)]
fn claim(bencher: Bencher<'_, '_>, count: u64) {
    let offer = offer();
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| (store(WAITING), vec![1; usize::try_from(count).unwrap_or(1)]))
        .bench_values(|(store, workers)| {
            let claimed = answer(store.claim(Arc::clone(&offer), workers, NOW));
            (store, claimed)
        });
}

#[divan::bench(args = CALLS)]
fn settle(bencher: Bencher<'_, '_>, count: u64) {
    let running = || {
        let store = store(WAITING);
        let settlements = claimed(&store, count);
        (store, settlements)
    };
    bencher.counter(ItemsCount::new(count)).with_inputs(running).bench_values(|(store, settlements)| {
        let settled = answer(store.settle(settlements, NOW));
        (store, settled)
    });
}

/// 50 jobs from the middle of many that wait.
#[divan::bench(args = [1_000, 100_000])]
fn page(bencher: Bencher<'_, '_>, waiting: u64) {
    let store = store(waiting);
    let query = PageQuery {
        filter: JobFilter { states: vec![JobState::Enqueued], ..JobFilter::default() },
        oldest_first: false,
        after: Some(JobId::from_parts(NOW, (waiting / 2).into())),
        limit: 50,
    };
    bencher.counter(ItemsCount::new(50_u32)).bench(|| answer(store.page(black_box(query.clone()))));
}

/// What the engine writes for a job from its first entry to its last, in this order: new, claimed, succeeded.
fn entries() -> Vec<Entry> {
    let (mut engine, mut entries) = (Engine::default(), Vec::new());
    let mut turn = engine.at(NOW, &mut entries);
    let enqueued = turn.enqueue(jobs(0, 1));
    assert!(enqueued.is_ok(), "the engine refused a job");
    let unpublished = engine.take_unpublished();
    engine.publish(unpublished);
    let mut turn = engine.at(NOW, &mut entries);
    for claimed in turn.claim(&offer(), &[1]) {
        let outcome = Outcome::Succeeded(None);
        turn.settle(vec![Settlement { lease: claimed.lease, ran: Duration::from_millis(1), outcome }]);
    }
    assert_eq!(entries.len(), 3, "a job has other entries by now");
    entries
}

/// The encoding of boltjobs-sled is its own; this one is made with the same library and the same configuration.
#[divan::bench(args = ["new", "claimed", "succeeded"])]
fn encode(bencher: Bencher<'_, '_>, which: &str) {
    let entry = entry(which);
    let mut bytes = Vec::with_capacity(1_024);
    bencher.counter(BytesCount::new(encoded(&entry).len())).bench_local(|| {
        bytes.clear();
        bincode::serde::encode_into_std_write(black_box(&entry), &mut bytes, bincode::config::standard())
    });
}

#[divan::bench(args = ["new", "claimed", "succeeded"])]
fn decode(bencher: Bencher<'_, '_>, which: &str) {
    let bytes = encoded(&entry(which));
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        bincode::serde::borrow_decode_from_slice::<Entry, _>(black_box(&bytes), bincode::config::standard())
    });
}

fn entry(which: &str) -> Entry {
    let [new, claimed, succeeded] =
        <[Entry; 3]>::try_from(entries()).unwrap_or_else(|entries| panic!("other entries: {entries:?}"));
    match which {
        "new" => new,
        "claimed" => claimed,
        _ => succeeded,
    }
}

fn encoded(entry: &Entry) -> Vec<u8> {
    let bytes = bincode::serde::encode_to_vec(entry, bincode::config::standard());
    bytes.unwrap_or_else(|error| panic!("an entry can't be written: {error}"))
}

/// The time after an instant, in a zone whose clocks are changed.
#[divan::bench(args = ["*/5 * * * *", "30 9 * * MON-FRI", "0 0 29 2 *", "@every 90s"])]
fn cron_next(bencher: Bencher<'_, '_>, expression: &str) {
    let cron = Cron::parse(expression).unwrap_or_else(|error| panic!("{error}"));
    let zone = Zone::try_from("Europe/Berlin").unwrap_or_else(|error| panic!("{error}"));
    let after = NOW.to_datetime();
    bencher.bench(|| cron.next_after(black_box(after), &zone, Dst::OncePerDay));
}

#[divan::bench(args = ["*/5 * * * *", "30 9 * * MON-FRI", "0 0 29 2 *", "@every 90s"])]
fn cron_parse(expression: &str) -> bool {
    Cron::parse(black_box(expression)).is_ok()
}
