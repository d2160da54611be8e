//! Templates over the fields of a request: `display = "Enroll {student} in {course}"`.

use boltjobs_core::template::{self, Piece};
use syn::ext::IdentExt;
use syn::{Index, LitStr, Member};

use super::parse::{Field, Shape};
use crate::errors::{Faults, unknown};

/// A checked template.
pub(super) struct Template {
    pub(super) pieces: Vec<Part>,
    /// The literal, for the place of errors in what follows from it.
    pub(super) literal: LitStr,
}

pub(super) enum Part {
    Text(String),
    Field(Member),
}

/// Checks that the fields in a template exist and may be shown.
pub(super) fn check(option: &str, literal: &LitStr, shape: &Shape, faults: &mut Faults) -> Option<Template> {
    let pieces = match template::parse(&literal.value()) {
        Ok(pieces) => pieces,
        Err(error) => {
            faults.push(literal.span(), error);
            return None;
        }
    };
    let mut parts = Vec::new();
    let mut sound = true;
    for piece in pieces {
        match piece {
            Piece::Text(text) => parts.push(Part::Text(text)),
            Piece::Field(name) => match field(option, &name, shape) {
                Ok(field) => parts.push(Part::Field(field.member.clone())),
                Err(message) => {
                    faults.push(literal.span(), message);
                    sound = false;
                }
            },
        }
    }
    sound.then(|| Template { pieces: parts, literal: literal.clone() })
}

fn field<'a>(option: &str, name: &str, shape: &'a Shape) -> Result<&'a Field, String> {
    let fields = match shape {
        Shape::Struct(only) => &only.fields,
        Shape::Enum(_) | Shape::Union(_) if option == "display" => {
            return Err(format!(
                "an enum has no field `{name}` in all of its variants; implement `Display` for it instead of `display`"
            ));
        }
        Shape::Enum(_) | Shape::Union(_) => {
            return Err(format!(
                "an enum has no field `{name}` in all of its variants; use a struct, or a `{option}` without fields"
            ));
        }
    };
    let Some(found) = fields.iter().find(|field| field_name(field) == name) else {
        let names: Vec<_> = fields.iter().map(field_name).collect();
        return Err(match names.as_slice() {
            [] => format!(
                "`{option}` names the field `{name}`, but the type has no fields; take `{{{name}}}` out"
            ),
            _ => unknown("field", name, &names),
        });
    };
    if found.sensitive.is_some() {
        return Err(format!(
            "`{name}` is sensitive and must not be shown; take `{{{name}}}` out of `{option}`"
        ));
    }
    Ok(found)
}

fn field_name(field: &Field) -> String {
    match &field.member {
        Member::Named(ident) => ident.unraw().to_string(),
        Member::Unnamed(Index { index, .. }) => index.to_string(),
    }
}
