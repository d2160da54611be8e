//! Reads `#[interceptor(..)]`.

use proc_macro2::{Ident, TokenStream};
use syn::Type;

use crate::errors::Faults;
use crate::options;

/// The options, as written.
#[derive(Default)]
pub(super) struct Options {
    pub(super) enqueue: bool,
    pub(super) before: Vec<Ident>,
    pub(super) after: Vec<Ident>,
    pub(super) only: Vec<Type>,
}

const LEGAL: &[&str] = &["enqueue", "before", "after", "only"];

pub(super) fn options(tokens: TokenStream, faults: &mut Faults) -> Options {
    let mut read = Options::default();
    options::read(tokens, LEGAL, faults, |option| {
        match option.name() {
            "enqueue" => read.enqueue = true,
            "before" => read.before = option.names()?,
            "after" => read.after = option.names()?,
            // `options::read` lets no other name through.
            _ => read.only = option.types()?,
        }
        Ok(())
    });
    read
}
