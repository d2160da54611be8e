//! The rules for `#[handler]`.

use std::time::Duration;

use boltjobs_core::rate::Rate;
use boltjobs_core::{backoff, duration};
use proc_macro2::{Ident, Span};
use syn::{ExprPath, LitStr, Path, Type};

use super::parse::Options;
use crate::errors::{Faults, unknown};
use crate::options::TextOrPath;
use crate::signature::Signature;

/// Everything that is to be generated.
pub(super) struct Model {
    pub(super) ident: Ident,
    pub(super) is_async: bool,
    pub(super) request: Type,
    /// The types of the arguments after the request.
    pub(super) arguments: Vec<Type>,
    pub(super) returns: Option<Type>,
    pub(super) retries: Option<u32>,
    pub(super) backoff: Option<Backoff>,
    pub(super) timeout: Option<Duration>,
    pub(super) delete_exhausted: bool,
    pub(super) concurrency: Option<u32>,
    pub(super) concurrency_per_key: Option<u32>,
    pub(super) rate_limit: Option<LitStr>,
    pub(super) rate_limit_per_key: Option<LitStr>,
}

pub(super) enum Backoff {
    Text(LitStr),
    Function(ExprPath),
}

impl Model {
    pub(super) fn new(options: Options, signature: Option<Signature>, faults: &mut Faults) -> Option<Self> {
        let backoff = options.backoff.and_then(|source| backoff(source, faults));
        let timeout = options.timeout.and_then(|text| timeout(&text, faults));
        let rate_limit = options.rate_limit.and_then(|text| rate(text, faults));
        let rate_limit_per_key = options.rate_limit_per_key.and_then(|text| rate(text, faults));
        let delete_exhausted = options.on_exhausted.is_some_and(|text| delete_exhausted(&text, faults));
        let Signature { ident, is_async, params, returns } = signature?;
        let mut params = params.into_iter();
        let Some(request) = params.next() else {
            let fault = format!(
                "a handler takes its request first; write `{ident}(request: MyRequest)`, or `_: MyRequest` if it isn't read"
            );
            faults.push(ident.span(), fault);
            return None;
        };
        Some(Self {
            ident,
            is_async,
            request,
            arguments: params.collect(),
            returns,
            retries: options.retries,
            backoff,
            timeout,
            delete_exhausted,
            concurrency: options.concurrency,
            concurrency_per_key: options.concurrency_per_key,
            rate_limit,
            rate_limit_per_key,
        })
    }
}

fn backoff(source: TextOrPath, faults: &mut Faults) -> Option<Backoff> {
    let text = match source {
        TextOrPath::Path(path) => return Some(Backoff::Function(path)),
        TextOrPath::Text(text) => text,
    };
    let value = text.value();
    let Err(error) = backoff::Backoff::parse(&value) else { return Some(Backoff::Text(text)) };
    if syn::parse_str::<Path>(&value).is_ok() {
        let fault = format!("{error}; the path of a fn is written without quotes: `backoff = {value}`");
        faults.push(text.span(), fault);
    } else {
        faults.push(text.span(), error);
    }
    None
}

fn rate(text: LitStr, faults: &mut Faults) -> Option<LitStr> {
    match Rate::parse(&text.value()) {
        Ok(_) => Some(text),
        Err(error) => {
            faults.push(text.span(), error);
            None
        }
    }
}

fn timeout(text: &LitStr, faults: &mut Faults) -> Option<Duration> {
    match duration::parse(&text.value()) {
        Ok(Duration::ZERO) => {
            let fault = "a timeout of zero would stop every attempt; leave `timeout` out for no limit";
            faults.push(text.span(), fault);
            None
        }
        Ok(timeout) => Some(timeout),
        Err(error) => {
            faults.push(text.span(), error);
            None
        }
    }
}

fn delete_exhausted(text: &LitStr, faults: &mut Faults) -> bool {
    let (value, span): (String, Span) = (text.value(), text.span());
    match value.as_str() {
        "fail" => {}
        "delete" => return true,
        _ => faults.push(span, unknown("value", &value, &["fail", "delete"])),
    }
    false
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
