//! Reads `#[handler(..)]`.

use proc_macro2::TokenStream;
use syn::LitStr;

use crate::errors::Faults;
use crate::options::{self, Opt, TextOrPath};

/// The options, as written.
#[derive(Default)]
pub(super) struct Options {
    pub(super) retries: Option<u32>,
    pub(super) backoff: Option<TextOrPath>,
    pub(super) timeout: Option<LitStr>,
    pub(super) on_exhausted: Option<LitStr>,
    pub(super) concurrency: Option<u32>,
    pub(super) concurrency_per_key: Option<u32>,
    pub(super) rate_limit: Option<LitStr>,
    pub(super) rate_limit_per_key: Option<LitStr>,
}

const LEGAL: &[&str] = &[
    "retries",
    "backoff",
    "timeout",
    "on_exhausted",
    "concurrency",
    "concurrency_per_key",
    "rate_limit",
    "rate_limit_per_key",
];

pub(super) fn options(tokens: TokenStream, faults: &mut Faults) -> Options {
    let mut read = Options::default();
    options::read(tokens, LEGAL, faults, |option| {
        match option.name() {
            "retries" => read.retries = u32::try_from(option.number(0..=i64::from(u32::MAX))?).ok(),
            "backoff" => read.backoff = Some(option.text_or_path()?),
            "concurrency" => read.concurrency = Some(limit(option)?),
            "concurrency_per_key" => read.concurrency_per_key = Some(limit(option)?),
            "rate_limit" => read.rate_limit = Some(option.text()?),
            "rate_limit_per_key" => read.rate_limit_per_key = Some(option.text()?),
            "timeout" => read.timeout = Some(option.text()?),
            // `options::read` lets no other name through.
            _ => read.on_exhausted = Some(option.text()?),
        }
        Ok(())
    });
    read
}

/// Reads how many jobs may run at once.
fn limit(option: &Opt<'_>) -> syn::Result<u32> {
    let (number, span) = option.number_at(0..=i64::from(u32::MAX))?;
    match u32::try_from(number) {
        Ok(0) | Err(_) => {
            let fault = "a limit of zero would keep every job waiting; write 1 or more, or pause the queue";
            Err(syn::Error::new(span, fault))
        }
        Ok(limit) => Ok(limit),
    }
}
