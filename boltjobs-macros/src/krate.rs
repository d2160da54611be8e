//! How generated code reaches boltjobs, under whatever name the user gave it.

use std::time::Duration;

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};

/// Returns the path of the `boltjobs` crate.
pub(crate) fn boltjobs() -> syn::Result<TokenStream> {
    match crate_name("boltjobs") {
        // Also true of our examples and tests, and our own crate calls itself `boltjobs` too.
        Ok(FoundCrate::Itself) => Ok(quote!(::boltjobs)),
        Ok(FoundCrate::Name(name)) => {
            let name = format_ident!("{name}");
            Ok(quote!(::#name))
        }
        // The package of the tests here does not depend on it.
        Err(_) if cfg!(test) => Ok(quote!(::boltjobs)),
        Err(_) => Err(syn::Error::new(
            Span::call_site(),
            "this package does not depend on `boltjobs` itself; add it with `cargo add boltjobs`",
        )),
    }
}

/// Moves a span of the user's into generated code: it still points at their token, but lints know
/// that they did not write what stands there.
pub(crate) fn at(span: Span) -> Span {
    Span::call_site().located_at(span)
}

/// Gives all of some tokens one place, so that rustc underlines no more than that.
pub(crate) fn placed(tokens: &TokenStream, span: Span) -> TokenStream {
    let place = |mut token: TokenTree| {
        token.set_span(span);
        token
    };
    tokens.clone().into_iter().map(place).collect()
}

/// Relocates each token, where there are several.
pub(crate) fn relocated(tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                let mut moved = Group::new(group.delimiter(), relocated(group.stream()));
                moved.set_span(at(group.span()));
                token = moved.into();
            } else {
                token.set_span(at(token.span()));
            }
            token
        })
        .collect()
}

/// Writes where the attribute stands.
pub(crate) fn source(krate: &TokenStream) -> TokenStream {
    quote! {
        #krate::__private::Source {
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: ::core::line!(),
        }
    }
}

/// Writes an `Option`.
pub(crate) fn optional(value: Option<impl ToTokens>) -> TokenStream {
    let none = quote!(::core::option::Option::None);
    value.map_or(none, |value| quote!(::core::option::Option::Some(#value)))
}

/// Writes a `Duration`.
pub(crate) fn duration(duration: Duration) -> TokenStream {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}
