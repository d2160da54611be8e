//! A request as the fields of its type, or of what its type seems to be.

use serde_json::{Map, Value};

use super::hidden::Hidden;
use super::layout::{Brackets, Piece};
use super::names::{in_code, is_name};
use super::types::{self, Type};
use super::values::{CALL, Writer};
use crate::shape::{Kind, Shape};

/// A struct with names; rustfmt keeps only a tiny one on one line.
const STRUCT: Brackets = Brackets { open: " {", close: "}", fits: 18, spaced: true, trailing: true };

/// Writes a request of a known type; `None` where the payload is not that of the type.
pub(super) fn known(
    writer: &mut Writer,
    shape: &Shape,
    payload: &Value,
    hidden: &Hidden<'_>,
) -> Option<Piece> {
    let ident = in_code(&shape.ident);
    if shape.kind == Kind::Tuple
        && let [only] = &*shape.fields
    {
        // Its JSON is that of its field, and so are the paths.
        return Some(call(&ident, vec![writer.field(payload, &types::read(&only.ty), hidden)]));
    }
    if hidden.here() {
        return Some(writer.mark());
    }
    match (shape.kind, payload) {
        (Kind::Named, Value::Object(fields)) => named(writer, shape, fields, hidden),
        (Kind::Tuple, Value::Array(items)) if items.len() == shape.fields.len() => {
            let fields = items.iter().zip(&shape.fields).enumerate();
            let fields = fields
                .map(|(at, (item, field))| writer.field(item, &types::read(&field.ty), &hidden.item(at)))
                .collect();
            Some(call(&ident, fields))
        }
        (Kind::Unit, Value::Null) => Some(Piece::text(ident)),
        _ => None,
    }
}

fn named(
    writer: &mut Writer,
    shape: &Shape,
    payload: &Map<String, Value>,
    hidden: &Hidden<'_>,
) -> Option<Piece> {
    let (mut written, mut found, mut rest) = (Vec::new(), 0, false);
    for field in &shape.fields {
        let ty = types::read(&field.ty);
        let value = field.key.as_deref().and_then(|key| Some((key, payload.get(key)?)));
        let value = match (value, &field.default) {
            (Some((key, value)), _) => {
                found += 1;
                writer.field(value, &ty, &hidden.field(key))
            }
            (None, Some(default)) => Piece::text(default),
            (None, None) if shape.default => {
                rest = true;
                continue;
            }
            // Serde takes it for `None` by itself.
            (None, None) if matches!(&ty, Type::Std(name, _) if name == "Option") => Piece::text("None"),
            (None, None) => return None,
        };
        written.push(Piece::text(format!("{}: ", in_code(&field.name))).followed_by(value));
    }
    if found != payload.len() {
        return None;
    }
    if rest {
        written.push(Piece::text("..Default::default()"));
    }
    Some(braced(&in_code(&shape.ident), written, rest))
}

/// Guesses a type that has such a payload; `None` where none has.
pub(super) fn guessed(
    writer: &mut Writer,
    ident: &str,
    payload: &Value,
    hidden: &Hidden<'_>,
) -> Option<Piece> {
    if hidden.here() {
        return Some(call(ident, vec![writer.mark()]));
    }
    match payload {
        Value::Null => Some(Piece::text(ident)),
        Value::Object(fields) if fields.keys().all(|key| is_name(key)) => {
            let mut written = Vec::new();
            for (key, value) in fields {
                let value = writer.guess(value, &hidden.field(key));
                written.push(Piece::text(format!("{}: ", in_code(key))).followed_by(value));
                if writer.is_dry() {
                    written.push(Piece::text("…"));
                    break;
                }
            }
            Some(braced(ident, written, false))
        }
        Value::Object(_) => None,
        Value::Array(items) => {
            let fields = writer.each(items, |writer, at, item| Some(writer.guess(item, &hidden.item(at))))?;
            Some(call(ident, fields))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let only = writer.guess(payload, hidden);
            Some(call(ident, vec![only]))
        }
    }
}

fn call(ident: &str, fields: Vec<Piece>) -> Piece {
    Piece::text(ident).followed_by(Piece::list(CALL, fields))
}

fn braced(ident: &str, fields: Vec<Piece>, rest: bool) -> Piece {
    // Nothing may follow the rest, not even a comma.
    Piece::text(ident).followed_by(Piece::list(Brackets { trailing: !rest, ..STRUCT }, fields))
}
