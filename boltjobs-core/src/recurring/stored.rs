//! Parts of a definition that a later release may no longer be able to read.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A cron expression or a time zone as it is stored: its text, and what this release reads in it.
///
/// A zone may be gone after an upgrade. Then its definition shows the error and does not fire, and everything else
/// goes on: two are equal when their texts are.
#[derive(Debug, Clone)]
pub struct Stored<T> {
    text: Arc<str>,
    read: Result<T, Arc<str>>,
}

impl<T> Stored<T> {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what it means, or why it can't be read.
    ///
    /// # Errors
    /// What the parser said.
    pub fn read(&self) -> Result<&T, &str> {
        self.read.as_ref().map_err(|error| &**error)
    }
}

impl<T: Display> From<T> for Stored<T> {
    fn from(value: T) -> Self {
        Self { text: value.to_string().into(), read: Ok(value) }
    }
}

impl<T> PartialEq for Stored<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T> Display for Stored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T> Serialize for Stored<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Stored<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = text.parse().map_err(|error: T::Err| error.to_string().into());
        Ok(Self { text: text.into(), read })
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;
    use crate::cron::Zone;

    fn stored(text: &str) -> Stored<Zone> {
        let text: StrDeserializer<'_, Error> = text.into_deserializer();
        Stored::deserialize(text).unwrap()
    }

    #[test]
    fn a_text_that_can_no_longer_be_read_is_kept_with_the_reason() {
        let gone = stored("Mars/Olympus");
        assert_eq!(gone.as_str(), "Mars/Olympus");
        assert!(gone.read().unwrap_err().contains("Mars/Olympus"));
        assert_eq!(stored("Europe/Oslo").read().unwrap().name(), "Europe/Oslo");
    }
}
