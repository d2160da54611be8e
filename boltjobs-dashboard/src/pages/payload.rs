//! The payload of a job in a form: field by field where these are known, else as JSON.

use boltjobs_core::literal::Typing;
use maud::{Markup, html};

use super::form::{Field, field, id};
use super::frame::LINE;
use crate::change::Typed;
use crate::edit::Faults;
use crate::fields::{Entries, Entry, TYPED};
use crate::text::{as_sentence, clip};

/// Shows what is to be typed. `other` leads to the same form with the JSON of all of it.
pub(super) fn payload(
    entries: Option<&Entries>,
    typed: &Typed,
    faults: &Faults,
    hint: &str,
    other: &str,
) -> Markup {
    html! {
        @if let Some(entries) = entries {
            fieldset {
                legend { "Payload" }
                input type="hidden" name=(TYPED) value="1";
                @for entry in &entries.all { (one(entry, faults.of(&entry.name))) }
                @if let Some(why) = faults.of("payload") { p class="bad" { (as_sentence(&clip(why, LINE))) } }
                p class="quiet" { (hint) ". " a href=(other) { "Type it as JSON" } }
            }
        } @else if let Some(payload) = &typed.payload {
            @let hint = format!("JSON. {hint}");
            (Field { name: "payload", label: "Payload", hint: Some(&hint), fault: faults.of("payload") }.area(payload))
        } @else {
            (field("payload", "Payload", None, None, &html! { p { "It is too long to be edited here." } }))
        }
    }
}

fn one(entry: &Entry, fault: Option<&str>) -> Markup {
    let (name, empty) = (&*entry.name, if entry.optional { "; may be left empty" } else { "" });
    let hint = format!("{}{empty}", clip(&entry.ty, LINE));
    let (label, shown) = (clip(&entry.key, LINE), Some(&*hint));
    let invalid = fault.map(|_| "true");
    match entry.typing {
        Typing::Text => Field { name, label: &label, hint: shown, fault }.text(&entry.text),
        Typing::Json => {
            Field { name, label: &label, hint: Some(&format!("JSON of {hint}")), fault }.area(&entry.text)
        }
        Typing::Number => {
            let input = html! {
                // As a text, what is no number would not be sent at all.
                input type="text" inputmode="decimal" id=(id(name)) name=(name) value=(entry.text) autocomplete="off"
                    aria-invalid=[invalid] aria-describedby=(format!("{}-hint", id(name)));
            };
            field(name, &label, shown, fault, &input)
        }
        Typing::Flag => {
            let input = html! {
                input type="checkbox" id=(id(name)) name=(name) value="true" checked[entry.text == "true"]
                    aria-describedby=(format!("{}-hint", id(name)));
            };
            field(name, &label, shown, fault, &input)
        }
    }
}

/// Says what speaks against a payload.
pub(super) fn doubtful(doubts: &[String]) -> Markup {
    html! {
        @if !doubts.is_empty() {
            p class="alert" {
                "A handler may not be able to read this payload, by what the servers say of the type:"
            }
            ul { @for doubt in doubts { li { (as_sentence(&clip(doubt, LINE))) } } }
        }
    }
}
