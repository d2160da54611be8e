//! Writes single values: as their type has it, as it may be, or as their JSON.

use serde_json::{Number, Value};

use super::hidden::Hidden;
use super::layout::{Brackets, Piece};
use super::types::Type;

/// What stands where a sensitive value was. It is no Rust.
pub(super) const MARK: &str = "•••";

/// The most characters that are written of one text.
const TEXT: usize = 10_000;

pub(super) const CALL: Brackets = Brackets { open: "(", close: ")", fits: 60, spaced: false, trailing: true };
const VEC: Brackets = Brackets { open: "vec![", close: "]", ..CALL };
pub(super) const ARRAY: Brackets = Brackets { open: "[", close: "]", ..CALL };

/// Writes values until there is more than anybody is shown.
#[derive(Debug)]
pub(super) struct Writer {
    /// How many more characters are worth writing.
    ink: usize,
    hidden: bool,
    /// Whether something is hidden or left out within the JSON that is being written.
    pub(super) gap: bool,
    /// The most `#` in a row within the texts of a JSON.
    pub(super) hashes: usize,
}

impl Writer {
    pub(super) fn new(ink: usize) -> Self {
        Self { ink, hidden: false, gap: false, hashes: 0 }
    }

    /// Says whether anything was hidden.
    pub(super) fn has_hidden(&self) -> bool {
        self.hidden
    }

    pub(super) fn is_dry(&self) -> bool {
        self.ink == 0
    }

    pub(super) fn mark(&mut self) -> Piece {
        self.hidden = true;
        self.gap = true;
        Piece::text(MARK)
    }

    pub(super) fn text(&mut self, text: impl Into<String>) -> Piece {
        let text = text.into();
        // The comma and the blank after it.
        self.ink = self.ink.saturating_sub(text.len() + 2);
        Piece::text(text)
    }

    /// Writes a value of a field as its type has it; from its JSON where that can't be done anywhere.
    pub(super) fn field(&mut self, value: &Value, ty: &Type, hidden: &Hidden<'_>) -> Piece {
        let ink = self.ink;
        if let Some(typed) = self.typed(value, ty, hidden) {
            return typed;
        }
        self.ink = ink;
        self.decoded(value, hidden, None)
    }

    fn typed(&mut self, value: &Value, ty: &Type, hidden: &Hidden<'_>) -> Option<Piece> {
        if hidden.here() {
            return Some(self.mark());
        }
        match (ty, value) {
            (Type::Tuple(types), Value::Null) if types.is_empty() => Some(self.text("()")),
            (Type::Tuple(types), Value::Array(items)) if types.len() == items.len() && !types.is_empty() => {
                let mut items =
                    self.each(items, |it, at, item| it.typed(item, &types[at], &hidden.item(at)))?;
                if let Some(only) = items.pop_if(|_| types.len() == 1) {
                    return Some(Piece::within("(", only, ",)"));
                }
                Some(Piece::list(CALL, items))
            }
            (Type::Array(ty, length), Value::Array(items)) if length.is_none_or(|it| it == items.len()) => {
                let items = self.each(items, |it, at, item| it.typed(item, ty, &hidden.item(at)))?;
                Some(Piece::list(ARRAY, items))
            }
            (Type::Std(name, of), value) => self.std(name, of, value, hidden),
            (Type::Tuple(_) | Type::Array(..) | Type::Other, _) => None,
        }
    }

    fn std(&mut self, name: &str, of: &[Type], value: &Value, hidden: &Hidden<'_>) -> Option<Piece> {
        match (name, of, value) {
            ("String" | "PathBuf", [], Value::String(text)) => {
                Some(self.quoted(text).followed_by(Piece::text(".into()")))
            }
            ("char", [], Value::String(text)) => {
                let mut letters = text.chars();
                let letter = letters.next().filter(|_| letters.next().is_none())?;
                Some(self.text(format!("{letter:?}")))
            }
            ("bool", [], Value::Bool(truth)) => Some(self.text(truth.to_string())),
            ("f32" | "f64", [], Value::Number(number)) => Some(self.text(float(number))),
            ("Option", [_], Value::Null) => Some(self.text("None")),
            ("Option", [ty], value) => Some(Piece::within("Some(", self.typed(value, ty, hidden)?, ")")),
            ("Box", [ty], value) => Some(Piece::within("Box::new(", self.typed(value, ty, hidden)?, ")")),
            ("Arc", [ty], value) => {
                Some(Piece::within("std::sync::Arc::new(", self.typed(value, ty, hidden)?, ")"))
            }
            ("Vec", [ty], Value::Array(items)) => {
                let items = self.each(items, |it, at, item| it.typed(item, ty, &hidden.item(at)))?;
                Some(Piece::list(VEC, items))
            }
            ("Duration", [], Value::Object(parts)) if parts.len() == 2 && hidden.is_empty() => {
                let seconds = parts.get("secs")?.as_u64()?;
                let nanos = parts.get("nanos")?.as_u64().filter(|nanos| *nanos < 1_000_000_000)?;
                Some(self.text(format!("std::time::Duration::new({seconds}, {nanos})")))
            }
            (ty, [], Value::Number(number)) if is_integer(ty, number) => Some(self.text(number.to_string())),
            _ => None,
        }
    }

    /// Writes a value of which only the JSON is known.
    pub(super) fn guess(&mut self, value: &Value, hidden: &Hidden<'_>) -> Piece {
        if hidden.here() {
            return self.mark();
        }
        match value {
            Value::Null => self.text("None"),
            Value::Bool(truth) => self.text(truth.to_string()),
            Value::Number(number) => self.text(number.to_string()),
            Value::String(text) => self.quoted(text).followed_by(Piece::text(".into()")),
            Value::Array(items) => {
                let items = self.each(items, |it, at, item| Some(it.guess(item, &hidden.item(at))));
                Piece::list(VEC, items.unwrap_or_default())
            }
            Value::Object(_) => self.decoded(value, hidden, None),
        }
    }

    /// Writes a text as one of Rust.
    pub(super) fn quoted(&mut self, text: &str) -> Piece {
        self.cut(text, |text| format!("{text:?}"))
    }

    pub(super) fn cut(&mut self, text: &str, write: impl Fn(&str) -> String) -> Piece {
        match text.char_indices().nth(TEXT) {
            None => self.text(write(text)),
            Some((end, _)) => {
                self.gap = true;
                let more = text[end..].chars().count();
                self.text(format!("{}… /* {more} more characters */", write(&text[..end])))
            }
        }
    }

    /// Writes the items of a list; those that nobody is shown are counted.
    pub(super) fn each(
        &mut self,
        items: &[Value],
        write: impl Fn(&mut Self, usize, &Value) -> Option<Piece>,
    ) -> Option<Vec<Piece>> {
        let mut written = Vec::new();
        for (at, item) in items.iter().enumerate() {
            if self.is_dry() {
                written.push(self.left_out(items.len() - at));
                break;
            }
            written.push(write(self, at, item)?);
        }
        Some(written)
    }

    /// Says how many values are left out.
    pub(super) fn left_out(&mut self, values: usize) -> Piece {
        self.gap = true;
        Piece::text(format!("… /* {values} more */"))
    }
}

fn float(number: &Number) -> String {
    let text = number.to_string();
    if text.contains(['.', 'e', 'E']) { text } else { format!("{text}.0") }
}

/// Says whether a number is one of a type; the compiler refuses others.
fn is_integer(ty: &str, number: &Number) -> bool {
    let text = number.to_string();
    match ty {
        "u8" => text.parse::<u8>().is_ok(),
        "u16" => text.parse::<u16>().is_ok(),
        "u32" => text.parse::<u32>().is_ok(),
        "u64" | "usize" => text.parse::<u64>().is_ok(),
        "u128" => text.parse::<u128>().is_ok(),
        "i8" => text.parse::<i8>().is_ok(),
        "i16" => text.parse::<i16>().is_ok(),
        "i32" => text.parse::<i32>().is_ok(),
        "i64" | "isize" => text.parse::<i64>().is_ok(),
        "i128" => text.parse::<i128>().is_ok(),
        _ => false,
    }
}
