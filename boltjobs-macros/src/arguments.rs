//! How providers and hooks get what they ask for.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::krate::at;

/// Writes the fn that names what must be provided first.
pub(crate) fn dependencies(krate: &TokenStream, params: &[Type]) -> TokenStream {
    let needs = format_ident!("needs", span = Span::mixed_site());
    let each = params.iter().map(|ty| {
        let from = quote_spanned!(at(ty.span())=> #krate::__private::FromProviders);
        quote!(<#ty as #from>::dependencies(#needs);)
    });
    quote! {
        |#needs: &mut #krate::__private::Dependencies| {
            let _ = &#needs;
            #(#each)*
        }
    }
}

/// The pieces of a call.
pub(crate) struct Calling {
    /// The variable that holds what has been built so far.
    pub(crate) providers: Ident,
    /// The statements that make the arguments.
    pub(crate) extractions: TokenStream,
    /// The call itself, awaited if need be.
    pub(crate) call: TokenStream,
}

/// Writes a call of the user's fn inside of an async block. The variables are invisible to that fn.
pub(crate) fn call(krate: &TokenStream, fun: &Ident, is_async: bool, params: &[Type]) -> Calling {
    call_with(krate, fun, None, is_async, params)
}

/// The same for a fn that takes something else first.
pub(crate) fn call_with(
    krate: &TokenStream,
    fun: &Ident,
    first: Option<&Ident>,
    is_async: bool,
    params: &[Type],
) -> Calling {
    let local = Span::mixed_site();
    let providers = format_ident!("providers", span = local);
    let arguments: Vec<_> = (0..params.len()).map(|at| format_ident!("argument{at}", span = local)).collect();
    let extractions = params.iter().zip(&arguments).map(|(ty, argument)| {
        let from = quote_spanned!(at(ty.span())=> #krate::__private::FromProviders);
        quote!(let #argument = <#ty as #from>::from_providers(&#providers)?;)
    });
    let extractions = quote! {
        let _ = &#providers;
        #(#extractions)*
    };
    let passed = first.into_iter().chain(&arguments);
    let wait = is_async.then(|| quote!(.await));
    Calling { providers, extractions, call: quote!(#fun(#(#passed),*) #wait) }
}
