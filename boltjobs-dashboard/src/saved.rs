//! Queries that are kept under names: those that the app has for everybody, and those that a browser has in a cookie.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use boltjobs_core::store::JobFilter;
use boltjobs_core::text::shown;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::cookie;
use crate::link::Base;

/// The most queries that a browser keeps.
const MOST: usize = 20;

/// The most characters of a name and of a query.
pub(crate) const NAME: usize = 40;
const QUERY: usize = 300;

/// The most bytes of all of them together: browsers let go of a cookie that has more than 4,096 with all that belongs to it.
const LONGEST: usize = 3_500;

/// What stands between two queries, and between a name and its query.
const NEXT: char = '.';
const IS: char = '-';

/// A query with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) name: String,
    pub(crate) query: String,
    /// What it means.
    pub(crate) filter: JobFilter,
}

impl Saved {
    /// Checks a query and its name.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub(crate) fn new(name: &str, text: &str) -> Result<Self, String> {
        let (name, text) = (name.trim(), text.trim());
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            let name = shown(name);
            return Err(format!(
                "`{name}` can't be the name of a query; use 1 to {NAME} characters in one line"
            ));
        }
        if text.is_empty() || text.chars().count() > QUERY {
            return Err(format!("the query `{name}` has to have 1 to {QUERY} characters"));
        }
        let filter = text.parse::<JobFilter>().map_err(|error| {
            format!("the query `{name}` can't be read at character {}: {}", error.column, error.what)
        })?;
        Ok(Self { name: name.to_owned(), query: text.to_owned(), filter })
    }
}

/// Checks a query that an app has for everybody, and its name.
///
/// # Errors
/// What is wrong, and where.
#[doc(hidden)]
pub fn check_query(name: &str, text: &str) -> Result<(), String> {
    Saved::new(name, text).map(drop)
}

/// Returns the queries that a browser keeps. A cookie is whatever anybody has put there: what can't be used is let go.
pub(crate) fn of(headers: &HeaderMap) -> Vec<Saved> {
    cookie::queries(headers).find(|value| value.len() <= LONGEST).map(read).unwrap_or_default()
}

fn read(value: &str) -> Vec<Saved> {
    let text = |part: &str| percent_decode_str(part).decode_utf8().map(String::from).ok();
    let pairs = value.split(NEXT).filter_map(|pair| pair.split_once(IS));
    let mut names = BTreeSet::new();
    pairs
        .filter_map(|(name, query)| Saved::new(&text(name)?, &text(query)?).ok())
        .filter(|saved| names.insert(saved.name.clone()))
        .take(MOST)
        .collect()
}

fn write(all: &[Saved]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = all.iter().map(|saved| format!("{}{IS}{}", encoded(&saved.name), encoded(&saved.query)));
    pairs.collect::<Vec<_>>().join(&NEXT.to_string())
}

/// Returns what has a browser keep one query more, in place of another one of that name.
///
/// # Errors
/// Why it can't be kept.
pub(crate) fn keep(headers: &HeaderMap, base: &Base, one: Saved) -> Result<String, String> {
    let mut all = of(headers);
    all.retain(|saved| saved.name != one.name);
    all.push(one);
    let value = write(&all);
    if all.len() > MOST || value.len() > LONGEST {
        return Err(format!(
            "A browser keeps {MOST} queries of {LONGEST} bytes together at most; remove some of them first."
        ));
    }
    Ok(cookie::keep_queries(headers, base, &value))
}

/// Returns what has a browser let go of a query.
pub(crate) fn forget(headers: &HeaderMap, base: &Base, name: &str) -> String {
    let mut all = of(headers);
    all.retain(|saved| saved.name != name.trim());
    cookie::keep_queries(headers, base, &write(&all))
}

#[cfg(test)]
mod tests {
    use axum::http::header::{COOKIE, HOST};
    use proptest::prelude::*;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let cookie = format!("a=b; boltjobs-queries_4010={value}").parse().unwrap();
        [(HOST, "localhost:4010".parse().unwrap()), (COOKIE, cookie)].into_iter().collect()
    }

    /// Returns the cookie as the browser sends it back.
    fn sent_back(set: &str) -> HeaderMap {
        let (_, rest) = set.split_once('=').unwrap();
        headers(rest.split(';').next().unwrap())
    }

    #[test]
    fn a_browser_keeps_what_it_is_given_until_it_is_told_otherwise() {
        let base = Base::default();
        let mail = Saved::new("Failed mails", "state:failed queue:mail").unwrap();
        let set = keep(&headers(""), &base, mail.clone()).unwrap();
        assert!(set.starts_with("boltjobs-queries_4010=") && set.contains("HttpOnly"), "{set}");
        let kept = sent_back(&set);
        assert_eq!(of(&kept), [mail]);
        let other = Saved::new("Failed mails", "tag:é \"a b\"").unwrap();
        let kept = sent_back(&keep(&kept, &base, other.clone()).unwrap());
        assert_eq!(of(&kept), [other], "a name means one query");
        assert_eq!(of(&sent_back(&forget(&kept, &base, "Failed mails"))), []);
        assert_eq!(of(&sent_back(&forget(&kept, &base, "another"))).len(), 1);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let (base, mut kept) = (Base::default(), headers(""));
        for number in 0..MOST {
            let one = Saved::new(&format!("q{number}"), "state:failed").unwrap();
            kept = sent_back(&keep(&kept, &base, one).unwrap());
        }
        let more = Saved::new("more", "state:failed").unwrap();
        assert!(keep(&kept, &base, more).unwrap_err().contains("remove some"));
        let again = Saved::new("q7", "state:deleted").unwrap();
        assert!(keep(&kept, &base, again).is_ok());
        let mut kept = headers("");
        let long = "é".repeat(QUERY);
        let full = (0..9).find_map(|number| {
            match keep(&kept, &base, Saved::new(&format!("q{number}"), &long).unwrap()) {
                Ok(set) => {
                    kept = sent_back(&set);
                    None
                }
                Err(why) => Some(why),
            }
        });
        assert!(full.is_some() && !of(&kept).is_empty());
    }

    #[test]
    fn what_can_not_be_used_is_refused_with_the_place() {
        for (name, query, part) in [
            (
                "Mails",
                "queue:mail colour:red",
                "the query `Mails` can't be read at character 12: there is no key",
            ),
            (" ", "state:failed", "can't be the name"),
            ("a\nb", "state:failed", "can't be the name"),
            (&"x".repeat(NAME + 1), "state:failed", "can't be the name"),
            ("Mails", " ", "has to have 1 to 300 characters"),
            ("Mails", &"x".repeat(QUERY + 1), "has to have 1 to 300 characters"),
        ] {
            let fault = check_query(name, query).unwrap_err();
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn of_a_hostile_cookie_only_what_can_be_used_counts() {
        for value in ["%", "%FF-x", "a-colour%3Ared", "-x", "a-", "a", "....", &"a-b.".repeat(2_000)] {
            assert_eq!(of(&headers(value)), [], "{value}");
        }
        assert_eq!(of(&headers("a-b.a-c.%3Cb%3E-d")).len(), 2, "a name counts once");
        let many: Vec<_> = (0..99).map(|number| format!("q{number}-x")).collect();
        assert_eq!(of(&headers(&many.join("."))).len(), MOST);
    }

    proptest! {
        #[test]
        fn what_is_kept_comes_back(name in "[ -~é]{1,20}", text in "[ -~é]{1,40}") {
            if let Ok(saved) = Saved::new(&name, &text) {
                let set = keep(&headers(""), &Base::default(), saved.clone()).unwrap();
                prop_assert_eq!(of(&sent_back(&set)), [saved]);
            }
        }

        #[test]
        fn whatever_stands_in_a_cookie_is_read_or_let_go(value in "[!-+\\--:<-~]{0,80}") {
            prop_assert!(of(&headers(&value)).len() <= MOST);
        }
    }
}
