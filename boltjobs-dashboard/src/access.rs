//! What whoever asks may do, and how it is known that a page of ours asks.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
pub(crate) use boltjobs_core::access::Role;
use boltjobs_core::access::{Identity, Permit};

use crate::secret::same;

/// How somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Not at all: it is the same for everybody.
    Nothing,
    /// The app around the pages says who it is.
    App,
    /// The request carries their token, which no page can have a browser send.
    Header,
    /// They logged in.
    Session,
}

/// Who asks, what they may do, and the token that each of their forms carries. Who can't read our pages does not have it.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) role: Role,
    pub(crate) by: By,
    who: Identity,
    token: Arc<str>,
    /// What the app says of each action, if it says anything.
    permit: Option<Permit>,
}

impl Access {
    /// Lets somebody act, with forms that carry a token. Without one they only look, unless they need none.
    pub(crate) fn new(who: &Identity, by: By, token: Arc<str>) -> Self {
        let role = if token.is_empty() && by != By::Header { Role::Read } else { who.role() };
        Self { role, by, who: who.clone(), token, permit: None }
    }

    /// Lets nobody act: what is open to strangers asks for no more.
    pub(crate) fn none() -> Self {
        Self::new(&Identity::new("nobody", Role::Read), By::Nothing, "".into())
    }

    /// Asks the app about each action that the role allows.
    pub(crate) fn with(self, permit: Option<Permit>) -> Self {
        Self { permit, ..self }
    }

    /// Says whether the app lets them do something to something; their role is another matter.
    pub(crate) fn permits(&self, action: &str, target: &str) -> bool {
        self.permit.as_ref().is_none_or(|permit| permit.allows(&self.who, action, target))
    }

    /// Says whether they may, by their role and by the app.
    pub(crate) fn may(&self, role: Role, action: &str, target: &str) -> bool {
        self.role >= role && self.permits(action, target)
    }

    /// Returns the name that the audit tells.
    pub(crate) fn actor(&self) -> &str {
        self.who.name()
    }

    /// Returns the token for the forms of a page.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Says whether a form carries the token, or comes with a proof that is as good.
    pub(crate) fn holds(&self, token: &str) -> bool {
        self.by == By::Header || same(&self.token, token)
    }
}

/// Says whether a request comes from a page of the same origin, as far as browsers tell. Other programs tell nothing.
pub(crate) fn is_own(request: &Request) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let site = header("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let origin = header(ORIGIN.as_str()).is_none_or(|origin| {
        let name = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        name.is_some() && name == header(HOST.as_str())
    });
    site && origin
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn a_form_counts_with_its_token_or_with_the_header_that_no_page_can_send() {
        let access = |by, token: &str| Access::new(&Role::Operate.into(), by, token.into());
        for by in [By::Nothing, By::App, By::Session] {
            assert!(access(by, "secret").holds("secret"));
            assert!(!access(by, "secret").holds("other"));
            assert!(!access(by, "").holds(""));
            assert_eq!(access(by, "").role, Role::Read, "without a token for the forms nobody acts");
        }
        assert!(access(By::Header, "").holds(""));
        assert_eq!(access(By::Header, "").role, Role::Operate);
    }

    #[test]
    fn what_another_page_asks_for_is_told_apart() {
        let own = |headers: &[(&str, &str)]| {
            let mut request = Request::builder().header(HOST, "localhost:4010");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            is_own(&request.body(Body::empty()).unwrap())
        };
        assert!(own(&[]));
        assert!(own(&[("origin", "http://localhost:4010"), ("sec-fetch-site", "same-origin")]));
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "http://localhost:4011"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", ""),
        ] {
            assert!(!own(&[(name, value)]), "{name}: {value}");
        }
    }
}
