//! Links, wherever the pages are nested.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in a part of a path or a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path under which the pages are nested; empty at the root.
#[derive(Debug, Clone, Default)]
pub(crate) struct Base(String);

impl<S: Sync> FromRequestParts<S> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::at(parts))
    }
}

impl Base {
    /// Returns where the pages are that a request asks for.
    pub(crate) fn at(parts: &Parts) -> Self {
        let inner = parts.uri.path();
        let whole = parts.extensions.get::<OriginalUri>().map_or(inner, |whole| whole.0.path());
        Self::of(whole, inner)
    }

    /// Takes what is asked for and what is left of it after the nesting.
    pub(crate) fn of(whole: &str, inner: &str) -> Self {
        let base = whole.strip_suffix(inner).unwrap_or(whole);
        Self(base.trim_end_matches('/').to_owned())
    }

    /// Returns a link to a path of ours, which begins with a slash.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Returns a link to what has a name, below a path that ends with a slash.
    pub(crate) fn item(&self, path: &str, name: &str) -> String {
        format!("{}{path}{}", self.0, utf8_percent_encode(name, ENCODED))
    }

    /// Returns a link to a path with a query; what is empty is left out.
    pub(crate) fn query(&self, path: &str, pairs: &[(&str, &str)]) -> String {
        let mut link = self.path(path);
        let mut mark = '?';
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            link.push(mark);
            link.push_str(name);
            link.push('=');
            link.extend(utf8_percent_encode(value, ENCODED));
            mark = '&';
        }
        link
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_where_the_pages_are() {
        for (whole, inner, link) in [
            ("/jobs", "/jobs", "/queues"),
            ("/admin/jobs/jobs/7", "/jobs/7", "/admin/jobs/queues"),
            ("/admin/jobs/", "/", "/admin/jobs/queues"),
            ("/admin/jobs", "/", "/admin/jobs/queues"),
        ] {
            assert_eq!(Base::of(whole, inner).path("/queues"), link, "{whole}");
        }
    }

    #[test]
    fn names_are_one_part_of_a_path_whatever_they_are() {
        let base = Base::default();
        assert_eq!(base.item("/recurring/", "a/b ?#é"), "/recurring/a%2Fb%20%3F%23%C3%A9");
        assert_eq!(base.query("/jobs", &[("q", "tag:a&b"), ("after", "")]), "/jobs?q=tag%3Aa%26b");
    }
}
