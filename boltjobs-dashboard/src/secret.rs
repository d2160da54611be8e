//! What nobody can guess, and how it is compared.

use std::fmt::Write as _;

use constant_time_eq::constant_time_eq;

/// Makes a secret of 256 bits, as 64 digits; none when the system gives no random numbers, which is told to whoever logs.
pub(crate) fn random() -> Option<String> {
    let mut secret = [0; 32];
    if let Err(error) = getrandom::fill(&mut secret) {
        tracing::error!(%error, "the dashboard lets nobody act or log in: the system gives no random numbers");
        return None;
    }
    let mut text = String::with_capacity(64);
    for byte in secret {
        // It can't fail for a String.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

/// Says whether two secrets are the same, in a time that tells no more than their lengths. An empty one is none.
pub(crate) fn same(secret: &str, other: &str) -> bool {
    !secret.is_empty() && constant_time_eq(secret.as_bytes(), other.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_the_secret() {
        let (secret, other) = (random().unwrap(), random().unwrap());
        assert_eq!(secret.len(), 64);
        assert!(same(&secret, &secret));
        for wrong in ["", &secret[..63], &format!("{secret}0"), &other] {
            assert!(!same(&secret, wrong), "{wrong}");
        }
        assert!(!same("", ""));
    }
}
