//! What every page has around it.

use boltjobs_core::{JobState, Timestamp};
use maud::{DOCTYPE, Markup, html};

use crate::text::relative;

/// Puts what a page shows into its frame.
pub(super) fn frame(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · boltjobs" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                header { nav aria-label="Pages" { a href="/" { "boltjobs" } } }
                main { (body) }
            }
        }
    }
}

/// Makes a page that says one thing.
pub(crate) fn notice(title: &str, why: &str) -> Markup {
    frame(title, &html! { h1 { (title) } p { (why) } p { a href="/" { "Overview" } } })
}

/// Shows a state: by its word, and by a colour besides.
pub(super) fn state(state: JobState) -> Markup {
    html! { span class=(format!("state {}", state.as_str().to_lowercase())) { (state) } }
}

/// Shows an instant, and how far it is from now.
pub(super) fn instant(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(at) { (relative(at, now)) } }
}
