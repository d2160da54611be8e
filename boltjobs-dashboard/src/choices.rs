//! How somebody wants the pages, as their browser says: the script keeps it in cookies, so that a page comes as it is wanted.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// The themes that can be chosen. Without a choice it is that of the system.
pub(crate) const THEMES: [&str; 2] = ["light", "dark"];

/// The time zones that can be chosen. Without a choice it is UTC.
pub(crate) const ZONES: [&str; 2] = ["utc", "browser"];

/// How close the rows of tables can be, beside what they are without a choice.
pub(crate) const COMPACT: &str = "compact";

/// How instants can be shown, beside how far they are from now.
pub(crate) const ABSOLUTE: &str = "absolute";

/// The cookies of both.
pub(crate) const DENSITY: &str = "boltjobs-density";
pub(crate) const TIMES: &str = "boltjobs-times";

/// What was chosen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choices {
    pub(crate) theme: Option<&'static str>,
    pub(crate) zone: Option<&'static str>,
    pub(crate) density: Option<&'static str>,
    pub(crate) times: Option<&'static str>,
}

impl Choices {
    /// Reads the cookies. What is none of the known words counts as no choice.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let all = headers.get_all(COOKIE).into_iter().filter_map(|cookies| cookies.to_str().ok());
        let mut chosen = Self::default();
        for (name, value) in
            all.flat_map(|cookies| cookies.split(';')).filter_map(|each| each.split_once('='))
        {
            let known = |words: &[&'static str]| words.iter().copied().find(|word| *word == value.trim());
            match name.trim() {
                "boltjobs-theme" => chosen.theme = known(&THEMES),
                "boltjobs-zone" => chosen.zone = known(&ZONES),
                DENSITY => chosen.density = known(&[COMPACT]),
                TIMES => chosen.times = known(&[ABSOLUTE]),
                _ => {}
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_known_words_are_choices() {
        let of = |cookies: &'static str| {
            let chosen = Choices::of(&[(COOKIE, HeaderValue::from_static(cookies))].into_iter().collect());
            (chosen.theme, chosen.zone)
        };
        assert_eq!(of("a=b; boltjobs-theme=dark;boltjobs-zone=browser"), (Some("dark"), Some("browser")));
        assert_eq!(of("boltjobs-theme=light"), (Some("light"), None));
        assert_eq!(of("boltjobs-theme=\"><script>; boltjobs-zone=; boltjobs-zone"), (None, None));
        assert_eq!(of("xboltjobs-theme=dark"), (None, None));
        let rows = "boltjobs-density=compact; boltjobs-times=absolute";
        let chosen = Choices::of(&[(COOKIE, HeaderValue::from_static(rows))].into_iter().collect());
        assert_eq!((chosen.density, chosen.times), (Some(COMPACT), Some(ABSOLUTE)));
    }
}
