//! `#[handler]`: a fn runs the jobs of one request.

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Faults;
use crate::krate::boltjobs;
use crate::signature;

mod expand;
mod model;
mod parse;

pub(crate) fn run(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let signature = signature::parse(item.clone(), "a handler", &mut faults);
    let options = parse::options(attribute, &mut faults);
    let model = model::Model::new(options, signature, &mut faults);
    let registration = match (boltjobs(), model) {
        (Ok(krate), Some(model)) if faults.is_empty() => expand::expand(&krate, &model),
        (Ok(_), _) => TokenStream::new(),
        (Err(error), _) => {
            faults.push_error(error);
            TokenStream::new()
        }
    };
    let (allowances, faults) = (signature::allowances(), faults.into_tokens());
    quote!(#allowances #item #registration #faults)
}
