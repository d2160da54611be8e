//! What the pages let somebody do, and how they know that it is a page of theirs that asks.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
pub use boltjobs_core::access::Role;

/// What may be done, and the token that each form of ours carries. Who can't read our pages does not have it.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) role: Role,
    token: Arc<str>,
}

impl Access {
    /// Lets somebody act in a role, with a token that nobody can guess.
    pub(crate) fn new(role: Role) -> Self {
        let mut secret = [0; 32];
        match getrandom::fill(&mut secret) {
            Ok(()) => {
                let mut token = String::with_capacity(64);
                for byte in secret {
                    // It can't fail for a String.
                    let _ = write!(token, "{byte:02x}");
                }
                Self { role, token: token.into() }
            }
            Err(error) => {
                tracing::error!(%error, "the dashboard only looks: the system gives no random numbers");
                Self { role: Role::Read, token: "".into() }
            }
        }
    }

    /// Returns the token for the forms of a page.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Says whether a form carries the token, in a time that does not tell how much of it is right.
    pub(crate) fn holds(&self, token: &str) -> bool {
        let same = |(a, b): (u8, u8)| a ^ b;
        let differs = self.token.bytes().zip(token.bytes()).map(same).fold(0, |all, bits| all | bits);
        !self.token.is_empty() && token.len() == self.token.len() && differs == 0
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
    fn only_the_whole_token_is_the_token() {
        let (access, other) = (Access::new(Role::Operate), Access::new(Role::Operate));
        assert_eq!(access.token().len(), 64);
        assert!(access.holds(access.token()));
        for wrong in ["", &access.token()[..63], &format!("{}0", access.token()), other.token()] {
            assert!(!access.holds(wrong), "{wrong}");
        }
        assert!(!Access { role: Role::Operate, token: "".into() }.holds(""));
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
