//! What can be set, by the builder or by the environment. The builder wins.

pub(crate) mod dashboard;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::duration;
use boltjobs_core::name;
use boltjobs_core::store::{MOST_WORKERS, QueueOrder, Retention, StoreSource};
use boltjobs_core::text::shown;
use tracing::level_filters::LevelFilter;

use crate::server::Queue;
use crate::trace::TraceHook;

/// The shortest lease; heartbeats come three times within one.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// The most characters of a version.
const LONGEST_VERSION: usize = 100;

/// Where the store is when nobody says.
const DEFAULT_STORE: &str = "sled:boltjobs-data";

/// How long an acknowledged job may be in danger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// An `enqueue().await` returns once the job is on disk. The default.
    #[default]
    Immediate,
    /// It returns before; a crash of the machine or the process loses at most 100 ms of what was acknowledged.
    Eventual,
}

/// What the builder was told; `None` asks the environment, then takes the default.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) store: Option<StoreSource>,
    pub(crate) durability: Option<Durability>,
    pub(crate) queues: Option<Vec<Queue>>,
    pub(crate) workers: Option<usize>,
    pub(crate) dashboard: dashboard::Wanted,
    pub(crate) shutdown_timeout: Option<Duration>,
    pub(crate) cancel_grace: Option<Duration>,
    pub(crate) lease: Option<Duration>,
    pub(crate) version: Option<String>,
    pub(crate) max_crashes: Option<u32>,
    pub(crate) retention: Retention,
    pub(crate) max_result: Option<usize>,
    pub(crate) log_level: Option<LevelFilter>,
    pub(crate) trace_context: Option<TraceHook>,
}

/// All of it, decided and checked.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) store: StoreSource,
    pub(crate) durability: Durability,
    pub(crate) queues: QueueOrder,
    pub(crate) queue_limits: BTreeMap<Arc<str>, u32>,
    pub(crate) workers: u32,
    pub(crate) dashboard: Option<dashboard::Shown>,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) cancel_grace: Duration,
    pub(crate) lease: Duration,
    pub(crate) version: Option<Arc<str>>,
    pub(crate) max_crashes: u32,
    pub(crate) retention: Retention,
    pub(crate) max_result: usize,
    pub(crate) log_level: LevelFilter,
    pub(crate) trace_context: Option<TraceHook>,
}

impl Settings {
    /// Decides everything. `environment` gives the value of a variable.
    ///
    /// # Errors
    /// Every value that can't be used, with its variable.
    pub(crate) fn resolve(
        self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Resolved, Vec<String>> {
        let mut faults = Vec::new();
        let mut read = Reader { environment: &environment, faults: &mut faults };
        let store = self
            .store
            .or_else(|| read.variable("BOLTJOBS_STORE", |text| Ok(StoreSource::Location(text.into()))));
        let durability = self.durability.or_else(|| read.variable("BOLTJOBS_DURABILITY", durability));
        let asked = if self.queues.is_some() { "" } else { "BOLTJOBS_QUEUES: " };
        let queues = self.queues.or_else(|| read.variable("BOLTJOBS_QUEUES", queues));
        let workers = match self.workers {
            Some(workers) => read.legal("", legal_workers(workers)),
            None => read.variable("BOLTJOBS_WORKERS", workers),
        };
        let dashboard = self.dashboard.resolve(&mut read);
        let timeout = |text: &str| duration::parse(text).map_err(|error| error.to_string());
        let shutdown_timeout =
            self.shutdown_timeout.or_else(|| read.variable("BOLTJOBS_SHUTDOWN_TIMEOUT", timeout));
        let version = match self.version {
            Some(version) => read.legal("", legal_version(&version)),
            None => read.variable("BOLTJOBS_VERSION", legal_version),
        };
        let queue_limits = queues.iter().flatten().filter_map(limit).collect();
        let queues = match queues.map(order).transpose() {
            Ok(queues) => queues.unwrap_or(QueueOrder::All),
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| format!("{asked}{fault}")));
                QueueOrder::All
            }
        };
        let lease = self.lease.unwrap_or(Duration::from_secs(30));
        if lease < SHORTEST_LEASE {
            faults.push(
                "a lease shorter than a second is lost between two heartbeats; give it at least 1s"
                    .to_owned(),
            );
        }
        let resolved = Resolved {
            store: store.unwrap_or_else(|| DEFAULT_STORE.into()),
            durability: durability.unwrap_or_default(),
            queues,
            queue_limits,
            workers: workers.unwrap_or_else(default_workers),
            dashboard,
            shutdown_timeout: shutdown_timeout.unwrap_or(Duration::from_secs(15)),
            cancel_grace: self.cancel_grace.unwrap_or(Duration::from_secs(30)),
            lease,
            version,
            max_crashes: self.max_crashes.unwrap_or(5),
            retention: self.retention,
            max_result: self.max_result.unwrap_or(1 << 20),
            log_level: self.log_level.unwrap_or(LevelFilter::INFO),
            trace_context: self.trace_context,
        };
        if faults.is_empty() { Ok(resolved) } else { Err(faults) }
    }
}

struct Reader<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    faults: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn variable<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = (self.environment)(name).filter(|text| !text.trim().is_empty())?;
        self.legal(&format!("{name}: "), parse(text.trim()))
    }

    fn legal<T>(&mut self, asked: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|fault| self.faults.push(format!("{asked}{fault}"))).ok()
    }
}

/// Five for each core: most handlers wait for something else most of the time.
fn default_workers() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(5 * cores).unwrap_or(MOST_WORKERS).min(MOST_WORKERS)
}

fn workers(text: &str) -> Result<u32, String> {
    let workers = text.parse();
    let fault = |_| {
        let text = shown(text);
        format!("`{text}` is no number of workers; use 0 (run nothing) to {MOST_WORKERS}")
    };
    legal_workers(workers.map_err(fault)?)
}

fn legal_workers(workers: usize) -> Result<u32, String> {
    let legal = u32::try_from(workers).ok().filter(|workers| *workers <= MOST_WORKERS);
    legal.ok_or_else(|| format!("`{workers}` workers are too many; use {MOST_WORKERS} at most"))
}

fn legal_version(text: &str) -> Result<Arc<str>, String> {
    let text = text.trim();
    let legal = (1..=LONGEST_VERSION).contains(&text.chars().count()) && !text.contains(char::is_control);
    let fault = || {
        format!(
            "`{}` is no version; use 1 to {LONGEST_VERSION} characters in one line, as in `1.4.0`",
            shown(text)
        )
    };
    legal.then(|| text.into()).ok_or_else(fault)
}

fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "immediate" => Ok(Durability::Immediate),
        "eventual" => Ok(Durability::Eventual),
        _ => Err(format!("unknown durability `{}`; use `immediate` or `eventual`", shown(text))),
    }
}

/// Reads `critical,default,mail`, in strict order, or `critical=5,mail=1`, by weight.
fn queues(text: &str) -> Result<Vec<Queue>, String> {
    let queue = |part: &str| {
        let Some((name, weight)) = part.trim().split_once('=') else { return Ok(Queue::new(part.trim())) };
        if let Ok(number) = weight.trim().parse() {
            return Ok(Queue::new(name.trim()).weight(number));
        }
        let (weight, name) = (shown(weight), shown(name));
        Err(format!("`{weight}` is no weight of queue `{name}`; use a whole number from 1"))
    };
    text.split(',').map(queue).collect()
}

fn limit(queue: &Queue) -> Option<(Arc<str>, u32)> {
    Some((queue.name.as_str().into(), queue.concurrency?))
}

fn order(queues: Vec<Queue>) -> Result<QueueOrder, Vec<String>> {
    let mut faults = Vec::new();
    if queues.is_empty() {
        faults.push(
            "no queue is left to work; name at least one, or leave `queues` out to work all".to_owned(),
        );
    }
    for (index, queue) in queues.iter().enumerate() {
        faults.extend(name::validate_queue(&queue.name).err().map(|error| error.to_string()));
        if queue.weight == Some(0) {
            let name = shown(&queue.name);
            faults.push(format!(
                "queue `{name}` has a weight of zero, so it would never be worked; use 1 or more"
            ));
        }
        if queue.concurrency == Some(0) {
            let name = shown(&queue.name);
            faults.push(format!(
                "queue `{name}` has a concurrency of zero, so none of its jobs would ever run; use 1 or more, \
                 or pause it"
            ));
        }
        if queues[..index].iter().any(|earlier| earlier.name == queue.name) {
            faults.push(format!("queue `{}` is named twice; name it once", shown(&queue.name)));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if queues.iter().all(|queue| queue.weight.is_none()) {
        return Ok(QueueOrder::Strict(queues.into_iter().map(|queue| queue.name.into()).collect()));
    }
    let weighted = queues.into_iter().map(|queue| (Arc::from(queue.name), queue.weight.unwrap_or(1)));
    Ok(QueueOrder::Weighted(weighted.collect()))
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Resolved, Vec<String>> {
        Settings::default().resolve(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn without_a_word_every_queue_is_worked_on_sled() {
        let resolved = Settings::default().resolve(|_| None).unwrap();
        assert_eq!(resolved.queues, QueueOrder::All);
        assert_eq!(resolved.durability, Durability::Immediate);
        assert!(matches!(resolved.store, StoreSource::Location(at) if at == "sled:boltjobs-data"));
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(usize::try_from(resolved.workers).unwrap(), 5 * cores);
    }

    #[test]
    fn workers_and_leases_out_of_their_range_are_refused() {
        let set = |settings: Settings| settings.resolve(|_| None);
        let workers = |workers| set(Settings { workers: Some(workers), ..Settings::default() });
        assert_eq!(workers(0).unwrap().workers, 0, "it only enqueues");
        assert_eq!(workers(100_000).unwrap().workers, 100_000);
        let too_many = "`100001` workers are too many; use 100000 at most";
        assert_eq!(workers(100_001).unwrap_err(), [too_many]);
        assert_eq!(
            with("BOLTJOBS_WORKERS", "100001").unwrap_err(),
            [format!("BOLTJOBS_WORKERS: {too_many}")]
        );
        for text in ["-1", "many", "99999999999999999999", "1.5"] {
            let fault =
                format!("BOLTJOBS_WORKERS: `{text}` is no number of workers; use 0 (run nothing) to 100000");
            assert_eq!(with("BOLTJOBS_WORKERS", text).unwrap_err(), [fault]);
        }

        let lease = |span| set(Settings { lease: Some(span), ..Settings::default() });
        assert_eq!(lease(SHORTEST_LEASE).unwrap().lease, SHORTEST_LEASE);
        let faults = lease(Duration::from_millis(999)).unwrap_err();
        assert!(faults[0].starts_with("a lease shorter than a second"), "{faults:?}");
    }

    #[test]
    fn a_version_is_one_line_of_a_hundred_characters_at_most() {
        let version =
            |text: &str| Settings { version: Some(text.to_owned()), ..Settings::default() }.resolve(|_| None);
        assert_eq!(version(" 1.4.0 ").unwrap().version.as_deref(), Some("1.4.0"));
        assert_eq!(with("BOLTJOBS_VERSION", "9f2c1d6").unwrap().version.as_deref(), Some("9f2c1d6"));
        for text in ["", "1.4\n0", &"x".repeat(101)] {
            let faults = version(text).unwrap_err();
            assert!(faults[0].ends_with("is no version; use 1 to 100 characters in one line, as in `1.4.0`"));
        }
    }

    #[test]
    fn the_builder_wins_over_the_environment() {
        let settings = Settings { workers: Some(3), ..Settings::default() };
        let resolved = settings.resolve(|name| (name == "BOLTJOBS_WORKERS").then(|| "7".to_owned())).unwrap();
        assert_eq!(resolved.workers, 3);
        assert_eq!(with("BOLTJOBS_WORKERS", "7").unwrap().workers, 7);
    }

    #[test]
    fn queues_of_the_environment_are_strict_or_weighted() {
        let strict = with("BOLTJOBS_QUEUES", "critical, default").unwrap().queues;
        assert_eq!(strict, QueueOrder::Strict(vec!["critical".into(), "default".into()]));
        let weighted = with("BOLTJOBS_QUEUES", "critical=5,default").unwrap().queues;
        assert_eq!(weighted, QueueOrder::Weighted(vec![("critical".into(), 5), ("default".into(), 1)]));
    }

    #[test]
    fn every_value_that_cant_be_used_is_named_with_its_variable() {
        let faults = Settings::default()
            .resolve(|name| match name {
                "BOLTJOBS_WORKERS" => Some("many".to_owned()),
                "BOLTJOBS_SHUTDOWN_TIMEOUT" => Some("20".to_owned()),
                "BOLTJOBS_DURABILITY" => Some("maybe".to_owned()),
                "BOLTJOBS_QUEUES" => Some("Critical Mail".to_owned()),
                "BOLTJOBS_DASHBOARD" => Some("4010".to_owned()),
                _ => None,
            })
            .unwrap_err();
        let all = faults.join("\n");
        for expected in [
            "BOLTJOBS_WORKERS: `many`",
            "BOLTJOBS_SHUTDOWN_TIMEOUT: ",
            "`maybe`",
            "Critical Mail",
            "BOLTJOBS_DASHBOARD: ",
        ] {
            assert!(all.contains(expected), "{expected} is missing in {all}");
        }
    }

    #[test]
    fn a_queue_that_could_never_be_worked_is_refused() {
        for text in ["mail=0", "mail,mail", "mail=often"] {
            assert!(with("BOLTJOBS_QUEUES", text).is_err(), "{text}");
        }
        let none_at_once = Some(vec![Queue::new("mail").concurrency(0)]);
        let faults = Settings { queues: none_at_once, ..Settings::default() }.resolve(|_| None).unwrap_err();
        assert!(faults[0].contains("`mail` has a concurrency of zero"), "{faults:?}");
    }
}
