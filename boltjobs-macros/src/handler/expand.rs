//! Writes the code of `#[handler]`: a static that tells what the fn is, and how to call it.
//!
//! What is generated has no names of its own in the user's scope, and its variables are invisible to the
//! user's fn, which may be called anything. Where a type of the user's must have a trait, all that asks for the
//! trait has the span of the type, unchanged: so rustc sees that its errors are one, and underlines the type.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::{Backoff, Model};
use crate::krate::{at, duration, optional, placed, source};

pub(super) fn expand(krate: &TokenStream, model: &Model) -> TokenStream {
    let private = quote!(#krate::__private);
    let name = model.ident.unraw().to_string();
    let source = source(krate);
    let request = &model.request;
    let request_krate = placed(krate, request.span());
    let request = quote_spanned!(request.span()=> &<#request as #request_krate::Request>::INFO);
    let run = run(krate, model);
    let dependencies = dependencies(krate, model);
    let retries = optional(model.retries.as_ref());
    let backoff = optional(model.backoff.as_ref().map(|source| match source {
        Backoff::Text(text) => quote!(#private::BackoffSource::Text(#text)),
        Backoff::Function(path) => quote!(#private::BackoffSource::Function(#path)),
    }));
    let timeout = optional(model.timeout.map(duration));
    let concurrency = optional(model.concurrency.as_ref());
    let concurrency_per_key = optional(model.concurrency_per_key.as_ref());
    let rate_limit = optional(model.rate_limit.as_ref());
    let rate_limit_per_key = optional(model.rate_limit_per_key.as_ref());
    let on_exhausted = if model.delete_exhausted { quote!(Delete) } else { quote!(Fail) };
    quote! {
        const _: () = {
            static __HANDLER: #private::HandlerInfo = #private::HandlerInfo {
                name: #name,
                source: #source,
                request: #request,
                run: #run,
                dependencies: #dependencies,
                retries: #retries,
                backoff: #backoff,
                timeout: #timeout,
                on_exhausted: #private::OnExhausted::#on_exhausted,
                concurrency: #concurrency,
                concurrency_per_key: #concurrency_per_key,
                rate_limit: #rate_limit,
                rate_limit_per_key: #rate_limit_per_key,
            };
            #private::inventory::submit! { #private::Registration::Handler(&__HANDLER) }
        };
    }
}

fn dependencies(krate: &TokenStream, model: &Model) -> TokenStream {
    let needs = format_ident!("needs", span = Span::mixed_site());
    let each = model.arguments.iter().map(|ty| {
        let krate = placed(krate, ty.span());
        quote_spanned!(ty.span()=> <#ty as #krate::FromJobContext>::dependencies(#needs);)
    });
    quote! {
        |#needs: &mut #krate::__private::Dependencies| {
            let _ = &#needs;
            #(#each)*
        }
    }
}

/// Writes the two steps: the arguments are made in a future, then the fn is called there or on the
/// blocking pool.
fn run(krate: &TokenStream, model: &Model) -> TokenStream {
    let local = Span::mixed_site();
    let [invocation, request, context, returned] =
        ["invocation", "request", "context", "returned"].map(|name| format_ident!("{name}", span = local));
    let arguments: Vec<_> =
        (0..model.arguments.len()).map(|at| format_ident!("argument{at}", span = local)).collect();
    let extractions = model.arguments.iter().zip(&arguments).map(|(ty, argument)| {
        let krate = placed(krate, ty.span());
        quote_spanned! {ty.span()=>
            let #argument = <#ty as #krate::FromJobContext>::from_job_context(&#context).await?;
        }
    });

    let request_ty = &model.request;
    let request_krate = placed(krate, request_ty.span());
    let take = quote_spanned! {request_ty.span()=>
        #request_krate::__private::Invocation::into_parts::<#request_ty>(#invocation)
    };
    let parts = quote! {
        let (#request, #context) = #take?;
        let _ = &#context;
        #(#extractions)*
    };

    let fun = &model.ident;
    let call = quote!(#fun(#request #(, #arguments)*));
    // What the fn returns is judged at its return type, or at its name when it has none.
    let unit = quote_spanned!(fun.span()=> ());
    let returned_ty = model.returns.as_ref().map_or(unit, ToTokens::to_token_stream);
    let respond = quote_spanned! {request_ty.span()=>
        #request_krate::__private::respond::<#request_ty, #returned_ty>(#returned)
    };

    let private = quote!(#krate::__private);
    if model.is_async {
        // A future that can't be sent to another thread is reported at the name of the fn.
        let pin = quote_spanned!(at(fun.span())=> ::std::boxed::Box::pin);
        quote! {
            #private::Run::Async(|#invocation: #private::Invocation| #pin(async move {
                #parts
                let #returned = #call.await;
                #respond
            }))
        }
    } else {
        quote! {
            #private::Run::Blocking(|#invocation: #private::Invocation| ::std::boxed::Box::pin(async move {
                #parts
                ::core::result::Result::Ok(::std::boxed::Box::new(move || {
                    let #returned = #call;
                    #respond
                }) as #private::BlockingCall)
            }))
        }
    }
}
