//! Writes values as code that reads them from their JSON, which any type can be that serde knows.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use super::hidden::Hidden;
use super::layout::{Brackets, Piece};
use super::values::{ARRAY, Writer};

/// The most values in a `json!`: the macro calls itself for each of them, and the compiler lets it do so 128 times.
const IN_MACRO: usize = 16;

const JSON_ARRAY: Brackets = Brackets { trailing: false, ..ARRAY };
const JSON_OBJECT: Brackets = Brackets { open: "{", close: "}", ..JSON_ARRAY };

/// What a JSON is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Json {
    /// `json!`, where numbers and texts are those of Rust.
    Macro,
    /// A raw string.
    Raw,
}

impl Writer {
    /// Writes code that reads a value from its JSON, and names its type where nothing else does.
    pub(super) fn decoded(&mut self, value: &Value, hidden: &Hidden<'_>, ident: Option<&str>) -> Piece {
        let of = ident.map(|ident| format!("::<{ident}>")).unwrap_or_default();
        if fits_in_macro(value, &mut 0) {
            let json = self.json(value, hidden, Json::Macro);
            return Piece::within(
                &format!("serde_json::from_value{of}(serde_json::json!("),
                json,
                ")).unwrap()",
            );
        }
        self.hashes = 0;
        self.gap = false;
        let json = self.json(value, hidden, Json::Raw);
        // A gap within a string would compile.
        let mark = if self.gap { "…" } else { "" };
        let hashes = "#".repeat(self.hashes + 1);
        Piece::within(
            &format!("serde_json::from_str{of}(r{hashes}\""),
            json,
            &format!("\"{hashes}{mark}).unwrap()"),
        )
    }

    fn json(&mut self, value: &Value, hidden: &Hidden<'_>, form: Json) -> Piece {
        if hidden.here() {
            return self.mark();
        }
        match value {
            Value::Null | Value::Bool(_) => self.text(value.to_string()),
            Value::Number(number) => {
                let suffix = if form == Json::Macro { suffix(number) } else { "" };
                self.text(format!("{number}{suffix}"))
            }
            Value::String(text) => self.json_text(text, form),
            Value::Array(items) => {
                let items = self.each(items, |it, at, item| Some(it.json(item, &hidden.item(at), form)));
                Piece::list(JSON_ARRAY, items.unwrap_or_default())
            }
            Value::Object(fields) => {
                let mut written = Vec::new();
                for (at, (name, value)) in fields.iter().enumerate() {
                    if self.is_dry() {
                        written.push(self.left_out(fields.len() - at));
                        break;
                    }
                    let value = self.json(value, &hidden.field(name), form);
                    written.push(Piece::chain([self.json_text(name, form), Piece::text(": "), value]));
                }
                Piece::list(JSON_OBJECT, written)
            }
        }
    }

    fn json_text(&mut self, text: &str, form: Json) -> Piece {
        match form {
            Json::Macro => self.quoted(text),
            Json::Raw => {
                let hashes = text.split(|it| it != '#').map(str::len).max().unwrap_or_default();
                self.hashes = self.hashes.max(hashes);
                self.cut(text, raw)
            }
        }
    }
}

/// Counts the values of a JSON, as long as there are few.
fn fits_in_macro(value: &Value, count: &mut usize) -> bool {
    *count += 1;
    *count <= IN_MACRO
        && match value {
            Value::Array(items) => items.iter().all(|item| fits_in_macro(item, count)),
            Value::Object(fields) => fields.values().all(|value| fits_in_macro(value, count)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
}

/// Names the type of a number that is not an `i32`, for which the compiler takes it otherwise.
fn suffix(number: &Number) -> &'static str {
    match (number.as_i64(), number.is_f64()) {
        (_, true) => "",
        (Some(small), _) if i32::try_from(small).is_ok() => "",
        (Some(_), _) => "_i64",
        (None, _) => "_u64",
    }
}

/// Writes a text as JSON, with what can't be seen escaped: the compiler refuses some of it in a raw string.
fn raw(text: &str) -> String {
    let mut written = String::new();
    for letter in Value::from(text).to_string().chars() {
        if letter.is_ascii() || letter.escape_debug().len() == 1 {
            written.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(written, "\\u{unit:04x}");
            }
        }
    }
    written
}
