//! What takes several calls.

use serde_json::{Value, json};

use super::{Reader, get};

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
    let remove = json!({ "action": "unlimit" });
    for done in [true, false] {
        assert_eq!(reader.post("/api/queues/{name}", "default", &remove, 200)["done"], done);
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
