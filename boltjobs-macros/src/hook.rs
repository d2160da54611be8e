//! `#[on_start]` and `#[on_stop]`: fns that run around the life of the server.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::arguments;
use crate::errors::Faults;
use crate::krate::{at, boltjobs, source};
use crate::options;
use crate::signature::{self, Signature};

/// When a hook runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Point {
    Start,
    Stop,
}

pub(crate) fn run(point: Point, attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let order = order(attribute, &mut faults);
    let signature = signature::parse(item.clone(), "a hook", &mut faults);
    let registration = match (faults.collect(boltjobs()), signature) {
        (Some(krate), Some(signature)) => expand(&krate, point, order, &signature),
        _ => TokenStream::new(),
    };
    let (allowances, faults) = (signature::allowances(), faults.into_tokens());
    quote!(#allowances #item #registration #faults)
}

fn order(attribute: TokenStream, faults: &mut Faults) -> i32 {
    let mut order = 0;
    options::read(attribute, &["order"], faults, |option| {
        let number = option.number(i64::from(i32::MIN)..=i64::from(i32::MAX))?;
        order = i32::try_from(number).unwrap_or_default();
        Ok(())
    });
    order
}

fn expand(krate: &TokenStream, point: Point, order: i32, signature: &Signature) -> TokenStream {
    let private = quote!(#krate::__private);
    let Signature { ident, is_async, params, returns } = signature;
    let name = ident.unraw().to_string();
    let source = source(krate);
    let when = match point {
        Point::Start => quote!(Start),
        Point::Stop => quote!(Stop),
    };
    let dependencies = arguments::dependencies(krate, params);
    let arguments::Calling { providers, extractions, call } =
        arguments::call(krate, ident, *is_async, params);
    let returned = format_ident!("returned", span = Span::mixed_site());
    let place = at(returns.as_ref().map_or(ident.span(), Spanned::span));
    let returned_ty = returns.as_ref().map_or_else(|| quote_spanned!(place=> ()), ToTokens::to_token_stream);
    let handler_return = quote_spanned!(place=> #private::HandlerReturn<()>);
    quote! {
        const _: () = {
            static __HOOK: #private::HookInfo = #private::HookInfo {
                name: #name,
                source: #source,
                when: #private::HookPoint::#when,
                order: #order,
                dependencies: #dependencies,
                run: |#providers: #private::Providers| ::std::boxed::Box::pin(async move {
                    #extractions
                    let #returned = #call;
                    <#returned_ty as #handler_return>::into_result(#returned)
                }),
            };
            #private::inventory::submit! { #private::Registration::Hook(&__HOOK) }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_may_be_negative() {
        let mut faults = Faults::default();
        assert_eq!(order(quote!(order = -5), &mut faults), -5);
        assert_eq!(order(quote!(), &mut faults), 0);
        assert!(faults.is_empty());
        assert_eq!(order(quote!(oder = 1), &mut faults), 0);
        assert_eq!(faults.messages(), ["unknown option `oder`; did you mean `order`?"]);
    }
}
