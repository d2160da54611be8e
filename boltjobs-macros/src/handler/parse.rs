//! Reads `#[handler(..)]`.

use proc_macro2::TokenStream;
use syn::LitStr;

use crate::errors::Faults;
use crate::options::{self, TextOrPath};

/// The options, as written.
#[derive(Default)]
pub(super) struct Options {
    pub(super) retries: Option<u32>,
    pub(super) backoff: Option<TextOrPath>,
    pub(super) timeout: Option<LitStr>,
    pub(super) on_exhausted: Option<LitStr>,
    pub(super) concurrency: Option<u32>,
}

const LEGAL: &[&str] = &["retries", "backoff", "timeout", "on_exhausted", "concurrency"];

pub(super) fn options(tokens: TokenStream, faults: &mut Faults) -> Options {
    let mut read = Options::default();
    options::read(tokens, LEGAL, faults, |option| {
        match option.name() {
            "retries" => read.retries = u32::try_from(option.number(0..=i64::from(u32::MAX))?).ok(),
            "backoff" => read.backoff = Some(option.text_or_path()?),
            "concurrency" => read.concurrency = u32::try_from(option.number(1..=i64::from(u32::MAX))?).ok(),
            "timeout" => read.timeout = Some(option.text()?),
            // `options::read` lets no other name through.
            _ => read.on_exhausted = Some(option.text()?),
        }
        Ok(())
    });
    read
}
