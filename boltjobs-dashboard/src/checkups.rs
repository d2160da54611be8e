//! Checks of what goes wrong slowly: clocks, heartbeats, schedules, payloads, retries, the disk and settings.

use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::recurring::RecurringJob;

use crate::health::Reason;
use crate::overview::Overview;
use crate::text::{bytes, clip, counted, names, span};

/// By how much clocks may differ, and how late a recurring definition may be.
const LATE: Duration = Duration::from_mins(1);

/// How many heartbeats have to be late within [`OF_LATE`].
const SEVERAL: usize = 3;
const OF_LATE: Duration = Duration::from_hours(1);

/// How long a definition has to be there until somebody is told that it never ran.
const LONG_THERE: Duration = Duration::from_hours(24);

/// A lease that is shorter than this is lost by a short stop of the process.
const SHORT_LEASE: Duration = Duration::from_secs(5);

/// The most characters of what is wrong with a payload.
const LONGEST: usize = 200;

pub(crate) fn clocks(overview: &Overview) -> Option<Reason> {
    let ahead = overview.servers.iter().filter(|server| server.heartbeat > overview.now.plus(LATE));
    let ahead = names(ahead.map(|server| &*server.offer.server));
    let ahead = ahead.map(|ahead| format!("The clocks of {ahead} are ahead of this one"));
    // Others take one whose clock is far behind for one that ended, until it is heard of again.
    let all = || overview.servers.iter().chain(&overview.lost).filter(|server| server.behind > LATE);
    let most = all().map(|server| server.behind).max().unwrap_or_default();
    let behind = names(all().map(|server| &*server.offer.server));
    let behind =
        behind.map(|behind| format!("The clocks of {behind} are up to {} behind others", span(most)));
    let said = [ahead, behind].into_iter().flatten().collect::<Vec<_>>().join("; ");
    (!said.is_empty()).then(|| Reason::new("/servers", format!("{said}: set them by NTP.")))
}

pub(crate) fn heartbeats(overview: &Overview) -> Option<Reason> {
    let since = overview.now.minus(OF_LATE);
    let late = overview
        .servers
        .iter()
        .filter(|server| server.late.iter().filter(|at| **at > since).count() >= SEVERAL);
    let late = names(late.map(|server| &*server.offer.server))?;
    let text = format!(
        "Heartbeats of {late} come late again and again: their processes stand still at times, or the store is slow. Give them more \
         of the processor, or a longer `lease`, before one of them loses its jobs."
    );
    Some(Reason::new("/servers", text))
}

pub(crate) fn next_runs(overview: &Overview) -> Option<Reason> {
    let (none, never) = idle(&overview.recurring, overview.now);
    let none = names(none.into_iter());
    let none = none.map(|ids| {
        format!("Recurring definitions without a next run: {ids}; their cron names no time to come.")
    });
    let never = names(never.into_iter());
    let never = never.map(|ids| {
        format!("Recurring definitions that are due and have never run: {ids}; see what the servers log.")
    });
    let said = [none, never].into_iter().flatten().collect::<Vec<_>>().join(" ");
    (!said.is_empty()).then(|| Reason::new("/recurring", said))
}

/// Returns the ids of definitions that have no next run although nobody has said so, and of those that are due, have been there
/// for a day and have never run.
fn idle(all: &[RecurringJob], now: Timestamp) -> (Vec<&str>, Vec<&str>) {
    let works = |it: &&RecurringJob| {
        let definition = &it.definition;
        let is_over = definition.ends_at.is_some_and(|end| end <= now);
        !it.paused && definition.error().is_none() && !is_over && definition.cron.as_str() != "@never"
    };
    let none = all.iter().filter(works).filter(|it| it.next.is_none()).map(|it| &*it.definition.id).collect();
    let never = all.iter().filter(works).filter(|it| {
        let due = it.next.is_some_and(|next| next < now.minus(LATE));
        it.runs.is_empty() && due && it.created_at < now.minus(LONG_THERE)
    });
    (none, never.map(|it| &*it.definition.id).collect())
}

pub(crate) fn payloads(overview: &Overview) -> Option<Reason> {
    let found = &overview.looked.unreadable;
    let (_, (job, wrong, _)) = found.first_key_value()?;
    let requests = names(found.keys().map(|request| &**request))?;
    let jobs: usize = found.values().map(|(_, _, jobs)| jobs).sum();
    let text = format!(
        "Payloads of {} of {requests} may not be readable: {}. Change the jobs, or add an #[upcast].",
        counted(jobs as u64, "waiting job"),
        clip(wrong, LONGEST)
    );
    Some(Reason { query: job.to_string(), ..Reason::new("/jobs", text) })
}

pub(crate) fn retries(overview: &Overview) -> Option<Reason> {
    let hopeless = &overview.looked.hopeless;
    let requests = names(hopeless.iter().map(|(request, _)| &**request))?;
    let jobs: usize = hopeless.iter().map(|(_, jobs)| jobs).sum();
    let text = format!(
        "Retries of {requests} never succeed: of the jobs that were looked at {} failed in all their attempts, and none succeeded by a \
         retry; use `JobError::discard` for what can't go well, or fewer retries.",
        counted(jobs as u64, "job")
    );
    Some(Reason { query: "state:failed".to_owned(), ..Reason::new("/jobs", text) })
}

pub(crate) fn stuck(overview: &Overview) -> Option<Reason> {
    let stuck = &overview.looked.stuck;
    let (job, request, ran) = stuck.iter().max_by_key(|(_, _, ran)| *ran)?;
    let text = format!(
        "{} for more than ten times as long as any of its request that was seen: one of `{request}` for {}. See what its log says, ask it \
         to stop, and give its handler a `timeout`.",
        if stuck.len() == 1 { "A job runs".to_owned() } else { format!("{} jobs run", stuck.len()) },
        span(*ran)
    );
    Some(Reason { query: job.to_string(), ..Reason::new("/jobs", text) })
}

pub(crate) fn disk(overview: &Overview) -> Option<Reason> {
    let space = overview.space.filter(boltjobs_core::store::Space::is_short)?;
    let (free, total) = space.volume?;
    let text = format!(
        "Room gets short: {} of {} are free on the volume of the store, which takes {}. Make room, or keep ended jobs for a shorter time; when \
         it is full nothing can be enqueued.",
        bytes(free),
        bytes(total),
        bytes(space.bytes)
    );
    Some(Reason { query: String::new(), ..Reason::new("/health", text) })
}

pub(crate) fn settings(overview: &Overview) -> Option<Reason> {
    let short = overview.servers.iter().filter(|server| server.offer.lease < SHORT_LEASE);
    let short = names(short.map(|server| &*server.offer.server))?;
    let text = format!(
        "The lease of {short} is shorter than {}: a stop of the process for that long loses all that it runs; set a longer `lease`.",
        span(SHORT_LEASE)
    );
    Some(Reason::new("/servers", text))
}

#[cfg(test)]
mod tests {
    use boltjobs_core::cron::Cron;
    use boltjobs_core::job::JobSpec;
    use boltjobs_core::memory::MemoryStore;
    use boltjobs_core::recurring::Definition;
    use boltjobs_core::store::Store as _;
    use pollster::block_on;

    use super::*;

    #[test]
    fn definitions_that_should_have_run_and_did_not_are_named() {
        let store = MemoryStore::new();
        let at = |hours| Timestamp::EPOCH.plus(Duration::from_hours(hours));
        let put = |id: &str, cron: Cron, created| {
            let definition = Definition::new(id, cron, JobSpec::new("pay", *b"{}"));
            block_on(store.put_recurring(definition, at(created))).unwrap();
        };
        put("nobody fires it", Cron::daily(), 1);
        put("is new", Cron::daily(), 25);
        put("by hand", Cron::never(), 1);
        let all = || block_on(store.recurring_jobs()).unwrap();
        assert_eq!(
            idle(&all(), at(25)),
            (vec![], vec![]),
            "it was due an hour ago, and is not there for a day"
        );
        assert_eq!(idle(&all(), at(26)), (vec![], vec!["nobody fires it"]));
        let mut never = all();
        never.retain(|it| &*it.definition.id == "is new");
        never[0].next = None;
        assert_eq!(idle(&never, at(26)), (vec!["is new"], vec![]));
        never[0].paused = true;
        assert_eq!(idle(&never, at(26)), (vec![], vec![]));
    }
}
