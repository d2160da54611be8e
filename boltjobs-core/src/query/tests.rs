use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::Timestamp;

fn moment() -> impl Strategy<Value = Option<Moment>> {
    let ago = (0..u64::from(u32::MAX)).prop_map(|millis| Moment::Ago(Duration::from_millis(millis)));
    let micros = 0..Timestamp::from_micros(4_102_444_800_000_000).as_micros();
    let at = micros.prop_map(|micros| Moment::At(Timestamp::from_micros(micros)));
    proptest::option::of(prop_oneof![ago, at])
}

fn parsed(query: &str) -> JobFilter {
    query.parse().unwrap()
}

#[test]
fn keys_narrow_a_query_and_other_words_are_one_text() {
    let filter = parsed(" state:failed State:Deleted queue:mail kind:pay tag:eu  timed   out ");
    assert_eq!(filter.states, [JobState::Failed, JobState::Deleted]);
    assert_eq!((&*filter.queues[0], &*filter.requests[0], &*filter.tags[0]), ("mail", "pay", "eu"));
    assert_eq!(filter.text.unwrap(), "timed out");
    assert_eq!(parsed("  "), JobFilter::default());
}

#[test]
fn quotes_take_white_space_and_colons_as_they_are() {
    assert_eq!(&*parsed(r#"queue:"a b""#).queues[0], "a b");
    assert_eq!(parsed(r#""state:failed  now""#).text.unwrap(), "state:failed  now");
    assert_eq!(parsed(r#""a \"b\" \\""#).text.unwrap(), r#"a "b" \"#);
    assert_eq!(parsed("10:30").text.unwrap(), "10:30", "what is no word is no key");
}

#[test]
fn numbers_spans_times_and_fields_are_compared() {
    let filter = parsed(
        "attempt:>3 attempt:7 waited:<=1h30m after:2h before:2026-01-31 error:timeout error:\"no route\"",
    );
    assert_eq!(filter.attempts, [(Compare::More, 3), (Compare::Equal, 7)]);
    assert_eq!(filter.waited, [(Compare::AtMost, Moment::Ago(Duration::from_mins(90)))]);
    assert_eq!(filter.enqueued_after, Some(Moment::Ago(Duration::from_hours(2))));
    let text = "attempt:>3 attempt:7 waited:<=1h30m after:2h before:2026-01-31";
    assert_eq!(filter.to_string(), format!("error:timeout error:\"no route\" {text}"), "as it was typed");
    let now = Timestamp::from_micros(86_400_000_000);
    assert_eq!(
        filter.at(now).to_string(),
        "error:timeout error:\"no route\" attempt:>3 attempt:7 waited:<=1970-01-01T22:30:00Z after:1970-01-01T22:00:00Z \
         before:2026-01-31"
    );
    let args = |query: &str| parsed(query).args;
    let pair = |path: &str, value: &str| vec![(path.to_owned(), value.to_owned())];
    assert_eq!(args("args.User.id:42"), pair("User.id", "42"));
    assert_eq!(args("args.items.0-x:\"a b\""), pair("items.0-x", "a b"));
    assert_eq!(args("args.note:\"\""), pair("note", ""));
    assert_eq!(args(r"args.a\ b\:c:1:2"), pair("a b:c", "1:2"));
    assert_eq!(parsed("args.user").text.unwrap(), "args.user");
}

#[test]
fn what_can_not_be_read_says_where_and_what_to_write() {
    for (query, column, part) in [
        ("tag:eu colour:red", 8, "there is no key `colour`"),
        ("é state:faild", 3, "use one of awaiting, scheduled"),
        ("queue:", 1, "nothing stands behind `queue:`"),
        (r#"é "ab"#, 3, "no end"),
        ("attempt:>many", 1, "`many` is no number of attempts; write one as in `attempt:>3`"),
        ("waited:5m", 1, "write `waited:>5m` or `waited:<5m`"),
        ("waited:>5", 1, "`5` is no time; use a span"),
        ("tag:eu after:yesterday", 8, "a day as in `2026-01-31`"),
        ("args:42", 1, "as in `args.customer.id:42`"),
        ("args.user:", 1, "nothing stands behind `args.user:`"),
    ] {
        let error = query.parse::<JobFilter>().unwrap_err();
        assert_eq!(error.column, column, "{query}");
        assert!(error.what.contains(part), "{query}: {}", error.what);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(
        states in proptest::collection::vec(0_usize..7, 0..3),
        names in proptest::collection::vec("[ -~é\\n]{1,9}", 0..4),
        text in proptest::option::of("[ -~é]{1,20}"),
        numbers in proptest::collection::vec((0..5_usize, any::<u32>()), 0..3),
        paths in proptest::collection::vec("[ -~é\\n]{0,9}", 0..3),
        moments in [moment(), moment(), moment()],
    ) {
        let signs = [Compare::Equal, Compare::Less, Compare::AtMost, Compare::More, Compare::AtLeast];
        let [waited, enqueued_after, enqueued_before] = moments;
        let filter = JobFilter {
            states: states.into_iter().map(|at| JobState::ALL[at]).collect(),
            queues: names.iter().map(|name| name.as_str().into()).collect(),
            requests: names.iter().rev().map(|name| name.as_str().into()).collect(),
            errors: names.clone(),
            attempts: numbers.iter().map(|(sign, number)| (signs[*sign], *number)).collect(),
            waited: waited.map(|moment| (signs[1 + numbers.len()], moment)).into_iter().collect(),
            enqueued_after,
            enqueued_before,
            args: paths.into_iter().zip(names.iter().cloned().chain([String::new()])).collect(),
            tags: names,
            text,
            ..JobFilter::default()
        };
        prop_assert_eq!(parsed(&filter.to_string()), filter);
    }

    #[test]
    fn whatever_is_typed_is_read_or_refused(query in ".{0,60}") {
        if let Err(error) = query.parse::<JobFilter>() {
            prop_assert!(error.column >= 1 && error.column <= query.chars().count(), "{error:?}");
        }
    }
}
