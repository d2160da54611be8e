//! How somebody comes in with a token, and goes.

use std::time::Duration;

use axum::extract::{Form, Query};
use axum::http::header::{RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::access::By;
use crate::actions::Fields;
use crate::audit::{told, told_as};
use crate::choices::Choices;
use crate::gate::{Refusal, from, peer};
use crate::guard::refused;
use crate::link::Base;
use crate::routes::{Asked, html};
use crate::{api, cookie, pages};

/// The most bytes of a form that comes from a stranger.
pub(crate) const LONGEST: usize = 8_192;

/// What no browser shows as a page, beside what is below `/api`.
const FOR_PROGRAMS: [&str; 2] = ["/events", "/metrics"];

const ELSEWHERE: &str = "nothing tells people apart here, so that it is for this machine alone: for others the app adds `token` or \
                         `authorize` to the dashboard";
const NOWHERE: &str = "nothing tells people apart here, nor where they come from: the app adds `token` or `authorize` to the \
                       dashboard, or is served with `into_make_service_with_connect_info::<SocketAddr>()`, so that it is for this \
                       machine alone";

/// Where somebody was going.
#[derive(Deserialize)]
pub(crate) struct Going {
    #[serde(default)]
    to: String,
}

/// What is sent to come in.
#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    token: String,
    #[serde(default)]
    to: String,
}

/// Shows the page on which one logs in.
pub(crate) async fn page(asked: Asked, Query(going): Query<Going>) -> Response {
    if !asked.gate().has_tokens() {
        return nowhere(&asked);
    }
    html(pages::login(asked.base(), asked.view().choices, safe(&going.to), None)).into_response()
}

/// Lets in whoever sends a token, and leads them to where they were going.
pub(crate) async fn log_in(asked: Asked, parts: Parts, Form(sent): Form<Sent>) -> Response {
    let (gate, to) = (asked.gate(), safe(&sent.to));
    if !gate.has_tokens() {
        return nowhere(&asked);
    }
    let who = match gate.prove(&sent.token, peer(&parts), asked.elapsed()) {
        Ok(who) => who.clone(),
        Err(refusal) => {
            if refusal == Refusal::Wrong && gate.attempts.is_stored(asked.elapsed()) {
                told_as(&asked, "nobody", "log in", &from(peer(&parts)), false).await;
            }
            return answer(asked.base(), asked.view().choices, to, &refusal);
        }
    };
    let name = who.name().to_owned();
    let Some(id) = gate.sessions.begin(who, asked.elapsed()) else {
        let why = "The system gives no random numbers, so nobody can log in.";
        return asked.notice(StatusCode::SERVICE_UNAVAILABLE, "Nothing was done", why);
    };
    told_as(&asked, &name, "log in", "the dashboard", true).await;
    let cookie = cookie::keep(&parts.headers, asked.base(), &id);
    ([(SET_COOKIE, cookie)], Redirect::to(&asked.base().path(to))).into_response()
}

/// Ends the session.
pub(crate) async fn log_out(asked: Asked, parts: Parts, fields: Fields) -> Response {
    let sent = fields.map(|Form(fields)| fields).unwrap_or_default();
    let token = sent.iter().find(|(name, _)| name == "token").map(|(_, token)| &**token);
    if !asked.access().holds(token.unwrap_or_default()) {
        let why = "The form is not of this session: open a page again, and log out there.";
        return asked.notice(StatusCode::FORBIDDEN, "Nothing was done", why);
    }
    if asked.access().by != By::Session {
        let why = "Whoever did not log in here can't log out here.";
        return asked.notice(StatusCode::BAD_REQUEST, "Nothing was done", why);
    }
    for id in cookie::ids(&parts.headers) {
        asked.gate().sessions.end(id);
    }
    told(&asked, "log out", "the dashboard", true).await;
    let cookie = cookie::forget(&parts.headers, asked.base());
    ([(SET_COOKIE, cookie)], Redirect::to(&asked.base().path("/login"))).into_response()
}

fn nowhere(asked: &Asked) -> Response {
    asked.notice(StatusCode::NOT_FOUND, "Not found", "Nobody logs in here.")
}

/// Answers whoever is not let in: programs with an error, browsers with a page on which one logs in.
pub(crate) fn ask(parts: &Parts, refusal: &Refusal) -> Response {
    let (base, path) = (Base::at(parts), parts.uri.path());
    if api::has(path) || FOR_PROGRAMS.contains(&path) {
        let (status, why) = said(refusal);
        return with_headers(refusal, refused(status, &why));
    }
    // What was sent is lost: a form of another session would not count.
    let looks = [Method::GET, Method::HEAD].contains(&parts.method);
    let to = parts.uri.path_and_query().filter(|_| looks).map_or("/", |to| to.as_str());
    answer(&base, Choices::of(&parts.headers), safe(to), refusal)
}

fn answer(base: &Base, choices: Choices, to: &str, refusal: &Refusal) -> Response {
    let (status, why) = said(refusal);
    let page = match refusal {
        Refusal::Unknown => pages::login(base, choices, to, None),
        Refusal::Wrong | Refusal::TooMany(_) => pages::login(base, choices, to, Some(&why)),
        Refusal::Forbidden | Refusal::Elsewhere | Refusal::Nowhere => pages::closed(base, choices, &why),
    };
    with_headers(refusal, (status, html(page)).into_response())
}

fn said(refusal: &Refusal) -> (StatusCode, String) {
    match refusal {
        Refusal::Unknown => (
            StatusCode::UNAUTHORIZED,
            "send a token in the header `Authorization: Bearer <token>`".to_owned(),
        ),
        Refusal::Wrong => (StatusCode::UNAUTHORIZED, "there is no such token".to_owned()),
        Refusal::TooMany(left) => {
            let why = format!("too many wrong tokens came from here; try again in {} s", seconds(*left));
            (StatusCode::TOO_MANY_REQUESTS, why)
        }
        Refusal::Forbidden => (StatusCode::FORBIDDEN, "the app does not let you in here".to_owned()),
        Refusal::Elsewhere => (StatusCode::FORBIDDEN, ELSEWHERE.to_owned()),
        Refusal::Nowhere => (StatusCode::FORBIDDEN, NOWHERE.to_owned()),
    }
}

fn with_headers(refusal: &Refusal, answer: Response) -> Response {
    match refusal {
        Refusal::Unknown | Refusal::Wrong => ([(WWW_AUTHENTICATE, "Bearer")], answer).into_response(),
        Refusal::TooMany(left) => ([(RETRY_AFTER, seconds(*left).to_string())], answer).into_response(),
        Refusal::Forbidden | Refusal::Elsewhere | Refusal::Nowhere => answer,
    }
}

/// Rounds up: whoever waits for that long is heard.
fn seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// Returns where to go, if it is a path of ours; the first page otherwise.
fn safe(to: &str) -> &str {
    let path = to.split(['?', '#']).next().unwrap_or_default();
    let steps = |part: &str| {
        let part = percent_decode_str(part).decode_utf8_lossy();
        [".", ".."].contains(&&*part)
    };
    let ours = to.starts_with('/')
        // Browsers take a second slash for another host, and a backslash for a slash.
        && !to.starts_with("//")
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.split('/').any(steps)
        && to.parse::<Uri>().is_ok_and(|uri| uri.authority().is_none());
    if ours { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_led_to_paths_of_ours_alone() {
        for to in ["/", "/jobs", "/jobs?q=state:failed+..%2F", "/recurring/a%2Fb", "/recurring/v1.2", "/a//b"]
        {
            assert_eq!(safe(to), to);
        }
        for to in [
            "",
            "jobs",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "http://evil.example/",
            "https:evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/jobs\r\nSet-Cookie: a=b",
            "/../other",
            "/jobs/..",
            "/%2e%2E/other",
            "/.%2e/other",
            "/é",
        ] {
            assert_eq!(safe(to), "/", "{to:?}");
        }
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_that_are_enough() {
        for (millis, told) in [(1, 1), (1_000, 1), (1_001, 2), (60_000, 60)] {
            assert_eq!(seconds(Duration::from_millis(millis)), told);
        }
    }
}
