//! Jobs that are made by hand: typed field by field, and copied.

use std::net::SocketAddr;

use boltjobs::prelude::*;
use boltjobs::{DashboardRole, EnqueuedBy};
use boltjobs_core::audit;
use boltjobs_tests::{Bench, patiently};

use super::actions::{post, token};
use super::{Answer, HOSTILE, HOUR, Orphan, address, assert_has, get, shown};

/// A request with a field of each kind that is typed in its own way.
#[request(name = "parcel", queue = "parcels", priority = 7, tags = ["slow"])]
#[derive(Debug)]
pub struct Ship {
    to: String,
    parcels: u32,
    urgent: bool,
    note: Option<String>,
    sizes: Vec<u8>,
    #[request(sensitive)]
    pin: String,
}

#[handler(retries = 0)]
async fn send_parcel(request: Ship) -> JobResult<()> {
    // What it was asked to do is what its log says.
    let Ship { to, parcels, urgent, note, sizes, pin } = request;
    tracing::info!("{to} {parcels} {urgent} {note:?} {sizes:?} {pin}");
    Ok(())
}

async fn bench() -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await
}

async fn did(bench: &Bench, id: JobId) -> String {
    let done = bench.until(id, JobState::Succeeded).await;
    done.log().next().unwrap().message.clone()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Returns the value of a hidden field of a form.
fn hidden(page: &str, name: &str) -> Option<String> {
    let value = page.split(&format!("type=\"hidden\" name=\"{name}\" value=\"")).nth(1)?;
    value.split('"').next().map(str::to_owned)
}

fn id_in(page: &str) -> JobId {
    hidden(page, "id").expect("the form has the id of the job").parse().unwrap()
}

/// Sends a form as it was opened, with what is typed into it.
fn send(at: SocketAddr, place: &str, opened: &str, action: &str, typed: &[(&str, &str)]) -> Answer {
    let mut form = format!("token={}&action={action}", token(at, "/jobs/new?request=parcel"));
    for name in ["id", "request", "from", "seen", "state"] {
        if let Some(value) = hidden(opened, name) {
            form += &format!("&{name}={}", percent(&value));
        }
    }
    for (name, text) in typed {
        form += &format!("&{}={}", percent(name), percent(text));
    }
    post(at, place, "", &form)
}

const TYPED: [(&str, &str); 9] = [
    ("fields", "1"),
    ("field.to", HOSTILE),
    ("field.parcels", "2"),
    ("field.urgent", "true"),
    ("field.note", ""),
    ("field.sizes", "[1, 2]"),
    ("field.pin", "s3cret"),
    ("queue", "parcels"),
    ("priority", "7"),
];

#[tokio::test]
async fn a_job_is_made_by_typing_its_fields() {
    let bench = bench().await;
    let at = address(&bench);
    assert_has(&get(at, "/jobs").body, &["href=\"/jobs/new\">New job…"]);
    assert_has(&get(at, "/jobs/new").body, &["href=\"/jobs/new?request=parcel\"", "<code>Ship</code>"]);
    let opened = get(at, "/jobs/new?request=parcel").body;
    assert_has(
        &opened,
        &[
            "name=\"queue\" value=\"parcels\"",
            "name=\"priority\" value=\"7\"",
            "type=\"checkbox\" id=\"edit-field.urgent\"",
            "inputmode=\"decimal\" id=\"edit-field.parcels\"",
            "may be left empty",
        ],
    );
    let wrong = [
        ("fields", "1"),
        ("field.to", HOSTILE),
        ("field.parcels", "two"),
        ("field.sizes", "["),
        ("at", "soon"),
    ];
    let wrong = send(at, "/jobs/new", &opened, "enqueue", &wrong);
    assert_eq!(wrong.status, 400);
    assert_has(
        &wrong.body,
        &["it is no JSON of the type", "value=\"two\"", "&lt;script&gt;", "or how far it is from now"],
    );
    assert!(!wrong.body.contains("<script>alert"), "{}", wrong.body);

    let preview = send(at, "/jobs/new", &opened, "preview", &TYPED);
    assert_eq!(preview.status, 200);
    assert_has(&preview.body, &["What would be enqueued", "parcels: 2", "pin: •••", "to start at once"]);
    let id = id_in(&opened);
    assert!(bench.client().job(id).await.unwrap().is_none(), "a preview enqueues nothing");

    for _ in 0..2 {
        let made = send(at, "/jobs/new", &opened, "enqueue", &TYPED);
        assert!(made.head.contains(&format!("location: /jobs/{id}?did=enqueue")), "{}", made.head);
    }
    assert_eq!(did(&bench, id).await, format!("{HOSTILE} 2 true None [1, 2] s3cret"));
    let done = bench.job(id).await;
    assert_eq!((done.queue(), done.priority(), done.tags()), ("parcels", 7, &["slow".to_owned()][..]));
    assert_eq!(done.enqueued_by(), Some(EnqueuedBy::User("anybody".to_owned())));
    assert_eq!(bench.client().jobs().count().await.unwrap(), 1, "sent twice, made once");
    let page = get(at, &format!("/jobs/{id}")).body;
    assert_has(&page, &["anybody, on the dashboard", "&quot;pin&quot;: &quot;***&quot;"]);
    let audited = audit::read(&*bench.store, None, 9).await.unwrap().entries;
    assert_eq!((&*audited[0].action, &*audited[0].detail), ("enqueue", "of the request parcel"));
}

#[tokio::test]
async fn a_job_that_has_ended_is_edited_and_copied() {
    let bench = bench().await;
    let at = address(&bench);
    let first = bench
        .scope(async {
            let (to, note, pin) = ("ada".to_owned(), Some(String::new()), "s3cret".to_owned());
            let request = Ship { to, parcels: 1, urgent: true, note, sizes: vec![], pin };
            let before = Orphan.schedule_in(HOUR).await.unwrap();
            let job = request.enqueue().after(before.id()).when(After::Finished).unique("one").tag("eu");
            let job = job.meta("k", "v").await.unwrap();
            bench.client().delete(before.id()).await.unwrap();
            patiently(job.wait()).await.unwrap();
            job.id()
        })
        .await;
    let link = format!("/jobs/new?from={first}");
    assert_has(&get(at, &format!("/jobs/{first}")).body, &[&format!("href=\"{link}\">Copy…")]);
    let opened = get(at, &link).body;
    assert_has(&opened, &["name=\"field.to\" value=\"ada\"", "value=\"***\""]);
    assert!(!opened.contains("s3cret"), "{opened}");
    let json = get(at, &format!("{link}&as=json")).body;
    assert_has(&json, &["name=\"payload\"", "&quot;to&quot;: &quot;ada&quot;"]);

    let typed = [
        ("fields", "1"),
        ("field.to", "bob"),
        ("field.parcels", "1"),
        ("field.note", ""),
        ("field.sizes", "[]"),
        ("field.pin", "***"),
        ("at", "1h"),
    ];
    let preview = send(at, "/jobs/new", &opened, "preview", &typed).body;
    assert_has(&preview, &["payload.to", "payload.urgent", "What would be another way"]);
    assert!(!preview.contains("payload.note") && !preview.contains("payload.pin"), "{preview}");
    let id = id_in(&opened);
    assert_eq!(send(at, "/jobs/new", &opened, "enqueue", &typed).status, 303);
    let copy = bench.job(id).await;
    assert_eq!(
        (copy.state(), copy.meta()["k"].as_str(), copy.parents().len()),
        (JobState::Scheduled, "v", 0)
    );
    assert_eq!(copy.due_at().unwrap(), bench.clock_now().plus(HOUR).to_datetime());
    bench.clock.advance(HOUR);
    assert_eq!(did(&bench, id).await, "bob 1 false Some(\"\") [] s3cret");
    let audited = audit::read(&*bench.store, None, 9).await.unwrap().entries;
    assert_eq!(audited[0].detail, format!("a copy of job {first}"));
    let change = audited[0].changes.iter().find(|it| it.field == "payload.to").unwrap();
    assert_eq!((change.before.as_deref(), change.after.as_deref()), (Some("\"ada\""), Some("\"bob\"")));
    for unknown in ["request=nothing", "from=01890a5d-ac96-774b-bcce-b302099a8057"] {
        assert_eq!(get(at, &format!("/jobs/new?{unknown}")).status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn a_job_that_waits_is_changed_field_by_field() {
    let bench = bench().await;
    let at = address(&bench);
    let id = bench
        .scope(async {
            let (to, pin) = ("ada".to_owned(), "s3cret".to_owned());
            let request = Ship { to, parcels: 1, urgent: false, note: None, sizes: vec![3], pin };
            request.schedule_in(HOUR).await.unwrap().id()
        })
        .await;
    let place = format!("/jobs/{id}/edit");
    let opened = get(at, &place).body;
    assert_has(&opened, &["name=\"field.to\" value=\"ada\"", &format!("href=\"{place}?as=json\"")]);
    assert_has(&get(at, &format!("{place}?as=json")).body, &["name=\"payload\""]);
    let typed = |parcels| {
        let sizes = ("field.sizes", "[3]");
        [("fields", "1"), ("field.to", "ada"), ("field.parcels", parcels), sizes, ("field.pin", "***")]
    };
    let wrong = send(at, &place, &opened, "save", &typed("many"));
    assert_eq!(wrong.status, 400);
    assert_has(&wrong.body, &["value=\"many\"", "it is no JSON of the type"]);
    assert_eq!(send(at, &place, &opened, "requeue", &typed("9")).status, 303);
    assert_eq!(did(&bench, id).await, "ada 9 false None [3] s3cret");
}
