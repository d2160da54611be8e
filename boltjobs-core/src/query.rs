//! What one types to find jobs: `state:failed queue:mail tag:eu timeout`.

use std::fmt;
use std::str::FromStr;

use crate::continuation::ParentId;
use crate::fingerprint::NoFingerprint;
use crate::store::JobFilter;
use crate::text::shown;
use crate::{JobId, JobState};

/// Why a query can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the query can't be read at character {column}: {what}")]
pub struct QueryError {
    /// The character that it is about, from 1.
    pub column: usize,
    /// What is wrong there, and what to write.
    pub what: String,
}

/// One word of a query.
struct Word {
    column: usize,
    key: Option<String>,
    value: String,
}

/// Reads what one types. Words without a key are one text that is looked for as it stands.
impl FromStr for JobFilter {
    type Err = QueryError;

    fn from_str(query: &str) -> Result<Self, QueryError> {
        let mut filter = Self::default();
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
                    filter
                        .failures
                        .push(value.parse().map_err(|error: NoFingerprint| at(error.to_string()))?);
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
impl fmt::Display for JobFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<(&str, String)> = Vec::new();
        words.extend(self.states.iter().map(|state| ("state:", state.as_str().to_lowercase())));
        words.extend(self.queues.iter().map(|queue| ("queue:", queue.to_string())));
        words.extend(self.requests.iter().map(|request| ("request:", request.to_string())));
        words.extend(self.tags.iter().map(|tag| ("tag:", tag.clone())));
        words.extend(self.failures.iter().map(|failure| ("failure:", failure.to_string())));
        words.extend(self.batch.iter().map(|batch| ("batch:", batch.to_string())));
        words.extend(self.parent.iter().map(|parent| match parent {
            ParentId::Job(id) => ("parent:", id.to_string()),
            ParentId::Batch(id) => ("parent:", format!("batch/{id}")),
        }));
        words.extend(self.retrying.then(|| ("is:", "retrying".to_owned())));
        words.extend(self.text.iter().map(|text| ("", text.clone())));
        for (at, (key, value)) in words.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            let plain = !value.is_empty()
                && !value.contains(|letter: char| letter.is_whitespace() || "\"\\".contains(letter))
                && (!key.is_empty() || !value.contains(':'));
            if plain {
                write!(f, "{space}{key}{value}")?;
            } else {
                write!(f, "{space}{key}{}", quoted(value))?;
            }
        }
        Ok(())
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    fn what_can_not_be_read_says_where_and_what_to_write() {
        for (query, column, part) in [
            ("tag:eu colour:red", 8, "there is no key `colour`"),
            ("é state:faild", 3, "use one of awaiting, scheduled"),
            ("queue:", 1, "nothing stands behind `queue:`"),
            (r#"é "ab"#, 3, "no end"),
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
        ) {
            let filter = JobFilter {
                states: states.into_iter().map(|at| JobState::ALL[at]).collect(),
                queues: names.iter().map(|name| name.as_str().into()).collect(),
                requests: names.iter().rev().map(|name| name.as_str().into()).collect(),
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
}
