use boltjobs_fuzz::cases;
use proptest::prelude::*;

use super::{QUEUES, Rig, at, id, jobs, new_job, steps};
use crate::fingerprint::Pattern;
use crate::job::{JobSpec, NewJob};
use crate::store::{Compare, JobFilter, LOOKS, Moment, PageQuery};
use crate::{JobId, JobState};

fn filter() -> impl Strategy<Value = JobFilter> {
    let states = proptest::sample::subsequence(JobState::ALL.to_vec(), 0..4);
    let queues = proptest::sample::subsequence(QUEUES.to_vec(), 0..2);
    let requests = proptest::sample::subsequence(vec!["mail.send", "mail.print"], 0..2);
    let tags = proptest::sample::subsequence(vec!["red", "tall", "none"], 0..3);
    let text = proptest::option::of(proptest::sample::select(vec!["SEND", "1 at", "no route", "zzz", "-8"]));
    let failure = Pattern { kind: "E".to_owned(), message: "no route".to_owned() }.fingerprint();
    let failures = proptest::sample::subsequence(vec![failure], 0..2);
    let retrying = any::<bool>();
    let all = (states, queues, requests, tags, text, failures, retrying, compared());
    all.prop_map(|(states, queues, requests, tags, text, failures, retrying, compared)| JobFilter {
        states,
        queues: queues.into_iter().map(Into::into).collect(),
        requests: requests.into_iter().map(Into::into).collect(),
        tags: tags.into_iter().map(str::to_owned).collect(),
        failures,
        batch: None,
        parent: None,
        retrying,
        text: text.map(str::to_owned),
        ..compared
    })
}

/// What only a look at each job tells; mostly nothing.
fn compared() -> impl Strategy<Value = JobFilter> {
    let moment = || proptest::option::weighted(0.2, (0..40_i64).prop_map(|second| Moment::At(at(second))));
    let signs = [Compare::Equal, Compare::Less, Compare::AtMost, Compare::More, Compare::AtLeast];
    let attempts = proptest::option::weighted(0.2, (proptest::sample::select(signs.to_vec()), 0..3_u32));
    let waited = (proptest::sample::select(signs.to_vec()), moment());
    let error = proptest::option::weighted(0.2, proptest::sample::select(vec!["NO", "zzz"]));
    let arg = proptest::option::weighted(0.1, 0..9_u8);
    (attempts, waited, error, moment(), moment(), arg).prop_map(
        |(attempts, (sign, waited), error, after, before, arg)| JobFilter {
            attempts: attempts.into_iter().collect(),
            waited: waited.map(|moment| (sign, moment)).into_iter().collect(),
            errors: error.map(str::to_owned).into_iter().collect(),
            enqueued_after: after,
            enqueued_before: before,
            args: arg.map(|n| (String::new(), n.to_string())).into_iter().collect(),
            ..JobFilter::default()
        },
    )
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn pages_equal_a_filter_of_everything(
        steps in steps(), filter in filter(), limit in 1..9_usize, oldest_first in any::<bool>(), start in proptest::option::of(0..80_u8)
    ) {
        let mut rig = Rig::new();
        for step in &steps {
            rig.run(step);
        }
        let start = start.map(id);
        let behind = |job: JobId| start.is_none_or(|start| if oldest_first { job > start } else { job < start });
        let all = jobs(&rig.engine).into_iter().filter(|job| filter.admits(job));
        let mut expected: Vec<_> = all.map(|job| job.id).filter(|id| behind(*id)).collect();
        expected.sort();
        if !oldest_first {
            expected.reverse();
        }
        let mut query = PageQuery { filter: filter.clone(), oldest_first, after: start, limit };
        let mut found = Vec::new();
        loop {
            let page = rig.engine.page(&query);
            prop_assert!(page.jobs.len() <= limit);
            prop_assert!(page.next.is_none() || page.jobs.len() == limit, "a page with room names another");
            found.extend(page.jobs.iter().map(|job| job.id));
            query.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        prop_assert_eq!(&found, &expected);
        let count = rig.engine.count(&filter, start.filter(|_| !oldest_first));
        if start.is_none() || !oldest_first {
            prop_assert_eq!((count.jobs, count.next), (expected.len() as u64, None));
        }
    }
}

const MANY: u32 = 100_000;

/// An engine with many jobs, of which each thousandth has a tag, each ten thousandth a word in its payload.
fn crowded() -> Rig {
    let mut rig = Rig::new();
    let job = |n: u32| {
        let name = if n.is_multiple_of(2) { "mail.send" } else { "mail.print" };
        let payload = if n.is_multiple_of(10_000) { "a Needle" } else { "hay" };
        let tags = if n.is_multiple_of(1_000) { vec!["rare".to_owned()] } else { Vec::new() };
        let queue = format!("queue-{}", n % 10).into();
        let spec = JobSpec { queue, tags, ..JobSpec::new(name, payload.as_bytes()) };
        NewJob { id: JobId::from_parts(at(0), n.into()), spec: spec.into(), ..new_job(0, 0, None) }
    };
    rig.engine.at(at(0), &mut ()).enqueue((0..MANY).map(job).collect()).unwrap();
    rig
}

#[test]
fn a_page_costs_by_what_it_returns() {
    let rig = crowded();
    let filters = [
        JobFilter::default(),
        JobFilter { states: vec![JobState::Enqueued], ..JobFilter::default() },
        JobFilter { queues: vec!["queue-7".into()], ..JobFilter::default() },
        JobFilter {
            requests: vec!["mail.send".into()],
            queues: vec!["queue-4".into()],
            ..JobFilter::default()
        },
        JobFilter { tags: vec!["rare".into()], ..JobFilter::default() },
    ];
    for filter in filters {
        for oldest_first in [false, true] {
            let query = PageQuery { filter: filter.clone(), oldest_first, after: None, limit: 50 };
            let (page, looks) = rig.engine.search(&query);
            assert_eq!((page.jobs.len(), looks), (50, 51), "{filter:?}");
            let after = PageQuery { after: page.next, ..query };
            let (next, looks) = rig.engine.search(&after);
            assert!(looks <= 51 && next.jobs[0].id != page.jobs[49].id, "{filter:?}");
        }
    }
    let nowhere =
        JobFilter { queues: vec!["queue-7".into()], states: vec![JobState::Failed], ..JobFilter::default() };
    let (page, looks) = rig.engine.search(&PageQuery { filter: nowhere, limit: 50, ..PageQuery::default() });
    assert_eq!((page.jobs.len(), page.next, looks), (0, None, 0));
}

#[test]
fn a_search_for_a_text_looks_at_a_bounded_number_of_jobs() {
    let rig = crowded();
    let filter = JobFilter { text: Some("NEEDLE".into()), ..JobFilter::default() };
    let mut query = PageQuery { filter: filter.clone(), limit: 50, ..PageQuery::default() };
    let (mut found, mut pages) = (0, 0);
    loop {
        let (page, looks) = rig.engine.search(&query);
        assert!(looks <= LOOKS, "{looks}");
        (found, pages) = (found + page.jobs.len(), pages + 1);
        query.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (10, 11));
    let first = rig.engine.count(&filter, None);
    assert_eq!((first.jobs, first.next.is_some()), (1, true));
}

#[test]
fn a_walk_begins_and_ends_where_the_times_do() {
    let mut rig = Rig::new();
    let job = |n: u32| NewJob { id: JobId::from_parts(at(n.into()), n.into()), ..new_job(0, 0, None) };
    rig.engine.at(at(0), &mut ()).enqueue((0..MANY).map(job).collect()).unwrap();
    let within = |from: i64, to: i64| JobFilter {
        enqueued_after: Some(Moment::At(at(from))),
        enqueued_before: Some(Moment::At(at(to))),
        ..JobFilter::default()
    };
    for oldest_first in [false, true] {
        let query = PageQuery { filter: within(50_000, 50_007), oldest_first, after: None, limit: 50 };
        let (page, looks) = rig.engine.search(&query);
        assert_eq!((page.jobs.len(), page.next, looks), (7, None, 7));
        assert_eq!(page.jobs[0].id, job(if oldest_first { 50_000 } else { 50_006 }).id);
        let rest = rig.engine.search(&PageQuery { after: Some(page.jobs[2].id), ..query.clone() });
        assert_eq!((rest.0.jobs, rest.1), (page.jobs[3..].to_vec(), 4), "it goes on between the times");
        let none = rig.engine.search(&PageQuery { filter: within(9, 9), ..query });
        assert_eq!((none.0.jobs.len(), none.0.next, none.1), (0, None, 0));
    }
    assert_eq!(rig.engine.count(&within(99_990, 999_999), None).jobs, 10);
}

#[test]
fn what_the_sets_know_is_counted_without_a_look() {
    let rig = crowded();
    let count = |filter: &JobFilter| rig.engine.count(filter, None);
    let place = JobFilter {
        queues: vec!["queue-4".into()],
        states: vec![JobState::Enqueued],
        ..JobFilter::default()
    };
    assert_eq!((count(&place).jobs, count(&place).next), (10_000, None));
    // More than one call may look at, so nothing was looked at.
    assert_eq!(
        (count(&JobFilter::default()).jobs, count(&JobFilter::default()).next),
        (u64::from(MANY), None)
    );
    let tagged = JobFilter { tags: vec!["rare".into()], ..JobFilter::default() };
    assert_eq!((count(&tagged).jobs, count(&tagged).next), (100, None));
}
