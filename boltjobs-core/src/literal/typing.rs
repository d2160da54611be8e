//! How people type values, by the types of these.

use super::types::{self, Type};

/// How a value of a type is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// As it is.
    Text,
    /// In digits.
    Number,
    /// As yes or no.
    Flag,
    /// As JSON.
    Json,
}

/// Returns how a value of a type is typed, and whether there may be none.
pub fn typing(ty: &str) -> (Typing, bool) {
    of(&types::read(ty))
}

fn of(ty: &Type) -> (Typing, bool) {
    let Type::Std(name, arguments) = ty else { return (Typing::Json, false) };
    match (&**name, &**arguments) {
        ("Option", [inner]) => (of(inner).0, true),
        ("Box" | "Arc" | "Rc", [inner]) => of(inner),
        ("String" | "str" | "char" | "PathBuf", []) => (Typing::Text, false),
        (
            "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" | "f32" | "f64",
            [],
        ) => (Typing::Number, false),
        ("bool", []) => (Typing::Flag, false),
        _ => (Typing::Json, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_says_how_its_values_are_typed() {
        for (ty, expected) in [
            ("String", (Typing::Text, false)),
            ("Option < std :: sync :: Arc < str > >", (Typing::Text, true)),
            ("u64", (Typing::Number, false)),
            ("Option<f32>", (Typing::Number, true)),
            ("bool", (Typing::Flag, false)),
            ("Vec<String>", (Typing::Json, false)),
            ("Option<crate::Kind>", (Typing::Json, true)),
            ("u128", (Typing::Json, false)),
            ("", (Typing::Json, false)),
        ] {
            assert_eq!(typing(ty), expected, "{ty}");
        }
    }
}
