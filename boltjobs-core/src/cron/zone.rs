//! Time zones, by their IANA names.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use chrono::Utc;
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::shown;

/// A time zone of the IANA database, such as `Europe/Oslo`; UTC unless said otherwise.
///
/// It is stored and shown as its name.
///
/// # Examples
///
/// ```
/// use boltjobs_core::cron::Zone;
/// let zone: Zone = "Europe/Oslo".parse().unwrap();
/// assert_eq!(zone, Zone::from(chrono_tz::Europe::Oslo));
/// assert!("Oslo".parse::<Zone>().unwrap_err().to_string().contains("Europe/Oslo"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(Tz);

/// There is no such time zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown time zone `{name}`; {}", mend(.nearest), name = shown(.name))]
#[non_exhaustive]
pub struct ZoneError {
    /// The name as it was given.
    pub name: String,
    /// The names that come nearest to it, the nearest first; at most three.
    pub nearest: Vec<&'static str>,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// Returns its IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Returns the zone as `chrono` takes it.
    pub fn tz(self) -> Tz {
        self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Display for Zone {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Tz> for Zone {
    fn from(zone: Tz) -> Self {
        Self(zone)
    }
}

impl From<Utc> for Zone {
    fn from(_: Utc) -> Self {
        Self::UTC
    }
}

impl From<Zone> for Tz {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        name.parse().map(Self).map_err(|_| ZoneError { name: name.to_owned(), nearest: nearest(name) })
    }
}

impl TryFrom<&str> for Zone {
    type Error = ZoneError;

    fn try_from(name: &str) -> Result<Self, ZoneError> {
        name.parse()
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(name: String) -> Result<Self, ZoneError> {
        name.parse()
    }
}

impl TryFrom<&String> for Zone {
    type Error = ZoneError;

    fn try_from(name: &String) -> Result<Self, ZoneError> {
        name.parse()
    }
}

fn mend(nearest: &[&str]) -> String {
    match nearest {
        [] => "write an IANA name, as in `Europe/Oslo`".to_owned(),
        [name] => format!("did you mean `{name}`?"),
        [names @ .., last] => format!("did you mean `{}` or `{last}`?", names.join("`, `")),
    }
}

/// The names that differ from `name`, or from its city, by the fewest letters.
fn nearest(name: &str) -> Vec<&'static str> {
    /// No name is longer; a text that is gets no suggestions.
    const LONGEST: usize = 40;
    let wanted = name.trim().to_lowercase().replace(' ', "_");
    if wanted.len() > LONGEST {
        return Vec::new();
    }
    let most = wanted.len() / 4 + 1;
    let mut near: Vec<_> = TZ_VARIANTS
        .iter()
        .filter_map(|zone| {
            let full = zone.name().to_ascii_lowercase();
            let city = full.rsplit('/').next().unwrap_or(&full);
            let distance = edits(&wanted, &full).min(edits(&wanted, city));
            (distance <= most.min(wanted.len() / 2)).then_some((distance, zone.name()))
        })
        .collect();
    near.sort_unstable();
    // A name that fits but for its case leaves no doubt, and one that fits far worse is no help.
    let least = near.first().map_or(0, |&(distance, _)| distance);
    near.retain(|&(distance, _)| distance <= if least == 0 { 0 } else { least + 1 });
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
