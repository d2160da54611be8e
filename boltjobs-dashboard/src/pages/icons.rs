//! The signs of pages, states and controls: lines on a grid of 16, drawn once a page and used by name.

use maud::{Markup, html};

/// A circle that others are drawn into.
const ROUND: &str = "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z";

/// The lines of each sign; after a `+` those in a circle.
const LINES: [(&str, &str); 29] = [
    ("overview", "M2.2 12.5a6 6 0 1 1 11.6 0M8 11l2.8-3.6M2.2 12.5h2M11.8 12.5h2"),
    ("jobs", "M6 4h8M6 8h8M6 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01"),
    ("recurring", "M3 7.5a5 5 0 0 1 8.6-3L13 6M13 3v3h-3M13 8.5a5 5 0 0 1-8.6 3L3 10M3 13v-3h3"),
    ("queues", "M8 2 2 5l6 3 6-3zM2 8l6 3 6-3M2 11l6 3 6-3"),
    ("servers", "M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11zM5 4.75h.01M5 11.25h.01"),
    ("retries", "M13.5 8A5.5 5.5 0 1 1 12 4.2L13.5 6M13.5 2.5V6H10"),
    ("failures", "M8 2.5 14.5 13.5h-13zM8 6.5v3M8 11.6h.01"),
    ("batches", "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z"),
    (
        "operations",
        "M2 5h5.5M11.5 5H14M2 11h2.5M8.5 11H14M11.5 5a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM8.5 11a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
    ),
    ("health", "M1.5 8.5h3l2-5.5 3 9.5 2-4h3"),
    ("audit", "M3.5 2h6l3 3v9h-9zM5.8 9.2l1.6 1.6 2.9-3.4"),
    ("settings", "+M8 5.2v5.6M5.2 8h5.6"),
    ("home", "M9.5 3.5 5 8l4.5 4.5M5.5 8H14"),
    ("more", "M3 8h.01M8 8h.01M13 8h.01"),
    ("search", "M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM10 10l3.5 3.5"),
    ("live", "M8 8h.01M4.6 4.6a4.8 4.8 0 0 0 0 6.8M11.4 4.6a4.8 4.8 0 0 1 0 6.8"),
    ("pause", "M5.5 3.5v9M10.5 3.5v9"),
    ("theme", "+M8 2v12M10.5 3.4v9.2M12.4 5v6"),
    ("zone", "+M2 8h12M8 2c-3.4 3.6-3.4 8.4 0 12 3.4-3.6 3.4-8.4 0-12"),
    ("help", "+M6.2 6.4a1.8 1.8 0 1 1 2.5 1.7c-.5.2-.7.5-.7 1M8 11.3h.01"),
    (
        "keys",
        "M5.5 5.5h5v5h-5zM5.5 5.5H4A1.5 1.5 0 1 1 5.5 4zM10.5 5.5H12A1.5 1.5 0 1 0 10.5 4zM5.5 10.5H4A1.5 1.5 0 1 0 5.5 12zM10.5 10.5H12a1.5 1.5 0 1 1-1.5 1.5z",
    ),
    ("awaiting", "+M5 8h.01M8 8h.01M11 8h.01"),
    ("scheduled", "+M8 4.5V8l2.3 1.5"),
    ("enqueued", "M3 4.5h10M3 8h10M3 11.5h10"),
    ("processing", "M5 3.2 12.8 8 5 12.8z"),
    ("succeeded", "+M5.4 8.2l1.8 1.8 3.4-3.8"),
    ("failed", "+M6 6l4 4M10 6l-4 4"),
    ("skipped", "M4 8h8"),
    ("deleted", "+M3.8 3.8l8.4 8.4"),
];

/// Draws all signs once, unseen, for [`icon`] to use.
pub(super) fn sprite() -> Markup {
    html! {
        svg class="sprite" aria-hidden="true" {
            @for (name, lines) in LINES {
                symbol id=(format!("i-{name}")) viewBox="0 0 16 16" {
                    @match lines.strip_prefix('+') {
                        Some(lines) => { path d=(format!("{ROUND}{lines}")); }
                        None => { path d=(lines); }
                    }
                }
            }
        }
    }
}

/// Shows a sign, beside a word that says the same.
pub(super) fn icon(name: &str) -> Markup {
    html! { svg class="icon" aria-hidden="true" { use href=(format!("#i-{name}")); } }
}

/// The bolt of the name.
pub(super) fn bolt() -> Markup {
    html! { svg class="bolt" viewBox="0 0 16 16" aria-hidden="true" { path d="M9.6 1 3 9.2h4.3L6.2 15 13 6.6H8.6z"; } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = LINES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), LINES.len());
        for state in boltjobs_core::JobState::ALL {
            assert!(names.contains(&*state.as_str().to_lowercase()), "{state}");
        }
    }
}
