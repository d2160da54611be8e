//! Reads `#[request(..)]` and the type below it into pieces that know where they stood.

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitStr, Member, Meta, Type};

use super::recurring::{self, Recurring};
use crate::errors::Faults;
use crate::options;

/// The options, as written.
#[derive(Default)]
pub(super) struct Options {
    pub(super) name: Option<LitStr>,
    pub(super) aliases: Vec<LitStr>,
    pub(super) version: Option<u32>,
    pub(super) display: Option<LitStr>,
    pub(super) queue: Option<LitStr>,
    pub(super) priority: Option<i8>,
    pub(super) concurrency_key: Option<LitStr>,
    pub(super) response: Option<Type>,
    pub(super) tags: Vec<LitStr>,
    pub(super) serde: Option<bool>,
    pub(super) recurring: Vec<Recurring>,
}

const LEGAL: &[&str] = &[
    "name",
    "aliases",
    "version",
    "display",
    "queue",
    "priority",
    "concurrency_key",
    "response",
    "tags",
    "serde",
    "recurring",
];

pub(super) fn options(tokens: TokenStream, faults: &mut Faults) -> Options {
    let mut read = Options::default();
    // Their own faults come behind those of the request.
    let mut declared = Vec::new();
    options::read(tokens, LEGAL, faults, |option| {
        match option.name() {
            "name" => read.name = Some(option.text()?),
            "aliases" => read.aliases = option.texts()?,
            "version" => read.version = u32::try_from(option.number(1..=i64::from(u32::MAX))?).ok(),
            "display" => read.display = Some(option.text()?),
            "queue" => read.queue = Some(option.text()?),
            "priority" => read.priority = i8::try_from(option.number(-100..=100)?).ok(),
            "concurrency_key" => read.concurrency_key = Some(option.text()?),
            "response" => read.response = Some(option.ty()?),
            "tags" => read.tags = option.texts()?,
            "recurring" => declared.push((option.span(), option.options(recurring::EXAMPLE)?)),
            // `options::read` lets no other name through.
            _ => read.serde = Some(option.truth()?),
        }
        Ok(())
    });
    read.recurring = recurring::read(declared, faults);
    read
}

/// The type, our own attributes taken off it.
pub(super) struct Item {
    pub(super) input: DeriveInput,
    pub(super) shape: Shape,
}

/// The fields of a type.
pub(super) enum Shape {
    Struct(Variant),
    Enum(Vec<Variant>),
    Union(Span),
}

/// A variant of an enum, or a struct as if it were one.
pub(super) struct Variant {
    pub(super) ident: Ident,
    pub(super) attrs: Vec<Attribute>,
    pub(super) style: Style,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Unit,
    Tuple,
    Named,
}

pub(super) struct Field {
    pub(super) member: Member,
    pub(super) attrs: Vec<Attribute>,
    pub(super) ty: Type,
    /// Where it says `sensitive`.
    pub(super) sensitive: Option<Span>,
}

impl Shape {
    pub(super) fn variants(&self) -> &[Variant] {
        match self {
            Self::Struct(only) => std::slice::from_ref(only),
            Self::Enum(variants) => variants,
            Self::Union(_) => &[],
        }
    }

    pub(super) fn has_sensitive_fields(&self) -> bool {
        self.variants().iter().flat_map(|variant| &variant.fields).any(|field| field.sensitive.is_some())
    }
}

pub(super) fn item(mut input: DeriveInput, faults: &mut Faults) -> Item {
    let shape = match &mut input.data {
        Data::Struct(data) => Shape::Struct(Variant {
            ident: input.ident.clone(),
            attrs: input.attrs.clone(),
            style: style(&data.fields),
            fields: fields(&mut data.fields, faults),
        }),
        Data::Enum(data) => Shape::Enum(
            data.variants
                .iter_mut()
                .map(|variant| {
                    for attribute in take_ours(&mut variant.attrs) {
                        let fault = "`#[request(..)]` inside of an enum goes on a field of a variant";
                        faults.push(attribute.span(), fault);
                    }
                    Variant {
                        ident: variant.ident.clone(),
                        attrs: variant.attrs.clone(),
                        style: style(&variant.fields),
                        fields: fields(&mut variant.fields, faults),
                    }
                })
                .collect(),
        ),
        Data::Union(data) => Shape::Union(data.union_token.span),
    };
    Item { input, shape }
}

fn style(fields: &Fields) -> Style {
    match fields {
        Fields::Unit => Style::Unit,
        Fields::Unnamed(_) => Style::Tuple,
        Fields::Named(_) => Style::Named,
    }
}

fn fields(fields: &mut Fields, faults: &mut Faults) -> Vec<Field> {
    let members: Vec<_> = fields.members().collect();
    members
        .into_iter()
        .zip(fields.iter_mut())
        .map(|(member, field)| {
            let ours = take_ours(&mut field.attrs);
            let sensitive = ours.into_iter().find_map(|attribute| sensitive(attribute, faults));
            Field { member, attrs: field.attrs.clone(), ty: field.ty.clone(), sensitive }
        })
        .collect()
}

/// Takes `#[request(..)]` off, however boltjobs is called in front of it.
fn take_ours(attrs: &mut Vec<Attribute>) -> Vec<Attribute> {
    attrs
        .extract_if(.., |attribute| {
            attribute.path().segments.last().is_some_and(|last| last.ident == "request")
        })
        .collect()
}

fn sensitive(attribute: Attribute, faults: &mut Faults) -> Option<Span> {
    let Meta::List(list) = attribute.meta else {
        faults.push(attribute.span(), "say what about this field: `#[request(sensitive)]`");
        return None;
    };
    let mut found = None;
    options::read(list.tokens, &["sensitive"], faults, |option| {
        found = Some(option.span());
        Ok(())
    });
    found
}
