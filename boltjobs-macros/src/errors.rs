//! Faults: collected while a macro reads its input, reported all at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Option<syn::Error>);

impl Faults {
    /// Notes a fault at the token it is about.
    pub(crate) fn push(&mut self, span: Span, message: impl Display) {
        self.push_error(syn::Error::new(span, message));
    }

    /// Notes a fault that syn found, or that was given its place already.
    pub(crate) fn push_error(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(faults) => faults.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Takes over the faults that were found elsewhere.
    pub(crate) fn append(&mut self, others: Self) {
        others.0.into_iter().for_each(|error| self.push_error(error));
    }

    /// Returns the value, or notes why there is none.
    pub(crate) fn collect<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push_error(error)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Turns the faults into `compile_error!`s, one each.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.map(syn::Error::into_compile_error).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn messages(self) -> Vec<String> {
        self.0.into_iter().flatten().map(|error| error.to_string()).collect()
    }
}

/// Writes words as a list for people: `` `a`, `b` and `c` ``.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Returns the word that was probably meant, if one is near.
pub(crate) fn nearest<'a, S: AsRef<str>>(word: &str, known: &'a [S]) -> Option<&'a str> {
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(word, known.as_ref()), known.as_ref()))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 5)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Says that `word` is not known, what is, and which one was probably meant.
pub(crate) fn unknown<S: AsRef<str>>(what: &str, word: &str, known: &[S]) -> String {
    match (nearest(word, known), known) {
        (_, []) => format!("unknown {what} `{word}`; there are none here"),
        (Some(near), [_]) => format!("unknown {what} `{word}`; did you mean `{near}`?"),
        (Some(near), _) => {
            format!("unknown {what} `{word}`; did you mean `{near}`? the {what}s are {}", listed(known))
        }
        (None, [only]) => format!("unknown {what} `{word}`; the only {what} is `{}`", only.as_ref()),
        (None, _) => format!("unknown {what} `{word}`; the {what}s are {}", listed(known)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_answered_with_the_word_that_was_meant() {
        let known = ["queue", "priority", "version"];
        assert_eq!(nearest("retries", &known), None);
        assert_eq!(nearest("quueue", &known), Some("queue"));
        assert_eq!(nearest("prioirty", &known), Some("priority"));
        assert_eq!(
            unknown("option", "priorty", &known),
            "unknown option `priorty`; did you mean `priority`? the options are `queue`, `priority` and `version`"
        );
    }

    #[test]
    fn all_faults_are_kept() {
        let mut faults = Faults::default();
        faults.push(Span::call_site(), "one");
        assert_eq!(faults.collect::<()>(Err(syn::Error::new(Span::call_site(), "two"))), None);
        assert_eq!(faults.messages(), ["one", "two"]);
    }
}
