//! What there is to know of the dashboard itself, and what a browser can have another way.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};

use crate::Source;
use crate::actions::{Fields, Sent, answer};
use crate::choices::{THEMES, ZONES};
use crate::columns::Columns;
use crate::pages::{self, SettingsPage};
use crate::refused::Refused;
use crate::routes::Asked;
use crate::saved;

/// For how long a browser keeps a choice, in seconds, as the script says it, too.
const YEAR: u64 = 31_536_000;

pub(crate) async fn settings(asked: Asked, State(source): State<Source>, headers: HeaderMap) -> Response {
    let columns = Columns::of("", &headers);
    asked.answer(columns.map(|columns| {
        let page = SettingsPage { queries: saved::of(&headers), shared: &source.queries, columns };
        pages::settings(asked.view(), &page)
    }))
}

/// Has a browser keep a theme and a time zone: what the buttons in the bar do where there is a script.
pub(crate) async fn choose(asked: Asked, fields: Fields) -> Response {
    let done = || {
        let form = Sent::read(&asked, fields)?;
        let theme = cookie(&asked, "theme", form.field("theme"), &THEMES)?;
        let zone = cookie(&asked, "zone", form.field("zone"), &ZONES)?;
        let page = asked.base().query("/settings", &[("did", "settings")]);
        let set = AppendHeaders([(SET_COOKIE, theme), (SET_COOKIE, zone)]);
        Ok((set, Redirect::to(&page)).into_response())
    };
    answer(&asked, done())
}

/// Returns what has a browser keep a word; nothing means the default. The script reads it, too.
fn cookie(asked: &Asked, name: &str, word: &str, known: &[&str]) -> Result<String, Refused> {
    if !word.is_empty() && !known.contains(&word) {
        let names = known.join("`, `");
        return Err(Refused::Illegal(format!("`{name}` is one of `{names}`, or nothing.")));
    }
    let (base, age) = (asked.base().path(""), if word.is_empty() { 0 } else { YEAR });
    let path = if base.is_empty() || base.contains([';', ',']) { "/" } else { &base };
    Ok(format!("boltjobs-{name}={word}; Path={path}; Max-Age={age}; SameSite=Strict"))
}
