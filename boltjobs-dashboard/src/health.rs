//! What is looked after: a list of checks, each with what it found and how to mend it.

use std::collections::BTreeMap;
use std::time::Duration;

use boltjobs_core::JobState;
use boltjobs_core::demo;
use boltjobs_core::recurring::RunOutcome;
use boltjobs_core::silence::{Silence, Subject};
use boltjobs_core::store::{QueueInfo, ServerInfo};

use crate::checkups;
use crate::overview::{Overview, RATED};
use crate::server::is_unheard;
use crate::text::{counted, names, span};

/// How long a job may wait for a worker until somebody is told.
const LONG_WAIT: Duration = Duration::from_mins(10);

/// How many jobs a queue may have until somebody is told that it grows.
const BACKLOG: u64 = 1_000;

/// How late a recurring definition may be.
const LATE: Duration = Duration::from_mins(1);

/// How many jobs have to be retried until somebody is told.
const SEVERAL: u64 = 10;

/// For how long a failure is new.
const NEW: Duration = Duration::from_hours(1);

/// How long the store may take to say how everything stands.
const SLOW: Duration = Duration::from_secs(1);

/// How late the runtime of the handlers may be. A handler that holds its thread for so long is logged, too.
const LAG: Duration = Duration::from_secs(1);

/// One thing that is looked after.
#[derive(Debug)]
pub(crate) struct Check {
    /// What is as it should be when nothing was found.
    pub(crate) name: &'static str,
    pub(crate) found: Option<Reason>,
    pub(crate) severity: Severity,
    /// Who does not want to be told of it for a while.
    pub(crate) silence: Option<Silence>,
}

impl Check {
    /// Says whether somebody has to look.
    pub(crate) fn needs_somebody(&self) -> bool {
        self.found.is_some() && self.silence.is_none()
    }
}

/// What needs somebody.
#[derive(Debug)]
pub(crate) struct Reason {
    /// What it is, and the way to mend it.
    pub(crate) text: String,
    /// The page where it can be seen.
    pub(crate) page: &'static str,
    /// What is looked for there.
    pub(crate) query: String,
}

impl Reason {
    pub(crate) fn new(page: &'static str, text: impl Into<String>) -> Self {
        Self { text: text.into(), page, query: String::new() }
    }
}

/// Looks for what is wrong.
type Look = fn(&Overview) -> Option<Reason>;

/// Everything that is looked after, by the name under which it can be silenced. Without a server what is marked by `true` holds
/// for every queue and every request, and says nothing more.
const CHECKS: [(&str, bool, Look); 23] = [
    ("a server is there", false, servers),
    ("each server is heard of", true, unheard),
    ("no runtime is blocked", true, blocked),
    ("each queue with jobs is worked", true, unworked),
    ("each request with jobs is handled", true, unhandled),
    ("waiting payloads fit their types", true, checkups::payloads),
    ("all servers handle the same versions", true, versions),
    ("no job has failed for good", false, failed),
    ("nothing new fails again and again", false, new_failures),
    ("retries succeed at times", false, checkups::retries),
    ("no job runs far beyond what its request takes", true, checkups::stuck),
    ("no queue is paused", false, paused),
    ("jobs start soon", true, waiting),
    ("no queue grows", true, growing),
    ("each recurring definition can be read", false, broken),
    ("recurring definitions fire in time", true, late),
    ("each recurring definition has a next run", false, checkups::next_runs),
    ("the latest recurring jobs did not fail", false, runs),
    ("the store answers soon", false, slow),
    ("there is room for the store", false, checkups::disk),
    ("the clocks agree", false, checkups::clocks),
    ("heartbeats come in time", true, checkups::heartbeats),
    ("the settings fit", true, checkups::settings),
];

/// The checks by which something stands still, or soon will.
const STOPS: [&str; 6] = [
    "a server is there",
    "no runtime is blocked",
    "each queue with jobs is worked",
    "each request with jobs is handled",
    "each recurring definition can be read",
    "there is room for the store",
];

/// How much it matters what a check finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Something stands still, or soon will.
    Failure,
    /// It goes on, but not as it should.
    Warning,
}

impl Severity {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Warning => "warning",
        }
    }
}

/// Looks at everything.
pub(crate) fn checks(overview: &Overview) -> Vec<Check> {
    let stopped = overview.servers.is_empty();
    let check = |(name, takes_servers, look): (&'static str, bool, Look)| {
        let found = if stopped && takes_servers { None } else { look(overview) };
        let severity = if STOPS.contains(&name) { Severity::Failure } else { Severity::Warning };
        Check { name, found, severity, silence: overview.silence(&Subject::Check(name.to_owned())).cloned() }
    };
    CHECKS.into_iter().map(check).collect()
}

/// Says whether there is a check of this name.
pub(crate) fn has(name: &str) -> bool {
    CHECKS.iter().any(|(known, _, _)| *known == name)
}

fn servers(overview: &Overview) -> Option<Reason> {
    let text = "No server is there; start one that has workers and handlers.";
    overview.servers.is_empty().then(|| Reason::new("/servers", text))
}

fn unheard(overview: &Overview) -> Option<Reason> {
    let now = overview.now;
    let late = overview.servers.iter().filter(|server| is_unheard(server, now));
    let late = names(late.map(|server| &*server.offer.server))?;
    let text = format!(
        "Servers that were not heard of for long: {late}; what they run is taken back when their lease is over."
    );
    Some(Reason::new("/servers", text))
}

/// Says whether the runtime of a server is too late.
pub(crate) fn is_late(server: &ServerInfo) -> bool {
    server.offer.vitals.lag.is_some_and(|lag| lag > LAG)
}

fn blocked(overview: &Overview) -> Option<Reason> {
    let late = || overview.servers.iter().filter(|server| is_late(server));
    let longest = late().filter_map(|server| server.offer.vitals.lag).max()?;
    let late = names(late().map(|server| &*server.offer.server))?;
    let text = format!(
        "The runtime is up to {} late on {late}: async handlers hold its threads; make them plain fns, or await more often.",
        span(longest)
    );
    Some(Reason::new("/servers", text))
}

fn unworked(overview: &Overview) -> Option<Reason> {
    let queues = overview.queues.iter();
    let unworked = queues.filter(|queue| queue.servers == 0 && queue.counts.unfinished() > 0);
    let unworked = names(unworked.map(|queue| &*queue.name))?;
    let text =
        format!("Queues with jobs that no server works: {unworked}; name them in the `queues` of one.");
    Some(Reason::new("/queues", text))
}

fn unhandled(overview: &Overview) -> Option<Reason> {
    let handled = |request| overview.servers.iter().any(|server| server.offer.handles.contains_key(request));
    let requests = overview.counts.requests.iter().filter(|(_, counts)| counts.unfinished() > 0);
    // The demo is no concern of the program.
    let requests = requests.map(|(request, _)| &**request).filter(|request| !demo::is(request));
    let unhandled = names(requests.filter(|request| !handled(*request)))?;
    let text = format!(
        "Requests with jobs that no server handles: {unhandled}; add #[handler], or `use that_crate as _;` if it \
         lives in another crate."
    );
    Some(Reason::new("/servers", text))
}

fn versions(overview: &Overview) -> Option<Reason> {
    let mut seen: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (request, handled) in overview.servers.iter().flat_map(|server| &server.offer.handles) {
        let range = seen.entry(request).or_insert((handled.version, handled.version));
        *range = (range.0.min(handled.version), range.1.max(handled.version));
    }
    let several = names(seen.iter().filter(|(_, (low, high))| low != high).map(|(request, _)| *request))?;
    let text = format!(
        "Servers handle different versions of {several}; jobs of the newer one run on the newer servers alone, until all \
         are of one release."
    );
    Some(Reason::new("/servers", text))
}

fn failed(overview: &Overview) -> Option<Reason> {
    let failed = overview.counts.states.get(JobState::Failed).saturating_sub(overview.ignored);
    let text =
        format!("{} failed for good; requeue or delete what you have looked at.", counted(failed, "job"));
    let query = "state:failed".to_owned();
    (failed > 0).then(|| Reason { query, ..Reason::new("/jobs", text) })
}

fn new_failures(overview: &Overview) -> Option<Reason> {
    let since = overview.now.minus(NEW);
    let new = overview.failures.iter().filter(|group| group.first > since && group.retrying >= SEVERAL);
    let new = new.filter(|group| overview.silence(&Subject::Group(group.fingerprint)).is_none());
    let new: Vec<_> = new.collect();
    let pattern = &new.first()?.pattern;
    let first = crate::text::clip(&format!("{} {}", pattern.kind, pattern.message), 120).into_owned();
    let others = if new.len() > 1 { ", and others" } else { "" };
    let text = format!("Within the last hour jobs began to fail, and are retried: {first}{others}.");
    Some(Reason::new("/failures", text))
}

fn paused(overview: &Overview) -> Option<Reason> {
    let paused = overview.queues.iter().filter(|queue| queue.paused_since.is_some());
    let paused = names(paused.map(|queue| &*queue.name))?;
    Some(Reason::new("/queues", format!("Paused queues: {paused}; their jobs wait until they are resumed.")))
}

/// Returns the queues that run.
fn running(overview: &Overview) -> impl Iterator<Item = &QueueInfo> {
    overview.queues.iter().filter(|queue| queue.servers > 0 && queue.paused_since.is_none())
}

fn waiting(overview: &Overview) -> Option<Reason> {
    let wait = |queue: &QueueInfo| queue.oldest.map(|oldest| overview.now.since(oldest));
    let long = running(overview).filter(|queue| wait(queue).is_some_and(|wait| wait > LONG_WAIT));
    let long: Vec<_> = long.collect();
    let longest = long.iter().filter_map(|queue| wait(queue)).max()?;
    let long = names(long.iter().map(|queue| &*queue.name))?;
    let text =
        format!("Jobs wait up to {} in {long}; add workers, or look at what blocks them.", span(longest));
    Some(Reason::new("/queues", text))
}

fn growing(overview: &Overview) -> Option<Reason> {
    let flow = |queue: &QueueInfo| overview.rates.get(&queue.name).copied().unwrap_or_default();
    let waiting = |queue: &QueueInfo| queue.counts.get(JobState::Enqueued);
    let grows = |queue: &&QueueInfo| waiting(queue) > BACKLOG && flow(queue).enqueued > flow(queue).ended();
    let growing: Vec<_> = running(overview).filter(grows).collect();
    let most = growing.iter().max_by_key(|queue| waiting(queue))?;
    let (came, ended) = (flow(most).enqueued, flow(most).ended());
    let others = names(growing.iter().filter(|queue| queue.name != most.name).map(|queue| &*queue.name));
    let text = format!(
        "`{}` has {}, and more comes than is worked off: within the last {RATED} minutes {came} came and {ended} ended, so that it \
         will never be empty{}; add workers or servers.",
        most.name,
        counted(waiting(most), "job"),
        others.map(|others| format!("; so do {others}")).unwrap_or_default()
    );
    Some(Reason::new("/queues", text))
}

fn broken(overview: &Overview) -> Option<Reason> {
    let broken = overview.recurring.iter().filter(|recurring| recurring.definition.error().is_some());
    let broken: Vec<_> = broken.map(|recurring| &recurring.definition).collect();
    let first = broken.first()?.error()?;
    let ids = names(broken.iter().map(|definition| &*definition.id))?;
    let text =
        format!("Recurring definitions that can't be read: {ids} ({first}); add them again to mend them.");
    Some(Reason::new("/recurring", text))
}

fn late(overview: &Overview) -> Option<Reason> {
    let due = overview.now.minus(LATE);
    let late = overview.recurring.iter().filter(|it| !it.paused && it.next.is_some_and(|next| next < due));
    let late = names(late.map(|it| &*it.definition.id))?;
    let text = format!("Recurring definitions that should have fired: {late}; see what the servers log.");
    Some(Reason::new("/recurring", text))
}

fn runs(overview: &Overview) -> Option<Reason> {
    let failed = overview.recurring.iter().filter(|it| {
        let ended = it.runs.iter().rev().find(|run| run.outcome != RunOutcome::Unfinished);
        ended.is_some_and(|run| run.outcome == RunOutcome::Failed)
    });
    let failed = names(failed.map(|it| &*it.definition.id))?;
    Some(Reason::new("/recurring", format!("Recurring definitions whose latest job failed: {failed}.")))
}

fn slow(overview: &Overview) -> Option<Reason> {
    let text = format!("The store took {} to answer; look at its disk.", span(overview.took));
    (overview.took > SLOW).then(|| Reason { query: String::new(), ..Reason::new("/health", text) })
}
