//! `#[provider]`: a fn builds a value that handlers share.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::arguments;
use crate::errors::Faults;
use crate::krate::{at, boltjobs, source};
use crate::options;
use crate::signature::{self, Signature};

/// Everything that is to be generated.
struct Model {
    ident: Ident,
    is_async: bool,
    params: Vec<Type>,
    provided: Type,
    /// Whether the fn may fail, so that `provided` stands in a `Result`.
    fallible: bool,
}

pub(crate) fn run(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    options::read(attribute, &[], &mut faults, |_| Ok(()));
    let model = signature::parse(item.clone(), "a provider", &mut faults)
        .and_then(|signature| Model::new(signature, &mut faults));
    let registration = match (faults.collect(boltjobs()), model) {
        (Some(krate), Some(model)) => expand(&krate, &model),
        _ => TokenStream::new(),
    };
    let (allowances, faults) = (signature::allowances(), faults.into_tokens());
    quote!(#allowances #item #registration #faults)
}

impl Model {
    fn new(signature: Signature, faults: &mut Faults) -> Option<Self> {
        let Signature { ident, is_async, params, returns } = signature;
        let Some(returns) = returns else {
            let fault =
                "a provider returns the value it provides; add `-> T`, or `-> JobResult<T>` if it may fail";
            faults.push(ident.span(), fault);
            return None;
        };
        let (provided, fallible) = signature::success(&returns);
        let Some(provided) = provided else {
            let fault = "a provider must name what it provides; write `JobResult<T>` or `Result<T, E>`";
            faults.push(returns.span(), fault);
            return None;
        };
        if signature::last_segment(&provided).is_some_and(|last| last.ident == "Data") {
            faults
                .push(provided.span(), "a provider returns the bare value; boltjobs puts it into `Data<T>`");
            return None;
        }
        if matches!(&provided, Type::Tuple(unit) if unit.elems.is_empty()) {
            faults.push(provided.span(), "`()` is nothing to share; return a value, or use `#[on_start]`");
            return None;
        }
        Some(Self { ident, is_async, params, provided, fallible })
    }
}

fn expand(krate: &TokenStream, model: &Model) -> TokenStream {
    let private = quote!(#krate::__private);
    let Model { ident, provided, .. } = model;
    let name = ident.unraw().to_string();
    let source = source(krate);
    let dependencies = arguments::dependencies(krate, &model.params);
    let arguments::Calling { providers, extractions, call } =
        arguments::call(krate, ident, model.is_async, &model.params);
    let value = format_ident!("value", span = Span::mixed_site());
    let place = at(provided.span());
    let open = model.fallible.then(|| {
        quote_spanned!(place=> let #value = ::core::result::Result::map_err(#value, #krate::__private::Failure::from)?;)
    });
    let share = quote_spanned!(place=> #krate::__private::share);
    quote! {
        const _: () = {
            static __PROVIDER: #private::ProviderInfo = #private::ProviderInfo {
                name: #name,
                source: #source,
                provides: || #private::Provided::of::<#provided>(),
                dependencies: #dependencies,
                build: |#providers: #private::Providers| ::std::boxed::Box::pin(async move {
                    #extractions
                    let #value = #call;
                    #open
                    ::core::result::Result::Ok(#share::<#provided>(#value))
                }),
            };
            #private::inventory::submit! { #private::Registration::Provider(&__PROVIDER) }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(item: TokenStream) -> Result<Model, Vec<String>> {
        let mut faults = Faults::default();
        let signature = signature::parse(item, "a provider", &mut faults);
        signature.and_then(|signature| Model::new(signature, &mut faults)).ok_or_else(|| faults.messages())
    }

    #[test]
    fn what_is_provided_is_the_value_or_what_is_in_the_result() {
        for (item, provided, fallible) in [
            (
                quote!(
                    fn pool() -> Pool {}
                ),
                quote!(Pool),
                false,
            ),
            (
                quote!(
                    async fn pool() -> Vec<Pool> {}
                ),
                quote!(Vec<Pool>),
                false,
            ),
            (
                quote!(
                    async fn pool() -> JobResult<Pool> {}
                ),
                quote!(Pool),
                true,
            ),
            (
                quote!(
                    fn pool() -> std::io::Result<Box<Pool>> {}
                ),
                quote!(Box<Pool>),
                true,
            ),
            (
                quote!(
                    fn pool() -> Result<Pool, Error> {}
                ),
                quote!(Pool),
                true,
            ),
        ] {
            let Model { provided: found, fallible: may_fail, .. } = model(item).unwrap();
            assert_eq!((quote!(#found).to_string(), may_fail), (provided.to_string(), fallible));
        }
    }

    #[test]
    fn nothing_can_not_be_provided() {
        for (item, fault) in [
            (
                quote!(
                    fn a() {}
                ),
                "a provider returns the value",
            ),
            (
                quote!(
                    fn a() -> JobResult {}
                ),
                "a provider must name",
            ),
            (
                quote!(
                    fn a() -> JobResult<()> {}
                ),
                "`()` is nothing to share",
            ),
            (
                quote!(
                    fn a() -> Data<Pool> {}
                ),
                "a provider returns the bare value",
            ),
        ] {
            let faults = model(item).err().unwrap();
            assert!(faults.len() == 1 && faults[0].starts_with(fault), "{faults:?}");
        }
    }
}
