//! What stands before every page: who may ask for it, how, and what a browser may do with the answer.

use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Source;
use crate::access::{Access, By, Role, is_own};
use crate::login;
use crate::silencing::end_where_well;

/// Nothing but its own style, script and pictures, and forms that lead to itself: nothing inline, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What anybody may ask, under whatever name.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// What anybody may ask who knows a name of ours: how to come in, and what that page is made of.
fn is_open(path: &str) -> bool {
    path == "/login" || path.starts_with("/assets/")
}

/// What may be sent by those who only look, too: it changes nothing but what their own browser keeps.
const FOR_READERS: [&str; 6] = ["/login", "/logout", "/queries", "/columns", "/settings", COPY];

/// Where marked jobs are sent to be shown as text. It is no action, although it is a form: they would not fit into an address.
const COPY: &str = "/jobs/copy";

/// Lets through who is known, under a name that nobody else can give this machine, and who may do more, from a page of ours.
pub(crate) async fn check(State(source): State<Source>, request: Request, next: Next) -> Response {
    let mut response = match admit(&source, request) {
        Ok(request) => {
            source.operations.take_up().await.into_iter().for_each(|work| drop(tokio::spawn(work)));
            // A stranger does not have anything looked at, and who copies does nothing.
            let path = request.uri().path();
            if request.method() == Method::POST && !is_open(path) && path != COPY {
                end_where_well(&source).await;
            }
            next.run(request).await
        }
        Err(refused) => *refused,
    };
    // Only what is the same for everybody says itself how long it may be kept.
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        // With `no-referrer` browsers would not tell the origin of our own forms either.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ];
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

/// Returns the request, with who asks, or why it is refused.
fn admit(source: &Source, request: Request) -> Result<Request, Box<Response>> {
    let (looks, posts) =
        ([Method::GET, Method::HEAD].contains(request.method()), request.method() == Method::POST);
    let path = request.uri().path().to_owned();
    let refuse = |status, why: &str| Err(Box::new(refused(status, why)));
    let refuse_method = |allow: &'static str, why: &str| {
        let answer = refused(StatusCode::METHOD_NOT_ALLOWED, why);
        Err(Box::new(([(ALLOW, allow)], answer).into_response()))
    };
    if PROBES.contains(&&*path) {
        return if looks { Ok(request) } else { refuse_method("GET, HEAD", "use GET") };
    }
    if !source.gate.hosts.answer(&request) {
        return refuse(StatusCode::FORBIDDEN, FOREIGN_HOST);
    }
    let (mut parts, body) = request.into_parts();
    let access = if is_open(&path) {
        Access::none()
    } else {
        let known = source.gate.identify(&parts, source.clock.monotonic());
        let known = known.map_err(|refusal| Box::new(login::ask(&parts, &refusal)))?;
        known.with(source.gate.permit.clone())
    };
    let (reads, by) = (access.role == Role::Read && !FOR_READERS.contains(&&*path), access.by);
    let only_looks = format!("the role of `{}` here is `read`, which only looks", access.actor());
    parts.extensions.insert(access);
    let request = Request::from_parts(parts, body);
    if looks {
        return Ok(request);
    }
    if reads && by == By::Nothing {
        return refuse_method(
            "GET, HEAD",
            "the dashboard only looks here: use GET, or give it a role with `dashboard_role` of the builder or \
             BOLTJOBS_DASHBOARD_ROLE",
        );
    }
    if !posts {
        return refuse_method("GET, HEAD, POST", "use GET to look and POST to act");
    }
    if !is_own(&request) {
        return refuse(StatusCode::FORBIDDEN, "the request does not come from a page of the dashboard");
    }
    if reads {
        return refuse(StatusCode::FORBIDDEN, &only_looks);
    }
    Ok(request)
}

const FOREIGN_HOST: &str = "the dashboard does not answer under this host: open it as `localhost` or `127.0.0.1`, or name \
                            the host with `dashboard_host` of the builder, BOLTJOBS_DASHBOARD_HOSTS or `Dashboard::host`";

/// Says why something is refused. Below `/api` it is written in JSON later.
pub(crate) fn refused(status: StatusCode, why: &str) -> Response {
    (status, format!("{why}\n")).into_response()
}
