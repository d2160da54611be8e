//! What tells a handler to stop.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst, fence};

use tokio_util::sync::CancellationToken;

/// A token that is made for the first who asks for it: most handlers never do.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    fired: AtomicBool,
    token: OnceLock<CancellationToken>,
}

impl Stop {
    /// Tells the handler to stop.
    pub(crate) fn fire(&self) {
        self.fired.store(true, SeqCst);
        // Either the token is seen here, or whoever makes it meanwhile sees that it has fired.
        fence(SeqCst);
        if let Some(token) = self.token.get() {
            token.cancel();
        }
    }

    /// Returns the token, which the handler may fire, too.
    pub(crate) fn token(&self) -> &CancellationToken {
        let token = self.token.get_or_init(CancellationToken::new);
        fence(SeqCst);
        if self.fired.load(SeqCst) {
            token.cancel();
        }
        token
    }

    pub(crate) fn has_fired(&self) -> bool {
        self.fired.load(SeqCst) || self.token.get().is_some_and(CancellationToken::is_cancelled)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_token_that_is_made_late_has_fired() {
        let stop = Stop::default();
        assert!(!stop.has_fired());
        stop.fire();
        assert!(stop.has_fired() && stop.token().is_cancelled());
    }

    #[test]
    fn a_token_that_was_made_early_fires_and_one_that_the_handler_fires_tells() {
        let stop = Stop::default();
        let token = stop.token().clone();
        stop.fire();
        assert!(token.is_cancelled());
        let stop = Stop::default();
        stop.token().cancel();
        assert!(stop.has_fired());
    }

    #[test]
    fn a_token_that_is_made_while_it_fires_fires() {
        for _ in 0..2_000 {
            let stop = Stop::default();
            let token = thread::scope(|scope| {
                let token = scope.spawn(|| stop.token().clone());
                stop.fire();
                token.join().unwrap()
            });
            assert!(token.is_cancelled());
        }
    }
}
