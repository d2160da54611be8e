use super::*;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Seconds after 2024-01-01 00:00 UTC.
fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_704_067_200_000_000).plus(secs(seconds))
}

fn definition(cron: &str, misfire: Misfire) -> Definition {
    let spec = JobSpec::new("report.make", &b"{}"[..]);
    Definition { misfire, ..Definition::new("report", Cron::parse(cron).unwrap(), spec) }
}

fn instants(seconds: impl IntoIterator<Item = u64>) -> Vec<Timestamp> {
    seconds.into_iter().map(at).collect()
}

const POLICIES: [Misfire; 4] =
    [Misfire::FireOnce, Misfire::FireAll { at_most: 5 }, Misfire::FireAll { at_most: 0 }, Misfire::Skip];

#[test]
fn what_is_not_due_does_not_fire() {
    for misfire in POLICIES {
        let firing = definition("@minutely", misfire).fire(at(60), at(60).minus(Duration::from_micros(1)));
        assert_eq!(firing, Firing { occurrences: vec![], next: Some(at(60)) });
    }
}

#[test]
fn what_is_exactly_due_fires_in_every_policy() {
    for misfire in POLICIES {
        for cron in ["@minutely", "@every 60s"] {
            let firing = definition(cron, misfire).fire(at(60), at(60));
            assert_eq!(
                firing,
                Firing { occurrences: instants([60]), next: Some(at(120)) },
                "{cron} {misfire:?}"
            );
        }
    }
}

#[test]
fn what_is_a_little_late_stands_for_its_own_instant() {
    for misfire in POLICIES {
        let firing = definition("@hourly", misfire).fire(at(3_600), at(3_630));
        assert_eq!(firing, Firing { occurrences: instants([3_600]), next: Some(at(7_200)) }, "{misfire:?}");
    }
}

#[test]
fn what_was_missed_fires_once_for_now() {
    let definition = definition("@hourly", Misfire::FireOnce);
    for now in [3_631, 7_200, 36_001] {
        assert_eq!(definition.fire(at(3_600), at(now)).occurrences, instants([now]));
    }
    // Two at the same time are one, even when neither is very late.
    let firing = self::definition("@every 10s", Misfire::FireOnce).fire(at(10), at(21));
    assert_eq!(firing, Firing { occurrences: instants([21]), next: Some(at(30)) });
}

#[test]
fn all_that_was_missed_fires_up_to_the_limit_latest_first_kept() {
    let all = |at_most| definition("@hourly", Misfire::FireAll { at_most }).fire(at(3_600), at(18_100));
    assert_eq!(all(9).occurrences, instants([3_600, 7_200, 10_800, 14_400, 18_000]));
    assert_eq!(all(5).occurrences, instants([3_600, 7_200, 10_800, 14_400, 18_000]));
    assert_eq!(all(2).occurrences, instants([14_400, 18_000]));
    assert_eq!(all(1).occurrences, instants([18_000]));
    assert_eq!(all(1).next, Some(at(21_600)));
}

#[test]
fn what_was_missed_is_skipped_but_not_what_is_on_time() {
    let definition = definition("@hourly", Misfire::Skip);
    assert_eq!(definition.fire(at(3_600), at(3_631)).occurrences, []);
    assert_eq!(definition.fire(at(3_600), at(7_199)).next, Some(at(7_200)));
    assert_eq!(definition.fire(at(3_600), at(36_010)).occurrences, instants([36_000]));
    assert_eq!(definition.fire(at(3_600), at(36_030)).occurrences, instants([36_000]));
    let short = self::definition("@every 20s", Misfire::Skip).fire(at(20), at(1_005));
    assert_eq!(short, Firing { occurrences: instants([980, 1_000]), next: Some(at(1_020)) });
}

#[test]
fn an_interval_does_not_drift_by_how_late_it_is_fired() {
    for misfire in POLICIES {
        let definition = definition("@every 90s", misfire);
        let mut next = at(90);
        for round in 1..=1_000_u64 {
            assert_eq!(next, at(90 * round));
            let late = Duration::from_millis(round * 37 % 29_000);
            let firing = definition.fire(next, next.plus(late));
            assert_eq!(firing.occurrences, [next], "{misfire:?}");
            next = firing.next.unwrap();
        }
    }
}

#[test]
fn an_interval_keeps_its_beat_over_an_outage() {
    let firing = definition("@every 7m", Misfire::FireAll { at_most: 3 }).fire(at(420), at(1_000_000));
    let last = 1_000_000 / 420 * 420;
    let expected =
        Firing { occurrences: instants([last - 840, last - 420, last]), next: Some(at(last + 420)) };
    assert_eq!(firing, expected);
}

/// Each of these walks through millions of occurrences if the work is not bounded.
#[test]
fn a_long_outage_costs_no_more_than_what_fires() {
    let years = 20 * 366 * 24 * 60 * 60;
    for cron in ["@secondly", "* * * * 1 *", "@every 1s", "0-30 * * 1 1 *"] {
        let mut definition = definition(cron, Misfire::FireAll { at_most: 1 });
        let next = definition.next_after(at(0)).unwrap();
        for at_most in [1, 2, 10, 100] {
            definition.misfire = Misfire::FireAll { at_most };
            let firing = definition.fire(next, at(years));
            assert_eq!(firing.occurrences.len(), at_most as usize, "{cron}");
            // They are those that come last, one after the other.
            for pair in firing.occurrences.windows(2) {
                assert_eq!(definition.next_after(pair[0]), Some(pair[1]), "{cron}");
            }
            let last = *firing.occurrences.last().unwrap();
            assert!(definition.next_after(last).is_none_or(|after| after > at(years)), "{cron}");
        }
        definition.misfire = Misfire::Skip;
        assert!(definition.fire(next, at(years)).occurrences.len() <= 31, "{cron}");
    }
}

#[test]
fn a_cron_that_ends_fires_for_the_last_time() {
    let end = Timestamp::from_micros(4_133_980_800_000_000);
    for misfire in POLICIES {
        let definition = definition("0 0 31 12 *", misfire);
        let last = std::iter::successors(definition.next_after(at(0)), |after| definition.next_after(*after));
        let last = last.last().unwrap();
        assert_eq!(definition.fire(last, last), Firing { occurrences: vec![last], next: None });
        assert_eq!(definition.fire(last, end.max(last)).next, None);
    }
}
