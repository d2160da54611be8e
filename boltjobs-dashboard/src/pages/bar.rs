//! The rail with the pages, and the bar above them.

use maud::{Markup, html};

use super::completion;
use super::frame::View;
use super::icons::{bolt, icon};
use crate::text::clip;

/// The most characters of the name of an environment.
const NAME: usize = 40;

/// A page that each page leads to.
struct Entry {
    name: &'static str,
    path: &'static str,
    icon: &'static str,
    /// The key that leads there, after `g`.
    key: &'static str,
}

/// The pages in their order. On a phone the first five stand at the bottom, and the others behind "More".
const PAGES: [Entry; 12] = [
    Entry { name: "Overview", path: "/", icon: "overview", key: "o" },
    Entry { name: "Jobs", path: "/jobs", icon: "jobs", key: "j" },
    Entry { name: "Failures", path: "/failures", icon: "failures", key: "f" },
    Entry { name: "Recurring", path: "/recurring", icon: "recurring", key: "s" },
    Entry { name: "Queues", path: "/queues", icon: "queues", key: "q" },
    Entry { name: "Retries", path: "/retries", icon: "retries", key: "r" },
    Entry { name: "Batches", path: "/batches", icon: "batches", key: "b" },
    Entry { name: "Servers", path: "/servers", icon: "servers", key: "w" },
    Entry { name: "Operations", path: "/operations", icon: "operations", key: "k" },
    Entry { name: "Health", path: "/health", icon: "health", key: "h" },
    Entry { name: "Audit", path: "/audit", icon: "audit", key: "a" },
    Entry { name: "Settings", path: "/settings", icon: "settings", key: "e" },
];

/// How many pages stand at the bottom of a phone.
const FIRST: usize = 5;

/// Leads to all pages. `here` is the one that is shown.
pub(super) fn rail(view: &View, here: &str) -> Markup {
    let link = |entry: &Entry| {
        let current = (entry.name == here).then_some("page");
        html! {
            a href=(view.base.path(entry.path)) aria-current=[current] data-go=(entry.key) {
                (icon(entry.icon)) span class="word" { (entry.name) }
            }
        }
    };
    html! {
        nav class="rail" aria-label="Pages" {
            ul {
                @for (at, entry) in PAGES.iter().enumerate() {
                    li class=[(at >= FIRST).then_some("beyond")] { (link(entry)) (badge(view, entry)) }
                }
                @if let Some(home) = &view.site.home {
                    li class="beyond" { a href=(home) { (icon("home")) span class="word" { "Back to the app" } } }
                }
                @if PAGES.len() > FIRST {
                    li class="more" {
                        details {
                            summary { (icon("more")) span class="word" { "More" } }
                            ul {
                                @for entry in &PAGES[FIRST..] { li { (link(entry)) } }
                                @if let Some(home) = &view.site.home {
                                    li { a href=(home) { (icon("home")) span class="word" { "Back to the app" } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Shows how many there are behind a page that somebody may want to look at.
fn badge(view: &View, entry: &Entry) -> Markup {
    let (number, what) = match entry.name {
        "Jobs" => (view.badges.enqueued, "enqueued"),
        "Failures" => (view.badges.failed, "failed"),
        "Retries" => (view.badges.retries, "wait for a retry"),
        _ => return Markup::default(),
    };
    html! {
        span class="count" id=(format!("badge-{}", entry.icon)) data-live title=(format!("{number} {what}")) {
            @if number > 0 { (short(number)) }
        }
    }
}

/// Writes a number in the room that there is.
fn short(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{}k", number / 1_000),
        1_000_000.. => format!("{}M", number / 1_000_000),
    }
}

/// Shows where this is, finds jobs, and has the controls. Those that need the script are hidden until it is there.
pub(super) fn bar(view: &View, search: bool) -> Markup {
    html! {
        header class="bar" {
            a class="brand" href=(view.base.path("/")) { (bolt()) span { (view.title()) } }
            @if let Some(name) = &view.environment {
                @let grave = name.to_lowercase().contains("prod");
                @let class = match view.site.colour {
                    Some(colour) => format!("environment {colour}"),
                    None if grave => "environment grave".to_owned(),
                    None => "environment".to_owned(),
                };
                span class=(class) { (clip(name, NAME)) }
            }
            // The page with the jobs has its own.
            @if search { (view.search_box("", &completion::words(None))) } @else { span class="space" {} }
            div class="tools" {
                (tool("live", "Live", "live", "l"))
                (tool("palette", "Commands", "keys", "Control+K"))
                (tool("zone", "UTC", "zone", ""))
                (tool("theme", "System", "theme", "t"))
                (tool("help", "Help", "help", "?"))
            }
            (view.who())
        }
    }
}

/// Makes a control of the script.
fn tool(id: &str, word: &str, sign: &str, key: &str) -> Markup {
    html! {
        button type="button" class="tool" id=(id) hidden aria-keyshortcuts=[(!key.is_empty()).then_some(key)] {
            (icon(sign)) span class="word" { (word) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_number_takes_little_room() {
        assert_eq!([0, 9_999, 10_000, 1_999_999].map(short), ["0", "9999", "10k", "1M"]);
    }
}
