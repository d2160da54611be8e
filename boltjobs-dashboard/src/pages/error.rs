//! An error: its type, its text, its causes, and where it came from.

use std::ops::Range;

use boltjobs_core::job::ErrorInfo;
use maud::{Markup, html};

use crate::text::clip;

/// The most characters of a message or a backtrace.
const BLOCK: usize = 50_000;

/// The most characters of a cause.
const LINE: usize = 1_000;

/// Crates whose frames are not those of the app.
const FOREIGN: [&str; 13] = [
    "std",
    "core",
    "alloc",
    "std_detect",
    "test",
    "tokio",
    "futures_util",
    "tracing",
    "boltjobs",
    "boltjobs_core",
    "__rustc",
    "boltjobs_sled",
    "boltjobs_dashboard",
];

/// Where the sources of crates are that are not the app's own.
const ELSEWHERE: [&str; 4] = ["/rustc/", "/rustlib/", "/registry/src/", "/git/checkouts/"];

/// Shows all of an error.
pub(super) fn error(error: &ErrorInfo) -> Markup {
    html! {
        p { code { (clip(&error.kind, LINE)) } }
        pre { (clip(&error.message, BLOCK)) }
        @if !error.causes.is_empty() {
            p { "Caused by" }
            ol { @for cause in &error.causes { li { (clip(cause, LINE)) } } }
        }
        @if let Some(text) = &error.backtrace { details { summary { "Backtrace" } (backtrace(text)) } }
    }
}

/// Shows a backtrace, with a mark on the first frame of the app's own code.
pub(super) fn backtrace(text: &str) -> Markup {
    let text = clip(text, BLOCK);
    match root(&text) {
        None => html! { pre { (text) } },
        Some(Range { start, end }) => html! {
            pre { (text[..start]) mark { (text[start..end]) } (text[end..]) }
        },
    }
}

/// Finds the first frame of the app's own code: its line, and that which says where it is.
fn root(text: &str) -> Option<Range<usize>> {
    let mut frames: Vec<(&str, Range<usize>)> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end().len();
        match (symbol(line), frames.last_mut()) {
            (Some(symbol), _) => frames.push((symbol, start..end)),
            (None, Some((_, frame))) if line.trim_start().starts_with("at ") => frame.end = end,
            (None, _) => {}
        }
        start += line.len();
    }
    let own = |(symbol, frame): &(&str, Range<usize>)| {
        is_own(symbol) && !ELSEWHERE.iter().any(|place| text[frame.clone()].contains(place))
    };
    frames.into_iter().find(own).map(|(_, frame)| frame)
}

/// Returns what runs in a frame, if a line begins one: `  4: app::pay::{{closure}}`.
fn symbol(line: &str) -> Option<&str> {
    let (number, symbol) = line.trim().split_once(": ")?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(symbol)
}

fn is_own(symbol: &str) -> bool {
    let path = symbol.trim_start_matches(['<', '&', '*', '[', '(']);
    let path = path.strip_prefix("dyn ").unwrap_or(path);
    // What has no path is of the system or of the start of the program.
    path.split_once("::").is_some_and(|(krate, _)| !FOREIGN.contains(&krate))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "at src/main.rs:7:9\n   \
        0: std::backtrace_rs::backtrace::trace\n             at /rustc/1/library/std/src/lib.rs:1:2\n   \
        1: rust_begin_unwind\n   \
        2: <core::option::Option<T> as core::ops::Try>::branch\n   \
        3: serde_json::de::from_str\n             at ~/.cargo/registry/src/x/serde_json/src/de.rs:9:9\n   \
        4: app::pay::{{closure}}\n             at ./src/main.rs:7:9\n   \
        5: app::later\n";

    #[test]
    fn the_root_is_the_first_frame_of_the_app() {
        let frame = &TRACE[root(TRACE).unwrap()];
        assert_eq!(frame, "   4: app::pay::{{closure}}\n             at ./src/main.rs:7:9");
        assert_eq!(&"0: a::b\r\n1: c::d"[root("0: a::b\r\n1: c::d").unwrap()], "0: a::b");
        for none in ["", "no frames", "0: std::panic::catch_unwind\n1: main\n2: boltjobs::run", "<b>: app::x"]
        {
            assert_eq!(root(none), None, "{none}");
        }
    }

    #[test]
    fn a_trait_of_others_for_a_type_of_the_app_is_its_own() {
        assert!(is_own("<app::Mail as core::fmt::Display>::fmt"));
        assert!(!is_own("<&dyn core::fmt::Display as core::fmt::Display>::fmt"));
        assert!(!is_own("__libc_start_main"));
    }
}
