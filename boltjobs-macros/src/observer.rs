//! `#[observer]`: a fn is told of each transition.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::arguments;
use crate::errors::Faults;
use crate::interceptor::requests;
use crate::krate::{at, boltjobs, source};
use crate::options;
use crate::signature::{self, Signature};

/// Everything that is to be generated.
struct Model {
    ident: Ident,
    event: Type,
    arguments: Vec<Type>,
    returns: Option<Type>,
    only: Vec<Type>,
}

pub(crate) fn run(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let mut only = Vec::new();
    options::read(attribute, &["only"], &mut faults, |option| {
        only = option.types()?;
        Ok(())
    });
    let model = signature::parse(item.clone(), "an observer", &mut faults)
        .and_then(|signature| Model::new(signature, only, &mut faults));
    let registration = match (faults.collect(boltjobs()), model) {
        (Some(krate), Some(model)) => expand(&krate, &model),
        _ => TokenStream::new(),
    };
    let (allowances, faults) = (signature::allowances(), faults.into_tokens());
    quote!(#allowances #item #registration #faults)
}

impl Model {
    fn new(signature: Signature, only: Vec<Type>, faults: &mut Faults) -> Option<Self> {
        let Signature { ident, is_async, params, returns } = signature;
        let form = format!("async fn {ident}(event: Transition)");
        if !is_async {
            faults.push(
                ident.span(),
                format!("an observer is async, so that it holds up nobody; write `{form}`"),
            );
        }
        let mut params = params.into_iter();
        let Some(event) = params.next() else {
            faults.push(ident.span(), format!("an observer takes the transition first; write `{form}`"));
            return None;
        };
        is_async.then(|| Self { ident, event, arguments: params.collect(), returns, only })
    }
}

fn expand(krate: &TokenStream, model: &Model) -> TokenStream {
    let private = quote!(#krate::__private);
    let Model { ident, event: event_ty, arguments, returns, only } = model;
    let name = ident.unraw().to_string();
    let source = source(krate);
    let only = requests(krate, only);
    let dependencies = arguments::dependencies(krate, arguments);
    let local = |name: &str, place: Span| Ident::new(name, Span::mixed_site().located_at(place));
    let event = local("event", Span::mixed_site());
    let its_event = local("event", event_ty.span());
    let take = quote_spanned!(event_ty.span()=> let #its_event: #event_ty = #its_event;);
    let arguments::Calling { providers, extractions, call } =
        arguments::call_with(krate, ident, Some(&event), true, arguments);
    let returned = format_ident!("returned", span = Span::mixed_site());
    let place = at(returns.as_ref().map_or(ident.span(), Spanned::span));
    let returned_ty = returns.as_ref().map_or_else(|| quote_spanned!(place=> ()), ToTokens::to_token_stream);
    let handler_return = quote_spanned!(place=> #private::HandlerReturn<()>);
    quote! {
        const _: () = {
            static __OBSERVER: #private::ObserverInfo = #private::ObserverInfo {
                name: #name,
                source: #source,
                only: #only,
                dependencies: #dependencies,
                run: |#event: #krate::Transition, #providers: #private::Providers| ::std::boxed::Box::pin(async move {
                    #extractions
                    #take
                    let #returned = #call;
                    <#returned_ty as #handler_return>::into_result(#returned)
                }),
            };
            #private::inventory::submit! { #private::Registration::Observer(&__OBSERVER) }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_shown_by_whoever_lacks_a_part_of_it() {
        for item in [
            quote!(
                fn watch(event: Transition) {}
            ),
            quote!(
                async fn watch() {}
            ),
        ] {
            let mut faults = Faults::default();
            let signature = signature::parse(item, "an observer", &mut faults).unwrap();
            assert!(Model::new(signature, Vec::new(), &mut faults).is_none());
            let faults = faults.messages();
            assert!(faults.len() == 1 && faults[0].ends_with("write `async fn watch(event: Transition)`"));
        }
    }
}
