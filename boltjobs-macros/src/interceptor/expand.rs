//! Writes the code of `#[interceptor]`.
//!
//! Where a type of the user's is none that boltjobs hands over or takes, rustc underlines it: what is assigned to it, or
//! from it, has its place.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::Model;
use crate::krate::{at, placed, source};

pub(super) fn expand(krate: &TokenStream, model: &Model) -> TokenStream {
    let private = quote!(#krate::__private);
    let name = model.ident.unraw().to_string();
    let source = source(krate);
    let names = |idents: &[Ident]| -> Vec<_> { idents.iter().map(|it| it.unraw().to_string()).collect() };
    let (before, after) = (names(&model.before), names(&model.after));
    let only = requests(krate, &model.only);
    let from = if model.enqueue { quote!(#private::FromProviders) } else { quote!(#krate::FromJobContext) };
    let dependencies = dependencies(krate, &from, &model.arguments);
    let around = around(krate, &from, model);
    quote! {
        const _: () = {
            static __INTERCEPTOR: #private::InterceptorInfo = #private::InterceptorInfo {
                name: #name,
                source: #source,
                before: &[#(#before),*],
                after: &[#(#after),*],
                only: #only,
                dependencies: #dependencies,
                around: #around,
            };
            #private::inventory::submit! { #private::Registration::Interceptor(&__INTERCEPTOR) }
        };
    }
}

/// Writes the list of requests that something concerns.
pub(crate) fn requests(krate: &TokenStream, types: &[Type]) -> TokenStream {
    let each = types.iter().map(|ty| {
        let krate = placed(krate, ty.span());
        quote_spanned!(ty.span()=> &<#ty as #krate::Request>::INFO)
    });
    quote!(&[#(#each),*])
}

fn dependencies(krate: &TokenStream, from: &TokenStream, arguments: &[Type]) -> TokenStream {
    let needs = format_ident!("needs", span = Span::mixed_site());
    let each = arguments.iter().map(|ty| {
        let from = placed(from, ty.span());
        quote_spanned!(ty.span()=> <#ty as #from>::dependencies(#needs);)
    });
    quote! {
        |#needs: &mut #krate::__private::Dependencies| {
            let _ = &#needs;
            #(#each)*
        }
    }
}

fn around(krate: &TokenStream, from: &TokenStream, model: &Model) -> TokenStream {
    let private = quote!(#krate::__private);
    let Model { ident, enqueue, call: call_ty, next: next_ty, arguments, returns, .. } = model;
    // Invisible to the user's fn, and each where the type is that it is judged by.
    let local = |name: &str, place: Span| Ident::new(name, Span::mixed_site().located_at(place));
    let [call, next, returned, providers] =
        ["call", "next", "returned", "providers"].map(|name| local(name, Span::mixed_site()));
    let (its_call, its_next) = (local("call", call_ty.span()), local("next", next_ty.span()));
    let its_returned = local("returned", returns.span());
    let argument = |number: usize| format_ident!("argument{number}", span = Span::mixed_site());
    let made: Vec<_> = (0..arguments.len()).map(argument).collect();
    let extractions = arguments.iter().zip(&made).map(|(ty, made)| {
        let from = placed(from, ty.span());
        if *enqueue {
            quote_spanned!(ty.span()=> let #made = <#ty as #from>::from_providers(&#providers)?;)
        } else {
            quote_spanned!(ty.span()=> let #made = <#ty as #from>::from_job_context(#call.context()).await?;)
        }
    });
    let (kind, takes, result) = if *enqueue {
        let takes =
            quote!(#call: #krate::Submission, #next: #krate::NextSubmission, #providers: #private::Providers);
        (quote!(Enqueue), takes, quote!(#krate::Result<#krate::Receipt>))
    } else {
        (quote!(Handler), quote!(#call: #krate::Call, #next: #krate::Next), quote!(#krate::Outcome))
    };
    let unused = enqueue.then(|| quote!(let _ = &#providers;));
    let result = placed(&result, returns.span());
    let pin = quote_spanned!(at(ident.span())=> ::std::boxed::Box::pin);
    let take_call = quote_spanned!(call_ty.span()=> let #its_call: #call_ty = #its_call;);
    let take_next = quote_spanned!(next_ty.span()=> let #its_next: #next_ty = #its_next;);
    let give = quote_spanned!(returns.span()=> let #its_returned: #result = #its_returned;);
    quote! {
        #private::Around::#kind(|#takes| #pin(async move {
            #unused
            #(#extractions)*
            #take_call
            #take_next
            let #returned = #ident(#call, #next #(, #made)*).await;
            #give
            ::core::result::Result::Ok(#returned)
        }))
    }
}
