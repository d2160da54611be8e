//! What is sensitive, seen from a place within the payload.

/// The paths that lead on from a place to what is never shown. They are those of [`crate::mask`].
#[derive(Debug, Clone, Default)]
pub(super) struct Hidden<'a>(Vec<&'a str>);

impl<'a> Hidden<'a> {
    pub(super) fn of(paths: &'a [String]) -> Self {
        Self(paths.iter().map(String::as_str).collect())
    }

    /// Says whether anything at all is sensitive from here on.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says whether the value at this place is sensitive as a whole.
    pub(super) fn here(&self) -> bool {
        self.0.iter().any(|path| path.is_empty())
    }

    /// Goes into a field.
    pub(super) fn field(&self, name: &str) -> Self {
        self.step(|first| first == name)
    }

    /// Goes into an item of an array.
    pub(super) fn item(&self, index: usize) -> Self {
        self.step(|first| first.parse() == Ok(index))
    }

    fn step(&self, leads: impl Fn(&str) -> bool) -> Self {
        let on = |path: &&'a str| {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            leads(first).then_some(rest)
        };
        Self(self.0.iter().filter_map(on).collect())
    }
}
