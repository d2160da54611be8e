use proc_macro2::TokenStream;
use quote::quote;

use super::*;

fn read_all(declared: impl IntoIterator<Item = TokenStream>) -> (Vec<Recurring>, Vec<String>) {
    let mut faults = Faults::default();
    let declared = declared.into_iter().map(|tokens| (Span::call_site(), tokens)).collect();
    (read(declared, &mut faults), faults.messages())
}

#[track_caller]
fn refused(option: &TokenStream, beginning: &str) {
    let (read, faults) = read_all([quote!(id = "a", cron = "@daily", #option)]);
    assert!(read.is_empty() && faults.len() == 1 && faults[0].starts_with(beginning), "{faults:?}");
}

#[test]
fn every_option_is_read() {
    let (read, faults) = read_all([quote!(
        id = "nightly report",
        cron = "30  2 * * *",
        timezone = "Europe/Oslo",
        misfire = "fire_all(10)",
        overlap = "cancel_previous",
        dst = "skip_gap",
        jitter = "10s",
        starts_at = "2027-01-01T00:00:00Z",
        ends_at = "2027-01-01T02:00:00.5+01:00",
        queue = "mail",
    )]);
    assert_eq!(faults, [""; 0]);
    let [read] = read.try_into().unwrap_or_else(|_| panic!("one"));
    assert_eq!(read.id.unwrap().value(), "nightly report");
    assert_eq!((read.cron.unwrap().as_str(), read.zone.name()), ("30 2 * * *", "Europe/Oslo"));
    assert_eq!((read.misfire, read.dst), (Misfire::FireAll { at_most: 10 }, Dst::SkipGap));
    assert_eq!((read.overlap, read.queue.as_deref()), ("cancel_previous", Some("mail")));
    assert_eq!(read.jitter, Some(Duration::from_secs(10)));
    let start = Timestamp::from_micros(1_798_761_600_000_000);
    assert_eq!(
        (read.starts_at, read.ends_at),
        (Some(start), Some(start.plus(Duration::from_millis(3_600_500))))
    );
}

#[test]
fn the_defaults_are_those_of_a_definition_made_at_run_time() {
    let (read, faults) = read_all([quote!(id = "a", cron = "@daily")]);
    assert_eq!(faults, [""; 0]);
    assert_eq!((read[0].zone, read[0].misfire, read[0].dst), Default::default());
    assert_eq!((read[0].overlap, &read[0].queue, read[0].jitter), ("allow", &None, None));
}

#[test]
fn each_value_is_checked() {
    refused(&quote!(timezone = "Oslo"), "unknown time zone `Oslo`; did you mean `Europe/Oslo`?");
    refused(&quote!(misfire = "fire_all(0)"), "`fire_all(0)` would fire none");
    refused(&quote!(misfire = "fire_twice"), "unknown value `fire_twice`");
    refused(&quote!(overlap = "alow"), "unknown value `alow`; did you mean `allow`?");
    refused(&quote!(dst = "never"), "unknown value `never`");
    refused(&quote!(jitter = "0s"), "a jitter of zero puts nothing off");
    refused(&quote!(jitter = "10"), "invalid duration `10`");
    refused(&quote!(starts_at = "2027-01-01"), "invalid instant `2027-01-01`");
    refused(&quote!(queue = "Mail"), "invalid queue name `Mail`");
    refused(&quote!(quue = "mail"), "unknown option `quue`; did you mean `queue`?");
    refused(&quote!(id = "b"), "`id` is given twice");
    let backwards = quote!(starts_at = "2027-01-01T00:00:00Z", ends_at = "2026-12-31T23:59:59Z");
    refused(&backwards, "it ends before it starts");
    let backwards = quote!(ends_at = "2026-12-31T23:59:59Z", starts_at = "2027-01-01T00:00:00Z");
    refused(&backwards, "it ends before it starts");
}

#[test]
fn an_id_and_a_cron_are_needed_and_a_wrong_one_is_not_missed_too() {
    let (read, faults) = read_all([quote!(), quote!(id = " ", cron = "61 * * * *")]);
    assert!(read.is_empty());
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert!(
        faults[0].starts_with("a recurring definition needs its `id`; write `recurring(id = \"nightly\"")
    );
    assert!(faults[1].starts_with("a recurring definition needs its `cron`"));
    assert!(faults[2].starts_with("invalid recurring id"));
    assert!(faults[3].starts_with("invalid minute `61`"), "{faults:?}");
}

#[test]
fn an_id_stands_once_on_a_request() {
    let (read, faults) = read_all([
        quote!(id = "a", cron = "@daily"),
        quote!(id = "a", cron = "@hourly"),
        quote!(id = "b", cron = "@never"),
    ]);
    assert_eq!(read.len(), 2);
    assert_eq!(faults, ["`a` is declared twice on this request; give it another id"]);
}
