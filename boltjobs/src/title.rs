//! The title of a job: its `Display` where the type has one.
//!
//! Specialisation by autoref: a method of `&TitleOf<T>` is found before one of `TitleOf<T>`, and the first exists
//! only where `T` is `Display`.

use std::fmt::Display;

/// Wraps a request whose title is asked for.
#[derive(Debug)]
pub struct TitleOf<'a, T>(pub &'a T);

/// Found first, where the type is `Display`.
pub trait TitleByDisplay {
    fn title(&self) -> Option<String>;
}

impl<T: Display> TitleByDisplay for &TitleOf<'_, T> {
    fn title(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// Found otherwise.
pub trait TitleByName {
    fn title(&self) -> Option<String>;
}

impl<T> TitleByName for TitleOf<'_, T> {
    fn title(&self) -> Option<String> {
        None
    }
}
