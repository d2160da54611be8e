//! One morning of a small company, told to a store: what was enqueued, and what came of it.
//!
//! Servers, ids and instants are made up here, so that the pages look the same whenever and wherever they are made.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use boltjobs::{BatchId, Cron, JobId, Store};
use boltjobs_core::audit::{self, AuditEntry};
use boltjobs_core::batch::NewBatch;
use boltjobs_core::clock::Clock as _;
use boltjobs_core::continuation::{After, Parent, ParentId};
use boltjobs_core::cron::Zone;
use boltjobs_core::fingerprint::Pattern;
use boltjobs_core::handler_limit::{self, HandlerLimit, Limit, LimitKind};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::notes::{Bar, LogLevel, LogLine, Note, Progress, Step};
use boltjobs_core::recurring::Definition;
use boltjobs_core::store::{Claimed, Document, Outcome, QueueOrder, Record, RecurringCommand, Settlement};
use boltjobs_tests::ManualClock;
use serde_json::{Value, json};

use crate::offers::{LEASE, offer};
use crate::outcome::{done, failed, refused, timed_out};

const PEOPLE: [&str; 6] =
    ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Katherine Johnson", "Edsger Dijkstra", "Barbara Liskov"];

const MINUTE: Duration = Duration::from_mins(1);

/// Fills a store.
#[derive(Debug)]
pub(crate) struct Story {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    jobs: u128,
}

impl Story {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<ManualClock>) -> Self {
        Self { store, clock, jobs: 0 }
    }

    /// Tells it from midnight to noon, and returns what pages can be about.
    pub(crate) async fn tell(mut self) -> BTreeMap<&'static str, String> {
        self.definitions().await;
        for hour in 1..=11 {
            self.clock.advance(45 * MINUTE);
            self.hour(hour).await;
            self.clock.advance(15 * MINUTE);
            self.announce().await;
            self.fire(hour).await;
        }
        self.clock.advance(41 * MINUTE);
        let running = self.import().await;
        let failed = self.payments().await;
        self.clock.advance(4 * MINUTE);
        self.retried().await;
        let ended = self.reminders().await;
        let batch = self.statements().await;
        self.slow_down().await;
        let operation = self.operations().await;
        self.waiting(running).await;
        self.announce().await;
        let job = self.store.job(failed).await.unwrap().expect("it is there");
        let failure = Pattern::of(&job).expect("it has failed").fingerprint().to_string();
        self.clock.advance(Duration::from_secs(4));
        [
            ("failed", failed.to_string()),
            ("server", "worker-2:3307:b81c04".to_owned()),
            ("failure", failure),
            ("running", running.to_string()),
            ("recurring", "nightly-report".to_owned()),
            ("queue", "mail".to_owned()),
            ("request", "payments.charge".to_owned()),
            ("batch", batch.to_string()),
            ("ended", ended.to_string()),
            ("operation", operation),
        ]
        .into()
    }

    async fn definitions(&self) {
        let reports = spec("reports.monthly", "reports", "Monthly report", &json!({ "customer": "all" }));
        let rates = spec("rates.fetch", "default", "Exchange rates", &json!({ "base": "EUR" }));
        let reminder =
            spec("mail.send", "mail", "Reminder to the team", &json!({ "to": "team@example.org" }));
        for (id, cron, zone, spec) in [
            ("nightly-report", "0 3 * * *", "Europe/Oslo", &reports),
            ("exchange-rates", "0 * * * *", "UTC", &rates),
            ("weekly-reminder", "30 8 * * MON", "America/New_York", &reminder),
            ("newsletter", "0 9 1 * *", "Europe/Oslo", &reminder),
        ] {
            let cron = Cron::parse(cron).expect("it is a cron expression");
            let mut definition = Definition::new(id, cron, spec.clone());
            definition.zone = zone.parse::<Zone>().expect("it is a zone").into();
            self.store.put_recurring(definition, self.clock.now()).await.expect("it is stored");
        }
        let pause =
            self.store.recurring("newsletter".into(), RecurringCommand::Pause, self.clock.now()).await;
        pause.expect("it is stored");
    }

    /// Lets the definitions fire, and their jobs run.
    async fn fire(&self, hour: u32) {
        self.store.fire(self.clock.now()).await.expect("it is stored");
        while let Some(claimed) = self.claim().await {
            self.clock.advance(Duration::from_millis(730));
            let outcome = if hour == 6 { failed(&timed_out(), None) } else { done() };
            self.settle(&claimed, Duration::from_millis(730), outcome).await;
        }
    }

    /// Lets some mails and reports come and go.
    async fn hour(&mut self, hour: u32) {
        for person in PEOPLE.iter().take(2 + hour as usize % 4) {
            let to = format!("{}@example.org", person.split(' ').next().unwrap_or_default().to_lowercase());
            let mail = spec(
                "mail.send",
                "mail",
                &format!("Mail to {to}"),
                &json!({ "to": to, "template": "welcome" }),
            );
            self.run(mail, Duration::from_millis(184), done()).await;
        }
        let person = PEOPLE[hour as usize % PEOPLE.len()];
        let mut report = spec(
            "reports.monthly",
            "reports",
            &format!("Monthly report for {person}"),
            &json!({ "customer": person }),
        );
        report.tags.push("eu".to_owned());
        let result = json!({ "pages": 12, "file": "report.pdf" }).to_string();
        self.run(report, Duration::from_millis(4_210), Outcome::Succeeded(Some(result.into_bytes().into())))
            .await;
    }

    /// Begins an import that has come two thirds of its way.
    async fn import(&mut self) -> JobId {
        let mut import = spec(
            "customers.import",
            "imports",
            "Import of customers.csv",
            &json!({ "file": "customers.csv", "rows": 12_000 }),
        );
        import.meta.insert("uploaded by".to_owned(), "grace@example.org".to_owned());
        let id = self.enqueue(import, None).await;
        let claimed = self.claim().await.expect("the import is ready");
        let at = self.clock.now();
        let line = |seconds, level, message: &str| LogLine {
            at: at.plus(Duration::from_secs(seconds)),
            level,
            target: "shop::import".to_owned(),
            message: message.to_owned(),
            attempt: 1,
            skipped: 0,
        };
        let step = Step {
            name: "count the rows".to_owned(),
            result: (*b"12000").into(),
            took: Duration::from_millis(918),
            at,
            attempt: 1,
        };
        let lines = vec![
            line(1, LogLevel::Info, "12000 rows in customers.csv"),
            line(95, LogLevel::Warn, "row 4117 has no country; it is left empty"),
            line(230, LogLevel::Info, "8200 rows are in"),
        ];
        let progress =
            Progress { percent: 68, message: "customers of Norway".to_owned(), at: at.plus(4 * MINUTE) };
        let bar = Bar { name: "rows".to_owned(), done: 8_200, total: 12_000 };
        let notes = [Note::Step(step), Note::Progress(progress), Note::Bar(bar), Note::Lines(lines)];
        let records = notes.map(|note| Record { lease: claimed.lease, note }).into();
        self.store.record(records, at).await.expect("it is stored");
        id
    }

    /// Charges some customers, and returns the last one whom the bank refused.
    async fn payments(&mut self) -> JobId {
        let mut last = None;
        for (at, person) in PEOPLE.iter().enumerate() {
            let payload =
                json!({ "customer": person, "cents": 1_999 + 4_200 * at, "card": "4111 1111 1111 1111" });
            let mut charge = spec("payments.charge", "payments", &format!("Charge {person}"), &payload);
            charge.sensitive.push("card".to_owned());
            charge.tags.push(if at % 2 == 0 { "eu" } else { "us" }.to_owned());
            let outcome = if at % 2 == 1 { failed(&refused(), Some("no retries are left")) } else { done() };
            let id = self.run(charge, Duration::from_millis(1_310), outcome).await;
            last = if at % 2 == 1 { Some(id) } else { last };
        }
        last.expect("some are refused")
    }

    /// Lets a mail fail that is tried again later.
    async fn retried(&mut self) {
        let mail = spec(
            "mail.send",
            "mail",
            "Mail to margaret@example.org",
            &json!({ "to": "margaret@example.org" }),
        );
        let error = Box::new(timed_out());
        self.run(
            mail,
            Duration::from_secs(30),
            Outcome::Retry { error, delay: 2 * MINUTE, retry: 1, retries: 10 },
        )
        .await;
    }

    /// Makes a batch of which all but one have ended.
    async fn statements(&mut self) -> BatchId {
        let now = self.clock.now();
        let id = BatchId::from(JobId::from_parts(now, 1));
        let batch = NewBatch { id, name: "Statements of October".to_owned(), parent: None };
        let mut jobs = Vec::new();
        for person in PEOPLE {
            self.jobs += 1;
            let payload = json!({ "customer": person });
            let mut spec = spec("reports.monthly", "reports", &format!("Statement for {person}"), &payload);
            spec.batch = Some(id);
            jobs.push(NewJob {
                id: JobId::from_parts(now, self.jobs << 20),
                spec: spec.into(),
                start_at: None,
            });
        }
        self.store.submit(vec![batch], jobs, now).await.expect("it is stored");
        for _ in 1..PEOPLE.len() {
            let claimed = self.claim().await.expect("it is ready");
            self.clock.advance(Duration::from_millis(640));
            self.settle(&claimed, Duration::from_millis(640), done()).await;
        }
        id
    }

    /// Makes a batch that has ended, with a reminder that could not be sent and what was to come after it.
    async fn reminders(&mut self) -> BatchId {
        let now = self.clock.now();
        let id = BatchId::from(JobId::from_parts(now, 2));
        let batch = NewBatch { id, name: "Reminders of October".to_owned(), parent: None };
        let mut jobs = Vec::new();
        for person in &PEOPLE[..3] {
            self.jobs += 1;
            let mut spec =
                spec("mail.send", "mail", &format!("Reminder to {person}"), &json!({ "to": person }));
            spec.batch = Some(id);
            jobs.push(NewJob {
                id: JobId::from_parts(now, self.jobs << 20),
                spec: spec.into(),
                start_at: None,
            });
        }
        let last = jobs.last().expect("there are three").id;
        let mut note = spec("reports.monthly", "reports", "Note on them", &json!({ "customer": "all" }));
        note.batch = Some(id);
        note.parents.push(Parent { id: ParentId::Job(last), when: After::Succeeded });
        self.jobs += 1;
        jobs.push(NewJob { id: JobId::from_parts(now, self.jobs << 20), spec: note.into(), start_at: None });
        self.store.submit(vec![batch], jobs, now).await.expect("it is stored");
        while let Some(claimed) = self.claim().await {
            self.clock.advance(Duration::from_millis(220));
            let fails = claimed.lease.job == last;
            let outcome = if fails { failed(&timed_out(), Some("no retries are left")) } else { done() };
            self.settle(&claimed, Duration::from_millis(220), outcome).await;
        }
        id
    }

    /// Has somebody slow down the handler that the bank complains of.
    async fn slow_down(&self) {
        let at = self.clock.now();
        let limit = Limit::parse(LimitKind::RateLimit, "30/1m").expect("it is a rate");
        let limit = HandlerLimit { request: "payments.charge".into(), limit, actor: "grace".to_owned(), at };
        handler_limit::set(&*self.store, &limit).await.expect("it is stored");
    }

    /// Leaves the records of what people did to many jobs, and returns the id of one of them.
    async fn operations(&self) -> String {
        let now = self.clock.now();
        let ids = [1, 2].map(|number| JobId::from_parts(now, number).to_string());
        let micros = |ago: u32| now.minus(ago * MINUTE).as_micros();
        let careful = json!({
            "id": ids[0], "bulk": "requeue", "query": "state:failed", "careful": true, "limit": null, "actor": "ada",
            "started_at": micros(9), "ended_at": micros(8), "planned": 4, "done": 1, "skipped": 0, "after": null,
            "status": { "stopped": "an attempt of a job failed again" },
        });
        let deleted = json!({
            "id": ids[1], "bulk": "delete", "query": "queue:drafts", "careful": false, "limit": null, "actor": "grace",
            "started_at": micros(4), "ended_at": micros(4), "planned": 312, "done": 312, "skipped": 0, "after": null,
            "status": "finished",
        });
        let documents = [careful, deleted].into_iter().zip(&ids).map(|(record, id)| Document {
            key: format!("operation/{id}").into(),
            text: record.to_string().into(),
        });
        self.store.keep(documents.collect(), Vec::new(), now).await.expect("it is stored");
        for (ago, actor, action, target) in [
            (9, "ada", "requeue", "4 jobs that match `state:failed`"),
            (4, "grace", "delete", "312 jobs that match `queue:drafts`"),
            (2, "grace", "pause", "queue newsletter"),
        ] {
            let entry = AuditEntry {
                at: now.minus(ago * MINUTE),
                actor: actor.to_owned(),
                action: action.to_owned(),
                target: target.to_owned(),
                done: true,
                detail: String::new(),
                changes: Vec::new(),
                trace: None,
            };
            audit::write(&*self.store, &[entry], now).await.expect("it is stored");
        }
        ids[0].clone()
    }

    /// Leaves something to do: later, after the import, in a paused queue, and right now.
    async fn waiting(&mut self, import: JobId) {
        let now = self.clock.now();
        let later =
            spec("mail.send", "mail", "Mail to office@example.org", &json!({ "to": "office@example.org" }));
        self.enqueue(later, Some(now.plus(90 * MINUTE))).await;
        let mut after =
            spec("reports.monthly", "reports", "Report on the import", &json!({ "customer": "all" }));
        after.parents.push(Parent { id: ParentId::Job(import), when: After::Succeeded });
        self.enqueue(after, None).await;
        self.store.pause("newsletter".into(), true, now).await.expect("it is stored");
        for person in PEOPLE {
            let news =
                spec("mail.send", "newsletter", &format!("Newsletter to {person}"), &json!({ "to": person }));
            self.enqueue(news, None).await;
        }
        let report = spec(
            "reports.monthly",
            "reports",
            "Monthly report for Ada Lovelace",
            &json!({ "customer": "Ada Lovelace" }),
        );
        self.enqueue(report, None).await;
    }

    async fn enqueue(&mut self, spec: JobSpec, start_at: Option<boltjobs::Timestamp>) -> JobId {
        self.jobs += 1;
        let now = self.clock.now();
        // Ids of one millisecond are in the order of these.
        let id = JobId::from_parts(now, self.jobs << 20);
        self.store
            .enqueue(vec![NewJob { id, spec: spec.into(), start_at }], now)
            .await
            .expect("it is stored");
        id
    }

    /// Takes a job from its beginning to the end of an attempt.
    async fn run(&mut self, spec: JobSpec, ran: Duration, outcome: Outcome) -> JobId {
        let id = self.enqueue(spec, None).await;
        self.clock.advance(Duration::from_millis(12));
        let claimed = self.claim().await.expect("it is ready");
        assert_eq!(claimed.lease.job, id, "nothing else is ready");
        self.clock.advance(ran);
        self.settle(&claimed, ran, outcome).await;
        id
    }

    async fn claim(&self) -> Option<Claimed> {
        let offer = offer("worker-1:2114:5f0c2e", QueueOrder::All);
        self.store.claim(Arc::new(offer), vec![1], self.clock.now()).await.expect("the store answers").pop()
    }

    async fn settle(&self, claimed: &Claimed, ran: Duration, outcome: Outcome) {
        let settlement = Settlement { lease: claimed.lease, ran, outcome };
        self.store.settle(vec![settlement], self.clock.now()).await.expect("it is stored");
    }

    /// Lets the servers say that they are there.
    async fn announce(&self) {
        let now = self.clock.now();
        let two = QueueOrder::Strict(["payments", "mail", "default"].map(Arc::from).into());
        for offer in [offer("worker-1:2114:5f0c2e", QueueOrder::All), offer("worker-2:3307:b81c04", two)] {
            self.store.announce(Arc::new(offer), now, now.plus(LEASE)).await.expect("it is stored");
        }
    }
}

fn spec(request: &str, queue: &str, title: &str, payload: &Value) -> JobSpec {
    let mut spec = JobSpec::new(request, payload.to_string().into_bytes());
    spec.title = Some(title.to_owned());
    spec.queue = queue.into();
    spec
}
