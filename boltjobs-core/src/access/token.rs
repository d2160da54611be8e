//! What somebody has to know to see a dashboard.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A secret that shows who somebody is: 16 visible ASCII characters or more. `Debug` masks it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    /// The fewest characters of a token.
    pub const SHORTEST: usize = 16;

    /// Returns the secret. Compare it in a time that does not depend on what is in it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (characters, shortest) = (text.chars().count(), Self::SHORTEST);
        if characters < shortest {
            return Err(format!(
                "a token of {characters} characters can be guessed; use {shortest} or more, as `openssl rand -hex 32` \
                 makes them"
            ));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = "a token goes into the header `Authorization`; use visible ASCII characters alone, without spaces";
            return Err(why.to_owned());
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_can_be_guessed_is_refused_and_never_shown() {
        let token: Token = "0123456789abcdef".parse().unwrap();
        assert_eq!((token.as_str(), &*format!("{token:?}")), ("0123456789abcdef", "***"));
        let fault = "0123456789abcde".parse::<Token>().unwrap_err();
        assert!(fault.contains("15 characters") && !fault.contains("0123"), "{fault}");
        for odd in ["0123456789 abcdef", "0123456789abcdef\n", "0123456789abcdé-f"] {
            let fault = odd.parse::<Token>().unwrap_err();
            assert!(fault.contains("visible ASCII") && !fault.contains("0123"), "{fault}");
        }
    }
}
