//! `#[interceptor]`: a fn runs around handlers, or around enqueueing.

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Faults;
use crate::krate::boltjobs;
use crate::signature;

mod expand;
mod model;
mod parse;

pub(crate) use expand::requests;

pub(crate) fn run(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let signature = signature::parse(item.clone(), "an interceptor", &mut faults);
    let options = parse::options(attribute, &mut faults);
    let model = model::Model::new(options, signature, &mut faults);
    let registration = match (faults.collect(boltjobs()), model) {
        (Some(krate), Some(model)) if faults.is_empty() => expand::expand(&krate, &model),
        _ => TokenStream::new(),
    };
    let (allowances, faults) = (signature::allowances(), faults.into_tokens());
    quote!(#allowances #item #registration #faults)
}
