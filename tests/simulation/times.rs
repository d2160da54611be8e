//! What fires by itself.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;
use chrono::{DateTime, Utc};

#[request]
#[derive(Debug, Default)]
struct Bell;

#[handler]
async fn bell(_: Bell) {}

const HOUR: Duration = Duration::from_secs(3_600);

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

/// Returns the instants for which a definition has fired, oldest first, and when it fires next.
async fn fired(sim: &Sim, id: &str) -> (Vec<DateTime<Utc>>, DateTime<Utc>) {
    let all = sim.client().recurring_jobs().await.unwrap();
    let details = all.iter().find(|one| one.id() == id).unwrap();
    let mut instants: Vec<_> = details.runs().iter().map(|run| run.scheduled_for.to_datetime()).collect();
    instants.sort_unstable();
    (instants, details.next_run().unwrap())
}

#[boltjobs::simulate(runs = 60)]
async fn each_instant_fires_once_whatever_the_clock_does(sim: Sim) {
    let every = Cron::parse("*/20 * * * *").unwrap();
    let begun = sim.now();
    Bell.recurring("bell", every.clone()).misfire(Misfire::FireAll { at_most: 1_000 }).await.unwrap();
    for _ in 0..4 {
        sim.advance(HOUR).await;
    }
    sim.calm().await;
    // A clock that was set forward has passed them all, and one that was set back comes to them again.
    sim.advance(4 * HOUR).await;
    let (instants, next) = fired(&sim, "bell").await;
    let expected: Vec<_> = every.upcoming(begun, chrono_tz::UTC).take_while(|at| *at < next).collect();
    let known = expected.len().saturating_sub(instants.len());
    assert_eq!(instants, expected[known..], "the last 50 are known");
    sim.assert_idle().await;
}

#[boltjobs::simulate(runs = 60)]
async fn a_day_has_one_morning_even_when_the_clock_is_turned(sim: Sim) {
    let (berlin, daily) = (chrono_tz::Europe::Berlin, Cron::parse("30 2 * * *").unwrap());
    for turn in ["2026-03-27T12:00:00Z", "2026-10-23T12:00:00Z"] {
        sim.set_clock(at(turn));
        let begun = sim.now();
        let all = Misfire::FireAll { at_most: 10 };
        Bell.recurring(turn, daily.clone()).timezone("Europe/Berlin").misfire(all).await.unwrap();
        let mut last = begun;
        while last < begun + 4 * HOUR * 24 {
            sim.advance(HOUR / 4).await;
            last = last.max(sim.now());
        }
        let (instants, next) = fired(&sim, turn).await;
        let days: Vec<_> = instants.iter().map(|at| at.with_timezone(&berlin).date_naive()).collect();
        let mut once = days.clone();
        once.dedup();
        assert_eq!(days, once, "{turn}");
        let oracle: Vec<_> = daily.upcoming(begun, berlin).take_while(|at| *at < next).collect();
        assert!(instants.iter().all(|at| oracle.contains(at)), "{instants:?} of {oracle:?}");
        sim.client().recurring(turn).remove().await.unwrap();
    }
    sim.assert_idle().await;
}

#[boltjobs::simulate(runs = 20)]
async fn a_job_that_is_due_before_all_that_the_server_waits_for_is_in_time(sim: Sim) {
    sim.calm().await;
    Bell.schedule_in(2 * HOUR).await.unwrap();
    sim.advance(HOUR).await;
    Bell.schedule_in(HOUR / 2).await.unwrap();
    assert_eq!(sim.advance(HOUR / 2).await.succeeded::<Bell>(), 1);
}
