//! A recorder of metrics that can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit,
};
use tokio::sync::Mutex as Turn;

/// A metric: its kind, its unit or the names of its labels, by its name.
pub type Metrics = BTreeMap<String, (&'static str, String)>;

static BOOK: LazyLock<Arc<Book>> = LazyLock::new(Arc::default);

/// Held by the test whose turn it is: a program has one recorder.
static TURN: Turn<()> = Turn::const_new(());

/// The recorder of the program, for one test at a time.
#[derive(Debug)]
pub struct Recorder {
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

#[derive(Debug, Default)]
struct Book {
    /// The values of each series, by its name and labels: all those of a histogram, of the others the latest.
    values: Mutex<BTreeMap<String, Vec<f64>>>,
    described: Mutex<Metrics>,
    emitted: Mutex<Metrics>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// Installs it, waits until no other test reads it, and forgets all values.
    pub async fn take() -> Self {
        let turn = TURN.lock().await;
        // It is there already after the first time.
        let _ = metrics::set_global_recorder(Arc::clone(&BOOK));
        lock(&BOOK.values).clear();
        Self { _turn: turn }
    }

    /// Returns all values of a series, written as `name label=value label=value`, labels in their order.
    pub fn all(&self, series: &str) -> Vec<f64> {
        lock(&BOOK.values).get(series).cloned().unwrap_or_default()
    }

    /// Returns the latest value of a series; zero when there is none.
    pub fn value(&self, series: &str) -> f64 {
        self.all(series).last().copied().unwrap_or_default()
    }

    /// Returns each metric that was described, with its kind and unit.
    pub fn described(&self) -> Metrics {
        lock(&BOOK.described).clone()
    }

    /// Returns each metric that had a value, with its kind and the names of its labels.
    pub fn emitted(&self) -> Metrics {
        lock(&BOOK.emitted).clone()
    }
}

impl Book {
    fn describe(&self, key: &KeyName, kind: &'static str, unit: Option<Unit>, text: &str) {
        assert!(!text.is_empty(), "{key:?} is not explained");
        let unit = unit.expect("each metric has a unit").as_str().to_owned();
        lock(&self.described).insert(key.as_str().to_owned(), (kind, unit));
    }

    fn series(key: &Key, kind: &'static str) -> Series {
        let labels: BTreeSet<_> = key.labels().map(|label| (label.key(), label.value())).collect();
        let names: Vec<_> = labels.iter().map(|(name, _)| *name).collect();
        let told = (kind, names.join(", "));
        let known = lock(&BOOK.emitted).insert(key.name().to_owned(), told.clone());
        assert!(known.is_none_or(|known| known == told), "{key} is told in two ways");
        let mut name = key.name().to_owned();
        for (label, value) in labels {
            write!(name, " {label}={value}").expect("a text takes what is written");
        }
        Series(name)
    }
}

impl metrics::Recorder for Book {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, "counter", unit, &description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, "gauge", unit, &description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, "histogram", unit, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Self::series(key, "counter")))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Self::series(key, "gauge")))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Self::series(key, "histogram")))
    }
}

struct Series(String);

impl Series {
    fn change(&self, change: impl FnOnce(&mut Vec<f64>)) {
        change(lock(&BOOK.values).entry(self.0.clone()).or_default());
    }

    fn put(&self, next: impl FnOnce(f64) -> f64) {
        self.change(|values| *values = vec![next(values.last().copied().unwrap_or_default())]);
    }
}

impl CounterFn for Series {
    fn increment(&self, more: u64) {
        self.put(|value| value + f64::from(u32::try_from(more).expect("tests count little")));
    }

    fn absolute(&self, _: u64) {
        panic!("nothing sets a counter");
    }
}

impl GaugeFn for Series {
    fn increment(&self, more: f64) {
        self.put(|value| value + more);
    }

    fn decrement(&self, less: f64) {
        self.put(|value| value - less);
    }

    fn set(&self, value: f64) {
        self.put(|_| value);
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.change(|values| values.push(value));
    }
}
