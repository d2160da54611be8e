//! What clients change of jobs that wait or have failed.

use super::Fixture;
use super::lab::{Lab, at, error, failed, id, job, job_in, job_with, offer, retry, secs, strict, woken};
use super::noting::step;
use crate::JobState::{Awaiting, Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::job::{Content, Job};
use crate::store::{Change, JobFilter, PageQuery};
use crate::throughput::Window;
use crate::watch::Interest;

/// Returns another payload, with everything else that belongs to it.
fn content(payload: &str) -> Content {
    Content {
        version: 1,
        title: Some(format!("title of {payload}")),
        payload: payload.as_bytes().into(),
        sensitive: vec!["password".to_owned()],
        concurrency_key: Some("key".into()),
    }
}

fn moved_to(queue: &str) -> Change {
    Change { queue: Some(queue.into()), ..Change::default() }
}

/// Laws 1 and 9. What runs or has ended otherwise is what it was.
pub fn what_waits_or_has_failed_is_changed_and_nothing_else(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    let change = Change {
        queue: Some("elsewhere".into()),
        priority: Some(-7),
        content: Some(content("other")),
        ..Change::default()
    };
    let open = [Awaiting, Scheduled, Enqueued, Failed];
    let closed = [Processing, Succeeded, Deleted];
    for (n, state) in (1..).zip(open) {
        let before = lab.add_in(state, n, at(0));
        assert!(lab.change(id(n), &change, at(1)), "{state}");
        let after = lab.job(id(n));
        let spec = change.of(&before.spec);
        assert_eq!((&*spec.queue, spec.priority, spec.content()), ("elsewhere", -7, content("other")));
        assert_eq!((&*after.spec, after.revision), (&spec, before.revision + 1), "{state}");
        assert_eq!((after.state, &after.history, after.due), (state, &before.history, before.due));
    }
    for (n, state) in (11..).zip(closed) {
        lab.add_in(state, n, at(0));
        assert!(!lab.unchanged(|| lab.change(id(n), &change, at(1))), "{state}");
    }
    assert!(!lab.unchanged(|| lab.change(id(99), &change, at(1))), "there is no such job");
    let before = lab.jobs();
    lab.reopen_if_kept();
    if fixture.durable() {
        // What ran is taken back, where the store is one process's.
        let kept = |jobs: Vec<Job>| -> Vec<Job> { jobs.into_iter().filter(|job| job.id != id(11)).collect() };
        assert_eq!(kept(lab.jobs()), kept(before));
    }
}

/// Whoever looked at a job means what was shown.
pub fn a_change_of_what_is_another_by_now_is_refused(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    let seen = |revision| Change { revision: Some(revision), ..moved_to("mails") };
    assert!(!lab.unchanged(|| lab.change(id(1), &seen(1), at(1))));
    let expected = Change { expected: vec![Failed, Scheduled], ..seen(0) };
    assert!(!lab.unchanged(|| lab.change(id(1), &expected, at(1))));
    assert!(lab.change(id(1), &Change { expected: vec![Enqueued], ..seen(0) }, at(1)));
    assert!(!lab.unchanged(|| lab.change(id(1), &seen(0), at(2))));
    // What is so already is as was asked, and no change of it.
    assert!(lab.unchanged(|| lab.change(id(1), &seen(1), at(2))));
}

/// Law 7: in its new queue a job has the place of its age, and its new priority counts.
pub fn a_job_goes_to_another_queue_in_the_order_of_its_age(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![job_in("a", 1), job_in("b", 2), job_in("a", 3), job_in("b", 4)], at(0));
    let changed = lab.change_all(vec![id(3), id(9), id(1)], &moved_to("b"), at(1));
    assert_eq!(changed, [true, false, true]);
    assert!(lab.claim(&strict(&["a"]), 9, at(1)).is_empty());
    let counts = lab.counts();
    assert_eq!((counts.queues.get("a"), counts.queues["b"].get(Enqueued)), (None, 4));
    let filter = JobFilter { queues: vec!["b".into()], ..JobFilter::default() };
    assert_eq!(lab.list(PageQuery { filter, limit: 9, ..PageQuery::default() }).len(), 4);
    assert!(lab.change(id(4), &Change { priority: Some(1), ..Change::default() }, at(1)));
    assert_eq!(lab.claim_ids(&strict(&["b"]), 9, at(1)), [4, 1, 2, 3].map(id));
}

/// Law 16: a queue that was empty has a job now.
pub fn a_job_that_comes_to_a_queue_wakes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let watch = lab.store.watch(Interest::Ready);
    lab.add(1, at(0));
    let (_, watch) = woken(watch);
    assert!(lab.change(id(1), &moved_to("b"), at(1)));
    assert!(woken(watch).0.ready);
}

/// W3: steps and attempts were of the payload before, and so is what a retry would go on with.
pub fn another_payload_begins_anew_and_another_queue_does_not(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for (n, change) in
        [(1, moved_to("b")), (2, Change { content: Some(content("other")), ..Change::default() })]
    {
        lab.enqueue(vec![job(n)], at(0));
        let lease = lab.take(at(1)).lease;
        lab.note_all(lease, vec![step("load", "7")], at(1));
        lab.settle(lease, retry(secs(60)), at(2));
        assert!(lab.change(id(n), &change, at(3)));
        let kept = n == 1;
        assert_eq!((lab.job(id(n)).attempt, lab.notes(id(n)).is_some()), (u32::from(kept), kept));
        lab.due(at(90));
        let claimed = lab.take(at(90));
        assert_eq!((claimed.attempt, claimed.has_notes), (1 + u32::from(kept), kept));
        assert_eq!(&*claimed.spec.payload, if kept { &b"1"[..] } else { b"other" });
        assert!(claimed.lease.epoch > lease.epoch);
        lab.settle(claimed.lease, failed(), at(91));
    }
}

/// Law 18: it is counted once that it came, and it is found by how it failed.
pub fn a_change_counts_nothing_twice(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.enqueue(vec![job_with(1, |spec| spec.tags = vec!["red".to_owned()])], at(0));
    lab.settle(lab.take(at(1)).lease, failed(), at(1));
    assert!(lab.change(id(1), &moved_to("b"), at(2)));
    for _ in 0..2 {
        let groups = lab.failures(9);
        assert_eq!((groups.len(), groups[0].failed), (1, 1));
        assert_eq!(lab.job(id(1)).last_error(), Some(&*error("no route")));
        let tagged = JobFilter { tags: vec!["red".to_owned()], ..JobFilter::default() };
        assert_eq!(lab.count(&tagged), 1);
        let window = Window { until: at(60), step: secs(60), steps: 2 };
        assert_eq!(lab.throughput(window).total().enqueued, 1);
        if !fixture.durable() {
            break;
        }
        lab.reopen();
    }
    assert!(lab.claim(&offer(), 9, at(3)).is_empty());
}
