//! Every route of the dashboard, and who may ask for it.

use boltjobs::DashboardRole;

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum For {
    /// Anybody, under any host.
    All,
    /// Anybody, under a host of ours.
    Strangers,
    /// Whoever has this role or more.
    Role(DashboardRole),
}

const READERS: For = For::Role(DashboardRole::Read);
const OPERATORS: For = For::Role(DashboardRole::Operate);
const ADMINISTRATORS: For = For::Role(DashboardRole::Administer);

const DELETE: &str = r#"{"action":"delete"}"#;
const DELETE_ALL: &str = r#"{"action":"delete","jobs":["01890a5d-ac96-774b-bcce-b302099a8057"]}"#;

const IGNORE: &str = "action=silence&until=1h&reason=known";
const UNSILENCE: &str = r#"{"action":"unsilence"}"#;

/// Of whoever has not seen what is there.
const EDIT: &str = "action=save&cron=@hourly&timezone=UTC&misfire=Skip&overlap=Allow&seen=";

/// The same.
const BACKFILL: &str = "action=backfill&from=2025-12-30&to=2025-12-31&seen=";

/// Every route: how it is asked, with which form or JSON, who may, and what they are answered.
pub(super) const TABLE: [(&str, &str, &str, For, u16); 119] = [
    ("/", "GET /", "", READERS, 200),
    ("/jobs", "GET /jobs", "", READERS, 200),
    ("/jobs", "POST /jobs", "action=delete&job=01890a5d-ac96-774b-bcce-b302099a8057", OPERATORS, 200),
    ("/jobs", "POST /jobs", "action=requeue&job=01890a5d-ac96-774b-bcce-b302099a8057", OPERATORS, 200),
    ("/jobs/{id}", "GET /jobs/01890a5d-ac96-774b-bcce-b302099a8057", "", READERS, 404),
    ("/jobs/{id}/export", "GET /jobs/01890a5d-ac96-774b-bcce-b302099a8057/export", "", READERS, 404),
    ("/jobs/{id}/edit", "GET /jobs/01890a5d-ac96-774b-bcce-b302099a8057/edit", "", OPERATORS, 404),
    (
        "/jobs/{id}/edit",
        "POST /jobs/01890a5d-ac96-774b-bcce-b302099a8057/edit",
        "action=save",
        OPERATORS,
        404,
    ),
    ("/queries", "GET /queries", "", READERS, 405),
    ("/queries", "POST /queries", "action=save&name=x&q=state:failed", READERS, 303),
    ("/queries", "POST /queries", "action=forget&name=x", READERS, 303),
    ("/columns", "GET /columns", "", READERS, 405),
    ("/columns", "POST /columns", "columns=state&columns=tags", READERS, 303),
    ("/recurring", "GET /recurring", "", READERS, 200),
    ("/recurring/{id}", "GET /recurring/x", "", READERS, 200),
    ("/recurring/{id}", "GET /recurring/y", "", READERS, 404),
    ("/recurring/{id}", "POST /recurring/y", "action=trigger", OPERATORS, 303),
    ("/recurring/{id}", "POST /recurring/y", "action=pause", OPERATORS, 303),
    ("/recurring/{id}", "POST /recurring/y", "action=resume", OPERATORS, 303),
    ("/recurring/{id}", "POST /recurring/y", "action=remove", ADMINISTRATORS, 303),
    ("/recurring/{id}/edit", "GET /recurring/x/edit", "", OPERATORS, 200),
    ("/recurring/{id}/edit", "GET /recurring/y/edit", "", OPERATORS, 404),
    ("/recurring/{id}/edit", "POST /recurring/x/edit", EDIT, OPERATORS, 409),
    ("/recurring/{id}/edit", "POST /recurring/y/edit", "action=save", OPERATORS, 404),
    ("/recurring/{id}/backfill", "GET /recurring/x/backfill", "", OPERATORS, 200),
    ("/recurring/{id}/backfill", "GET /recurring/y/backfill", "", OPERATORS, 404),
    ("/recurring/{id}/backfill", "POST /recurring/x/backfill", BACKFILL, OPERATORS, 409),
    ("/recurring/{id}/backfill", "POST /recurring/y/backfill", BACKFILL, OPERATORS, 404),
    ("/queues", "GET /queues", "", READERS, 200),
    ("/queues/{name}", "GET /queues/x", "", READERS, 404),
    ("/queues/{name}", "POST /queues/x", "action=pause", OPERATORS, 303),
    ("/queues/{name}", "POST /queues/x", "action=resume", OPERATORS, 303),
    ("/queues/{name}", "POST /queues/x", "action=limit&limit=5", OPERATORS, 303),
    ("/queues/{name}", "POST /queues/x", "action=unlimit", OPERATORS, 303),
    ("/servers", "GET /servers", "", READERS, 200),
    ("/servers/{name}", "GET /servers/x", "", READERS, 404),
    ("/servers/{name}", "POST /servers/x", "action=quiet", OPERATORS, 404),
    ("/servers/{name}", "POST /servers/x", "action=resume", OPERATORS, 404),
    ("/servers/{name}", "POST /servers/x", "action=log&level=debug", OPERATORS, 404),
    ("/servers/{name}", "POST /servers/x", "action=stop", ADMINISTRATORS, 404),
    ("/servers/{name}/stop", "GET /servers/x/stop", "", ADMINISTRATORS, 404),
    ("/failures", "GET /failures", "", READERS, 200),
    ("/failures/{fingerprint}", "GET /failures/0123456789abcdef", "", READERS, 404),
    ("/failures/{fingerprint}", "POST /failures/0123456789abcdef", IGNORE, OPERATORS, 303),
    ("/retries", "GET /retries", "", READERS, 200),
    ("/health", "GET /health", "", READERS, 200),
    ("/health/{check}", "GET /health/no%20queue%20grows", "", READERS, 405),
    ("/health/{check}", "POST /health/no%20queue%20grows", IGNORE, OPERATORS, 303),
    ("/audit", "GET /audit", "", READERS, 200),
    ("/audit/export", "GET /audit/export?format=csv", "", READERS, 200),
    ("/batches", "GET /batches", "", READERS, 200),
    ("/batches/{id}", "GET /batches/01890a5d-ac96-774b-bcce-b302099a8057", "", READERS, 404),
    ("/batches/{id}", "POST /batches/01890a5d-ac96-774b-bcce-b302099a8057", "action=cancel", OPERATORS, 303),
    ("/demo", "GET /demo", "", READERS, 405),
    ("/demo", "POST /demo", "action=run", OPERATORS, 303),
    ("/demo", "POST /demo", "action=fail", OPERATORS, 303),
    ("/operations", "GET /operations", "", READERS, 200),
    ("/operations", "POST /operations", "action=delete&q=queue:none", OPERATORS, 303),
    ("/operations/new", "GET /operations/new?action=delete&q=queue:none", "", READERS, 200),
    ("/operations/{id}", "GET /operations/01890a5d-ac96-774b-bcce-b302099a8057", "", READERS, 404),
    (
        "/operations/{id}",
        "POST /operations/01890a5d-ac96-774b-bcce-b302099a8057",
        "action=stop",
        OPERATORS,
        404,
    ),
    ("/api/throughput", "GET /api/throughput", "", READERS, 200),
    ("/api/failures", "GET /api/failures", "", READERS, 200),
    ("/api/demo", "GET /api/demo", "", READERS, 405),
    ("/api/demo", "POST /api/demo", r#"{"action":"run"}"#, OPERATORS, 200),
    ("/api/demo", "POST /api/demo", r#"{"action":"fail"}"#, OPERATORS, 200),
    ("/api/health", "GET /api/health", "", READERS, 200),
    ("/api/failures/{fingerprint}", "GET /api/failures/0123456789abcdef", "", READERS, 404),
    ("/api/failures/{fingerprint}", "POST /api/failures/0123456789abcdef", UNSILENCE, OPERATORS, 200),
    ("/api/health/{check}", "GET /api/health/no%20queue%20grows", "", READERS, 405),
    ("/api/health/{check}", "POST /api/health/no%20queue%20grows", UNSILENCE, OPERATORS, 200),
    ("/api/audit", "GET /api/audit", "", READERS, 200),
    ("/api/batches", "GET /api/batches", "", READERS, 200),
    ("/api/batches/{id}", "GET /api/batches/01890a5d-ac96-774b-bcce-b302099a8057", "", READERS, 404),
    (
        "/api/batches/{id}",
        "POST /api/batches/01890a5d-ac96-774b-bcce-b302099a8057",
        r#"{"action":"cancel"}"#,
        OPERATORS,
        200,
    ),
    ("/api/operations", "GET /api/operations", "", READERS, 200),
    (
        "/api/operations",
        "POST /api/operations",
        r#"{"action":"delete","query":"queue:none"}"#,
        OPERATORS,
        200,
    ),
    ("/api/operations/{id}", "GET /api/operations/01890a5d-ac96-774b-bcce-b302099a8057", "", READERS, 404),
    (
        "/api/operations/{id}",
        "POST /api/operations/01890a5d-ac96-774b-bcce-b302099a8057",
        r#"{"action":"stop"}"#,
        OPERATORS,
        404,
    ),
    ("/api", "GET /api", "", READERS, 404),
    ("/api/{*path}", "GET /api/nowhere", "", READERS, 404),
    ("/api/openapi.json", "GET /api/openapi.json", "", READERS, 200),
    ("/api/overview", "GET /api/overview", "", READERS, 200),
    ("/api/counts", "GET /api/counts", "", READERS, 200),
    ("/api/jobs", "GET /api/jobs", "", READERS, 200),
    ("/api/jobs", "POST /api/jobs", DELETE_ALL, OPERATORS, 200),
    ("/api/jobs/{id}", "GET /api/jobs/01890a5d-ac96-774b-bcce-b302099a8057", "", READERS, 404),
    ("/api/jobs/{id}", "POST /api/jobs/01890a5d-ac96-774b-bcce-b302099a8057", DELETE, OPERATORS, 404),
    ("/api/recurring", "GET /api/recurring", "", READERS, 200),
    ("/api/recurring/{id}", "GET /api/recurring/x", "", READERS, 200),
    ("/api/recurring/{id}", "GET /api/recurring/y", "", READERS, 404),
    ("/api/recurring/{id}", "POST /api/recurring/y", r#"{"action":"trigger"}"#, OPERATORS, 404),
    ("/api/recurring/{id}", "POST /api/recurring/y", r#"{"action":"pause"}"#, OPERATORS, 404),
    ("/api/recurring/{id}", "POST /api/recurring/y", r#"{"action":"resume"}"#, OPERATORS, 404),
    ("/api/recurring/{id}", "POST /api/recurring/y", r#"{"action":"edit","cron":"@daily"}"#, OPERATORS, 404),
    ("/api/recurring/{id}", "POST /api/recurring/x", r#"{"action":"edit","cron":"@hourly"}"#, OPERATORS, 200),
    ("/api/recurring/{id}", "POST /api/recurring/y", r#"{"action":"remove"}"#, ADMINISTRATORS, 404),
    ("/api/recurring/{id}/backfill", "GET /api/recurring/x/backfill", "", OPERATORS, 400),
    (
        "/api/recurring/{id}/backfill",
        "GET /api/recurring/x/backfill?from=2025-12-30&to=2025-12-31",
        "",
        OPERATORS,
        200,
    ),
    (
        "/api/recurring/{id}/backfill",
        "POST /api/recurring/x/backfill",
        r#"{"from":"2025-12-30","to":"2025-12-31"}"#,
        OPERATORS,
        200,
    ),
    ("/api/queues", "GET /api/queues", "", READERS, 200),
    ("/api/queues/{name}", "GET /api/queues/x", "", READERS, 404),
    ("/api/queues/{name}", "POST /api/queues/x", r#"{"action":"pause"}"#, OPERATORS, 200),
    ("/api/queues/{name}", "POST /api/queues/x", r#"{"action":"resume"}"#, OPERATORS, 200),
    ("/api/queues/{name}", "POST /api/queues/x", r#"{"action":"limit","limit":5}"#, OPERATORS, 200),
    ("/api/queues/{name}", "POST /api/queues/x", r#"{"action":"unlimit"}"#, OPERATORS, 200),
    ("/api/servers", "GET /api/servers", "", READERS, 200),
    ("/api/servers/{name}", "GET /api/servers/x", "", READERS, 404),
    ("/api/servers/{name}", "POST /api/servers/x", r#"{"action":"quiet"}"#, OPERATORS, 404),
    ("/api/servers/{name}", "POST /api/servers/x", r#"{"action":"stop"}"#, ADMINISTRATORS, 404),
    ("/metrics", "GET /metrics", "", READERS, 200),
    ("/healthz", "GET /healthz", "", For::All, 200),
    ("/readyz", "GET /readyz", "", For::All, 200),
    ("/login", "GET /login", "", For::Strangers, 200),
    ("/login", "POST /login", "token=read-0123456789abcdef", For::Strangers, 303),
    // With a token in the header there is nothing to end.
    ("/logout", "POST /logout", "", READERS, 400),
    ("/events", "HEAD /events", "", READERS, 200),
    ("/assets/{name}", "GET /assets/style-0.css", "", For::Strangers, 200),
    ("/assets/{name}", "GET /assets/other-0.css", "", For::Strangers, 404),
];
