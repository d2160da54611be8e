//! What Prometheus scrapes, read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

use boltjobs::prelude::*;
use boltjobs_core::cron::Zone;
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::recurring::{Definition, Stored};
use boltjobs_tests::{Bench, patiently};

use super::{HOUR, Orphan, address, get, pay_with, shown};

/// A name that would end its label, its line or its series.
const NAME: &str = "a\"} 7\nboltjobs_servers 99\n# HELP \\n\\";

type Labels = BTreeMap<String, String>;

/// The values by their names and labels.
fn read(text: &str) -> BTreeMap<(String, Labels), f64> {
    let (mut values, mut described, mut current) = (BTreeMap::new(), BTreeSet::new(), String::new());
    assert!(text.ends_with('\n'), "the last line has an end");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').unwrap();
            assert!(is_name(name) && !text.is_empty(), "{line}");
            assert!(described.insert(name.to_owned()), "{name} is described twice");
            assert_eq!(lines.next(), Some(&*format!("# TYPE {name} gauge")));
            name.clone_into(&mut current);
            continue;
        }
        let (name, labels, value) = sample(line);
        assert_eq!(name, current, "the values of a metric stand together, under its type: {line}");
        let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert_eq!(values.insert((name, labels), value), None, "{line} is there twice");
    }
    values
}

fn is_name(name: &str) -> bool {
    let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    first && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn sample(line: &str) -> (String, Labels, String) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line}"));
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, behind) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            let (value, behind) = unescaped(behind);
            assert!(is_name(label), "{line}");
            assert_eq!(labels.insert(label.to_owned(), value), None, "{line}");
            match behind.strip_prefix(',') {
                Some(more) => rest = more,
                None => {
                    rest = behind.strip_prefix('}').unwrap_or_else(|| panic!("{line}"));
                    break;
                }
            }
        }
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    assert!(is_name(name), "{line}");
    (name.to_owned(), labels, value.to_owned())
}

/// Reads up to the quote that ends a label, and returns what is behind it.
fn unescaped(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[at + 1..]),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, same @ ('\\' | '"'))) => value.push(same),
                other => panic!("{other:?} is escaped in {text}"),
            },
            _ => value.push(letter),
        }
    }
    panic!("a label has no end: {text}")
}

fn scraped(bench: &Bench) -> BTreeMap<(String, Labels), f64> {
    let answer = get(address(bench), "/metrics");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{}",
        answer.head
    );
    read(&answer.body)
}

#[track_caller]
fn assert_is(values: &BTreeMap<(String, Labels), f64>, name: &str, labels: &[(&str, &str)], expected: f64) {
    let labels: Labels =
        labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let found = values.get(&(name.to_owned(), labels.clone()));
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{name} {labels:?}: {found:?}");
}

#[tokio::test]
async fn prometheus_reads_what_the_store_counts() {
    let bench = Bench::with(|builder| shown(builder).queues([Queue::new("default").concurrency(7)])).await;
    bench
        .scope(async {
            let failed = pay_with("no money").enqueue().await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            pay_with("later").schedule_in(HOUR).queue("mail").await.unwrap();
            Orphan.enqueue().queue("mail").await.unwrap();
            pay_with("x").recurring("nightly", cron!("0 3 * * *")).await.unwrap();
            pay_with("x").recurring("paused", cron!("0 3 * * *")).await.unwrap();
        })
        .await;
    bench.client().recurring("paused").pause().await.unwrap();
    bench.client().queue("mail").pause().await.unwrap();
    let mut broken = Definition::new("broken", Cron::daily(), JobSpec::new("pay", *b"{}"));
    broken.zone = serde_json::from_value::<Stored<Zone>>("Mars/Olympus".into()).unwrap();
    bench.store.put_recurring(broken, bench.clock_now()).await.unwrap();
    // A store that others fill may hold names that no program of ours accepts.
    let mut spec = JobSpec::new(NAME, *b"{}");
    spec.queue = NAME.into();
    let strange = NewJob { id: JobId::from_parts(bench.clock_now(), 7), spec: spec.into(), start_at: None };
    bench.store.enqueue(vec![strange], bench.clock_now()).await.unwrap();
    let before = bench.clock_now();
    bench.clock.advance(std::time::Duration::from_millis(2_500));

    let (values, counts) = (scraped(&bench), bench.store.counts().await.unwrap());
    for state in JobState::ALL {
        let name = state.as_str().to_lowercase();
        let number =
            |counts: &boltjobs_core::store::StateCounts| f64::from(u32::try_from(counts.get(state)).unwrap());
        assert_is(&values, "boltjobs_jobs", &[("state", &name)], number(&counts.states));
        for (queue, counts) in &counts.queues {
            assert_is(&values, "boltjobs_queue_jobs", &[("queue", queue), ("state", &name)], number(counts));
        }
        for (request, counts) in &counts.requests {
            let labels = [("request", &**request), ("state", &name)];
            assert_is(&values, "boltjobs_request_jobs", &labels, number(counts));
        }
    }
    assert_is(&values, "boltjobs_request_jobs", &[("request", NAME), ("state", "enqueued")], 1.0);
    assert_is(&values, "boltjobs_queue_oldest_wait_seconds", &[("queue", "mail")], 2.5);
    assert_is(&values, "boltjobs_queue_oldest_wait_seconds", &[("queue", "default")], 0.0);
    assert_is(&values, "boltjobs_queue_paused", &[("queue", "mail")], 1.0);
    assert_is(&values, "boltjobs_queue_paused", &[("queue", NAME)], 0.0);
    assert_is(&values, "boltjobs_queue_limit", &[("queue", "default")], 7.0);
    assert_eq!(
        values.keys().filter(|(name, _)| name == "boltjobs_queue_limit").count(),
        1,
        "no limit is no series"
    );
    assert_is(&values, "boltjobs_queue_servers", &[("queue", "default")], 1.0);
    assert_is(&values, "boltjobs_queue_servers", &[("queue", "mail")], 0.0);
    assert_is(&values, "boltjobs_servers", &[], 1.0);
    let servers = bench.store.servers(before).await.unwrap();
    let server = [("server", bench.server.name())];
    assert_is(&values, "boltjobs_slots", &server, f64::from(servers[0].offer.workers));
    let heard = servers[0].heartbeat;
    assert_is(
        &values,
        "boltjobs_server_heartbeat_age_seconds",
        &server,
        bench.clock_now().since(heard).as_secs_f64(),
    );
    assert_is(&values, "boltjobs_recurring", &[("paused", "false")], 2.0);
    assert_is(&values, "boltjobs_recurring", &[("paused", "true")], 1.0);
    assert_is(&values, "boltjobs_recurring_errors", &[], 1.0);
}

#[tokio::test]
async fn a_scrape_of_a_store_that_fails_is_a_failed_scrape() {
    let bench = Bench::with(shown).await;
    bench.store.close().await.unwrap();
    let answer = get(address(&bench), "/metrics");
    assert_eq!(answer.status, 503);
    super::assert_has(&answer.body, &["the store is closed"]);
}
