//! Who has logged in. It is kept in memory: a restart logs everybody out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boltjobs_core::access::Identity;

use crate::access::{Access, By};
use crate::secret::random;

/// How long somebody stays logged in.
pub(crate) const SPAN: Duration = Duration::from_hours(12);

/// The most that are logged in at once; one more logs out whoever would be the next to go.
const MOST: usize = 1_000;

/// The sessions by their ids, which nobody can guess.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    who: Identity,
    /// What the forms of this session carry: no other session has it.
    token: Arc<str>,
    ends: Duration,
}

impl Sessions {
    /// Logs somebody in and returns the id of the session; none without random numbers.
    pub(crate) fn begin(&self, who: Identity, now: Duration) -> Option<String> {
        let (id, token) = (random()?, random()?.into());
        let mut all = self.lock();
        all.retain(|_, session| session.ends > now);
        if all.len() >= MOST
            && let Some(first) = all.iter().min_by_key(|(_, session)| session.ends).map(|(id, _)| id.clone())
        {
            all.remove(&first);
        }
        all.insert(id.clone(), Session { who, token, ends: now + SPAN });
        Some(id)
    }

    /// Returns who a session lets in, as long as it lasts.
    pub(crate) fn find(&self, id: &str, now: Duration) -> Option<Access> {
        let all = self.lock();
        let session = all.get(id).filter(|session| session.ends > now)?;
        Some(Access::new(&session.who, By::Session, Arc::clone(&session.token)))
    }

    /// Ends a session.
    pub(crate) fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever has an id is logged in, so none is shown.
impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sessions").field(&self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    fn ada() -> Identity {
        Identity::new("ada", Role::Operate)
    }

    #[test]
    fn a_session_lasts_for_twelve_hours_or_until_it_is_ended() {
        let sessions = Sessions::default();
        let (first, second) = (sessions.begin(ada(), SPAN).unwrap(), sessions.begin(ada(), SPAN).unwrap());
        let last = SPAN + Duration::from_secs(12 * 3_600 - 1);
        let access = sessions.find(&first, last).unwrap();
        assert_eq!((access.actor(), access.role), ("ada", Role::Operate));
        assert!(!sessions.find(&second, last).unwrap().holds(access.token()), "a form is of one session");
        assert!(sessions.find(&first, SPAN * 2).is_none());
        sessions.end(&second);
        assert!(sessions.find(&second, SPAN).is_none());
        assert!(sessions.find("", SPAN).is_none());
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let sessions = Sessions::default();
        let begin = |second| sessions.begin(ada(), Duration::from_secs(second)).unwrap();
        let ids: Vec<_> = (0..=1_000).map(begin).collect();
        let now = Duration::from_secs(1_000);
        assert_eq!(sessions.lock().len(), MOST);
        assert!(sessions.find(&ids[0], now).is_none());
        assert!(sessions.find(&ids[1], now).is_some() && sessions.find(&ids[1_000], now).is_some());
    }
}
