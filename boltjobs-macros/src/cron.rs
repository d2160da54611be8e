//! `cron!`: an expression that is checked when the program compiles.

use boltjobs_core::cron::Cron;
use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use crate::krate::boltjobs;

pub(crate) fn run(input: TokenStream) -> TokenStream {
    expand(input).unwrap_or_else(syn::Error::into_compile_error)
}

fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let usage = r#"`cron!` takes one expression in quotes, as in `cron!("0 9 * * MON-FRI")`"#;
    let text: LitStr = syn::parse2(input).map_err(|error| syn::Error::new(error.span(), usage))?;
    if let Err(error) = Cron::parse(&text.value()) {
        return Err(syn::Error::new(text.span(), error));
    }
    let krate = boltjobs()?;
    Ok(quote!(#krate::__private::checked_cron(#text)))
}
