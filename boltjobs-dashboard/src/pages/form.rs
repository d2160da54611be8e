//! Fields of forms, each with its label, its hint, and what is wrong in it.

use maud::{Markup, html};

use super::frame::{LINE, sentence};
use crate::text::clip;

/// A field in which one types.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) hint: Option<&'a str>,
    pub(super) fault: Option<&'a str>,
}

impl Field<'_> {
    /// Makes one of one line.
    pub(super) fn text(&self, value: &str) -> Markup {
        let input = html! {
            input type="text" id=(id(self.name)) name=(self.name) value=(value) autocomplete="off" spellcheck="false"
                aria-invalid=[self.fault.map(|_| "true")] aria-describedby=[self.described()];
        };
        field(self.name, self.label, self.hint, self.fault, &input)
    }

    /// Makes one of several lines.
    pub(super) fn area(&self, value: &str) -> Markup {
        let rows = value.lines().count().clamp(4, 24);
        let input = html! {
            // A browser leaves out a line break that comes first.
            textarea id=(id(self.name)) name=(self.name) rows=(rows) autocomplete="off" spellcheck="false"
                aria-invalid=[self.fault.map(|_| "true")] aria-describedby=[self.described()] { "\n" (value) }
        };
        field(self.name, self.label, self.hint, self.fault, &input)
    }

    fn described(&self) -> Option<String> {
        let parts = [self.fault.map(|_| "why"), self.hint.map(|_| "hint")];
        let parts: Vec<_> =
            parts.into_iter().flatten().map(|part| format!("{}-{part}", id(self.name))).collect();
        Some(parts.join(" ")).filter(|parts| !parts.is_empty())
    }
}

/// Puts an input of a field together with what belongs to it.
pub(super) fn field(
    name: &str,
    label: &str,
    hint: Option<&str>,
    fault: Option<&str>,
    input: &Markup,
) -> Markup {
    html! {
        div class="field" {
            label for=(id(name)) { (label) }
            (input)
            @if let Some(why) = fault { p class="bad" id=(format!("{}-why", id(name))) { (sentence(&clip(why, LINE))) "." } }
            @if let Some(hint) = hint { p class="quiet" id=(format!("{}-hint", id(name))) { (hint) "." } }
        }
    }
}

/// Returns the id of the input of a field.
pub(super) fn id(name: &str) -> String {
    format!("edit-{name}")
}
