use boltjobs_fuzz::{cases, texts};
use proptest::prelude::*;

use super::*;

fn written() -> impl Strategy<Value = String> {
    prop_oneof![
        "00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}",
        "[0-9a-f]{2}-[0-9a-f]{32}-0{15}[01]-0[0-9](-[a-z]{0,9})?"
    ]
}

/// The standard, word for word.
fn is_legal(text: &str) -> bool {
    let hex = |text: &str, length: usize| {
        text.len() == length && text.chars().all(|c| "0123456789abcdef".contains(c))
    };
    let mut fields = text.splitn(5, '-');
    let fields = [fields.next(), fields.next(), fields.next(), fields.next(), fields.next()];
    let [Some(version), Some(trace), Some(span), Some(flags), later] = fields else { return false };
    hex(version, 2)
        && version != "ff"
        && (version != "00" || later.is_none())
        && hex(trace, 32)
        && !trace.trim_matches('0').is_empty()
        && hex(span, 16)
        && !span.trim_matches('0').is_empty()
        && hex(flags, 2)
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn exactly_what_the_standard_allows_is_read_and_it_is_written_back(text in texts(written())) {
        let parsed = TraceParent::parse(&text);
        prop_assert_eq!(parsed.is_some(), is_legal(&text), "{}", text);
        if let Some(parsed) = parsed {
            prop_assert_eq!(TraceParent::parse(&parsed.to_string()), Some(parsed));
            prop_assert_eq!(&parsed.to_string()[2..], &text[2..55]);
        }
    }
}
