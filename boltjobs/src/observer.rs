//! Observers: fns that are told of each transition once it is durable, and that hold nothing up.
//!
//! One future, on the thread of the services, passes on what the store tells. Each observer has a queue of its own,
//! with a bound, and a task of its own on the runtime of the program.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use boltjobs_core::clock::Clock;
use boltjobs_core::job::ErrorInfo;
use boltjobs_core::watch::{self, Watch};
use boltjobs_core::{JobId, JobState};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::error::Failure;
use crate::handler::BoxFuture;
use crate::meters;
use crate::panic::caught;
use crate::provider::{Dependencies, Providers};
use crate::registry::Source;
use crate::request::RequestInfo;
use crate::runtime::{self, Runtime};
use crate::server::LAST_GRACE;

/// How many transitions may wait for one observer.
const WAITING: usize = 10_000;

/// Everything that `#[observer]` knows of a fn.
#[doc(hidden)]
#[derive(Debug)]
pub struct ObserverInfo {
    pub name: &'static str,
    pub source: Source,
    /// The requests that it concerns; all of them when there are none.
    pub only: &'static [&'static RequestInfo],
    pub dependencies: fn(&mut Dependencies),
    pub run: fn(Transition, Providers) -> BoxFuture<Result<(), Failure>>,
}

/// A job went from one state to another. Cheap to clone.
#[derive(Clone)]
pub struct Transition {
    moved: Arc<watch::Transition>,
    missed: u64,
}

impl Transition {
    pub(crate) fn new(moved: Arc<watch::Transition>, missed: u64) -> Self {
        Self { moved, missed }
    }

    /// Returns the id of the job.
    pub fn id(&self) -> JobId {
        self.moved.job
    }

    /// Returns the name of its request.
    pub fn request_name(&self) -> &str {
        &self.moved.spec.request
    }

    /// Returns what people see for it: the `Display` of its request, or the name.
    pub fn title(&self) -> &str {
        self.moved.spec.title()
    }

    /// Returns its queue.
    pub fn queue(&self) -> &str {
        &self.moved.spec.queue
    }

    /// Returns its tags.
    pub fn tags(&self) -> &[String] {
        &self.moved.spec.tags
    }

    /// Returns what the code that enqueued attached.
    pub fn meta(&self) -> &BTreeMap<String, String> {
        &self.moved.spec.meta
    }

    /// Returns the state before; `None` for a new job.
    pub fn from(&self) -> Option<JobState> {
        self.moved.from
    }

    /// Returns the state now.
    pub fn to(&self) -> JobState {
        self.moved.row.state
    }

    /// Returns when it happened.
    pub fn at(&self) -> DateTime<Utc> {
        self.moved.row.at.to_datetime()
    }

    /// Returns the attempts so far; one that begins is counted.
    pub fn attempt(&self) -> u32 {
        self.moved.attempt
    }

    /// Returns why, for people.
    pub fn reason(&self) -> Option<&str> {
        self.moved.row.reason.as_deref()
    }

    /// Returns the error that was behind it.
    pub fn error(&self) -> Option<&ErrorInfo> {
        self.moved.row.error.as_deref()
    }

    /// Returns how many transitions the observer missed right before this one, because 10,000 waited for it.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

impl fmt::Debug for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Transition");
        shown.field("id", &self.id()).field("request", &self.request_name());
        shown.field("from", &self.from()).field("to", &self.to()).finish_non_exhaustive()
    }
}

/// The observers at work.
#[derive(Debug)]
pub(crate) struct Observers {
    /// Fires when nothing more will come.
    stopping: CancellationToken,
    passing: JoinHandle<()>,
    observing: JoinSet<()>,
}

impl Observers {
    /// Begins to pass on what the watch collects.
    pub(crate) fn start(runtime: &Arc<Runtime>, watch: Watch) -> Self {
        let (stopping, mut observing) = (CancellationToken::new(), JoinSet::new());
        let queues = runtime.registry.observers.iter().map(|info| {
            let (sender, receiver) = mpsc::channel(WAITING);
            observing.spawn(runtime.steer(observe(info, Arc::clone(runtime), receiver)));
            Queue { info, names: names(info), sender, missed: 0 }
        });
        let passing = pass_on(watch, queues.collect(), stopping.clone());
        Self { stopping, passing: runtime.services.spawn(runtime.steer(passing)), observing }
    }

    /// Passes on what is there, and waits until all of it has been observed, for a second at most.
    pub(crate) async fn stop(mut self, clock: &dyn Clock) {
        self.stopping.cancel();
        // A panic in it has been reported by the hook.
        let _ = (&mut self.passing).await;
        tokio::select! {
            biased;
            () = async { while self.observing.join_next().await.is_some() {} } => {}
            () = clock.sleep(LAST_GRACE) => tracing::warn!("an observer takes too long; it misses the last transitions"),
        }
    }
}

impl Drop for Observers {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

/// What waits for one observer.
struct Queue {
    info: &'static ObserverInfo,
    /// The requests that it concerns; all of them when there are none.
    names: Vec<String>,
    sender: mpsc::Sender<Transition>,
    /// What could not be sent since the last one that could.
    missed: u64,
}

impl Queue {
    fn send(&mut self, moved: &Arc<watch::Transition>) {
        if !self.names.is_empty() && !self.names.iter().any(|name| **name == *moved.spec.request) {
            return;
        }
        if self.sender.try_send(Transition::new(Arc::clone(moved), self.missed)).is_ok() {
            self.missed = 0;
            return;
        }
        if self.missed == 0 {
            tracing::warn!(observer = self.info.name, "too slow: transitions are dropped");
        }
        self.missed += 1;
        meters::event_dropped();
    }
}

fn names(info: &ObserverInfo) -> Vec<String> {
    let older = info.only.iter().flat_map(|request| request.aliases).map(|name| (*name).to_owned());
    info.only.iter().map(|request| request.name()).chain(older).collect()
}

async fn pass_on(mut watch: Watch, mut queues: Vec<Queue>, stopping: CancellationToken) {
    loop {
        let changes = tokio::select! {
            biased;
            // What has happened by the time of the stop is still passed on.
            changes = watch.changed() => changes,
            () = stopping.cancelled() => return,
        };
        for moved in &changes.moved {
            for queue in &mut queues {
                queue.send(moved);
            }
        }
    }
}

async fn observe(
    info: &'static ObserverInfo,
    runtime: Arc<Runtime>,
    mut transitions: mpsc::Receiver<Transition>,
) {
    while let Some(transition) = transitions.recv().await {
        let (job, to) = (transition.id(), transition.to());
        let observed = async {
            let providers = runtime.providers().with(info.dependencies).await?;
            (info.run)(transition, providers).await
        };
        match runtime::scope(Arc::clone(&runtime), caught(observed)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(observer = info.name, %job, %to, %error, "an observer failed"),
            Err(panic) => {
                tracing::error!(observer = info.name, %job, %to, error = %panic, "an observer panicked");
            }
        }
    }
}
