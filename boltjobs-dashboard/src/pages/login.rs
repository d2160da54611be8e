//! What is shown to whoever is not let in yet, and who is.

use maud::{DOCTYPE, Markup, html};

use super::frame::View;
use super::icons::bolt;
use crate::access::By;
use crate::assets::{ICON, STYLE};
use crate::choices::Choices;
use crate::link::Base;

/// Asks for a token, and says why the last one was not taken.
pub(crate) fn login(base: &Base, choices: Choices, to: &str, why: Option<&str>) -> Markup {
    let body = html! {
        h1 { "Log in" }
        @if let Some(why) = why { p class="alert" role="alert" { span { (why) "." } } }
        form class="fields" method="post" action=(base.path("/login")) {
            input type="hidden" name="to" value=(to);
            div class="field" {
                // Whatever keeps passwords wants to know whose it is; it is not sent.
                input type="text" autocomplete="username" value="boltjobs" hidden readonly;
                label for="token" { "Token" }
                input id="token" type="password" name="token" autocomplete="current-password" required autofocus;
            }
            button type="submit" class="main" { "Log in" }
        }
        p class="quiet" { "You stay logged in for 12 hours, or until the program is started again." }
    };
    bare(base, choices, "Log in", &body)
}

/// Says that there is no way in.
pub(crate) fn closed(base: &Base, choices: Choices, why: &str) -> Markup {
    bare(base, choices, "Closed", &html! { h1 { "Closed" } p { (why) "." } })
}

/// Makes a page that tells nothing of what is behind it.
fn bare(base: &Base, choices: Choices, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[choices.theme] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · boltjobs" }
                meta name="color-scheme" content="light dark";
                link rel="icon" type="image/svg+xml" href=(base.path(&ICON.path));
                link rel="stylesheet" href=(base.path(&STYLE.path));
            }
            body class="bare" {
                main id="content" {
                    p class="brand" { (bolt()) span { "boltjobs" } }
                    (body)
                }
            }
        }
    }
}

impl View {
    /// Shows who is here, unless that is the same for everybody, and lets them go.
    pub(super) fn who(&self) -> Markup {
        html! {
            @if self.access.by != By::Nothing {
                div class="who" {
                    span { (self.access.actor()) ", " (self.access.role) }
                    @if self.access.by == By::Session {
                        " "
                        form class="act" method="post" action=(self.base.path("/logout")) {
                            (self.token())
                            button type="submit" { "Log out" }
                        }
                    }
                }
            }
        }
    }
}
