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
    let all = |action| json!({ "action": action });
    let paused = reader.post("/api/queues", "", &all("pause"), 200);
    assert_eq!(reader.post("/api/queues", "", &all("resume"), 200)["queues"], paused["queues"]);
    assert_eq!(reader.post("/api/queues", "", &all("resume"), 200)["queues"], json!([]));
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
