//! What every page has around it.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::clock::Clock;
use boltjobs_core::{JobId, JobState, Timestamp};
use maud::{DOCTYPE, Markup, html};
use percent_encoding::percent_decode_str;

use super::bar::{bar, rail};
use super::confirm::SURE;
use super::icons::{icon, sprite};
use crate::access::{Access, Role};
use crate::assets::{ICON, SCRIPT, STYLE};
use crate::choices::Choices;
use crate::link::Base;
use crate::secret::random;
use crate::site::Site;
use crate::text::{clip, relative, span};

/// The most characters of a name or a text in a list.
pub(super) const LINE: usize = 300;

/// Where a page is, and when it was made.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) base: Base,
    pub(crate) now: Timestamp,
    pub(crate) access: Access,
    /// What was done before the page was asked for.
    pub(crate) did: Option<String>,
    pub(crate) choices: Choices,
    /// The name of where the program runs.
    pub(crate) environment: Option<Arc<str>>,
    /// What the app says of itself.
    pub(crate) site: Arc<Site>,
    /// Where the store is.
    pub(crate) store: Arc<str>,
    /// What stands beside the pages in the rail, where it is known.
    pub(crate) badges: Badges,
    /// When the page was asked for, by a clock that is never set.
    pub(crate) begun: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

/// How many there are of what somebody may want to look at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Badges {
    pub(crate) enqueued: u64,
    pub(crate) failed: u64,
    pub(crate) retries: u64,
}

/// The release that this is.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a page says was done, by the name of the action.
const DONE: [(&str, &str); 28] = [
    ("requeue", "The job was requeued."),
    ("delete", "The job was deleted; one that runs is asked to stop."),
    ("reschedule", "The job waits until then."),
    ("enqueue", "It was enqueued."),
    ("trigger", "A job of it was made, out of turn."),
    ("pause", "It is paused."),
    ("resume", "It goes on."),
    ("pause-all", "They are paused."),
    ("resume-all", "They go on."),
    ("limit", "The limit holds from now on."),
    ("unlimit", "The limit was removed; what the servers say counts again."),
    ("edit", "It was changed; a new schedule counts from now."),
    ("backfill", "The jobs of the runs below were enqueued."),
    ("remove", "It was removed; its jobs stay."),
    ("stop", "It goes no further."),
    ("quiet", "It claims nothing more; what it runs is run to its end."),
    ("stopping", "It was told to stop: it claims nothing more, and shuts down if it waits for that order."),
    ("log", "It keeps what its handlers log up to that level for ten minutes."),
    ("undo", "It was taken back."),
    ("cancel", "It was cancelled."),
    ("change", "The job was changed."),
    ("save", "This browser keeps the query."),
    ("forget", "The query is not kept any more."),
    ("settings", "Pages look so in this browser."),
    ("columns", "This browser shows lists as you chose."),
    ("silence", "It needs nobody for a while, and is listed with who said so."),
    ("unsilence", "It counts again."),
    ("nothing", "Nothing was done: it had changed since the page was made, or is as you want it already."),
];

impl View {
    /// Puts what a page shows into its frame. `page` is the one of those in the navigation that it belongs to.
    pub(super) fn frame(&self, page: &str, title: &str, body: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" data-theme=[self.choices.theme] data-zone=[self.choices.zone] data-density=[self.choices.density]
                data-base=(self.base.path("")) data-now=(self.now) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) " · " (self.title()) }
                    link rel="icon" type="image/svg+xml" href=(self.base.path(&ICON.path));
                    link rel="stylesheet" href=(self.base.path(&STYLE.path));
                    script type="module" src=(self.base.path(&SCRIPT.path)) {}
                }
                body {
                    a class="skip" href="#content" { "Skip to content" }
                    (sprite())
                    (bar(self, page != "Jobs"))
                    (rail(self, page))
                    main id="content" tabindex="-1" {
                        // What the script says of itself.
                        p class="status" id="status" role="status" hidden {}
                        @for (_, done) in DONE.iter().filter(|(did, _)| self.did.as_deref() == Some(*did)) {
                            p class="did" role="status" { (done) }
                        }
                        (body)
                        footer {
                            "As of " (absolute(self.now)) ". " noscript { "Reload to look again. " }
                            "boltjobs " (VERSION) ", store " code { (clip(&self.store, LINE)) } ", made in " (span(self.took())) "."
                        }
                    }
                }
            }
        }
    }

    /// Returns what the pages are called.
    pub(super) fn title(&self) -> &str {
        self.site.title.as_deref().unwrap_or("boltjobs")
    }

    /// Returns how long it has taken to make the page so far, to the millisecond.
    fn took(&self) -> Duration {
        let took = self.clock.monotonic().saturating_sub(self.begun);
        Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
    }

    /// Makes a box in which one looks for jobs. `words` can be chosen in it; the script completes the word at the cursor by them.
    pub(super) fn search_box(&self, query: &str, words: &[String]) -> Markup {
        html! {
            form role="search" action=(self.base.path("/jobs")) method="get" {
                input type="search" name="q" value=(query) aria-label="Find jobs" list="words"
                    placeholder="Find jobs: state:failed queue:mail text" autocomplete="off" spellcheck="false";
                datalist id="words" { @for word in words { option value=(word) {} } }
                button type="submit" { (icon("search")) span class="word" { "Find" } }
            }
        }
    }

    /// Makes a button that does something, for those who may. `fields` say what.
    pub(super) fn button(&self, role: Role, path: &str, fields: &[(&str, &str)], label: &str) -> Markup {
        html! {
            @let action = fields.first().map_or("", |(_, action)| action);
            @if self.access.may(role, action, &self.target(path, fields)) {
                form class="act" method="post" action=(path) {
                    (self.token())
                    @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                    @if SURE.contains(&action) { (ask()) }
                    (press(action, label, None))
                }
            }
        }
    }

    /// Returns what a form acts on that is sent to a path, named as in the audit.
    fn target(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let field = |name| fields.iter().find(|(field, _)| *field == name).map_or("", |(_, value)| value);
        let path = path.strip_prefix(&self.base.path("")).unwrap_or(path).trim_start_matches('/');
        let (kind, name) = path.split_once('/').unwrap_or((path, ""));
        let name = percent_decode_str(name).decode_utf8_lossy();
        match kind {
            "jobs" => format!("job {}", field("job")),
            "queues" => format!("queue {name}"),
            "requests" => format!("request {name}"),
            "recurring" => format!("recurring definition {name}"),
            "batches" => format!("batch {name}"),
            "operations" if name.is_empty() => format!("jobs that match `{}`", field("q")),
            "operations" => format!("operation {name}"),
            "health" => format!("check `{name}`"),
            "failures" => format!("failure {name}"),
            other => other.to_owned(),
        }
    }

    /// Makes the field that shows that a form is ours, and the key under which what it asks for is made once.
    pub(super) fn token(&self) -> Markup {
        html! {
            input type="hidden" name="token" value=(self.access.token());
            @if let Some(key) = random() { input type="hidden" name="key" value=(key); }
        }
    }

    /// Makes a page that says one thing.
    pub(crate) fn notice(&self, title: &str, why: &str) -> Markup {
        self.frame("", title, &html! { h1 { (title) } p { (why) } })
    }

    /// Says why there is no page for now; the script asks for it until there is.
    pub(crate) fn unavailable(&self, title: &str, why: &str) -> Markup {
        self.frame("", title, &live("unavailable", &html! { h1 { (title) } p { (why) } }))
    }

    /// Shows how far an instant is from now, or when it is where that was chosen.
    pub(super) fn instant(&self, at: Timestamp) -> Markup {
        if self.choices.times.is_some() {
            return absolute(at);
        }
        html! { time datetime=(at) title=(at) data-relative { (relative(at, self.now)) } }
    }

    /// Leads to a job, under a title or its id.
    pub(super) fn job(&self, id: JobId, title: &str) -> Markup {
        html! { a href=(self.base.item("/jobs/", &id.to_string())) { (clip(title, LINE)) } }
    }

    /// Leads to the jobs that match a query.
    pub(super) fn jobs(&self, query: &str, what: &Markup) -> Markup {
        html! { a href=(self.base.query("/jobs", &[("q", query)])) { (what) } }
    }
}

/// Shows an instant as it is.
pub(super) fn absolute(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (at) } }
}

/// Shows how long it has been since an instant; the script goes on counting.
pub(super) fn lasting(since: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(since) data-lasting { (span(now.since(since))) } }
}

/// The keys of actions, and whether they are asked about first. Upper case is for what is not taken back at once.
const KEYS: [(&str, &str, bool); 9] = [
    ("requeue", "r", false),
    ("trigger", "r", false),
    ("resume", "P", false),
    ("pause", "P", true),
    ("quiet", "P", true),
    ("delete", "D", true),
    ("remove", "D", true),
    ("stop", "D", true),
    ("cancel", "D", true),
];

/// Makes a button that sends a form. With `Some` it names the action, too, where a form has several.
pub(super) fn press(action: &str, label: &str, name: Option<&str>) -> Markup {
    let known = KEYS.iter().find(|(known, _, _)| *known == action);
    let key = known.map(|(_, key, _)| key);
    let confirm = known.is_some_and(|(_, _, asks)| *asks);
    html! {
        button type="submit" name=[name] value=[name.map(|_| action)] data-key=[key] data-confirm[confirm] { (label) }
    }
}

/// Makes the field by which a form asks for the page that asks whether it was meant.
pub(super) fn ask() -> Markup {
    html! { input type="hidden" name="ask" value="first"; }
}

/// Marks a part of a page that the script keeps up to date. Its id is its own on the page, and it is always there, even when it
/// is empty. What changes by itself with the time stands in [`View::instant`] or [`lasting`].
pub(super) fn live(id: &str, content: &Markup) -> Markup {
    html! { section id=(id) data-live { (content) } }
}

/// The same for a list whose rows come and go: it stands still while somebody points at it.
pub(super) fn live_list(id: &str, content: &Markup) -> Markup {
    html! { section id=(id) data-live data-list { (content) } }
}

/// Shows a sentence of ours: what stands in backticks is set as code.
pub(super) fn sentence(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Shows a state: by its word and its sign, and by a colour besides.
pub(super) fn state(state: JobState) -> Markup {
    let name = state.as_str().to_lowercase();
    html! { span class=(format!("state {name}")) { (icon(&name)) " " (state) } }
}

/// Makes a table that scrolls by itself where it is too wide.
pub(super) fn table(caption: &str, columns: &[&str], rows: &Markup) -> Markup {
    table_under(caption, &html! { @for column in columns { th scope="col" { (column) } } }, rows)
}

/// The same under titles that are made already.
pub(super) fn table_under(caption: &str, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div class="wide" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { (head) } }
                tbody { (rows) }
            }
        }
    }
}

/// A row of a table of [`cards`].
pub(super) struct Card {
    /// What it is about.
    pub(super) about: Markup,
    /// What else there is to it, in the order of the columns.
    pub(super) cells: Vec<Markup>,
}

/// Makes a table whose rows are cards where the screen is narrow: then each cell has the title of its column beside it.
pub(super) fn cards(
    caption: &str,
    columns: &[&str],
    rows: impl Iterator<Item = Card>,
    rest: &Markup,
) -> Markup {
    let head = html! { @for column in columns { th scope="col" { (column) } } };
    cards_under(caption, &head, columns, rows, rest)
}

/// The same under titles that are made already.
pub(super) fn cards_under(
    caption: &str,
    head: &Markup,
    columns: &[&str],
    rows: impl Iterator<Item = Card>,
    rest: &Markup,
) -> Markup {
    let rows = html! {
        @for card in rows {
            tr {
                th scope="row" { (card.about) }
                @for (title, cell) in columns.iter().skip(1).zip(card.cells) { td data-label=(title) { (cell) } }
            }
        }
        (rest)
    };
    html! { div class="cards" { (table_under(caption, head, &rows)) } }
}

/// Says what a table does not show.
pub(super) fn rest(rows: usize, shown: usize, columns: usize) -> Markup {
    html! {
        @if rows == 0 { tr { td colspan=(columns) { "none" } } }
        @if rows > shown { tr { td colspan=(columns) { (rows - shown) " more" } } }
    }
}
