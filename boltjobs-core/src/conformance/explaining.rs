//! Servers, queues, and why a job stands where it stands.

use std::sync::Arc;

use super::Fixture;
use super::lab::{Lab, at, done, failed, id, job, job_in, job_with, offer, secs, strict};
use super::limits::limited;
use crate::JobState::{Enqueued, Failed};
use crate::job::NewJob;
use crate::rate::Rate;
use crate::store::{Action, Limits, Offer, Outcome, Reason};

fn workers(offer: Offer, workers: u32) -> Offer {
    Offer { workers, ..offer }
}

/// A server is there until it leaves, or was not heard of in time; one that is heard of again is there again.
pub fn a_server_is_listed_while_it_is_heard_of(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let names = |now| {
        let servers = lab.servers(at(now)).into_iter();
        servers
            .map(|server| (server.offer.server.to_string(), server.started_at, server.heartbeat))
            .collect::<Vec<_>>()
    };
    let second = || Offer { server: "server-2".into(), ..offer() };
    lab.announce(offer(), at(0), at(30));
    lab.announce(second(), at(5), at(35));
    lab.announce(offer(), at(20), at(50));
    assert_eq!(names(20), [("server-1".into(), at(0), at(20)), ("server-2".into(), at(5), at(5))]);
    assert_eq!(names(35), [("server-1".into(), at(0), at(20))]);
    assert_eq!(*lab.servers(at(35))[0].offer, offer());
    lab.announce(offer(), at(36), at(66));
    lab.announce(second(), at(40), at(70));
    assert_eq!(names(40)[1], ("server-2".into(), at(40), at(40)));
    lab.enqueue([1, 2, 3].map(job).into(), at(40));
    let claimed = lab.claim(&second(), 2, at(40));
    let running = || lab.servers(at(40)).iter().map(|server| server.running).collect::<Vec<_>>();
    assert_eq!(running(), [0, 2], "each tells how many jobs it runs");
    lab.settle(claimed[0].lease, done(), at(40));
    assert_eq!(running(), [0, 1]);
    lab.retire("server-1");
    assert_eq!(names(41).len(), 1);
}

/// One that ended without a word is remembered for a day; one that says that it ends, or comes again, is not.
pub fn a_server_that_was_lost_is_remembered_for_a_day(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let lost = |now| {
        let lost = lab.lost_servers(at(now)).into_iter();
        lost.map(|server| (server.offer.server.to_string(), server.running)).collect::<Vec<_>>()
    };
    lab.announce(offer(), at(0), at(30));
    lab.enqueue([1, 2].map(job).into(), at(0));
    lab.claim(&offer(), 2, at(0));
    assert_eq!(lost(29), []);
    assert_eq!(lost(30), [("server-1".into(), 2)], "before anybody else is heard of, too");
    let second = || Offer { server: "server-2".into(), ..offer() };
    lab.announce(second(), at(31), at(61));
    assert_eq!(lost(32), [("server-1".into(), 2)]);
    lab.announce(offer(), at(33), at(63));
    assert_eq!(lost(34), [], "it was only late");
    lab.announce(second(), at(64), at(94));
    assert_eq!(lost(33 + 86_399).len(), 2);
    assert_eq!(lost(33 + 86_400).len(), 1);
    lab.retire("server-1");
    lab.retire("server-2");
    assert_eq!(lost(95), []);
}

/// Clocks that differ are seen by the order of heartbeats; so is one that comes late.
pub fn a_clock_that_is_behind_and_late_heartbeats_are_told(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let second = || Offer { server: "server-2".into(), ..offer() };
    let told = || {
        let servers = lab.servers(at(0)).into_iter();
        servers.map(|server| (server.behind, server.late)).collect::<Vec<_>>()
    };
    lab.announce(offer(), at(100), at(900));
    lab.announce(second(), at(40), at(900));
    lab.announce(offer(), at(110), at(900));
    assert_eq!(told(), [(secs(0), Vec::new()), (secs(60), Vec::new())]);
    lab.announce(offer(), at(300), at(900));
    lab.announce(second(), at(59), at(900));
    assert_eq!(told(), [(secs(0), vec![at(300)]), (secs(241), Vec::new())]);
}

/// Q2: with what is known of each.
pub fn queues_are_listed_with_what_is_known_of_them(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![job_in("mails", 1)], at(0));
    lab.enqueue(vec![job_in("mails", 2), job_with(3, |spec| spec.priority = 9)], at(1));
    lab.enqueue(vec![job(4)], at(0));
    lab.pause("reports", true, at(2));
    let server = Offer { queue_limits: [("mails".into(), 8)].into(), ..strict(&["mails", "idle"]) };
    lab.announce(server, at(3), at(33));
    lab.claim(&strict(&["mails"]), 1, at(3));
    let queues = lab.queues(at(4));
    let names: Vec<_> = queues.iter().map(|queue| &*queue.name).collect();
    assert_eq!(names, ["default", "idle", "mails", "reports"]);
    let [default, idle, mails, reports] = &queues[..] else { panic!("{queues:?}") };
    assert_eq!((default.oldest, default.servers, default.limit), (Some(at(1)), 0, None));
    assert_eq!((idle.counts.total(), idle.servers, idle.oldest), (0, 1, None));
    assert_eq!((mails.oldest, mails.servers, mails.limit), (Some(at(1)), 1, Some(8)));
    assert_eq!((mails.counts.get(Enqueued), mails.paused_since), (1, None));
    assert_eq!(reports.paused_since, Some(at(2)));
}

/// D5: each reason in its turn, and what would move the job on.
pub fn an_explanation_names_what_holds_a_ready_job(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let of_key = |n, key: &str| job_with(n, |spec| spec.concurrency_key = Some(key.into()));
    lab.enqueue(vec![of_key(1, "a"), of_key(2, "a"), of_key(3, "b")], at(0));
    let explain = |n, now| lab.explain(id(n), at(now));
    assert_eq!(explain(1, 0).reason, Reason::NoServer);
    let announce = |offer: &Offer| lab.announce(offer.clone(), at(1), at(500));

    announce(&strict(&["mails"]));
    assert_eq!(explain(1, 1).reason, Reason::QueueNotWorked);
    announce(&Offer { handles: [("mail.print".into(), 1.into())].into(), ..offer() });
    assert_eq!(explain(1, 1).reason, Reason::NotHandled);
    announce(&Offer { handles: [("mail.send".into(), 0.into())].into(), ..offer() });
    assert_eq!(explain(1, 1).reason, Reason::NewerVersion { version: 1, newest: 0 });
    lab.pause("default", true, at(1));
    assert_eq!(explain(1, 1).reason, Reason::QueuePaused { since: at(1) });
    assert!(explain(1, 1).to_string().contains("resumed"));
    lab.pause("default", false, at(1));

    let server = workers(limited(Limits { per_key: Some(1), ..Limits::of("mail.send") }), 2);
    announce(&server);
    let waiting = |ahead, running| Reason::Waiting { ahead, or_more: false, running, workers: 2 };
    assert_eq!(explain(3, 1).reason, waiting(2, 0));
    let first = lab.claim(&server, 1, at(2));
    let holders = vec![id(1)];
    let full = Reason::KeyFull { key: "a".into(), holders, running: 1, at_most: 1 };
    assert_eq!(explain(2, 2).reason, full);
    assert!(explain(2, 2).to_string().contains(&id(1).to_string()));
    // What is held back is not ahead of it.
    assert_eq!(explain(3, 2).reason, waiting(0, 1));
    lab.settle(first[0].lease, done(), at(3));
    assert_eq!(explain(2, 3).reason, waiting(0, 0));

    let concurrency = limited(Limits { concurrency: Some(1), ..Limits::of("mail.send") });
    announce(&concurrency);
    let running = lab.claim(&concurrency, 9, at(4));
    assert_eq!(explain(3, 4).reason, Reason::HandlerFull { running: 1, at_most: 1 });
    let queue = Offer { queue_limits: [("default".into(), 1)].into(), ..offer() };
    announce(&queue);
    assert_eq!(explain(3, 4).reason, Reason::QueueFull { running: 1, at_most: 1 });
    lab.settle(running[0].lease, Outcome::Released("again".into()), at(4));

    let rate = Rate::parse("1/10s").expect("a rate");
    let rates = limited(Limits { rate: Some(rate), rate_per_key: Some(rate), ..Limits::of("mail.send") });
    announce(&rates);
    assert_eq!(lab.claim_ids(&rates, 9, at(5)), [id(2)]);
    assert_eq!(explain(3, 6).reason, Reason::HandlerRate { rate, until: at(15) });
    let of_keys = Limits { rate_per_key: Some(rate), ..Limits::of("mail.send") };
    announce(&limited(of_keys));
    lab.enqueue(vec![of_key(4, "a")], at(6));
    assert_eq!(explain(4, 6).reason, Reason::KeyRate { key: "a".into(), rate, until: at(15) });
    assert_eq!(explain(4, 15).reason, Reason::Waiting { ahead: 1, or_more: false, running: 1, workers: 9 });
}

/// D5: in whatever state.
pub fn an_explanation_tells_of_every_other_state(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    assert_eq!(lab.explain(id(9), at(0)).reason, Reason::Unknown);
    lab.enqueue(vec![NewJob { start_at: Some(at(60)), ..job(1) }, job(2), job(3)], at(0));
    assert_eq!(lab.explain(id(1), at(0)).reason, Reason::Scheduled { until: at(60), why: None });
    let claims = lab.claim(&offer(), 9, at(1));
    assert!(lab.ask(id(3), Action::Delete, at(2)));
    let Reason::Processing { server, worker, since, attempt, cancelling } = lab.explain(id(3), at(2)).reason
    else {
        panic!("it runs")
    };
    assert_eq!((&*server, worker, since, attempt), ("server-1", 2, at(1), 1));
    assert!(cancelling.is_some());
    lab.settle(claims[0].lease, super::lab::retry(secs(30)), at(2));
    let why: Option<Arc<str>> = Some("Retry attempt 1 of 10: no route".into());
    assert_eq!(lab.explain(id(2), at(2)).reason, Reason::Scheduled { until: at(32), why });
    assert_eq!(lab.due(at(32)), Some(at(60)));
    let again = lab.claim(&offer(), 9, at(33));
    lab.settle(again[0].lease, failed(), at(34));
    let ended = Reason::Ended { state: Failed, at: at(34), why: Some("no route".into()) };
    assert_eq!(lab.explain(id(2), at(35)).reason, ended);
}
