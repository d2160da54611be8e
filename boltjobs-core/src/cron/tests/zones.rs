//! Zones by name, and what is stored of them.

use chrono_tz::TZ_VARIANTS;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{Deserialize, IntoDeserializer as _};

use super::*;

fn stored<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ValueError> {
    let text: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(text)
}

#[test]
fn each_zone_is_known_by_its_name() {
    for zone in TZ_VARIANTS {
        let parsed: Zone = zone.name().parse().unwrap();
        assert_eq!((parsed, parsed.to_string(), parsed.tz()), (zone.into(), zone.name().to_owned(), zone));
    }
    assert_eq!(Zone::default(), Zone::UTC);
    assert_eq!(Zone::from(Utc), Zone::UTC);
    assert_eq!(Zone::UTC.to_string(), "UTC");
}

#[test]
fn an_unknown_zone_is_told_the_nearest() {
    let cases = [
        ("europe/oslo", "did you mean `Europe/Oslo`?"),
        ("America/New York", "did you mean `America/New_York`?"),
        ("Oslo", "did you mean `Europe/Oslo`?"),
        ("Europe/Berln", "did you mean `Europe/Berlin`?"),
        ("utc", "did you mean `Etc/UTC` or `UTC`?"),
        ("", "write an IANA name, as in `Europe/Oslo`"),
        ("Mars/Olympus_Mons", "write an IANA name, as in `Europe/Oslo`"),
    ];
    for (name, mend) in cases {
        let error = Zone::try_from(name).unwrap_err();
        assert_eq!(error.to_string(), format!("unknown time zone `{name}`; {mend}"));
    }
    let error = Zone::try_from("x".repeat(100_000)).unwrap_err();
    assert!(error.nearest.is_empty());
}

#[test]
fn what_is_stored_is_checked_when_it_is_read() {
    assert_eq!(stored("0 9 * * 1"), Ok(cron("0 9 * * 1")));
    assert_eq!(
        stored::<Cron>("0 9 * * 9").unwrap_err().to_string(),
        Cron::parse("0 9 * * 9").unwrap_err().to_string()
    );
    assert_eq!(stored("Europe/Oslo"), Ok(Zone::from(chrono_tz::Europe::Oslo)));
    assert!(stored::<Zone>("Europe/Atlantis").is_err());
    assert_eq!(stored("skip_gap"), Ok(Dst::SkipGap));
}
