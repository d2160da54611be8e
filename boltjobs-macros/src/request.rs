//! `#[request]`: a struct or enum becomes the typed payload of a job.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Faults;
use crate::krate::boltjobs;

mod debug;
mod expand;
mod json;
mod model;
mod parse;
mod recurring;
mod shape;
mod template;

pub(crate) fn run(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let options = parse::options(attribute, &mut faults);
    let item: DeriveInput = match syn::parse2(item.clone()) {
        Ok(input) => input,
        Err(error) => {
            faults.push(error.span(), "`#[request]` goes on a struct or an enum; for a fn use `#[handler]`");
            let faults = faults.into_tokens();
            return quote!(#item #faults);
        }
    };
    let parsed = parse::item(item, &mut faults);
    let model = model::Model::new(options, parsed, &mut faults);
    let expanded = match boltjobs() {
        Ok(krate) => expand::expand(&krate, &model),
        Err(error) => {
            faults.push_error(error);
            expand::plain(&model)
        }
    };
    let faults = faults.into_tokens();
    quote!(#expanded #faults)
}
