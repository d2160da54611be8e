//! The instants, jobs, offers and outcomes that laws speak of.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::batch::NewBatch;
use crate::continuation::{After, Parent, ParentId};
use crate::job::{ErrorInfo, JobSpec, NewJob};
use crate::store::{Offer, Outcome, QueueOrder, Vitals};
use crate::{BatchId, JobId, Timestamp};

/// The request of jobs that a law does not care about.
pub(super) const REQUEST: &str = "mail.send";

/// How long a claim lasts here.
pub(super) const LEASE: Duration = Duration::from_mins(1);

/// Returns the instant so many seconds into the law.
pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_704_067_200_000_000).plus(secs(seconds))
}

/// Returns a span.
pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns the instant a microsecond, the least there is, before another.
pub(super) fn just_before(instant: Timestamp) -> Timestamp {
    instant.minus(Duration::from_micros(1))
}

/// Returns the id of job `n`: later numbers are newer.
pub(super) fn id(n: u64) -> JobId {
    JobId::from_parts(at(0).plus(Duration::from_millis(n)), u128::from(n))
}

/// Returns job `n`, with the default of everything.
pub(super) fn job(n: u64) -> NewJob {
    NewJob { id: id(n), spec: JobSpec::new(REQUEST, n.to_string().into_bytes()).into(), start_at: None }
}

/// Returns job `n` with changes to its spec.
pub(super) fn job_with(n: u64, change: impl FnOnce(&mut JobSpec)) -> NewJob {
    let mut job = job(n);
    change(job.spec_mut());
    job
}

/// Returns job `n` of a queue.
pub(super) fn job_in(queue: &str, n: u64) -> NewJob {
    job_with(n, |spec| spec.queue = queue.into())
}

/// Returns job `n`, which waits for a parent.
pub(super) fn job_after(n: u64, parent: impl Into<ParentId>, when: After) -> NewJob {
    let parent = Parent { id: parent.into(), when };
    job_with(n, |spec| spec.parents.push(parent))
}

/// Returns job `n` of a batch.
pub(super) fn job_of(batch: BatchId, n: u64) -> NewJob {
    job_with(n, |spec| spec.batch = Some(batch))
}

/// Returns the id of batch `n`.
pub(super) fn batch_id(n: u64) -> BatchId {
    id(1_000_000 + n).into()
}

/// Returns batch `n`, in no other.
pub(super) fn batch(n: u64) -> NewBatch {
    NewBatch { id: batch_id(n), name: format!("batch {n}"), parent: None }
}

/// Returns an offer of every queue, for [`REQUEST`].
pub(super) fn offer() -> Offer {
    Offer {
        server: "server-1".into(),
        workers: 9,
        queues: QueueOrder::All,
        queue_limits: BTreeMap::new(),
        held: Vec::new(),
        handles: [(REQUEST.into(), 1.into())].into(),
        lease: LEASE,
        vitals: Vitals::default(),
    }
}

/// Returns an offer of queues in strict order.
pub(super) fn strict(queues: &[&str]) -> Offer {
    Offer { queues: QueueOrder::Strict(queues.iter().map(|queue| (*queue).into()).collect()), ..offer() }
}

/// Returns an offer of queues by weight.
pub(super) fn weighted(queues: &[(&str, u32)]) -> Offer {
    let weights = queues.iter().map(|(queue, weight)| ((*queue).into(), *weight)).collect();
    Offer { queues: QueueOrder::Weighted(weights), ..offer() }
}

/// Returns an error of a handler.
#[allow(clippy::unnecessary_box_returns, reason = "outcomes hold it in a box")]
pub(super) fn error(message: &str) -> Box<ErrorInfo> {
    Box::new(ErrorInfo { causes: vec!["the cause".to_owned()], ..ErrorInfo::new("my::Error", message) })
}

/// Returns a failure with another attempt to come.
pub(super) fn retry(delay: Duration) -> Outcome {
    Outcome::Retry { error: error("no route"), delay, retry: 1, retries: 10 }
}

/// Returns a failure for good.
pub(super) fn failed() -> Outcome {
    Outcome::Failed { error: error("no route"), reason: None, delete: false }
}

/// Returns a success without a result.
pub(super) fn done() -> Outcome {
    Outcome::Succeeded(None)
}
