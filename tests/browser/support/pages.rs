//! The pages that there are. A new page is a new row.

/// A page of the dashboard.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// What its pictures are called.
    pub name: &'static str,
    /// Where it is. `{failed}`, `{failure}`, `{running}`, `{recurring}`, `{queue}`, `{request}`, `{server}`, `{batch}`, `{ended}` (a batch, too) and
    /// `{operation}` stand for what an [`Office`](crate::Office) has.
    pub path: &'static str,
    /// What it says when there is something to show.
    pub says: &'static str,
}

const fn page(name: &'static str, path: &'static str, says: &'static str) -> Page {
    Page { name, path, says }
}

/// Every page, under the names of its pictures in `docs/screenshots/`.
pub const PAGES: &[Page] = &[
    page("overview", "/", "Working, but"),
    page("overview-zoomed", "/?from=10h&to=2h", "The chosen span"),
    page("jobs", "/jobs", "Monthly report for Ada Lovelace"),
    page("job-failed", "/jobs/{failed}", "the bank refused the card"),
    page("job-change", "/jobs/{failed}/edit", "Within it the job has"),
    page("job-new", "/jobs/new", "Of which request?"),
    page("job-copy", "/jobs/new?from={failed}", "stands alone"),
    page("jobs-copied", "/jobs/copy?as=rust&job={failed}&job={running}", "2 jobs as Rust"),
    page("job-running", "/jobs/{running}", "8200 of 12000"),
    page("recurring", "/recurring", "nightly-report"),
    page("recurring-one", "/recurring/{recurring}", "Europe/Oslo"),
    page("recurring-edit", "/recurring/{recurring}/edit", "Missed runs"),
    page(
        "recurring-backfill",
        "/recurring/{recurring}/backfill?from=2025-10-25&to=2025-10-28",
        "go back by 1h",
    ),
    page("queues", "/queues", "newsletter"),
    page("queue", "/queues/{queue}", "Wait and run"),
    page("request", "/requests/{request}?limit=rate_limit&value=2/1m", "would have been later"),
    page("pause-all", "/pause", "Pause all queues?"),
    page("servers", "/servers", "worker-2:3307:b81c04"),
    page("server", "/servers/{server}", "What its workers run"),
    page("failures", "/failures", "the bank refused the card"),
    page("failure", "/failures/{failure}", "the bank refused the card"),
    page("retries", "/retries", "Mail to margaret@example.org"),
    page("batches", "/batches", "Statements of October"),
    page("batch", "/batches/{batch}", "5 of 6"),
    page("batch-rerun", "/batches/{ended}/rerun", "Run 2 jobs again"),
    page("operations", "/operations", "delete queue:drafts"),
    page("operation", "/operations/{operation}", "failed again"),
    page("dry-run", "/operations/new?action=delete&q=state:enqueued", "Nothing has been done yet"),
    page("health", "/health", "Paused queues: newsletter"),
    page("audit", "/audit", "grace"),
    page("settings", "/settings", "Who you are"),
];

/// Pages that only administrators see.
pub const FOR_ADMINISTRATORS: &[Page] = &[page("server-stop", "/servers/{server}/stop", "running job")];

/// The first page, where there is no job yet.
pub const BEGINNING: Page = page("beginning", "/", "No job yet");

/// What is shown to whoever has not logged in.
pub const LOGIN: Page = page("login", "/login", "Log in");

/// What is shown instead of a page, or of a part of one.
pub const MISHAPS: &[Page] = &[
    page("query-unreadable", "/jobs?q=colour:red", "can't be read at character 1"),
    page("nothing-matches", "/jobs?q=state:failed+queue:mail+zebra", "Nothing matches"),
    page("not-found", "/nowhere", "There is no such page."),
    page("no-such-job", "/jobs/12", "is not the id of a job"),
];
