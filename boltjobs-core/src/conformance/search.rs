//! Finding jobs by everything that is known of them.

use std::sync::Arc;

use super::Fixture;
use super::lab::{Lab, at, failed, id, job, job_with, strict};
use crate::JobState::{Deleted, Enqueued, Failed, Processing};
use crate::job::{Job, JobSpec, NewJob};
use crate::store::{Action, Command, Compare, JobFilter, Moment, PageQuery, Settled};
use crate::{JobId, JobState};

/// Returns the ids of all jobs that a filter finds, newest first, and checks that they are counted right.
fn found(lab: &Lab<'_>, filter: &JobFilter) -> Vec<JobId> {
    let query = PageQuery { filter: filter.clone(), limit: usize::MAX, ..PageQuery::default() };
    let jobs: Vec<_> = lab.list(query).iter().map(|job| job.id).collect();
    assert_eq!(lab.count(filter), jobs.len() as u64, "{filter:?}");
    jobs
}

fn text(text: &str) -> JobFilter {
    JobFilter { text: Some(text.into()), ..JobFilter::default() }
}

fn tags(tags: &[&str]) -> JobFilter {
    JobFilter { tags: tags.iter().map(|tag| (*tag).into()).collect(), ..JobFilter::default() }
}

/// Every combination of what can be asked for is what a look at each job finds.
pub fn a_search_finds_what_a_look_at_each_job_finds(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let names = ["mail.send", "mail.print"].into_iter().cycle().zip(["a", "b", "c"].into_iter().cycle());
    let jobs = (0..60).zip(names).map(|(n, (request, queue))| {
        job_with(n, |spec| {
            (spec.request, spec.queue) = (request.into(), queue.into());
            spec.tags = ["red", "tall"]
                .into_iter()
                .zip([4, 6])
                .filter(|(_, k)| n % k == 0)
                .map(|(tag, _)| tag.into())
                .collect();
        })
    });
    lab.enqueue(jobs.collect(), at(0));
    for n in (0..60).step_by(7) {
        assert!(lab.ask(id(n), Action::Delete, at(1)));
    }
    for claimed in lab.claim(&strict(&["a", "b"]), 9, at(2)).into_iter().step_by(2) {
        assert_eq!(lab.settle(claimed.lease, failed(), at(3)), Settled::Now(Failed));
    }
    let all = lab.jobs();
    let choices: [&[JobState]; 4] = [&[], &[Enqueued], &[Failed, Deleted], &[Processing]];
    let places: [&[&str]; 3] = [&[], &["a"], &["a", "c"]];
    let arcs = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect::<Vec<_>>();
    for (states, queues) in choices.iter().flat_map(|states| places.map(|queues| (states, queues))) {
        for (requests, tags, text) in [
            (&[][..], &[][..], None),
            (&["mail.send"], &[], None),
            (&["mail.print"], &["red"], None),
            (&[], &["red", "tall"], Some("3")),
        ] {
            let filter = JobFilter {
                states: states.to_vec(),
                queues: arcs(queues),
                requests: arcs(requests),
                tags: tags.iter().map(|tag: &&str| (*tag).to_owned()).collect(),
                text: text.map(str::to_owned),
                ..JobFilter::default()
            };
            let expected: Vec<_> =
                all.iter().rev().filter(|job| filter.admits(job)).map(|job| job.id).collect();
            assert_eq!(found(&lab, &filter), expected, "{filter:?}");
        }
    }
    assert!(found(&lab, &tags(&["red"])).len() > 10 && found(&lab, &tags(&["blue"])).is_empty());
}

/// Waiting jobs are listed in the order in which they came; that is where they stand in line.
pub fn a_page_can_begin_with_the_oldest(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([2, 4, 1, 3].map(job).into(), at(0));
    let query = PageQuery { oldest_first: true, limit: 3, ..PageQuery::default() };
    let ids = |jobs: Vec<Job>| jobs.iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(ids(lab.list(query.clone())), [1, 2, 3].map(id));
    assert_eq!(ids(lab.list(PageQuery { after: Some(id(2)), ..query })), [3, 4].map(id));
}

/// Upper and lower case are the same, in every alphabet.
pub fn a_text_is_found_wherever_it_stands(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let with = |n, change: fn(&mut JobSpec)| job_with(n, change);
    lab.enqueue(
        vec![
            with(1, |spec| spec.title = Some("Grüße an Änne".into())),
            with(2, |spec| spec.request = "mail.PRINT".into()),
            with(3, |spec| spec.tags = vec!["Vip".into()]),
            with(4, |spec| drop(spec.meta.insert("tenant".into(), "Oslo".into()))),
            with(5, |spec| spec.payload = br#"{"name":"Ada"}"#.as_slice().into()),
        ],
        at(0),
    );
    lab.add_in(Failed, 6, at(0));
    let (jobs, whole) = (lab.jobs(), id(3).to_string());
    assert_eq!(jobs.len(), 6);
    for (n, part) in [
        (1, "äNNE"),
        (2, "il.print"),
        (3, "VIP"),
        (4, "oslo"),
        (5, "\"ada\""),
        (6, "MY::error"),
        (6, "NO ROUTE"),
        (6, "the cause"),
        (3, &whole),
    ] {
        assert_eq!(found(&lab, &text(part)), [id(n)], "{part}");
    }
    assert!(found(&lab, &text("nowhere")).is_empty());
}

/// What is typed, at a time.
fn typed(query: &str, second: u64) -> JobFilter {
    query.parse::<JobFilter>().expect("it can be read").at(at(second))
}

/// The error is that of the latest attempt that failed, whatever the job did since; a wait is over when the job is not in line.
pub fn jobs_are_found_by_error_attempts_and_wait(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add_in(Failed, 1, at(10));
    lab.add_in(Processing, 2, at(20));
    lab.enqueue(vec![job(3)], at(30));
    lab.enqueue(vec![NewJob { start_at: Some(at(999)), ..job(4) }], at(40));
    for (query, expected) in [
        ("error:NO error:route", &[1][..]),
        ("error:\"the cause\"", &[1]),
        ("error:my::ERROR", &[1]),
        ("error:nowhere", &[]),
        ("attempt:1", &[2, 1]),
        ("attempt:>=1 state:processing", &[2]),
        ("attempt:<1", &[4, 3]),
        ("attempt:>1", &[]),
        ("waited:>20s", &[3]),
        ("waited:<=20s", &[4]),
        ("waited:>=20s", &[4, 3]),
        ("waited:<30s waited:>10s", &[4]),
        ("waited:>1s state:failed", &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|n| id(*n)).collect();
        assert_eq!(found(&lab, &typed(query, 60)), expected, "{query}");
    }
    assert!(lab.ask(id(1), Action::Requeue, at(60)));
    assert_eq!(found(&lab, &typed("error:route waited:<5s", 61)), [id(1)]);
}

/// The time of a job is that of its id, which is where it stands in lists.
pub fn jobs_are_found_by_when_they_were_enqueued(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let made = |second| NewJob { id: JobId::from_parts(at(second), 7), ..job(0) };
    let jobs: Vec<_> = (0..6).map(|n| made(n * 100)).collect();
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    lab.enqueue(jobs, at(500));
    for (query, expected) in [
        ("after:200s", &[5, 4][..]),
        ("before:200s", &[3, 2, 1, 0]),
        ("after:300s before:100s", &[4, 3]),
        ("after:1s", &[]),
        ("before:52w", &[]),
        ("after:52w before:2024-01-02", &[5, 4, 3, 2, 1, 0]),
    ] {
        let filter = typed(query, 600);
        let expected: Vec<_> = expected.iter().map(|n| ids[*n]).collect();
        assert_eq!(found(&lab, &filter), expected, "{query}");
        let query = PageQuery { filter, oldest_first: true, limit: usize::MAX, ..PageQuery::default() };
        assert!(lab.list(query).iter().rev().map(|job| job.id).eq(expected));
    }
    // Nobody has said when this is asked.
    let unsaid =
        JobFilter { enqueued_after: Some(Moment::Ago(at(600).since(at(0)))), ..JobFilter::default() };
    let waited = vec![(Compare::More, Moment::Ago(at(1).since(at(0))))];
    assert_eq!(found(&lab, &unsaid), []);
    assert_eq!(found(&lab, &JobFilter { waited, ..JobFilter::default() }), []);
}

/// Whatever the payload is, and never by what is sensitive in it.
pub fn jobs_are_found_by_the_values_of_their_payloads(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let with = |n, payload: &str| job_with(n, |spec| spec.payload = payload.as_bytes().into());
    let mut secret = with(5, r#"{"user":{"id":42},"card":{"number":4111}}"#);
    secret.spec_mut().sensitive = vec!["card.number".into()];
    lab.enqueue(
        vec![
            with(1, r#"{"user":{"id":42,"name":"Ada L"},"paid":true,"note":null,"sum":1.50}"#),
            with(2, r#"{"user":{"id":"42"},"tags":["eu","vip"],"a b:c":{"\"":""}}"#),
            with(3, r#"{"user":{"id":420,"big":9007199254740993}}"#),
            with(4, "no JSON"),
            secret,
            with(6, "[7,{\"deep\":8}]"),
        ],
        at(0),
    );
    for (query, expected) in [
        ("args.user.id:42", &[5, 2, 1][..]),
        ("args.user.id:4", &[]),
        ("args.user:42", &[]),
        ("args.user.name:\"Ada L\"", &[1]),
        ("args.paid:true args.note:null", &[1]),
        ("args.sum:1.5", &[1]),
        ("args.tags:vip", &[2]),
        ("args.tags.0:eu", &[2]),
        ("args.tags.0:vip", &[]),
        (r#"args.a\ b\:c.\":"""#, &[2]),
        ("args.user.big:9007199254740993", &[3]),
        ("args.user.big:9007199254740992", &[]),
        ("args.:7", &[6]),
        ("args.1.deep:8", &[6]),
        ("args.card.number:4111", &[]),
        ("args.nowhere:null", &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|n| id(*n)).collect();
        assert_eq!(found(&lab, &typed(query, 1)), expected, "{query}");
    }
}

/// Or a search would tell it letter by letter.
pub fn a_secret_is_never_found(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let secret = job_with(1, |spec| {
        spec.payload = br#"{"user":"ada","token":"s3cret"}"#.as_slice().into();
        spec.sensitive = vec!["token".into()];
    });
    lab.enqueue(vec![secret], at(0));
    for part in ["s3cret", "s3", "token\":\"s"] {
        assert!(found(&lab, &text(part)).is_empty(), "{part}");
    }
    assert!(found(&lab, &typed("args.token:s3cret", 1)).is_empty());
    assert_eq!(found(&lab, &typed("args.user:ada", 1)), [id(1)]);
}

/// Law 1, of tags and of what a replacement changed.
pub fn what_can_be_found_survives_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue(vec![job_with(1, |spec| spec.tags = vec!["red".into()]), job(2)], at(0));
    lab.reopen();
    assert_eq!(found(&lab, &tags(&["red"])), [id(1)]);
    assert!(lab.ask(id(1), Action::Delete, at(1)));
    lab.reopen();
    let deleted = JobFilter { states: vec![Deleted], ..tags(&["red"]) };
    assert_eq!(found(&lab, &deleted), [id(1)]);
}

/// Each job is answered for itself, in one write.
pub fn a_command_to_many_jobs_answers_for_each(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add_in(Failed, 1, at(0));
    lab.enqueue(vec![job(2), NewJob { start_at: Some(at(60)), ..job(3) }], at(0));
    let command = |action, expected| Command { action, expected, reason: Some("all of them".into()) };
    let ids = [1, 2, 3, 4].map(id).to_vec();
    let answers = lab.command_all(ids.clone(), command(Action::Requeue, Vec::new()), at(1));
    assert_eq!(answers, [true, false, true, false]);
    assert_eq!(lab.last_row(id(1)).reason.as_deref(), Some("all of them"));
    let answers = lab.command_all(ids, command(Action::Delete, vec![Failed]), at(2));
    assert_eq!(answers, [false; 4]);
}
