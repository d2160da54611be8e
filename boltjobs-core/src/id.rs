//! Ids of jobs and batches.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;
use crate::clock::Chance;
use crate::text::shown;

/// The id of a job: a `UUIDv7`, so ids sort by the millisecond in which they were made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl Ord for JobId {
    // The order of the bytes, in one comparison: maps by id compare at each step.
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_u128().cmp(&other.as_u128())
    }
}

impl PartialOrd for JobId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The bits of a `UUIDv7` that are free to choose: 12 + 62.
const RANDOM_BITS: u32 = 74;

impl JobId {
    /// The last millisecond that an id can be of.
    pub(crate) const LAST_MILLIS: u64 = (1 << 48) - 1;

    /// Makes an id of the millisecond of `at` and the low 74 bits of `random`, which order the ids of one millisecond.
    pub fn from_parts(at: Timestamp, random: u128) -> Self {
        let millis = u128::from(at.as_millis()) & 0xFFFF_FFFF_FFFF;
        let high = (random >> 62) & 0xFFF;
        let low = random & 0x3FFF_FFFF_FFFF_FFFF;
        Self(Uuid::from_u128(millis << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))
    }

    /// Makes an id of the millisecond of `at` and the hash of a name: the same for both, the same id.
    pub fn from_name(at: Timestamp, name: &[u8]) -> Self {
        Self::from_parts(at, Uuid::new_v5(&Uuid::NAMESPACE_OID, name).as_u128())
    }

    /// Returns the 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Returns the number that is this id.
    pub fn as_u128(self) -> u128 {
        self.0.as_u128()
    }

    /// Returns the id that is this number.
    pub fn from_u128(number: u128) -> Self {
        Self(Uuid::from_u128(number))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A text that is no id of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid job id `{}`; an id is a UUID, as in `01890a5d-ac96-774b-bcce-b302099a8057`", shown(.0))]
pub struct JobIdError(String);

impl FromStr for JobId {
    type Err = JobIdError;

    fn from_str(text: &str) -> Result<Self, JobIdError> {
        text.parse().map(Self).map_err(|_| JobIdError(text.to_owned()))
    }
}

/// The id of a batch; batches and jobs take theirs from one sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BatchId(JobId);

impl From<JobId> for BatchId {
    fn from(id: JobId) -> Self {
        Self(id)
    }
}

impl From<BatchId> for JobId {
    /// Returns the same number; no job has it.
    fn from(id: BatchId) -> Self {
        id.0
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for BatchId {
    type Err = JobIdError;

    fn from_str(text: &str) -> Result<Self, JobIdError> {
        text.parse().map(Self)
    }
}

/// Makes ids that rise, within one process, even within one millisecond or when the clock is set back.
#[derive(Debug, Default)]
pub struct JobIds(Mutex<(u64, u128)>);

impl JobIds {
    /// Makes the next id.
    pub fn next(&self, now: Timestamp, chance: &dyn Chance) -> JobId {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = now.as_millis();
        if millis > last.0 {
            // The top bit stays free, so that a millisecond can't run out of ids.
            let random = u128::from(chance.next_u64()) << 64 | u128::from(chance.next_u64());
            *last = (millis, random & ((1 << (RANDOM_BITS - 1)) - 1));
        } else {
            last.1 += 1 + u128::from(chance.next_u64() >> 40);
        }
        JobId::from_parts(Timestamp::from_micros(last.0.cast_signed().saturating_mul(1_000)), last.1)
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(u64);

    impl Chance for Fixed {
        fn next_u64(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn ids_are_version_7_and_carry_their_millisecond() {
        let id = JobId::from_parts(Timestamp::from_micros(1_700_000_000_123_456), u128::MAX);
        let uuid: Uuid = id.to_string().parse().unwrap();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(id.as_u128() >> 80, 1_700_000_000_123);
    }

    #[test]
    fn ids_rise_within_a_millisecond_and_when_the_clock_is_set_back() {
        let (ids, chance) = (JobIds::default(), Fixed(u64::MAX));
        let first = ids.next(Timestamp::from_micros(5_000_000), &chance);
        let second = ids.next(Timestamp::from_micros(5_000_000), &chance);
        let third = ids.next(Timestamp::from_micros(1_000_000), &chance);
        assert!(first < second && second < third, "{first} {second} {third}");
    }

    #[test]
    fn a_text_that_is_no_id_is_named_in_the_error() {
        let error = "12".parse::<JobId>().unwrap_err();
        assert!(error.to_string().contains("`12`"));
    }
}
