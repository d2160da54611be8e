//! What speaks against a payload being one of a type, before anybody has tried.

use serde_json::{Map, Value};

use super::types::{self, Type};
use crate::shape::{Field, Kind, Shape};
use crate::text::shown;

/// Returns what makes it doubtful that a handler can read a payload, each as a sentence without its end.
///
/// They are doubts alone: what serde is told to do to a type is not all known here.
pub fn doubts(shape: &Shape, payload: &Value) -> Vec<String> {
    match (shape.kind, payload) {
        (Kind::Named, Value::Object(fields)) => named(shape, fields),
        (Kind::Tuple, Value::Array(items)) if shape.fields.len() > 1 => {
            let fields = shape.fields.iter();
            if items.len() != fields.len() {
                return vec![format!(
                    "`{}` has {} fields, and not {}",
                    shape.ident,
                    fields.len(),
                    items.len()
                )];
            }
            fields.zip(items).filter_map(|(field, item)| doubt(&field.name, field, item)).collect()
        }
        (Kind::Tuple, one) if shape.fields.len() == 1 => {
            shape.fields.iter().filter_map(|field| doubt(&field.name, field, one)).collect()
        }
        (Kind::Unit, Value::Null) | (Kind::Other, _) => Vec::new(),
        (Kind::Named, _) => vec![format!("`{}` is an object", shape.ident)],
        (Kind::Tuple, _) => vec![format!("`{}` is an array", shape.ident)],
        (Kind::Unit, _) => vec![format!("`{}` is `null`", shape.ident)],
    }
}

/// Returns the first thing by which a payload does not fit a type. Fields that the type does not have are none: mostly they are
/// passed over.
pub fn misfit(shape: &Shape, payload: &Value) -> Option<String> {
    let mut payload = payload.clone();
    if let (Kind::Named, Value::Object(fields)) = (shape.kind, &mut payload) {
        fields.retain(|key, _| shape.fields.iter().any(|field| field.key.as_deref() == Some(key)));
    }
    doubts(shape, &payload).into_iter().next()
}

fn named(shape: &Shape, payload: &Map<String, Value>) -> Vec<String> {
    let keys = || shape.fields.iter().filter_map(|field| Some((field.key.as_deref()?, field)));
    let unknown = payload.keys().filter(|key| keys().all(|(known, _)| known != *key));
    let unknown = unknown.map(|key| format!("`{}` has no field `{}`", shape.ident, shown(key)));
    let known = keys().filter_map(|(key, field)| match payload.get(key) {
        Some(value) => doubt(key, field, value),
        None if shape.default || field.default.is_some() || is_option(&field.ty) => None,
        None => Some(format!("the field `{key}` is missing; it is of the type `{}`", field.ty)),
    });
    unknown.chain(known).collect()
}

fn is_option(ty: &str) -> bool {
    matches!(types::read(ty), Type::Std(name, _) if name == "Option")
}

fn doubt(name: &str, field: &Field, value: &Value) -> Option<String> {
    let misses = !fits(&types::read(&field.ty), value);
    misses.then(|| format!("the field `{name}` is of the type `{}`", field.ty))
}

/// Says whether a value can be of a type, as far as that is known.
fn fits(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Std(name, of), value) => match (&**name, &**of) {
            ("Option", [of]) => value.is_null() || fits(of, value),
            ("Box" | "Arc" | "Rc", [of]) => fits(of, value),
            ("Vec" | "VecDeque" | "HashSet" | "BTreeSet", [of]) => {
                value.as_array().is_some_and(|items| items.iter().all(|item| fits(of, item)))
            }
            ("HashMap" | "BTreeMap", _) => value.is_object(),
            ("String" | "str", _) => value.is_string(),
            ("bool", _) => value.is_boolean(),
            ("f32" | "f64", _) => value.is_number() || value.is_null(),
            ("char", _) => value.as_str().is_some_and(|text| text.chars().count() == 1),
            ("u64" | "u128" | "usize", _) => value.is_u64(),
            ("i64" | "i128" | "isize", _) => value.is_i64(),
            ("u8", _) => value.as_u64().is_some_and(|number| u8::try_from(number).is_ok()),
            ("u16", _) => value.as_u64().is_some_and(|number| u16::try_from(number).is_ok()),
            ("u32", _) => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
            ("i8", _) => value.as_i64().is_some_and(|number| i8::try_from(number).is_ok()),
            ("i16", _) => value.as_i64().is_some_and(|number| i16::try_from(number).is_ok()),
            ("i32", _) => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            _ => true,
        },
        (Type::Tuple(types), Value::Array(items)) => {
            types.len() == items.len() && types.iter().zip(items).all(|(ty, item)| fits(ty, item))
        }
        (Type::Array(of, length), Value::Array(items)) => {
            length.is_none_or(|length| length == items.len()) && items.iter().all(|item| fits(of, item))
        }
        (Type::Tuple(types), Value::Null) => types.is_empty(),
        (Type::Tuple(_) | Type::Array(..), _) => false,
        (Type::Other, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str, ty: &str, default: Option<&str>) -> Field {
        let default = default.map(str::to_owned);
        Field { name: name.to_owned(), key: Some(name.to_owned()), ty: ty.to_owned(), default }
    }

    fn shape(kind: Kind, fields: Vec<Field>) -> Shape {
        Shape { ident: "SendMail".to_owned(), kind, fields, default: false }
    }

    #[test]
    fn fields_that_are_missing_unknown_or_of_another_type_are_told() {
        let fields = vec![
            field("to", "String", None),
            field("cents", "u8", None),
            field("note", "Option<Vec<i32>>", None),
            field("kind", "crate::Kind", None),
            field("copies", "u32", Some("1")),
        ];
        let shape = shape(Kind::Named, fields);
        let good = json!({"to": "ada", "cents": 255, "note": [-1], "kind": {"any": 1}});
        assert_eq!(doubts(&shape, &good), Vec::<String>::new());
        let bad = json!({"cents": 256, "note": [1, "2"], "kind": 7, "colour": "red", "copies": null});
        assert_eq!(
            doubts(&shape, &bad),
            [
                "`SendMail` has no field `colour`",
                "the field `to` is missing; it is of the type `String`",
                "the field `cents` is of the type `u8`",
                "the field `note` is of the type `Option<Vec<i32>>`",
                "the field `copies` is of the type `u32`",
            ]
        );
        assert_eq!(doubts(&shape, &json!([])), ["`SendMail` is an object"]);
    }

    #[test]
    fn tuples_units_and_what_is_not_known_are_looked_at_as_far_as_they_can_be() {
        let pair = shape(Kind::Tuple, vec![field("0", "bool", None), field("1", "(i64, [u8; 2])", None)]);
        assert_eq!(doubts(&pair, &json!([true, [-1, [1, 2]]])), Vec::<String>::new());
        assert_eq!(
            doubts(&pair, &json!([true, [-1, [1]]])),
            ["the field `1` is of the type `(i64, [u8; 2])`"]
        );
        assert_eq!(doubts(&pair, &json!([true])), ["`SendMail` has 2 fields, and not 1"]);
        assert_eq!(doubts(&pair, &json!(7)), ["`SendMail` is an array"]);
        let one = shape(Kind::Tuple, vec![field("0", "char", None)]);
        assert_eq!(doubts(&one, &json!("ab")), ["the field `0` is of the type `char`"]);
        assert_eq!(doubts(&shape(Kind::Unit, Vec::new()), &json!({})), ["`SendMail` is `null`"]);
        assert_eq!(doubts(&shape(Kind::Other, Vec::new()), &json!({"a": 1})), Vec::<String>::new());
    }
}
