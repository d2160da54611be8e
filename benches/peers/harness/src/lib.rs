//! The work that is the same for all peers. A peer says how it opens its store, enqueues and works; the rest is here.
//!
//! A program is called as `<peer> about`, or as `<peer> <setting> <case> <seconds>`: one case in one process, which
//! prints one line of JSON. The `run` program beside it calls them all.

mod cases;

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What a peer answers; every error ends or spoils a case, and is reported as text.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What each job carries. Its handler only counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payload {
    pub text: String,
    pub number: u64,
}

impl Payload {
    pub fn new(number: u64) -> Self {
        Self { text: "abcdefghijklmnopqrstuvwxyz012345".to_owned(), number }
    }
}

/// What a peer is called and how it is set up.
#[derive(Debug, Serialize)]
pub struct About {
    /// The crates whose versions are told.
    pub crates: &'static [&'static str],
    /// Whether many jobs can be enqueued in one call.
    pub bulk: bool,
    pub settings: &'static [Setting],
}

/// One way to set a peer up; a row of the tables.
#[derive(Debug, Serialize)]
pub struct Setting {
    pub name: &'static str,
    /// When what was acknowledged is on disk.
    pub on_disk: &'static str,
    /// Workers, batches, polling.
    pub how: &'static str,
    /// The most jobs that wait in the case `drain`.
    pub waiting: u64,
}

/// One opened queue.
pub trait Peer: Clone + Send + Sync + 'static {
    const ABOUT: About;

    /// Opens a new store in an empty folder. Nothing works yet.
    fn open(setting: &str, folder: &Path) -> impl Future<Output = Result<Self>> + Send;

    /// Enqueues one job, and returns once the peer has acknowledged it.
    fn enqueue(&self, payload: Payload) -> impl Future<Output = Result> + Send;

    /// Enqueues many jobs in one call.
    fn enqueue_all(&self, _: Vec<Payload>) -> impl Future<Output = Result> + Send {
        async { Err("no call for many jobs".into()) }
    }

    /// Starts the workers, which call [`ran`] for each job until the process ends.
    fn work(&self) -> impl Future<Output = Result> + Send;

    /// How many jobs are done. A peer that can tell what is settled says that; the others what their handlers counted.
    fn done(&self) -> impl Future<Output = Result<u64>> + Send {
        async { Ok(runs()) }
    }
}

static RUNS: AtomicU64 = AtomicU64::new(0);
static TIMED: AtomicBool = AtomicBool::new(false);
static LATENCIES: Mutex<Vec<Duration>> = Mutex::new(Vec::new());
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The handler of every peer.
pub fn ran(payload: &Payload) {
    if TIMED.load(Ordering::Relaxed) {
        let latency = now().saturating_sub(payload.number);
        LATENCIES.lock().unwrap().push(Duration::from_nanos(latency));
    }
    RUNS.fetch_add(1, Ordering::Relaxed);
}

/// How often a handler ran.
pub fn runs() -> u64 {
    RUNS.load(Ordering::Relaxed)
}

fn now() -> u64 {
    u64::try_from(START.elapsed().as_nanos()).unwrap()
}

/// The `main` of every peer.
pub async fn main<P: Peer>() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let line = match arguments[..] {
        ["about"] => serde_json::to_string(&P::ABOUT).unwrap(),
        [setting, case, seconds] => {
            let setting =
                P::ABOUT.settings.iter().find(|known| known.name == setting).expect("an unknown setting");
            let seconds = Duration::from_secs_f64(seconds.parse().expect("seconds"));
            let folder = tempfile::tempdir().unwrap();
            let row = cases::measure::<P>(setting, case, seconds, folder.path()).await;
            // Some peers can't be stopped, so this is the end of them.
            drop(folder);
            serde_json::to_string(&row).unwrap()
        }
        _ => panic!("usage: about | <setting> <case> <seconds>"),
    };
    println!("{line}");
    std::process::exit(0);
}
