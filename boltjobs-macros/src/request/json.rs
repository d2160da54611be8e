//! Where serde puts a field in the JSON of a request, so that a sensitive one stays hidden there too.
//!
//! A path is the names from the outside in, joined by dots; an empty path is the whole payload.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, Ident, Lit, Member, Meta, Token, punctuated::Punctuated};

use super::parse::{Field, Shape, Style, Variant};
use crate::errors::Faults;

/// Returns the paths of all sensitive fields.
pub(super) fn sensitive_paths(attrs: &[Attribute], shape: &Shape, faults: &mut Faults) -> Vec<String> {
    let container = Serde::of(attrs);
    let mut paths = Vec::new();
    for variant in shape.variants() {
        for (at, field) in variant.fields.iter().enumerate() {
            let Some(span) = field.sensitive else { continue };
            if let Some(word) = container.reshapes {
                faults.push(
                    span,
                    format!("a type with `#[serde({word})]` can't have sensitive fields, as they can't be found in its JSON; drop one of both"),
                );
                continue;
            }
            match path(&container, shape, variant, at, field) {
                Ok(path) => {
                    if path.is_empty() {
                        // For readers that look up a plain value under its index.
                        paths.push("0".to_owned());
                    }
                    paths.push(path);
                }
                Err(message) => faults.push(span, message),
            }
        }
    }
    paths
}

fn path(
    container: &Serde,
    shape: &Shape,
    variant: &Variant,
    at: usize,
    field: &Field,
) -> Result<String, &'static str> {
    let mut path = Vec::new();
    let own = Serde::of(&field.attrs);
    if own.flatten {
        return Err(
            "a field with `#[serde(flatten)]` can't be sensitive, as its own fields lose their place; \
             mark the fields of its type, or drop `flatten`",
        );
    }
    let rename_fields = match shape {
        Shape::Struct(_) | Shape::Union(_) => container.rename_all.clone(),
        Shape::Enum(_) => {
            let inner = Serde::of(&variant.attrs);
            match (container.untagged || inner.untagged, &container.tag, &container.content) {
                (true, ..) | (false, Some(_), None) => {}
                (false, Some(_), Some(content)) => path.push(content.clone()),
                (false, None, _) => path.push(match inner.rename {
                    Some(name) => name,
                    None => {
                        renamed_variant(&variant.ident.unraw().to_string(), container.rename_all.as_deref())
                    }
                }),
            }
            inner.rename_all.or_else(|| container.rename_all_fields.clone())
        }
    };
    match &field.member {
        Member::Named(ident) => path.push(own.name_of(ident, rename_fields.as_deref())),
        // A single field stands for the whole, without brackets around it.
        Member::Unnamed(_) if variant.fields.len() == 1 && variant.style == Style::Tuple => {}
        Member::Unnamed(_) => path.push(at.to_string()),
    }
    if path.iter().any(|name| name.contains('.')) {
        return Err("a sensitive field can't have a name with a dot in JSON; take another one in `rename`");
    }
    Ok(path.join("."))
}

/// Names a field as `rename_all` does. Serde itself reports a rule that does not exist.
fn renamed_field(name: &str, rule: Option<&str>) -> String {
    match rule.unwrap_or_default() {
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => name.to_ascii_uppercase(),
        "PascalCase" => name.split('_').map(capitalised).collect(),
        "camelCase" => decapitalised(&name.split('_').map(capitalised).collect::<String>()),
        "kebab-case" => name.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => name.to_ascii_uppercase().replace('_', "-"),
        _ => name.to_owned(),
    }
}

/// Names a variant as `rename_all` does.
fn renamed_variant(name: &str, rule: Option<&str>) -> String {
    let snake = || {
        let mut snake = String::new();
        for (at, letter) in name.char_indices() {
            if at > 0 && letter.is_uppercase() {
                snake.push('_');
            }
            snake.push(letter.to_ascii_lowercase());
        }
        snake
    };
    match rule.unwrap_or_default() {
        "lowercase" => name.to_ascii_lowercase(),
        "UPPERCASE" => name.to_ascii_uppercase(),
        "camelCase" => decapitalised(name),
        "snake_case" => snake(),
        "SCREAMING_SNAKE_CASE" => snake().to_ascii_uppercase(),
        "kebab-case" => snake().replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => snake().to_ascii_uppercase().replace('_', "-"),
        _ => name.to_owned(),
    }
}

fn capitalised(word: &str) -> String {
    with_first(word, |first| first.to_ascii_uppercase())
}

fn decapitalised(word: &str) -> String {
    with_first(word, |first| first.to_ascii_lowercase())
}

fn with_first(word: &str, change: impl Fn(char) -> char) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().map(change).chain(letters).collect()
}

/// What we need to know of some `#[serde(..)]`; the rest is serde's business.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of serde that is there or not")]
pub(super) struct Serde {
    rename: Option<String>,
    pub(super) rename_all: Option<String>,
    rename_all_fields: Option<String>,
    tag: Option<String>,
    content: Option<String>,
    untagged: bool,
    flatten: bool,
    /// Whether the field is left out of the JSON.
    pub(super) skip: bool,
    /// What stands in for a field that is not in the JSON.
    pub(super) default: Option<Absent>,
    /// The word that makes the JSON have another shape than the type.
    reshapes: Option<&'static str>,
    /// Whether anything else makes the JSON of a value another one than that of its type.
    rewrites: bool,
}

/// What `#[serde(default)]` names.
pub(super) enum Absent {
    Default,
    /// The path of a fn.
    Call(String),
}

const RESHAPING: &[&str] = &["transparent", "from", "try_from", "into", "remote"];

const REWRITING: &[&str] =
    &["with", "serialize_with", "deserialize_with", "getter", "skip_serializing", "skip_deserializing"];

impl Serde {
    pub(super) fn of(attrs: &[Attribute]) -> Self {
        // What another macro makes of the type, or the configuration, is not known yet.
        let rewrites = attrs.iter().any(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => list.tokens.to_string().contains("serde"),
            meta @ (Meta::Path(_) | Meta::List(_) | Meta::NameValue(_)) => meta.path().is_ident("serde_as"),
        });
        let mut serde = Self { rewrites, ..Self::default() };
        for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            let Meta::List(list) = &attribute.meta else { continue };
            // What can't be read here, serde will refuse in its own words.
            let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(list.tokens.clone());
            for meta in metas.into_iter().flatten() {
                serde.note(&meta);
            }
        }
        serde
    }

    /// Names a field.
    pub(super) fn name_of(&self, ident: &Ident, rename_all: Option<&str>) -> String {
        let renamed = || renamed_field(&ident.unraw().to_string(), rename_all);
        self.rename.clone().unwrap_or_else(renamed)
    }

    /// Says whether the JSON is that of the fields, or of the type of a field.
    pub(super) fn is_plain(&self) -> bool {
        !self.rewrites && !self.flatten && self.reshapes.is_none() && self.tag.is_none()
    }

    fn note(&mut self, meta: &Meta) {
        let Some(word) = meta.path().get_ident().map(Ident::to_string) else { return };
        match word.as_str() {
            "rename" => self.rename = serialized_name(meta),
            "rename_all" => self.rename_all = serialized_name(meta),
            "rename_all_fields" => self.rename_all_fields = serialized_name(meta),
            "tag" => self.tag = serialized_name(meta),
            "content" => self.content = serialized_name(meta),
            "untagged" => self.untagged = true,
            "flatten" => self.flatten = true,
            "skip" => self.skip = true,
            "default" => self.default = Some(text_of(meta).map_or(Absent::Default, Absent::Call)),
            word if REWRITING.contains(&word) => self.rewrites = true,
            word => self.reshapes = self.reshapes.or(RESHAPING.iter().find(|known| **known == word).copied()),
        }
    }
}

fn text_of(meta: &Meta) -> Option<String> {
    let Meta::NameValue(syn::MetaNameValue {
        value: Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }),
        ..
    }) = meta
    else {
        return None;
    };
    Some(text.value())
}

/// Reads `rename = ".."` and `rename(serialize = "..")`: what is stored is what serde writes.
fn serialized_name(meta: &Meta) -> Option<String> {
    let text = |value: &Expr| {
        let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = value else { return None };
        Some(text.value())
    };
    match meta {
        Meta::NameValue(pair) => text(&pair.value),
        Meta::List(list) => Punctuated::<syn::MetaNameValue, Token![,]>::parse_terminated
            .parse2(list.tokens.clone())
            .into_iter()
            .flatten()
            .find(|pair| pair.path.is_ident("serialize"))
            .and_then(|pair| text(&pair.value)),
        Meta::Path(_) => None,
    }
}

/// Says whether the user told serde where to find itself.
pub(super) fn names_serde_crate(attrs: &[Attribute]) -> bool {
    fn has_crate(input: ParseStream<'_>) -> syn::Result<bool> {
        let mut found = false;
        while !input.is_empty() {
            found |= input.peek(Token![crate]);
            input.parse::<proc_macro2::TokenTree>()?;
        }
        Ok(found)
    }
    attrs.iter().filter(|attribute| attribute.path().is_ident("serde")).any(|attribute| {
        matches!(&attribute.meta, Meta::List(list) if has_crate.parse2(TokenStream::clone(&list.tokens)).unwrap_or(false))
    })
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
