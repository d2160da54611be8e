//! How something is silenced, and what is shown of what is.

use boltjobs_core::silence::{LONGEST_REASON, Silence, Subject, Until};
use maud::{Markup, html};

use super::frame::{LINE, View, absolute};
use crate::access::Role;
use crate::text::{clip, counted};

/// The ends that a form offers for a check and for a failure; a program may name others.
const OF_CHECK: [(&str, &str); 4] =
    [("1h", "for 1 hour"), ("1d", "for 1 day"), ("7d", "for 7 days"), ("well", "until it is well again")];
const OF_FAILURE: [(&str, &str); 8] = [
    ("1d", "for 1 day"),
    ("7d", "for 7 days"),
    ("30d", "for 30 days"),
    ("+10", "until 10 more have failed"),
    ("+100", "until 100 more have failed"),
    ("+1000", "until 1,000 more have failed"),
    ("date", "until the date:"),
    ("fixed", "fixed in the version:"),
];

/// Silences a check for an hour, without a question.
pub(super) fn snooze(view: &View, check: &str) -> Markup {
    let fields = [
        ("action", "silence"),
        ("until", "1h"),
        ("reason", "snoozed on the first page"),
        ("from", "overview"),
    ];
    view.button(Role::Operate, &view.base.item("/health/", check), &fields, "Snooze 1 h")
}

fn place(view: &View, subject: &Subject) -> String {
    match subject {
        Subject::Check(name) => view.base.item("/health/", name),
        Subject::Group(fingerprint) => view.base.item("/failures/", &fingerprint.to_string()),
    }
}

/// Asks why something is to be silenced, and until when; for those who may.
pub(super) fn form(view: &View, subject: &Subject) -> Markup {
    let (label, ends): (_, &[_]) = match subject {
        Subject::Check(_) => ("Silence", &OF_CHECK),
        Subject::Group(_) => ("Ignore", &OF_FAILURE),
    };
    html! {
        @if view.access.role >= Role::Operate {
            details class="silence" {
                summary { (label) "…" }
                form class="actions" method="post" action=(place(view, subject)) {
                    (view.token())
                    input type="hidden" name="action" value="silence";
                    input type="text" name="reason" maxlength=(LONGEST_REASON) required aria-label="Why it may stay so"
                        placeholder="Why" autocomplete="off";
                    select name="until" aria-label="Until when" {
                        @for (end, words) in ends { option value=(end) { (words) } }
                    }
                    @if let Subject::Group(_) = subject {
                        input type="date" name="date" aria-label="The date, in UTC";
                        input type="text" name="version" aria-label="The version in which it is fixed" placeholder="Version" autocomplete="off";
                    }
                    button type="submit" { (label) }
                }
            }
        }
    }
}

/// Says who has silenced something, why, and until when, and brings it back for those who may.
pub(super) fn silenced(view: &View, silence: &Silence) -> Markup {
    html! {
        div class="quiet" {
            "by " (clip(&silence.actor, LINE)) " " (view.instant(silence.at)) ", "
            @match &silence.until {
                Until::Time(at) => { "until " (absolute(*at)) }
                Until::Well => { "until it is well again" }
                Until::Jobs(jobs) => { "until " (counted(*jobs, "job")) " of it have failed" }
                Until::Fixed(version) => { "fixed in " code { (clip(version, LINE)) } ", until a server of that version or a later one fails so" }
            }
            ": " (clip(&silence.reason, LINE)) " "
        }
        (view.button(Role::Operate, &place(view, &silence.subject), &[("action", "unsilence")], "Bring back"))
    }
}
