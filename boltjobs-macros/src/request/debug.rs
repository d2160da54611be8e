//! A `Debug` that shows the shape of a request and hides its sensitive fields.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Member};

use super::model::Model;
use super::parse::{Shape, Style, Variant};

pub(super) fn masked(model: &Model) -> TokenStream {
    let ident = &model.input.ident;
    let (impl_generics, ty_generics, where_clause) = model.input.generics.split_for_impl();
    let arms = model.shape.variants().iter().map(|variant| {
        let path = match model.shape {
            Shape::Enum(_) => {
                let variant = &variant.ident;
                quote!(Self::#variant)
            }
            Shape::Struct(_) | Shape::Union(_) => quote!(Self),
        };
        arm(&path, variant)
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #ident #ty_generics #where_clause {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    #(#arms)*
                }
            }
        }
    }
}

fn arm(path: &TokenStream, variant: &Variant) -> TokenStream {
    let name = variant.ident.unraw().to_string();
    let attrs = variant.attrs.iter().filter(conditional);
    let builder = if variant.style == Style::Named { quote!(debug_struct) } else { quote!(debug_tuple) };
    let (mut bindings, mut calls) = (Vec::new(), Vec::new());
    for (at, field) in variant.fields.iter().enumerate() {
        let attrs: Vec<_> = field.attrs.iter().filter(conditional).collect();
        let member = &field.member;
        let binding = format_ident!("field{at}", span = proc_macro2::Span::mixed_site());
        let value = if field.sensitive.is_some() {
            bindings.push(quote!(#(#attrs)* #member: _));
            quote!(&::core::format_args!("***"))
        } else {
            bindings.push(quote!(#(#attrs)* #member: #binding));
            quote!(#binding)
        };
        let label = match member {
            Member::Named(ident) => Some(ident.unraw().to_string()),
            Member::Unnamed(_) => None,
        };
        let label = label.map(|label| quote!(#label,));
        calls.push(quote!(#(#attrs)* builder.field(#label #value);));
    }
    quote! {
        #(#attrs)*
        #path { #(#bindings),* } => {
            #[allow(unused_mut, reason = "a type without fields adds none")]
            let mut builder = formatter.#builder(#name);
            #(#calls)*
            builder.finish()
        }
    }
}

/// Says whether an attribute takes a field away under some configurations.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that `filter` wants")]
fn conditional(attribute: &&Attribute) -> bool {
    attribute.path().is_ident("cfg")
}
