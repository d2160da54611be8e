//! What takes several calls.

use serde_json::{Value, json};

use super::{HOSTILE, Reader, get};

/// Sets a limit of a queue, once it is told what that would have meant, and removes it.
pub(super) fn limit(reader: &mut Reader) {
    let default = reader.get("/api/queues/{name}", "default?limit=2", 200);
    assert_eq!(
        (&default["limit"], &default["set"], &default["what_if"]["limit"]),
        (&json!(9), &Value::Null, &json!(2))
    );
    assert_eq!(default["seen"]["jobs"], 2);
    let set = json!({ "action": "limit", "limit": 2 });
    for done in [true, false] {
        assert_eq!(reader.post("/api/queues/{name}", "default", &set, 200)["done"], done);
    }
    let default = reader.get("/api/queues/{name}", "default", 200);
    assert_eq!((&default["limit"], &default["set"]["at_most"]), (&json!(2), &json!(2)));
    let all = |action| json!({ "action": action });
    let paused = reader.post("/api/queues", "", &all("pause"), 200);
    assert_eq!(reader.post("/api/queues", "", &all("resume"), 200)["queues"], paused["queues"]);
    assert_eq!(reader.post("/api/queues", "", &all("resume"), 200)["queues"], json!([]));
    let remove = json!({ "action": "unlimit" });
    for done in [true, false] {
        assert_eq!(reader.post("/api/queues/{name}", "default", &remove, 200)["done"], done);
    }
}

/// Sets a limit of a handler, once it is told what that would have meant, and removes it.
pub(super) fn limit_handler(reader: &mut Reader) {
    let path = "/api/requests/{name}";
    let look = reader.get(path, "pay?limit=rate_limit&value=1%2F1h", 200);
    assert_eq!((&look["limits"][2]["code"], &look["limits"][2]["set"]), (&Value::Null, &Value::Null));
    assert_eq!((&look["what_if"]["value"], &look["what_if"]["starts"]), (&json!("1/1h"), &json!(1)));
    assert_eq!((&look["what_if"]["later"], &look["seen"]["runs"][0]["jobs"]), (&json!(0), &json!(1)));
    let set = json!({ "action": "limit", "limit": "rate_limit", "value": "9/s" });
    let number = json!({ "action": "limit", "limit": "concurrency", "value": 7 });
    for (body, done) in [(&set, true), (&set, false), (&number, true)] {
        assert_eq!(reader.post(path, "pay", body, 200)["done"], done);
    }
    let pay = reader.get(path, "pay", 200);
    assert_eq!(
        (&pay["limits"][2]["set"]["value"], &pay["limits"][0]["set"]["value"]),
        (&json!("9/1s"), &json!("7"))
    );
    for limit in ["rate_limit", "concurrency"] {
        let remove = json!({ "action": "unlimit", "limit": limit });
        for done in [true, false] {
            assert_eq!(reader.post(path, "pay", &remove, 200)["done"], done);
        }
    }
    for (body, why) in [
        (json!({ "action": "limit", "limit": "speed", "value": 1 }), "`speed` is no limit of a handler"),
        (json!({ "action": "limit", "limit": "rate_limit", "value": 5 }), "invalid rate `5`"),
        (json!({ "action": "unlimit", "limit": "rate_limit", "value": 5 }), "`value` is for `limit`"),
        (json!({ "action": "burn", "limit": "rate_limit" }), "no action `burn`"),
    ] {
        let refused = reader.post(path, "pay", &body, 400)["error"].as_str().unwrap().to_lowercase();
        assert!(refused.contains(&why.to_lowercase()), "{refused}");
    }
}

/// Makes up for two runs, which the definition is edited for: it had a start later than these.
pub(super) fn backfill(reader: &mut Reader) {
    let edit = json!({ "action": "edit", "starts_at": null });
    reader.post("/api/recurring/{id}", "night%2Fly", &edit, 200);
    let path = "/api/recurring/night%2Fly/backfill?from=2025-12-29&to=2025-12-31";
    let seen = reader.checked("get", "/api/recurring/{id}/backfill", &get(reader.at, path), 200);
    assert_eq!((&seen["new"], &seen["runs"][1]["local"]), (&json!(2), &json!("Tue 2025-12-30 04:00:00 CET")));
    let range = json!({ "from": "2025-12-29", "to": "2025-12-31", "updated_at": seen["updated_at"] });
    for new in [2, 0] {
        let path = "/api/recurring/{id}/backfill";
        let done = reader.post(path, "night%2Fly", &range, 200);
        assert_eq!((&done["new"], &done["runs"][0]["job"]), (&json!(new), &seen["runs"][0]["job"]));
    }
}

/// Runs the one job of a batch again.
pub(super) fn rerun(reader: &mut Reader, batch: &str) {
    let of_batch = get(reader.at, &format!("/api/jobs?q=batch:{batch}"));
    let job = reader.checked("get", "/api/jobs", &of_batch, 200)["jobs"][0]["id"].clone();
    let path = "/api/batches/{id}/rerun";
    let look = get(reader.at, &format!("/api/batches/{batch}/rerun?from={}", job.as_str().unwrap()));
    let plan = reader.checked("get", path, &look, 200);
    assert_eq!((&plan["batch"], &plan["jobs"][0]["id"]), (&Value::Null, &job));
    let new = reader.post(path, batch, &json!({ "from": job }), 200);
    let new = reader.get("/api/batches/{id}", new["batch"].as_str().unwrap(), 200);
    assert_eq!(new["states"]["Enqueued"], 1);
}

/// Makes a job by hand, twice under one id, and a copy of one.
pub(super) fn make(reader: &mut Reader, copied: &str) {
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let new = json!({ "request": "pay", "id": id, "payload": { "note": "well", "card": "4" }, "queue": "mail", "priority": 3, "at": "1h" });
    for _ in 0..2 {
        assert_eq!(reader.post("/api/requests", "", &new, 200)["job"], id);
    }
    let made = reader.get("/api/jobs/{id}", id, 200);
    assert_eq!(
        (&made["queue"], &made["state"], &made["payload"]["card"]),
        (&json!("mail"), &json!("Scheduled"), &json!("***"))
    );
    reader.post("/api/jobs/{id}", id, &json!({ "action": "delete" }), 200);
    let copy = reader.post("/api/requests", "", &json!({ "from": copied }), 200);
    assert_eq!(reader.get("/api/jobs/{id}", copy["job"].as_str().unwrap(), 200)["request"], "import");
}

/// Pauses several definitions, one of which is not there, and lets them go on.
pub(super) fn pause(reader: &mut Reader) {
    let pause = json!({ "action": "pause", "ids": ["night/ly", "none"] });
    let acted = reader.post("/api/recurring", "", &pause, 200);
    assert_eq!(
        (&acted["definitions"][0]["done"], &acted["definitions"][1]["there"]),
        (&json!(true), &json!(false))
    );
    reader.post("/api/recurring/{id}", "night%2Fly", &json!({ "action": "resume" }), 200);
}

/// Asks what an operation would do.
pub(super) fn plan(reader: &mut Reader) {
    let path = "/api/operations/new?action=move&to=slow&q=state:scheduled";
    let plan = reader.checked("get", "/api/operations/new", &get(reader.at, path), 200);
    assert_eq!(
        (&plan["jobs"], &plan["sample"][0]["state"], &plan["to"]),
        (&json!(2), &json!("Scheduled"), &json!("slow"))
    );
}

/// Gives a server orders, and takes them back.
pub(super) fn server(reader: &mut Reader, name: &str) {
    let path = "/api/servers/{name}";
    assert_eq!(reader.get(path, name, 200)["slots"], json!([]));
    for (action, done) in [("quiet", true), ("quiet", false), ("stop", true)] {
        assert_eq!(reader.post(path, name, &json!({ "action": action }), 200)["done"], done, "{action}");
    }
    assert_eq!(reader.get(path, name, 200)["ordered"]["order"], "stop");
    assert_eq!(reader.post(path, name, &json!({ "action": "resume" }), 200)["done"], true);
    assert_eq!(reader.post(path, name, &json!({ "action": "log", "level": "debug" }), 200)["done"], true);
    let refused = reader.post(path, name, &json!({ "action": "log", "level": "loud" }), 400);
    assert!(refused["error"].as_str().unwrap().contains("`loud` is no level"), "{refused}");
}

/// Silences a check and a failure.
pub(super) fn silence(reader: &mut Reader) {
    let failure =
        reader.get("/api/failures", "", 200)["failures"][0]["fingerprint"].as_str().unwrap().to_owned();
    for (path, name, until) in
        [("failures/{fingerprint}", &*failure, "+9"), ("health/{check}", "no%20queue%20grows", "well")]
    {
        let path = format!("/api/{path}");
        let silence = json!({ "action": "silence", "until": until, "reason": HOSTILE });
        assert_eq!(reader.post(&path, name, &silence, 200)["done"], true);
    }
    assert_eq!(reader.get("/api/failures", "", 200)["failures"][0]["ignored"]["until_jobs"], 10);
    let one = reader.get("/api/failures/{fingerprint}", &failure, 200);
    assert_eq!((&one["ignored"]["until_jobs"], &one["same"][0]["field"]), (&json!(10), &json!("note")));
}

/// Moves jobs that are named, and takes it back.
pub(super) fn move_and_take_back(reader: &mut Reader, job: &str) {
    let order = json!({ "action": "move", "to": "slow", "jobs": [job] });
    let moved = reader.post("/api/jobs", "", &order, 200);
    let id = moved["operation"].as_str().unwrap();
    let operation = reader.get("/api/operations/{id}", id, 200);
    assert_eq!(
        (&operation["marked"], &operation["done"], &operation["query"]),
        (&json!(true), &json!(1), &json!(""))
    );
    let undo = json!({ "action": "undo" });
    assert_eq!(reader.post("/api/operations/{id}", id, &undo, 200)["done"], true);
    let operation = reader.get("/api/operations/{id}", id, 200);
    assert_eq!((&operation["taken_back"], &operation["undo_until"]), (&json!(1), &Value::Null));
}
