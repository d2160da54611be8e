//! The shape of a request, from which its payload can be shown as code.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Member;
use syn::ext::IdentExt;

use super::json::{Absent, Serde};
use super::model::Model;
use super::parse::{Field, Shape, Style, Variant};
use crate::krate::optional;

/// Writes the shape as data.
pub(super) fn expand(krate: &TokenStream, model: &Model) -> TokenStream {
    let ident = model.input.ident.unraw().to_string();
    let container = Serde::of(&model.input.attrs);
    let (kind, fields) = match &model.shape {
        Shape::Struct(only) if model.serde_derived && container.is_plain() => fields(krate, &container, only),
        Shape::Struct(_) | Shape::Enum(_) | Shape::Union(_) => None,
    }
    .unwrap_or_else(|| (quote!(Other), Vec::new()));
    let default = container.default.is_some();
    quote! {
        #krate::__private::ShapeInfo {
            ident: #ident,
            kind: #krate::__private::Kind::#kind,
            fields: &[#(#fields),*],
            default: #default,
        }
    }
}

/// Returns nothing where the JSON does not follow the fields.
fn fields(krate: &TokenStream, container: &Serde, only: &Variant) -> Option<(TokenStream, Vec<TokenStream>)> {
    let mut fields = Vec::new();
    for field in &only.fields {
        fields.push(described(krate, container, field)?);
    }
    let kind = match only.style {
        Style::Unit => quote!(Unit),
        Style::Tuple => quote!(Tuple),
        Style::Named => quote!(Named),
    };
    Some((kind, fields))
}

fn described(krate: &TokenStream, container: &Serde, field: &Field) -> Option<TokenStream> {
    let serde = Serde::of(&field.attrs);
    if !serde.is_plain() {
        return None;
    }
    let conditions: Vec<_> = field.attrs.iter().filter(|it| it.path().is_ident("cfg")).collect();
    let (name, key) = match &field.member {
        Member::Named(ident) => {
            let key = (!serde.skip).then(|| serde.name_of(ident, container.rename_all.as_deref()));
            (ident.unraw().to_string(), key)
        }
        // Where a field is left out, those behind it have another index.
        Member::Unnamed(_) if serde.skip || serde.default.is_some() || !conditions.is_empty() => return None,
        Member::Unnamed(index) => (index.index.to_string(), Some(index.index.to_string())),
    };
    let default = match &serde.default {
        Some(Absent::Call(path)) => Some(format!("{path}()")),
        Some(Absent::Default) => Some("Default::default()".to_owned()),
        None => (serde.skip && container.default.is_none()).then(|| "Default::default()".to_owned()),
    };
    let (key, default) = (optional(key.as_ref()), optional(default.as_ref()));
    let ty = field.ty.to_token_stream().to_string();
    Some(quote! {
        #(#conditions)*
        #krate::__private::FieldInfo { name: #name, key: #key, ty: #ty, default: #default }
    })
}
