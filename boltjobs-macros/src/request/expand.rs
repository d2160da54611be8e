//! Writes the code of `#[request]`.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;

use super::model::Model;
use super::template::{Part, Template};
use super::{debug, recurring, shape};
use crate::krate::{at, optional, relocated, source};

pub(super) fn expand(krate: &TokenStream, model: &Model) -> TokenStream {
    let item = item(krate, model);
    if !model.is_request {
        return item;
    }
    let request = implementation(krate, model);
    let helpers = helpers(krate, model);
    let ident = &model.input.ident;
    quote! {
        #item
        #helpers
        const _: () = {
            #request
            #krate::__private::inventory::submit! {
                #krate::__private::Registration::Request(&<#ident as #krate::Request>::INFO)
            }
        };
    }
}

/// The type alone, for want of boltjobs.
pub(super) fn plain(model: &Model) -> TokenStream {
    let debug = model.masked_debug.then(|| debug::masked(model));
    let item = &model.input;
    quote!(#item #debug)
}

fn item(krate: &TokenStream, model: &Model) -> TokenStream {
    let serialize = model.derives.serialize.then(|| quote!(#krate::__private::serde::Serialize,));
    let deserialize = model.derives.deserialize.then(|| quote!(#krate::__private::serde::Deserialize,));
    let derive = (model.derives.serialize || model.derives.deserialize)
        .then(|| quote!(#[derive(#serialize #deserialize)]));
    let serde_crate = model.derives.names_crate.then(|| {
        let path = quote!(#krate::__private::serde).to_string().replace(' ', "");
        quote!(#[serde(crate = #path)])
    });
    let plain = plain(model);
    quote!(#derive #serde_crate #plain)
}

fn implementation(krate: &TokenStream, model: &Model) -> TokenStream {
    let Model { aliases, version, queue, priority, tags, sensitive, .. } = model;
    let ident = &model.input.ident;
    let ident_text = ident.unraw().to_string();
    let name = optional(model.name.as_ref());
    let response = model.response.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let source = source(krate);
    let shape = shape::expand(krate, model);
    let title = title(krate, model);
    let keyed = model.concurrency_key.is_some();
    let recurring = model.recurring.iter().map(|declared| recurring::expand(krate, ident, declared));
    let concurrency_key = model.concurrency_key.as_ref().map(|template| {
        let key = formatted(template);
        quote! {
            fn concurrency_key(&self) -> ::core::option::Option<::std::string::String> {
                ::core::option::Option::Some(#key)
            }
        }
    });
    // A field that can't be sent to another thread is reported where the type is named.
    let subject = quote_spanned!(at(ident.span())=> #krate::Request for #ident);
    quote! {
        #[automatically_derived]
        impl #subject {
            type Response = #response;

            const INFO: #krate::__private::RequestInfo = #krate::__private::RequestInfo {
                name: #name,
                ident: #ident_text,
                aliases: &[#(#aliases),*],
                version: #version,
                queue: #queue,
                priority: #priority,
                tags: &[#(#tags),*],
                sensitive: &[#(#sensitive),*],
                keyed: #keyed,
                shape: #shape,
                recurring: &[#(#recurring),*],
                source: #source,
                ops: #krate::__private::RequestOps::of::<Self>(),
            };

            #title
            #concurrency_key
        }
    }
}

fn title(krate: &TokenStream, model: &Model) -> TokenStream {
    let template = model.display.as_ref().map(|template| {
        let text = formatted(template);
        quote!(.or_else(|| ::core::option::Option::Some(#text)))
    });
    quote! {
        fn title(&self) -> ::core::option::Option<::std::string::String> {
            #[allow(unused_imports, reason = "one of the two traits answers, by whether the type is `Display`")]
            use #krate::__private::title::*;
            (&&TitleOf(self)).title() #template
        }
    }
}

fn formatted(template: &Template) -> TokenStream {
    let mut format = String::new();
    let mut values = Vec::new();
    for part in &template.pieces {
        match part {
            Part::Text(text) => format.push_str(&text.replace('{', "{{").replace('}', "}}")),
            Part::Field(member) => {
                format.push_str("{}");
                // A field without `Display` is reported at the template that names it.
                let span = at(template.literal.span());
                let mut member = member.clone();
                match &mut member {
                    syn::Member::Named(ident) => ident.set_span(span),
                    syn::Member::Unnamed(index) => index.span = span,
                }
                values.push(quote_spanned!(span=> self.#member));
            }
        }
    }
    let format = Literal::string(&format);
    quote!(::std::format!(#format #(, #values)*))
}

/// Inherent methods, so that a `Request` of the user's own hides nothing.
fn helpers(krate: &TokenStream, model: &Model) -> TokenStream {
    let ident = &model.input.ident;
    let vis = relocated(model.input.vis.to_token_stream());
    quote! {
        #[automatically_derived]
        #[allow(dead_code, reason = "no program needs all of them")]
        impl #ident {
            /// Makes this a job that runs as soon as a worker is free. Await it to store the job.
            #vis fn enqueue(self) -> #krate::Enqueue<Self> {
                #krate::Enqueue::new(self)
            }

            /// Makes this a job that runs once `delay` has passed. Await it to store the job.
            #vis fn schedule_in(self, delay: ::core::time::Duration) -> #krate::Enqueue<Self> {
                #krate::Enqueue::new(self).delayed(delay)
            }

            /// Makes this a job that runs at an instant. Await it to store the job.
            #vis fn schedule_at(self, at: impl #krate::__private::IntoInstant) -> #krate::Enqueue<Self> {
                #krate::Enqueue::new(self).at(at)
            }

            /// Makes this a job that runs once another job, or a batch, has ended: in success, unless `when` says
            /// otherwise. Await it to store the job.
            #vis fn continue_after(
                self,
                parent: impl ::core::convert::Into<#krate::ParentId>,
            ) -> #krate::Enqueue<Self> {
                #krate::Enqueue::new(self).after(parent)
            }

            /// Makes a job out of this whenever `cron` says so. Await it to store the definition, which
            /// replaces an older one with the same `id`.
            #vis fn recurring<C>(
                self,
                id: impl ::core::convert::Into<::std::string::String>,
                cron: C,
            ) -> #krate::Recurring<Self>
            where
                C: ::core::convert::TryInto<#krate::Cron>,
                #krate::Error: ::core::convert::From<<C as ::core::convert::TryInto<#krate::Cron>>::Error>,
            {
                #krate::Recurring::new(self, id, cron)
            }

            /// Makes one job of each request. Await it to store all of them in one atomic write.
            #vis fn enqueue_all(
                requests: impl ::core::iter::IntoIterator<Item = Self>,
            ) -> #krate::EnqueueAll<Self> {
                #krate::EnqueueAll::new(requests)
            }

            /// Calls the handler in this process, without storing a job. Await it for the response.
            #vis fn process(self) -> #krate::Process<Self> {
                #krate::Process::new(self)
            }
        }
    }
}
