//! How often a wrong token may be tried: ten times within a minute from one address, then not at all for a minute.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many wrong tokens are borne within [`SPAN`].
pub(crate) const MOST: u32 = 10;

/// The time within which they are counted, and for which nobody is heard after the last of them.
pub(crate) const SPAN: Duration = Duration::from_mins(1);

/// The most wrong tokens that are stored within an hour.
const STORED: u32 = 60;
const HOUR: Duration = Duration::from_hours(1);

/// The most addresses that are kept in mind.
const ADDRESSES: usize = 1_000;

/// The wrong tokens of late, by where they came from. Who serves the pages without telling addresses has all of them counted
/// as one.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    wrong: Mutex<HashMap<Option<IpAddr>, Wrong>>,
    /// How many were stored within an hour, and when it ends.
    stored: Mutex<(u32, Duration)>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    ends: Duration,
}

impl Attempts {
    /// Returns for how long whoever is there is not heard any more, if that is so.
    pub(crate) fn wait(&self, from: Option<IpAddr>, now: Duration) -> Option<Duration> {
        let wrong = self.lock().get(&from.map(network)).copied()?;
        (wrong.times >= MOST).then(|| wrong.ends.saturating_sub(now)).filter(|left| !left.is_zero())
    }

    /// Counts a wrong token.
    pub(crate) fn count(&self, from: Option<IpAddr>, now: Duration) {
        let (from, mut all) = (from.map(network), self.lock());
        if all.len() >= ADDRESSES && !all.contains_key(&from) {
            all.retain(|_, wrong| wrong.ends > now);
            // Whoever has that many addresses is not kept out by counting them; the memory is.
            if all.len() >= ADDRESSES
                && let Some(first) = all.iter().min_by_key(|(_, wrong)| wrong.ends).map(|(from, _)| *from)
            {
                all.remove(&first);
            }
        }
        let new = Wrong { times: 0, ends: now + SPAN };
        let wrong = all.entry(from).or_insert(new);
        if wrong.ends <= now {
            *wrong = new;
        }
        wrong.times += 1;
        if wrong.times >= MOST {
            wrong.ends = now + SPAN;
        }
    }

    /// Says whether one more is to stand in the audit: 60 within an hour, so that nobody pushes out what others did.
    pub(crate) fn is_stored(&self, now: Duration) -> bool {
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.1 <= now {
            *stored = (0, now + HOUR);
        }
        stored.0 += 1;
        stored.0 <= STORED
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, Wrong>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what stands for an address: whoever has one of IPv6 has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn after_ten_wrong_tokens_in_a_minute_an_address_is_not_heard_for_a_minute() {
        let (attempts, here) = (Attempts::default(), Some(address("192.0.2.1")));
        for second in 0..9 {
            attempts.count(here, SECOND * second);
        }
        assert_eq!(attempts.wait(here, SECOND * 9), None);
        attempts.count(here, SECOND * 9);
        assert_eq!(attempts.wait(here, SECOND * 9), Some(SPAN));
        assert_eq!(attempts.wait(here, SECOND * 68), Some(SECOND));
        assert_eq!(attempts.wait(here, SECOND * 69), None);
        for elsewhere in [None, Some(address("192.0.2.2"))] {
            assert_eq!(attempts.wait(elsewhere, SECOND * 9), None);
        }
        // It begins anew.
        attempts.count(here, SECOND * 69);
        assert_eq!(attempts.wait(here, SECOND * 69), None);
    }

    #[test]
    fn ten_wrong_tokens_over_a_longer_time_are_borne() {
        let (attempts, here) = (Attempts::default(), Some(address("192.0.2.1")));
        for minute in 0..100 {
            attempts.count(here, SPAN * minute / 5);
            assert_eq!(attempts.wait(here, SPAN * minute / 5), None);
        }
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let attempts = Attempts::default();
        for host in 0..MOST {
            attempts.count(Some(address(&format!("2001:db8::{host:x}"))), SECOND);
        }
        assert!(attempts.wait(Some(address("2001:db8::ffff:1")), SECOND).is_some());
        assert_eq!(attempts.wait(Some(address("2001:db8:0:1::1")), SECOND), None);
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory() {
        let attempts = Attempts::default();
        for host in 0..3_000_u32 {
            attempts.count(Some(std::net::Ipv4Addr::from_bits(host).into()), SECOND);
        }
        assert_eq!(attempts.lock().len(), ADDRESSES);
    }
}
