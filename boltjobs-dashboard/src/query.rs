//! What one types to find jobs: `state:failed queue:mail tag:eu timeout`.

use std::fmt::Write as _;

use boltjobs_core::continuation::ParentId;
use boltjobs_core::fingerprint::NoFingerprint;
use boltjobs_core::store::JobFilter;
use boltjobs_core::text::shown;
use boltjobs_core::{JobId, JobState};

/// Why a query can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct QueryError {
    /// The character that it is about, from 1.
    pub(crate) column: usize,
    pub(crate) what: String,
}

/// One word of a query.
struct Word {
    column: usize,
    key: Option<String>,
    value: String,
}

/// Reads a query. Words without a key are one text that is looked for as it stands.
pub(crate) fn parse(query: &str) -> Result<JobFilter, QueryError> {
    let mut filter = JobFilter::default();
    let mut text = Vec::new();
    for Word { column, key, value } in words(query)? {
        let Some(key) = key else {
            text.push(value);
            continue;
        };
        let at = |what: String| QueryError { column, what };
        if value.is_empty() {
            return Err(at(format!("nothing stands behind `{key}:`")));
        }
        match &*key.to_ascii_lowercase() {
            "state" => filter.states.push(state(&value).map_err(at)?),
            "queue" => filter.queues.push(value.into()),
            "request" | "kind" => filter.requests.push(value.into()),
            "tag" => filter.tags.push(value),
            "failure" => {
                filter.failures.push(value.parse().map_err(|error: NoFingerprint| at(error.to_string()))?);
            }
            "batch" => filter.batch = Some(id(&value).map_err(at)?.into()),
            "parent" => filter.parent = Some(parent(&value).map_err(at)?),
            "is" if value.eq_ignore_ascii_case("retrying") => filter.retrying = true,
            "is" => return Err(at(format!("there is no `is:{}`; use `is:retrying`", shown(&value)))),
            _ => {
                let (key, whole) = (shown(&key), format!("{key}:{value}"));
                let what = format!(
                    "there is no key `{key}`; use `state:`, `queue:`, `request:`, `tag:`, `failure:`, `batch:`, `parent:` or \
                     `is:retrying`, or write \"{}\" in quotes to look for it as text",
                    shown(&whole)
                );
                return Err(at(what));
            }
        }
    }
    filter.text = Some(text.join(" ")).filter(|text| !text.is_empty());
    Ok(filter)
}

fn id(text: &str) -> Result<JobId, String> {
    text.parse().map_err(|_| format!("`{}` is no id", shown(text)))
}

/// Reads the id of a job or, behind `batch/`, of a batch.
fn parent(text: &str) -> Result<ParentId, String> {
    match text.strip_prefix("batch/") {
        Some(batch) => Ok(ParentId::Batch(id(batch)?.into())),
        None => Ok(ParentId::Job(id(text)?)),
    }
}

fn state(text: &str) -> Result<JobState, String> {
    let found = JobState::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let all = JobState::ALL.map(|state| state.as_str().to_lowercase()).join(", ");
        format!("there is no state `{}`; use one of {all}", shown(text))
    })
}

/// Splits a query at white space that is not in quotes. In quotes a backslash takes what follows as it is.
fn words(query: &str) -> Result<Vec<Word>, QueryError> {
    let mut words = Vec::new();
    let mut rest = query.chars().zip(1..).peekable();
    while let Some((first, column)) = rest.next_if(|_| true) {
        if first.is_whitespace() {
            continue;
        }
        let mut word = Word { column, key: None, value: String::new() };
        let mut next = Some((first, column));
        let mut quoted = false;
        while let Some((letter, at)) = next {
            match letter {
                '"' => {
                    quoted = true;
                    quote(&mut rest, at, &mut word.value)?;
                }
                ':' if word.key.is_none() && !quoted && is_key(&word.value) => {
                    word.key = Some(std::mem::take(&mut word.value));
                }
                _ => word.value.push(letter),
            }
            next = rest.next_if(|(letter, _)| !letter.is_whitespace());
        }
        words.push(word);
    }
    Ok(words)
}

/// Reads up to the quote that ends the one at this column.
fn quote(
    rest: &mut impl Iterator<Item = (char, usize)>,
    column: usize,
    value: &mut String,
) -> Result<(), QueryError> {
    loop {
        match rest.next() {
            Some(('"', _)) => return Ok(()),
            Some(('\\', _)) => value.extend(rest.next().map(|(letter, _)| letter)),
            Some((letter, _)) => value.push(letter),
            None => {
                return Err(QueryError {
                    column,
                    what: "this quote has no end; add another `\"`".to_owned(),
                });
            }
        }
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'.')
}

/// Writes a filter as it would be typed.
pub(crate) fn write(filter: &JobFilter) -> String {
    let mut query = String::new();
    let mut word = |key: &str, value: &str| {
        let space = if query.is_empty() { "" } else { " " };
        let plain = !value.is_empty()
            && !value.contains(|letter: char| letter.is_whitespace() || "\"\\".contains(letter))
            && (!key.is_empty() || !value.contains(':'));
        let value = if plain { value.to_owned() } else { quoted(value) };
        // It can't fail for a String.
        let _ = write!(query, "{space}{key}{value}");
    };
    filter.states.iter().for_each(|state| word("state:", &state.as_str().to_lowercase()));
    filter.queues.iter().for_each(|queue| word("queue:", queue));
    filter.requests.iter().for_each(|request| word("request:", request));
    filter.tags.iter().for_each(|tag| word("tag:", tag));
    filter.failures.iter().for_each(|failure| word("failure:", &failure.to_string()));
    filter.batch.iter().for_each(|batch| word("batch:", &batch.to_string()));
    match filter.parent {
        Some(ParentId::Job(id)) => word("parent:", &id.to_string()),
        Some(ParentId::Batch(id)) => word("parent:", &format!("batch/{id}")),
        None => {}
    }
    if filter.retrying {
        word("is:", "retrying");
    }
    if let Some(text) = &filter.text {
        word("", text);
    }
    query
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(query: &str) -> JobFilter {
        parse(query).unwrap()
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
    fn what_can_not_be_read_says_where_and_what_to_write() {
        for (query, column, part) in [
            ("tag:eu colour:red", 8, "there is no key `colour`"),
            ("é state:faild", 3, "use one of awaiting, scheduled"),
            ("queue:", 1, "nothing stands behind `queue:`"),
            (r#"é "ab"#, 3, "no end"),
        ] {
            let error = parse(query).unwrap_err();
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
        ) {
            let filter = JobFilter {
                states: states.into_iter().map(|at| JobState::ALL[at]).collect(),
                queues: names.iter().map(|name| name.as_str().into()).collect(),
                requests: names.iter().rev().map(|name| name.as_str().into()).collect(),
                tags: names,
                text,
                ..JobFilter::default()
            };
            prop_assert_eq!(parsed(&write(&filter)), filter);
        }

        #[test]
        fn whatever_is_typed_is_read_or_refused(query in ".{0,60}") {
            if let Err(error) = parse(&query) {
                prop_assert!(error.column >= 1 && error.column <= query.chars().count(), "{error:?}");
            }
        }
    }
}
