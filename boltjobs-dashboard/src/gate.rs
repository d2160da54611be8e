//! Who somebody is that asks.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use boltjobs_core::access::{Identity, Permit, Role, Token};

use crate::access::{Access, By};
use crate::attempts::Attempts;
use crate::audit::tell;
use crate::cookie;
use crate::hosts::Hosts;
use crate::secret::same;
use crate::sessions::Sessions;

/// What the app around the pages knows of a request.
#[derive(Clone)]
pub(crate) struct Check(pub(crate) Arc<Asking>);

type Asking = dyn Fn(&Parts) -> Option<Identity> + Send + Sync;

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// Why somebody is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing says who it is.
    Unknown,
    /// There is no such token.
    Wrong,
    /// Too many wrong tokens came from there; how long it is not heard.
    TooMany(Duration),
    /// The app does not let them in, and there is no other way.
    Forbidden,
    /// There is neither a token nor a check of the app, and they come from another machine.
    Elsewhere,
    /// The same, and nobody tells where they come from.
    Nowhere,
}

/// What is known of who may come in.
#[derive(Debug)]
pub(crate) struct Gate {
    /// What everybody may do, while there is neither a token nor a check of the app.
    pub(crate) role: Role,
    pub(crate) tokens: Vec<(Identity, Token)>,
    pub(crate) check: Option<Check>,
    /// What the app says of each action.
    pub(crate) permit: Option<Permit>,
    pub(crate) hosts: Hosts,
    /// What forms carry that belong to no session; empty when there are no random numbers.
    pub(crate) forms: Arc<str>,
    pub(crate) sessions: Sessions,
    pub(crate) attempts: Attempts,
}

impl Gate {
    /// Says whether it tells people apart.
    pub(crate) fn is_guarded(&self) -> bool {
        self.has_tokens() || self.check.is_some()
    }

    /// Says whether one can log in.
    pub(crate) fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Returns who asks, and what they may do.
    pub(crate) fn identify(&self, parts: &Parts, now: Duration) -> Result<Access, Refusal> {
        if let Some(who) = self.check.as_ref().and_then(|check| (check.0)(parts)) {
            return Ok(Access::new(&who, By::App, Arc::clone(&self.forms)));
        }
        if !self.is_guarded() {
            // Whoever serves a nested router may do so for everybody. Where nothing says who asks, it has to say from where.
            match peer(parts) {
                Some(from) if from.to_canonical().is_loopback() => {}
                Some(_) => return Err(Refusal::Elsewhere),
                None => return Err(Refusal::Nowhere),
            }
            let who = Identity::new("anybody", self.role);
            return Ok(Access::new(&who, By::Nothing, Arc::clone(&self.forms)));
        }
        if !self.has_tokens() {
            return Err(Refusal::Forbidden);
        }
        if let Some(token) = bearer(&parts.headers) {
            return Ok(Access::new(self.prove(token, peer(parts), now)?, By::Header, "".into()));
        }
        cookie::ids(&parts.headers).find_map(|id| self.sessions.find(id, now)).ok_or(Refusal::Unknown)
    }

    /// Returns whose token it is. A wrong one is counted and told.
    pub(crate) fn prove(
        &self,
        token: &str,
        from: Option<IpAddr>,
        now: Duration,
    ) -> Result<&Identity, Refusal> {
        if let Some(left) = self.attempts.wait(from, now) {
            return Err(Refusal::TooMany(left));
        }
        // Each is compared, so that the time does not tell which of them it is.
        let mut found = None;
        for (who, secret) in &self.tokens {
            if same(secret.as_str(), token) {
                found = found.or(Some(who));
            }
        }
        found.ok_or_else(|| {
            self.attempts.count(from, now);
            tell("nobody", "log in", &self::from(from), false);
            Refusal::Wrong
        })
    }
}

/// Returns the token of a program.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Says of a wrong token where it came from.
pub(crate) fn from(peer: Option<IpAddr>) -> String {
    let peer = peer.map_or_else(|| "an address that is not known".to_owned(), |peer| peer.to_string());
    format!("a wrong token from {peer}")
}

/// Returns where a request comes from, if whoever serves the pages tells it.
pub(crate) fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip())
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    fn gate(tokens: &[(&str, Role, &str)], check: Option<Check>) -> Gate {
        let token =
            |&(name, role, token): &(&str, Role, &str)| (Identity::new(name, role), token.parse().unwrap());
        Gate {
            role: Role::Operate,
            tokens: tokens.iter().map(token).collect(),
            check,
            permit: None,
            hosts: Hosts::default(),
            forms: "form".into(),
            sessions: Sessions::default(),
            attempts: Attempts::default(),
        }
    }

    fn parts(authorization: &str) -> Parts {
        let here = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)));
        let request =
            Request::builder().header(AUTHORIZATION, authorization).extension("ada").extension(here);
        request.body(()).unwrap().into_parts().0
    }

    fn ask(gate: &Gate, authorization: &str) -> Result<(String, Role), Refusal> {
        let access = gate.identify(&parts(authorization), Duration::ZERO)?;
        Ok((access.actor().to_owned(), access.role))
    }

    #[test]
    fn where_nobody_is_told_apart_only_loopback_is_let_in() {
        let identify = |gate: &Gate, from: Option<&str>| {
            let mut parts = parts("");
            parts.extensions.remove::<ConnectInfo<SocketAddr>>();
            if let Some(from) = from {
                parts.extensions.insert(ConnectInfo::<SocketAddr>(from.parse().unwrap()));
            }
            gate.identify(&parts, Duration::ZERO).map(|access| access.role)
        };
        let open = gate(&[], None);
        for here in ["127.0.0.1:9", "127.8.8.8:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
            assert_eq!(identify(&open, Some(here)), Ok(Role::Operate), "{here}");
        }
        for there in ["192.168.0.7:9", "0.0.0.0:9", "[2001:db8::1]:9", "[::ffff:10.0.0.1]:9"] {
            assert_eq!(identify(&open, Some(there)), Err(Refusal::Elsewhere), "{there}");
        }
        assert_eq!(identify(&open, None), Err(Refusal::Nowhere));
        let known = gate(&[], Some(Check(Arc::new(|_: &Parts| Some(Role::Read.into())))));
        assert_eq!(identify(&known, Some("192.168.0.7:9")), Ok(Role::Read));
        assert_eq!(identify(&known, None), Ok(Role::Read));
    }

    const TOKENS: [(&str, Role, &str); 2] =
        [("ada", Role::Administer, "0123456789abcdef"), ("bob", Role::Read, "fedcba9876543210")];

    #[test]
    fn each_token_is_somebody_and_nothing_else_is() {
        let gate = gate(&TOKENS, None);
        assert_eq!(ask(&gate, "Bearer 0123456789abcdef"), Ok(("ada".to_owned(), Role::Administer)));
        assert_eq!(ask(&gate, "bearer  fedcba9876543210"), Ok(("bob".to_owned(), Role::Read)));
        for wrong in ["Bearer 0123456789abcde", "Bearer 0123456789abcdefg", "Bearer "] {
            assert_eq!(ask(&gate, wrong), Err(Refusal::Wrong), "{wrong}");
        }
        for other in ["", "Basic 0123456789abcdef", "0123456789abcdef"] {
            assert_eq!(ask(&gate, other), Err(Refusal::Unknown), "{other}");
        }
    }

    #[test]
    fn after_too_many_wrong_tokens_the_right_one_is_not_heard_either() {
        let gate = gate(&TOKENS, None);
        for _ in 0..10 {
            assert_eq!(ask(&gate, "Bearer wrong"), Err(Refusal::Wrong));
        }
        let refused = Err(Refusal::TooMany(Duration::from_mins(1)));
        assert_eq!(ask(&gate, "Bearer wrong"), refused);
        assert_eq!(ask(&gate, "Bearer 0123456789abcdef"), refused);
    }

    #[test]
    fn without_tokens_the_app_alone_decides_or_else_nobody() {
        assert_eq!(ask(&gate(&[], None), ""), Ok(("anybody".to_owned(), Role::Operate)));
        let known = || {
            let who = |parts: &Parts| Some(Identity::new(*parts.extensions.get::<&str>()?, Role::Read));
            Some(Check(Arc::new(who)))
        };
        assert_eq!(ask(&gate(&[], known()), ""), Ok(("ada".to_owned(), Role::Read)));
        let nobody = || Some(Check(Arc::new(|_: &Parts| None)));
        assert_eq!(ask(&gate(&[], nobody()), "Bearer 0123456789abcdef"), Err(Refusal::Forbidden));
        // With both, a token helps those whom the app does not know.
        assert_eq!(
            ask(&gate(&TOKENS, nobody()), "Bearer 0123456789abcdef"),
            Ok(("ada".to_owned(), Role::Administer))
        );
    }
}
