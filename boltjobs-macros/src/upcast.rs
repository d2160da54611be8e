//! `#[upcast]`: a fn turns the payloads of an older version of a request into a newer one.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::errors::Faults;
use crate::krate::{at, boltjobs, placed, source};
use crate::options;
use crate::signature::{self, Signature};

/// Everything that is to be generated.
struct Model {
    ident: Ident,
    from: u32,
    old: Type,
    new: Type,
    /// Whether the fn may fail, so that `new` stands in a `Result`.
    fallible: bool,
}

pub(crate) fn run(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let model = read(attribute, item.clone(), &mut faults);
    let registration = match (faults.collect(boltjobs()), model) {
        (Some(krate), Some(model)) => expand(&krate, &model),
        _ => TokenStream::new(),
    };
    let (allowances, faults) = (signature::allowances(), faults.into_tokens());
    quote!(#allowances #item #registration #faults)
}

fn read(attribute: TokenStream, item: TokenStream, faults: &mut Faults) -> Option<Model> {
    let from = from(attribute, faults);
    let signature = signature::parse(item, "an upcast", &mut *faults)?;
    Model::new(from?, signature, faults)
}

fn from(attribute: TokenStream, faults: &mut Faults) -> Option<u32> {
    let (mut from, mut given) = (None, false);
    options::read(attribute, &["from"], faults, |option| {
        given = true;
        from = u32::try_from(option.number(1..=i64::from(u32::MAX) - 1)?).ok();
        Ok(())
    });
    if !given {
        faults.push(
            Span::call_site(),
            "say whose payloads it takes: `#[upcast(from = 1)]` for those of version 1",
        );
    }
    from
}

impl Model {
    fn new(from: u32, signature: Signature, faults: &mut Faults) -> Option<Self> {
        let Signature { ident, is_async, params, returns } = signature;
        if is_async {
            faults.push(
                ident.span(),
                "an upcast can't be `async`, as it only turns one value into another; make it a plain fn",
            );
            return None;
        }
        let [old] = params.as_slice() else {
            let fault =
                format!("an upcast takes one value, the old payload; write `{ident}(old: Old) -> MyRequest`");
            faults.push(ident.span(), fault);
            return None;
        };
        let (new, fallible) = returns.as_ref().map_or((None, false), signature::success);
        let Some(new) = new else {
            let fault = format!(
                "an upcast returns the request, or what the next upcast takes; write `{ident}(old: Old) -> MyRequest`, \
                 or `-> JobResult<MyRequest>` if it may fail"
            );
            faults.push(returns.map_or(ident.span(), |returns| returns.span()), fault);
            return None;
        };
        if old.to_token_stream().to_string() == new.to_token_stream().to_string() {
            let fault = "an upcast returns another type than it takes; give each version a type of its own";
            faults.push(new.span(), fault);
            return None;
        }
        Some(Self { ident, from, old: old.clone(), new, fallible })
    }
}

fn expand(krate: &TokenStream, model: &Model) -> TokenStream {
    let private = quote!(#krate::__private);
    let Model { ident, from, old, new, fallible } = model;
    let name = ident.unraw().to_string();
    let source = source(krate);
    let (payload, value) = (
        format_ident!("payload", span = Span::mixed_site()),
        format_ident!("value", span = Span::mixed_site()),
    );
    // A type that can't be read, or can't be sent to another thread, is reported where the fn names it.
    let here = placed(krate, old.span());
    let decode = quote_spanned!(old.span()=> #here::__private::decode::<#old>);
    let place = at(new.span());
    let there = placed(krate, place);
    let call = if *fallible {
        quote_spanned!(place=> ::core::result::Result::map_err(#ident(#value), #there::__private::Failure::from))
    } else {
        quote!(::core::result::Result::Ok(#ident(#value)))
    };
    let upcast = quote_spanned!(place=> #there::__private::upcast);
    quote! {
        const _: () = {
            static __UPCAST: #private::UpcastInfo = #private::UpcastInfo {
                name: #name,
                source: #source,
                from: #from,
                takes: #private::Shape::of::<#old>,
                gives: #private::Shape::of::<#new>,
                decode: #decode,
                run: |#payload: #private::Payload| #upcast(#payload, |#value: #old| #call),
            };
            #private::inventory::submit! { #private::Registration::Upcast(&__UPCAST) }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(attribute: TokenStream, item: TokenStream) -> Result<Model, Vec<String>> {
        let mut faults = Faults::default();
        read(attribute, item, &mut faults).filter(|_| faults.is_empty()).ok_or_else(|| faults.messages())
    }

    #[test]
    fn what_it_gives_is_the_value_or_what_is_in_the_result() {
        for (returns, fallible) in [
            (quote!(Invite), false),
            (quote!(JobResult<Invite>), true),
            (quote!(Result<Invite, String>), true),
        ] {
            let item = quote!(fn a(Old { student, .. }: Old) -> #returns {});
            let Model { from, old, new, fallible: may_fail, .. } = model(quote!(from = 3), item).unwrap();
            assert_eq!((from, may_fail), (3, fallible));
            assert_eq!(quote!(#old #new).to_string(), "Old Invite");
        }
    }

    #[test]
    fn what_is_no_upcast_is_told_what_one_is() {
        for (attribute, item, fault) in [
            (
                quote!(),
                quote!(
                    fn a(_: Old) -> New {}
                ),
                "say whose payloads it takes",
            ),
            (
                quote!(from = 0),
                quote!(
                    fn a(_: Old) -> New {}
                ),
                "`from` must be from 1 to 4294967294",
            ),
            (
                quote!(form = 1),
                quote!(
                    fn a(_: Old) -> New {}
                ),
                "unknown option `form`; did you mean `from`?",
            ),
            (
                quote!(from = 1),
                quote!(
                    async fn a(_: Old) -> New {}
                ),
                "an upcast can't be `async`",
            ),
            (
                quote!(from = 1),
                quote!(
                    fn a() -> New {}
                ),
                "an upcast takes one value",
            ),
            (
                quote!(from = 1),
                quote!(
                    fn a(_: Old, _: u8) -> New {}
                ),
                "an upcast takes one value",
            ),
            (
                quote!(from = 1),
                quote!(
                    fn a(_: Old) {}
                ),
                "an upcast returns the request",
            ),
            (
                quote!(from = 1),
                quote!(
                    fn a(_: Old) -> JobResult {}
                ),
                "an upcast returns the request",
            ),
            (
                quote!(from = 1),
                quote!(
                    fn a(_: Old) -> Old {}
                ),
                "an upcast returns another type than it takes",
            ),
            (
                quote!(from = 1),
                quote!(
                    fn a(_: Old) -> JobResult<Old> {}
                ),
                "an upcast returns another type",
            ),
            (
                quote!(from = 1),
                quote!(
                    fn a(_: &Old) -> New {}
                ),
                "an upcast takes its arguments by value",
            ),
        ] {
            let faults = model(attribute, item).err().unwrap();
            assert!(!faults.is_empty() && faults[0].starts_with(fault), "{faults:?}");
        }
    }
}
