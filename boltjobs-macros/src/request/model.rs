//! The rules for `#[request]`. A fault leaves the default in its place, so that the type is still a request
//! and the code that uses it has no errors of its own.

use boltjobs_core::name;
use syn::punctuated::Punctuated;
use syn::{Attribute, DeriveInput, LitStr, Meta, Path, Token, Type};

use super::json;
use super::parse::{Item, Options, Shape};
use super::recurring::Recurring;
use super::template::{self, Template};
use crate::errors::Faults;

/// Everything that is to be generated.
pub(super) struct Model {
    /// The type as it will stand in the program.
    pub(super) input: DeriveInput,
    pub(super) shape: Shape,
    pub(super) name: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) version: u32,
    pub(super) queue: String,
    pub(super) priority: i8,
    pub(super) tags: Vec<String>,
    pub(super) response: Option<Type>,
    pub(super) display: Option<Template>,
    pub(super) concurrency_key: Option<Template>,
    pub(super) sensitive: Vec<String>,
    pub(super) derives: Derives,
    /// Whether serde writes and reads the type by its fields, and nothing else does.
    pub(super) serde_derived: bool,
    pub(super) masked_debug: bool,
    pub(super) recurring: Vec<Recurring>,
    /// `false` for a type that can't be a request at all.
    pub(super) is_request: bool,
}

/// Which of serde's derives are added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Derives {
    pub(super) serialize: bool,
    pub(super) deserialize: bool,
    /// Whether serde must be told where it is. That suits a derive of the user's own as well.
    pub(super) names_crate: bool,
}

impl Model {
    pub(super) fn new(options: Options, item: Item, faults: &mut Faults) -> Self {
        let Item { mut input, shape } = item;
        let is_request = can_be_a_request(&input, &shape, faults);
        let derives = derives(&input.attrs, &shape, options.serde);
        let serde_derived = (derives.serialize || is_derived(&input.attrs, "Serialize"))
            && (derives.deserialize || is_derived(&input.attrs, "Deserialize"));
        let sensitive = json::sensitive_paths(&input.attrs, &shape, faults);
        let masked_debug = shape.has_sensitive_fields() && take_debug(&mut input.attrs);
        let display =
            options.display.as_ref().and_then(|text| template::check("display", text, &shape, faults));
        let concurrency_key = options
            .concurrency_key
            .as_ref()
            .and_then(|text| template::check("concurrency_key", text, &shape, faults));
        let (name, aliases) = names(options.name.as_ref(), &options.aliases, faults);
        Self {
            name,
            aliases,
            version: options.version.unwrap_or(1),
            queue: queue(options.queue.as_ref(), faults).unwrap_or_else(|| "default".to_owned()),
            priority: options.priority.unwrap_or(0),
            tags: tags(&options.tags, faults),
            response: options.response,
            display,
            concurrency_key,
            sensitive,
            derives,
            serde_derived,
            masked_debug,
            recurring: options.recurring,
            is_request,
            input,
            shape,
        }
    }
}

fn can_be_a_request(input: &DeriveInput, shape: &Shape, faults: &mut Faults) -> bool {
    if let Shape::Union(span) = shape {
        faults.push(*span, "a union can't be a request, as serde can't store it; use a struct or an enum");
        return false;
    }
    let Some(parameter) = input.generics.params.first() else { return true };
    let (what, mend) = match parameter {
        syn::GenericParam::Lifetime(_) => {
            ("borrow", "a stored job outlives its caller; own the data, as in `String` for `&str`")
        }
        syn::GenericParam::Type(_) => {
            ("be generic", "its name must stand for one type; write one request for each type")
        }
        syn::GenericParam::Const(_) => {
            ("be generic", "its name must stand for one type; write one request for each value")
        }
    };
    let parameter = match parameter {
        syn::GenericParam::Lifetime(lifetime) => lifetime.lifetime.apostrophe,
        syn::GenericParam::Type(ty) => ty.ident.span(),
        syn::GenericParam::Const(value) => value.ident.span(),
    };
    faults.push(parameter, format!("a request can't {what}: {mend}"));
    false
}

fn names(name: Option<&LitStr>, aliases: &[LitStr], faults: &mut Faults) -> (Option<String>, Vec<String>) {
    let mut known: Vec<String> = Vec::new();
    let mut valid = |text: &LitStr| {
        let value = text.value();
        if let Err(error) = name::validate_request(&value) {
            faults.push(text.span(), error);
            return None;
        }
        if known.contains(&value) {
            faults
                .push(text.span(), format!("`{value}` is already a name of this request; keep one of them"));
            return None;
        }
        known.push(value.clone());
        Some(value)
    };
    (name.and_then(&mut valid), aliases.iter().filter_map(&mut valid).collect())
}

fn queue(text: Option<&LitStr>, faults: &mut Faults) -> Option<String> {
    let text = text?;
    match name::validate_queue(&text.value()) {
        Ok(()) => Some(text.value()),
        Err(error) => {
            faults.push(text.span(), error);
            None
        }
    }
}

fn tags(texts: &[LitStr], faults: &mut Faults) -> Vec<String> {
    let mut tags = Vec::new();
    for text in texts {
        let tag = text.value();
        if tag.trim().is_empty() {
            faults.push(text.span(), "a tag can't be empty; write a word or take it out");
        } else if tags.contains(&tag) {
            faults.push(text.span(), format!("tag `{tag}` is given twice; keep one of them"));
        } else {
            tags.push(tag);
        }
    }
    tags
}

fn derives(attrs: &[Attribute], shape: &Shape, wanted: Option<bool>) -> Derives {
    if wanted == Some(false) || matches!(shape, Shape::Union(_)) {
        return Derives::default();
    }
    let theirs: Vec<Path> = attrs.iter().flat_map(derived).collect();
    let has = |name: &str| {
        // Also `Serialize_repr`, `SerializeDisplay` and `DeserializeFromStr`, which implement the same traits.
        theirs
            .iter()
            .filter_map(|path| path.segments.last())
            .any(|last| last.ident.to_string().starts_with(name))
    };
    let (serialize, deserialize) = (!has("Serialize"), !has("Deserialize"));
    let names_crate = (serialize || deserialize) && !json::names_serde_crate(attrs);
    Derives { serialize, deserialize, names_crate }
}

fn is_derived(attrs: &[Attribute], name: &str) -> bool {
    let mut paths = attrs.iter().flat_map(derived);
    paths.any(|path| path.segments.last().is_some_and(|last| last.ident == name))
}

fn derived(attribute: &Attribute) -> Vec<Path> {
    if !attribute.path().is_ident("derive") {
        return Vec::new();
    }
    // A derive that can't be read is refused by rustc.
    let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
    paths.into_iter().flatten().collect()
}

/// Takes `Debug` off the derives, and says whether it was there.
fn take_debug(attrs: &mut Vec<Attribute>) -> bool {
    let mut found = false;
    attrs.retain_mut(|attribute| {
        let mut paths = derived(attribute);
        let before = paths.len();
        paths.retain(|path| path.segments.last().is_none_or(|last| last.ident != "Debug"));
        if paths.len() == before {
            return true;
        }
        found = true;
        if let Meta::List(list) = &mut attribute.meta {
            list.tokens = quote::quote!(#(#paths),*);
        }
        !paths.is_empty()
    });
    found
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
