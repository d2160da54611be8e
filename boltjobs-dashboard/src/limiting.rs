//! Limits of queues that somebody sets, and what they would have meant in the last hour.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::access::Role;
use boltjobs_core::audit::AuditChange;
use boltjobs_core::queue_limit::{self, LimitError, QueueLimit};
use boltjobs_core::text::shown;
use boltjobs_core::throughput::Flow;

use crate::audit::told_changes;
use crate::doing::{self, allowed, needs};
use crate::refused::Refused;
use crate::routes::Asked;
use crate::text;

/// The span that is looked back at.
const HOUR: Duration = Duration::from_hours(1);

/// What a limit would have meant for the jobs that succeeded in the last hour.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WhatIf {
    pub(crate) at_most: u32,
    /// How many there were.
    pub(crate) jobs: u64,
    /// How long one ran on average.
    pub(crate) mean: Duration,
    /// How long they ran together.
    pub(crate) work: Duration,
    /// How long that takes at least: the work by the limit.
    pub(crate) takes: Duration,
    /// How many of a hundred parts of the hour that is.
    pub(crate) busy: u64,
}

impl WhatIf {
    /// Makes it of what ended in the last hour; `None` when nothing did.
    pub(crate) fn of(at_most: u32, hour: &Flow) -> Option<Self> {
        let mean = hour.mean_run()?;
        let work = Duration::from_micros(hour.ran_micros);
        let takes = work / at_most.max(1);
        let busy = u64::try_from(takes.as_micros() * 100 / HOUR.as_micros()).unwrap_or(u64::MAX);
        Some(Self { at_most, jobs: hour.succeeded, mean, work, takes, busy })
    }
}

/// Reads how many jobs may run at once, or says why not.
pub(crate) fn read(text: &str) -> Result<u32, String> {
    queue_limit::parse(text).map_err(|error| error.to_string())
}

/// Acts on a queue: pauses or resumes it, sets its limit or removes it. `false` when it was so already.
pub(crate) async fn act(asked: &Asked, name: Arc<str>, action: &str, limit: &str) -> Result<bool, Refused> {
    if action != "limit" && !limit.is_empty() {
        return Err(Refused::Illegal(format!("`limit` is for `limit`, and not for `{}`.", shown(action))));
    }
    match action {
        "limit" => set(asked, name, limit).await,
        "unlimit" => {
            needs(asked, Role::Operate)?;
            allowed(asked, action, &format!("queue {name}"))?;
            let before = limit_of(asked, &name).await?;
            let done = queue_limit::remove(asked.store(), &name, asked.now()).await?;
            tell(asked, action, &name, (before, None), done).await;
            Ok(done)
        }
        _ => doing::queue(asked, name, action).await,
    }
}

async fn set(asked: &Asked, queue: Arc<str>, limit: &str) -> Result<bool, Refused> {
    needs(asked, Role::Operate)?;
    allowed(asked, "limit", &format!("queue {queue}"))?;
    let refused = |error: LimitError| match error {
        LimitError::Store(error) => Refused::Unavailable(error),
        other @ (LimitError::Name(_) | LimitError::Number(_)) => {
            Refused::Illegal(text::as_sentence(&other.to_string()))
        }
    };
    let at_most = queue_limit::parse(limit).map_err(refused)?;
    let (actor, at) = (asked.actor().to_owned(), asked.now());
    let before = limit_of(asked, &queue).await?;
    let limit = QueueLimit { queue, at_most, actor, at };
    let done = queue_limit::set(asked.store(), &limit).await.map_err(refused)?;
    tell(asked, "limit", &limit.queue, (before, Some(at_most.to_string())), done).await;
    Ok(done)
}

/// Returns the limit that somebody has set for a queue.
async fn limit_of(asked: &Asked, queue: &str) -> Result<Option<String>, Refused> {
    Ok(queue_limit::of(asked.store(), queue).await?.map(|limit| limit.at_most.to_string()))
}

async fn tell(
    asked: &Asked,
    action: &str,
    queue: &str,
    (before, after): (Option<String>, Option<String>),
    done: bool,
) {
    let change = AuditChange { field: "jobs at once".to_owned(), before, after };
    let changes = if change.before == change.after { Vec::new() } else { vec![change] };
    told_changes(asked, action, (&format!("queue {queue}"), ""), &changes, done).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_takes_the_work_by_its_number() {
        let hour = Flow { succeeded: 1_200, failed: 9, ran_micros: 2_400_000_000, ..Flow::default() };
        let found = WhatIf::of(5, &hour).unwrap();
        assert_eq!((found.jobs, found.mean), (1_200, Duration::from_secs(2)));
        assert_eq!(
            (found.work, found.takes, found.busy),
            (Duration::from_mins(40), Duration::from_mins(8), 13)
        );
        let hour = Flow { ran_micros: 7_200_000_000, ..hour };
        assert_eq!(WhatIf::of(1, &hour).unwrap().busy, 200);
        assert_eq!(WhatIf::of(5, &Flow::default()), None);
    }
}
