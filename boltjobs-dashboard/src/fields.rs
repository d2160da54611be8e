//! A payload as the fields of a form, one for each that the request is known to have.
//!
//! Whatever else is in the payload stays as it is. What is sensitive is `***` here, as everywhere, and is typed as a text.

use std::collections::BTreeMap;

use boltjobs_core::job::JobSpec;
use boltjobs_core::literal::{Typing, typing};
use boltjobs_core::mask::masked;
use boltjobs_core::shape::{Kind, Shape};
use serde_json::{Map, Value};

use crate::actions::Sent;
use crate::change::LONGEST;

/// What the names of the fields in a form begin with.
const BEFORE: &str = "field.";

/// What says in a form that fields were typed, and not the JSON of all of them.
pub(crate) const TYPED: &str = "fields";

/// What stands where something is hidden.
const HIDDEN: &str = "***";

/// One field.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its name in the form.
    pub(crate) name: String,
    /// Its name in the JSON.
    pub(crate) key: String,
    /// Its type, as it is written in code.
    pub(crate) ty: String,
    pub(crate) typing: Typing,
    /// Whether it may be left empty.
    pub(crate) optional: bool,
    pub(crate) text: String,
    /// What the payload has, if it has it.
    before: Option<Value>,
}

/// All fields of a request.
#[derive(Debug, Clone)]
pub(crate) struct Entries {
    pub(crate) all: Vec<Entry>,
    /// The payload around them.
    payload: Map<String, Value>,
}

impl Entries {
    /// Takes the payload of a job apart, where its fields are known and it is not too long.
    pub(crate) fn of_job(spec: &JobSpec, shape: Option<&Shape>) -> Option<Self> {
        (spec.payload.len() <= LONGEST).then(|| Self::of(shape, &masked(spec)))?
    }

    /// Takes a payload apart, without what is sensitive in it; `None` where its JSON does not follow the fields of the request.
    pub(crate) fn of(shape: Option<&Shape>, payload: &Value) -> Option<Self> {
        let shape = shape.filter(|shape| shape.kind == Kind::Named)?;
        let payload = payload.as_object()?;
        let entry = |field: &boltjobs_core::shape::Field| {
            let key = field.key.clone()?;
            let before = payload.get(&key).cloned();
            let (typing, nullable) = typing(&field.ty);
            let hidden = before.as_ref().is_some_and(|value| *value == HIDDEN);
            // A list of two choices has no third one for what is hidden or not there.
            let typing = if hidden {
                Typing::Text
            } else if typing == Typing::Flag && nullable {
                Typing::Json
            } else {
                typing
            };
            let optional = nullable || shape.default || field.default.is_some();
            let text = before.as_ref().map_or_else(String::new, |value| text(value, typing));
            let name = format!("{BEFORE}{key}");
            Some(Entry { name, key, ty: field.ty.clone(), typing, optional, text, before })
        };
        let all: Vec<_> = shape.fields.iter().filter_map(entry).collect();
        (!all.is_empty()).then(|| Self { all, payload: payload.clone() })
    }

    /// Takes what was typed in place of what is there, if fields were typed.
    pub(crate) fn typed(mut self, form: &Sent) -> Option<Self> {
        if !form.has(TYPED) {
            return None;
        }
        for entry in &mut self.all {
            entry.text = match entry.typing {
                // A box without a mark is not sent.
                Typing::Flag => form.has(&entry.name).to_string(),
                Typing::Text | Typing::Number | Typing::Json => form.field(&entry.name).to_owned(),
            };
        }
        Some(self)
    }

    /// Puts the payload together.
    ///
    /// # Errors
    /// What is wrong, by the name of the field in the form.
    pub(crate) fn read(&self) -> Result<Value, BTreeMap<String, String>> {
        let (mut payload, mut faults) = (self.payload.clone(), BTreeMap::new());
        for entry in &self.all {
            match entry.read() {
                Ok(Some(value)) => drop(payload.insert(entry.key.clone(), value)),
                Ok(None) => drop(payload.remove(&entry.key)),
                Err(why) => drop(faults.insert(entry.name.clone(), why)),
            }
        }
        if faults.is_empty() { Ok(payload.into()) } else { Err(faults) }
    }
}

impl Entry {
    /// Returns its value; `None` where it is left out.
    fn read(&self) -> Result<Option<Value>, String> {
        let text = &*self.text;
        let unchanged = self.before.as_ref().filter(|before| self::text(before, self.typing) == text);
        if let Some(before) = unchanged {
            return Ok(Some(before.clone()));
        }
        if text.trim().is_empty() && self.optional {
            let there = self.before.is_some();
            return Ok(there.then_some(Value::Null).filter(|_| typing(&self.ty).1));
        }
        let value = match self.typing {
            // What was hidden, and is replaced, is read by its type all the same.
            Typing::Text if text != HIDDEN && typing(&self.ty).0 != Typing::Text => json(text, &self.ty)?,
            Typing::Text => Value::String(text.to_owned()),
            Typing::Number => {
                let value = json(text.trim(), &self.ty)?;
                if !value.is_number() {
                    return Err(format!("it is no number; its type is `{}`", self.ty));
                }
                value
            }
            Typing::Flag => Value::Bool(text == "true"),
            Typing::Json => json(text, &self.ty)?,
        };
        Ok(Some(value))
    }
}

fn json(text: &str, ty: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("it is no JSON of the type `{ty}`: {error}"))
}

fn text(value: &Value, typing: Typing) -> String {
    match (value, typing) {
        (Value::String(text), Typing::Text) => text.clone(),
        (Value::Null, Typing::Text | Typing::Number) => String::new(),
        (Value::Array(_) | Value::Object(_), _) => format!("{value:#}"),
        (other, _) => other.to_string(),
    }
}

/// Returns a payload to begin with, in which every field has the emptiest value of its type.
pub(crate) fn blank(shape: Option<&Shape>) -> Value {
    let Some(shape) = shape else { return Value::Object(Map::new()) };
    let value = |ty: &str| match typing(ty) {
        (_, true) | (Typing::Json, _) => Value::Null,
        (Typing::Text, _) => "".into(),
        (Typing::Number, _) => 0.into(),
        (Typing::Flag, _) => false.into(),
    };
    let fields = shape.fields.iter();
    match (shape.kind, shape.fields.len()) {
        (Kind::Named, _) => {
            let needed = fields.filter(|field| !shape.default && field.default.is_none());
            needed
                .filter_map(|field| Some((field.key.clone()?, value(&field.ty))))
                .collect::<Map<_, _>>()
                .into()
        }
        (Kind::Tuple, 1) => value(&shape.fields[0].ty),
        (Kind::Tuple, _) => fields.map(|field| value(&field.ty)).collect(),
        (Kind::Unit | Kind::Other, _) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use boltjobs_core::shape::Field;
    use serde_json::json;

    use super::*;

    fn shape() -> Shape {
        let field = |name: &str, ty: &str, default: Option<&str>| {
            let (key, default) = (Some(name.to_owned()), default.map(str::to_owned));
            Field { name: name.to_owned(), key, ty: ty.to_owned(), default }
        };
        let fields = vec![
            field("to", "String", None),
            field("cents", "u32", None),
            field("urgent", "bool", None),
            field("note", "Option < String >", None),
            field("items", "Vec<u8>", None),
            field("copies", "u8", Some("1")),
            field("pin", "u16", None),
        ];
        Shape { ident: "Pay".to_owned(), kind: Kind::Named, fields, default: false }
    }

    fn entries(payload: &Value) -> Entries {
        Entries::of(Some(&shape()), payload).unwrap()
    }

    fn with(payload: &Value, typed: &[(&str, &str)]) -> Result<Value, BTreeMap<String, String>> {
        let mut entries = entries(payload);
        for (key, text) in typed {
            entries.all.iter_mut().find(|entry| entry.key == *key).unwrap().text = (*text).to_owned();
        }
        entries.read()
    }

    #[test]
    fn what_is_not_touched_stays_as_it_is() {
        for payload in [
            json!({"to": "", "cents": 1.5, "urgent": "yes", "note": "", "items": {"a": []}, "more": [1], "pin": "***"}),
            json!({"to": "ada", "cents": 7, "urgent": true, "note": null, "items": [1], "copies": 2, "pin": 3}),
        ] {
            assert_eq!(entries(&payload).read().unwrap(), payload);
        }
    }

    #[test]
    fn what_is_typed_is_read_by_its_type() {
        let payload = json!({"to": "ada", "cents": 7, "urgent": true, "note": "x", "items": [1], "copies": 2, "pin": "***"});
        let typed = [
            ("to", "7"),
            ("cents", " 18446744073709551615"),
            ("urgent", "false"),
            ("note", ""),
            ("items", "[]"),
            ("copies", ""),
            ("pin", "12"),
        ];
        assert_eq!(
            with(&payload, &typed).unwrap(),
            json!({"to": "7", "cents": u64::MAX, "urgent": false, "note": null, "items": [], "pin": 12})
        );
        let faults = with(&payload, &[("cents", "seven"), ("items", "[")]).unwrap_err();
        assert_eq!(faults.keys().collect::<Vec<_>>(), ["field.cents", "field.items"]);
        assert!(with(&payload, &[("cents", "\"7\"")]).unwrap_err()["field.cents"].contains("`u32`"));
    }

    #[test]
    fn a_request_of_another_form_is_typed_as_json() {
        assert!(Entries::of(None, &json!({})).is_none());
        assert!(Entries::of(Some(&shape()), &json!([])).is_none());
        for kind in [Kind::Tuple, Kind::Unit, Kind::Other] {
            assert!(Entries::of(Some(&Shape { kind, ..shape() }), &json!({})).is_none());
        }
    }

    #[test]
    fn a_new_payload_has_what_is_needed_and_no_more() {
        let new = blank(Some(&shape()));
        assert_eq!(
            new,
            json!({"to": "", "cents": 0, "urgent": false, "note": null, "items": null, "pin": 0})
        );
        assert_eq!(blank(Some(&Shape { kind: Kind::Unit, ..shape() })), Value::Null);
        assert_eq!(blank(None), json!({}));
    }
}
