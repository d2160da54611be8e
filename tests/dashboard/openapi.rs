//! What programs are answered, held against the document that describes it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::cron::Zone;
use boltjobs_core::job::JobSpec;
use boltjobs_core::recurring::{Definition, Stored};
use boltjobs_tests::{Bench, patiently};
use serde_json::{Value, json};

use super::pages::Import;
use super::schema::{faults, resolved};
use super::{Answer, HOSTILE, HOUR, Pay, address, get, pay_with, send, shown};

mod steps;

/// Asks and checks each answer, and keeps which operations of the document were asked for.
struct Reader {
    at: SocketAddr,
    document: Value,
    asked: BTreeSet<String>,
}

impl Reader {
    fn new(at: SocketAddr) -> Self {
        let document = serde_json::from_str(&get(at, "/api/openapi.json").body).unwrap();
        Self { at, document, asked: BTreeSet::new() }
    }

    /// Gets what is under a path of the document; `name` is what stands for its parameter, and may have a query.
    fn get(&mut self, path: &str, name: &str, status: u16) -> Value {
        let answer = get(self.at, &filled(path, name));
        self.checked("get", path, &answer, status)
    }

    fn post(&mut self, path: &str, name: &str, body: &Value, status: u16) -> Value {
        let answer = post(self.at, &filled(path, name), "", &body.to_string());
        if status == 200 {
            let operation = &self.document["paths"][path]["post"];
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert_eq!(faults(&self.document, schema, body), Vec::<String>::new(), "{path} is asked {body}");
        }
        self.checked("post", path, &answer, status)
    }

    fn checked(&mut self, method: &str, path: &str, answer: &Answer, status: u16) -> Value {
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(answer.head.contains("content-type: application/json"), "{path}: {}", answer.head);
        let value: Value = serde_json::from_str(&answer.body).unwrap();
        let operation = &self.document["paths"][path][method];
        let response = operation["responses"].get(status.to_string());
        let response = response.unwrap_or(&operation["responses"]["default"]);
        let schema = &resolved(&self.document, response)["content"]["application/json"]["schema"];
        assert_eq!(faults(&self.document, schema, &value), Vec::<String>::new(), "{method} {path}: {value}");
        self.asked.insert(format!("{method} {path}"));
        value
    }
}

fn filled(path: &str, name: &str) -> String {
    let (head, tail) = path.split_once('{').unwrap_or((path, ""));
    format!("{head}{name}{}", tail.split_once('}').map_or("", |(_, rest)| rest))
}

/// Sends JSON as a program does.
fn post(at: SocketAddr, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\nContent-Length: {length}{headers}"
    );
    send(at, &head, body)
}

async fn bench(role: DashboardRole) -> Bench {
    Bench::with(|builder| {
        shown(builder).dashboard_role(role).queues([Queue::new("default").concurrency(9), Queue::new("mail")])
    })
    .await
}

/// A job of each kind that there is to tell of: failed, noted, put off, hostile, waiting, with large numbers.
async fn fill(bench: &Bench) -> [JobId; 3] {
    let ids = bench
        .scope(async {
            let failed = pay_with(HOSTILE).enqueue().tag(HOSTILE).meta("k", HOSTILE).await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            let noted = Import.enqueue().await.unwrap();
            patiently(noted.wait()).await.unwrap();
            let later = pay_with("later").schedule_in(HOUR).queue("mail").await.unwrap();
            pay_with("well").enqueue().after(later.id()).await.unwrap();
            pay_with("x").recurring("night/ly", cron!("0 3 * * *")).timezone("Europe/Berlin").await.unwrap();
            [failed.id(), noted.id(), later.id()]
        })
        .await;
    let mut broken =
        Definition::new(HOSTILE, Cron::daily(), JobSpec::new("pay", *b"{\"id\":9007199254740993}"));
    broken.zone = serde_json::from_value::<Stored<Zone>>("Mars/Olympus".into()).unwrap();
    bench.store.put_recurring(broken, bench.clock_now()).await.unwrap();
    ids
}

#[tokio::test]
async fn each_answer_is_what_the_document_says_and_nothing_else() {
    let bench = bench(DashboardRole::Administer).await;
    let [failed, noted, later] = fill(&bench).await.map(|id| id.to_string());
    let mut reader = Reader::new(address(&bench));
    for path in [
        "openapi.json",
        "overview",
        "counts",
        "jobs",
        "requests",
        "recurring",
        "queues",
        "servers",
        "settings",
    ] {
        reader.get(&format!("/api/{path}"), "", 200);
    }
    let all = reader.get("/api/jobs", "", 200);
    assert_eq!(all["jobs"].as_array().unwrap().len(), 4);
    for job in all["jobs"].as_array().unwrap() {
        reader.get("/api/jobs/{id}", job["id"].as_str().unwrap(), 200);
    }
    assert_eq!(reader.get("/api/counts", "", 200)["queues"]["mail"]["Scheduled"], 1);
    assert_eq!(reader.get("/api/jobs/{id}", &noted, 200)["noted"]["bars"][0]["total"], 7);
    assert_eq!(reader.get("/api/queues/{name}", "mail", 200)["states"]["Scheduled"], 1);
    let rates = reader.get("/api/queues/{name}", "default", 200)["rates"].clone();
    assert_eq!((&rates["ended_per_minute"], &rates["enqueued_per_minute"]), (&json!(0.2), &json!(0.3)));
    let nightly = reader.get("/api/recurring/{id}", "night%2Fly", 200);
    assert_eq!(nightly["next_runs"].as_array().unwrap().len(), 10);
    assert_eq!(nightly["next_runs"][9], "2026-01-10T02:00:00Z");
    let large = &reader.get("/api/recurring", "", 200)["recurring"][0]["payload"]["id"];
    assert_eq!(*large, "9007199254740993", "a program that reads it as a double would get another one");

    steps::limit(&mut reader);
    steps::limit_handler(&mut reader);
    steps::server(&mut reader, bench.server.name());
    steps::silence(&mut reader);
    let act = json!({ "action": "delete", "jobs": [failed, later], "expected": ["Failed"] });
    let acted = reader.post("/api/jobs", "", &act, 200);
    assert_eq!((&acted["done"], &acted["jobs"][1]["state"]), (&json!(1), &json!("Scheduled")));
    let put_off = json!({ "action": "reschedule", "at": "2026-01-01T09:00:00+01:00" });
    assert_eq!(reader.post("/api/jobs/{id}", &later, &put_off, 200)["state"], "Scheduled");
    assert_eq!(reader.get("/api/jobs/{id}", &later, 200)["due"], "2026-01-01T08:00:00Z");
    steps::move_and_take_back(&mut reader, &later);
    for (action, done) in [("pause", true), ("pause", false), ("resume", true)] {
        let action = json!({ "action": action });
        assert_eq!(reader.post("/api/recurring/{id}", "night%2Fly", &action, 200)["done"], done);
        assert_eq!(reader.post("/api/queues/{name}", "a%20b", &action, 200)["done"], done);
    }
    assert_eq!(nightly["in_words"], "at 03:00 every day");
    let edit = json!({
        "action": "edit", "cron": "0 4 * * *", "timezone": "Europe/Oslo", "dst": "Elapsed", "misfire": "FireAll", "misfire_at_most": 3,
        "overlap": "Skip", "jitter_seconds": 1.5, "starts_at": "2026-02-01T00:00:00Z", "ends_at": null,
        "updated_at": nightly["updated_at"],
    });
    assert_eq!(reader.post("/api/recurring/{id}", "night%2Fly", &edit, 200)["done"], true);
    let made = reader.post("/api/recurring/{id}", "night%2Fly", &json!({ "action": "trigger" }), 200);
    reader.get("/api/jobs/{id}", made["job"].as_str().unwrap(), 200);
    steps::pause(&mut reader);
    steps::make(&mut reader, &noted);
    steps::backfill(&mut reader);
    reader.post("/api/recurring/{id}", "night%2Fly", &json!({ "action": "remove" }), 200);
    reader.get("/api/recurring/{id}", "night%2Fly", 404);

    watch(&bench, &mut reader).await;

    let operations = reader.document["paths"].as_object().unwrap().iter().flat_map(|(path, it)| {
        let methods = ["get", "post"].into_iter().filter(|method| it.get(method).is_some());
        methods.map(move |method| format!("{method} {path}"))
    });
    assert_eq!(operations.collect::<BTreeSet<_>>(), reader.asked, "each operation is called here");
}

/// Asks for everything that tells of many jobs.
async fn watch(bench: &Bench, reader: &mut Reader) {
    let batch = bench.scope(async {
        let later = pay_with("in a batch").schedule_in(HOUR);
        Batch::new(HOSTILE).push_job(later).submit().await.unwrap().id()
    });
    let batch = batch.await.to_string();
    for path in ["throughput", "failures", "batches", "operations", "health", "audit"] {
        reader.get(&format!("/api/{path}"), "", 200);
    }
    for span in ["hour", "day", "week"] {
        let answer = get(reader.at, &format!("/api/throughput?span={span}"));
        let value = reader.checked("get", "/api/throughput", &answer, 200);
        assert!(value["history"]["steps"].as_array().unwrap().iter().any(|step| step["failed"] == 1));
    }
    let answer = get(reader.at, "/api/throughput?from=2h&to=1h");
    let value = reader.checked("get", "/api/throughput", &answer, 200);
    assert_eq!((&value["span"], &value["history"]["steps"][0]["failed"]), (&Value::Null, &json!(0)));
    let found = reader.get("/api/batches/{id}", &batch, 200);
    assert_eq!(
        (&found["states"]["Scheduled"], &found["jobs"][0]["title"]),
        (&json!(1), &json!("Pay in a batch"))
    );
    steps::plan(reader);
    let cancel = json!({ "action": "cancel" });
    assert_eq!(reader.post("/api/batches/{id}", &batch, &cancel, 200)["done"], true);
    assert_eq!(reader.post("/api/batches/{id}", &batch, &cancel, 200)["done"], false);
    steps::rerun(reader, &batch);
    let order = json!({ "action": "delete", "query": "state:scheduled", "limit": 7 });
    let begun = reader.post("/api/operations", "", &order, 200);
    let id = begun["id"].as_str().unwrap();
    assert_eq!((&begun["planned"], &begun["limit"]), (&json!(1), &json!(7)));
    reader.get("/api/operations/{id}", id, 200);
    reader.post("/api/operations/{id}", id, &json!({ "action": "stop" }), 200);
    let demo = reader.post("/api/demo", "", &json!({ "action": "fail" }), 200);
    assert_eq!(reader.get("/api/jobs/{id}", demo["job"].as_str().unwrap(), 200)["request"], "boltjobs.demo");
    let path = "/api/audit?who=nobody&what=silence&q=no+queue";
    let found = reader.checked("get", "/api/audit", &get(reader.at, path), 200);
    assert_eq!(found["entries"], json!([]), "it was somebody else");
    let audited = reader.get("/api/audit", "", 200);
    assert_eq!(audited["entries"][1]["target"], format!("operation {id}"));
}

#[tokio::test]
async fn what_can_not_be_done_is_told_by_a_status_and_in_json() {
    let bench = bench(DashboardRole::Operate).await;
    let [failed, ..] = fill(&bench).await.map(|id| id.to_string());
    let mut reader = Reader::new(address(&bench));
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (path, name, body, status, why) in [
        ("/api/jobs", "", json!({ "action": "burn", "jobs": [failed] }), 400, "no action `burn`"),
        ("/api/jobs", "", json!({ "action": "delete", "jobs": [] }), 400, "0 jobs are chosen"),
        ("/api/jobs", "", json!({ "action": "delete", "jobs": [12] }), 400, "The body can't be read"),
        ("/api/jobs", "", json!({ "action": "delete", "jobs": ["12"] }), 400, "`12` is not the id"),
        (
            "/api/jobs",
            "",
            json!({ "action": "delete", "jobs": [failed], "expect": [] }),
            400,
            "unknown field `expect`",
        ),
        (
            "/api/jobs/{id}",
            &failed,
            json!({ "action": "delete", "expected": ["Faild"] }),
            400,
            "no state `Faild`",
        ),
        ("/api/jobs/{id}", &failed, json!({ "action": "reschedule" }), 400, "takes an instant as `at`"),
        (
            "/api/jobs/{id}",
            &failed,
            json!({ "action": "delete", "at": "2026-01-01T00:00:00Z" }),
            400,
            "for `reschedule`",
        ),
        (
            "/api/jobs/{id}",
            &failed,
            json!({ "action": "delete", "expected": ["Enqueued"] }),
            409,
            "in the state Failed",
        ),
        ("/api/jobs/{id}", unknown, json!({ "action": "delete" }), 404, "There is no job"),
        ("/api/recurring/{id}", "none", json!({ "action": "pause" }), 404, "no recurring definition `none`"),
        ("/api/recurring/{id}", "night%2Fly", json!({ "action": "remove" }), 403, "that takes `administer`"),
        ("/api/queues/{name}", "mail", json!({ "action": "burn" }), 400, "no action `burn`"),
        (
            "/api/queues/{name}",
            "mail",
            json!({ "action": "limit" }),
            400,
            "`` is no limit of a queue; use 1 to 100000",
        ),
        (
            "/api/queues/{name}",
            "mail",
            json!({ "action": "pause", "limit": 1 }),
            400,
            "`limit` is for `limit`",
        ),
        ("/api/queues/{name}", "My%20Mail", json!({ "action": "limit", "limit": 1 }), 400, "My Mail"),
        ("/api/demo", "", json!({ "action": "burn" }), 400, "no action `burn`"),
        (
            "/api/health/{check}",
            "all%20is%20well",
            json!({ "action": "unsilence" }),
            404,
            "no check `all is well`",
        ),
        (
            "/api/failures/{fingerprint}",
            "12",
            json!({ "action": "unsilence" }),
            404,
            "`12` is no fingerprint",
        ),
        (
            "/api/health/{check}",
            "no%20queue%20grows",
            json!({ "action": "silence", "until": "+3", "reason": "x" }),
            400,
            "`+3` is no end of a silence; use a span from `1m` to `366d`, or `well`",
        ),
    ] {
        let value = reader.post(path, name, &body, status);
        assert!(value["error"].as_str().unwrap().contains(why), "{path} {body}: {value}");
    }
    reader.get("/api/queues/{name}", "none", 404);
    let at = address(&bench);
    let answers = [
        (post(at, "/api/overview", "", "{}"), 405),
        (post(at, "/api/nowhere", "", "{}"), 404),
        (post(at, "/api/jobs", "", "{"), 400),
        (post(at, "/api/jobs", "", &format!("\"{}\"", "0".repeat(3 << 20))), 413),
        (post(at, "/api/jobs", "\r\nOrigin: http://evil.example", "{}"), 403),
        (get(at, "/api/jobs?size=20&size=50"), 400),
        (super::ask(at, "GET /api/jobs HTTP/1.1\r\nHost: evil.example"), 403),
        (super::ask(at, &format!("PUT /api/jobs HTTP/1.1\r\nHost: {at}")), 405),
    ];
    for (answer, status) in answers {
        reader.checked("get", "/api/jobs", &answer, status);
        assert!(answer.head.contains("cache-control: no-store"), "{}", answer.head);
    }
    bench.store.close().await.unwrap();
    reader.post("/api/jobs", "", &json!({ "action": "delete", "jobs": [unknown] }), 503);
    reader.get("/api/counts", "", 503);
}

#[tokio::test]
async fn a_browser_acts_over_json_only_with_the_token_of_a_page() {
    let bench = bench(DashboardRole::Operate).await;
    let job = bench.scope(async { pay_with("later").schedule_in(HOUR).await.unwrap().id() }).await;
    let at = address(&bench);
    let path = format!("/api/jobs/{job}");
    let body = r#"{"action":"delete"}"#;
    let token = super::actions::token(at, "/jobs");
    let own = format!("\r\nOrigin: http://{at}\r\nSec-Fetch-Site: same-origin");
    let other = "0".repeat(64);
    for headers in [
        own.clone(),
        "\r\nSec-Fetch-Site: same-origin".to_owned(),
        "\r\nSec-Fetch-Mode: cors".to_owned(),
        format!("{own}\r\nX-Boltjobs-Token: {other}"),
        format!("\r\nX-Boltjobs-Token: {other}"),
        format!("\r\nOrigin: http://evil.example\r\nX-Boltjobs-Token: {token}"),
        format!("\r\nSec-Fetch-Site: cross-site\r\nX-Boltjobs-Token: {token}"),
    ] {
        let answer = post(at, &path, &headers, body);
        assert_eq!(answer.status, 403, "{headers}: {}", answer.body);
    }
    // What a form of another page can send without a preflight.
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"]
    {
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {at}\r\nContent-Type: {kind}\r\nContent-Length: {length}");
        assert_eq!(send(at, &head, body).status, 415, "{kind}");
    }
    let asked = format!("OPTIONS {path} HTTP/1.1\r\nHost: {at}\r\nOrigin: http://evil.example");
    assert!(!super::ask(at, &asked).head.contains("access-control-allow"), "no other origin is let in");
    assert_eq!(bench.job(job).await.state(), JobState::Scheduled);

    let answer = post(at, &path, &format!("{own}\r\nX-Boltjobs-Token: {token}"), body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(bench.job(job).await.state(), JobState::Deleted);
    assert_eq!(post(at, &path, "", r#"{"action":"requeue"}"#).status, 200, "a program needs no token");
}

#[tokio::test]
async fn over_json_each_role_may_do_what_it_may_with_forms() {
    use DashboardRole::{Administer, Operate, Read};
    let actions = [
        ("/api/jobs", r#"{"action":"delete","jobs":["01890a5d-ac96-774b-bcce-b302099a8057"]}"#, Operate),
        ("/api/recurring/x", r#"{"action":"trigger"}"#, Operate),
        ("/api/recurring/x", r#"{"action":"pause"}"#, Operate),
        ("/api/recurring/x", r#"{"action":"resume"}"#, Operate),
        ("/api/queues/x", r#"{"action":"pause"}"#, Operate),
        ("/api/recurring/x", r#"{"action":"remove"}"#, Administer),
    ];
    for role in [Read, Operate, Administer] {
        let bench = bench(role).await;
        bench.scope(async { Pay::recurring(pay_with("x"), "x", Cron::daily()).await.unwrap() }).await;
        for (path, body, needed) in actions {
            let answer = post(address(&bench), path, "", body);
            assert_eq!(answer.status == 200, role >= needed, "{role}: {path} {body}: {}", answer.body);
            let refused: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(refused["error"].is_string(), role < needed, "{refused}");
        }
    }
}
