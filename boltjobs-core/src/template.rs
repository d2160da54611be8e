//! Texts with fields in them, such as `Enroll {student} in {course}`.
//!
//! This is what `display` and `concurrency_key` of a request are written in. The macros read it when a
//! program compiles; only field names stand between the braces, no expressions and no format options.

use thiserror::Error;

use crate::text::shown;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands, with `{{` and `}}` already turned into single braces.
    Text(String),
    /// The name of a field, or the index of one in a tuple struct.
    Field(String),
}

/// Why a text is not a template. Offsets are in bytes, from the start of the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A field begins and does not end.
    #[error("unclosed `{{` at byte {offset}; close it with `}}`, or write `{{{{` for a brace")]
    Unclosed {
        /// Where the brace stands.
        offset: usize,
    },
    /// A field ends that did not begin.
    #[error("unmatched `}}` at byte {offset}; open it with `{{`, or write `}}}}` for a brace")]
    Unopened {
        /// Where the brace stands.
        offset: usize,
    },
    /// Nothing stands between the braces.
    #[error(
        "empty `{{}}` at byte {offset}; name a field, as in `{{student}}`, or write `{{{{}}}}` for braces"
    )]
    EmptyField {
        /// Where the opening brace stands.
        offset: usize,
    },
    /// What stands between the braces can't be the name of a field.
    #[error(
        "`{name}` at byte {offset} is not a field; write only a name or a tuple index, as in `{{student}}` \
         or `{{0}}`",
        name = shown(.name)
    )]
    NotAField {
        /// What stands between the braces.
        name: String,
        /// Where it stands.
        offset: usize,
    },
}

impl TemplateError {
    /// Returns where the fault is, in bytes from the start of the template.
    pub fn offset(&self) -> usize {
        match self {
            Self::Unclosed { offset }
            | Self::Unopened { offset }
            | Self::EmptyField { offset }
            | Self::NotAField { offset, .. } => *offset,
        }
    }
}

/// Parses a template into its pieces, in order; neighbouring text is one piece, and there is no empty one.
///
/// # Errors
///
/// Names the first fault and where it is.
///
/// # Examples
///
/// ```
/// use boltjobs_core::template::{Piece, parse};
/// let pieces = parse("course:{course}").unwrap();
/// assert_eq!(pieces, [Piece::Text("course:".into()), Piece::Field("course".into())]);
/// ```
pub fn parse(template: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut offset = 0;
    while let Some(next) = template[offset..].find(['{', '}']) {
        text.push_str(&template[offset..offset + next]);
        offset += next;
        let rest = &template[offset..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            text.push_str(&rest[..1]);
            offset += 2;
        } else if rest.starts_with('}') {
            return Err(TemplateError::Unopened { offset });
        } else {
            let name = field(&rest[1..], offset)?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Field(name.to_owned()));
            offset += name.len() + 2;
        }
    }
    text.push_str(&template[offset..]);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

/// Reads the name after a `{` that stands at `brace`.
fn field(rest: &str, brace: usize) -> Result<&str, TemplateError> {
    // An opening brace ends the search too: in `{a {b}` it is the first field that was not closed.
    let Some(end) = rest.find(['{', '}']).filter(|&end| rest[end..].starts_with('}')) else {
        return Err(TemplateError::Unclosed { offset: brace });
    };
    let name = &rest[..end];
    if name.is_empty() {
        return Err(TemplateError::EmptyField { offset: brace });
    }
    if !is_identifier(name) && !is_index(name) {
        return Err(TemplateError::NotAField { name: name.to_owned(), offset: brace + 1 });
    }
    Ok(name)
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
        && name != "_"
}

fn is_index(name: &str) -> bool {
    // Rust refuses `self.01`.
    name == "0"
        || (!name.starts_with('0') && name.len() < 10 && name.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn named(name: &str) -> Piece {
        Piece::Field(name.to_owned())
    }

    #[test]
    fn text_and_fields_come_in_order() {
        let pieces = parse("Enroll {student} in {course}").unwrap();
        assert_eq!(pieces, [text("Enroll "), named("student"), text(" in "), named("course")]);
        assert_eq!(parse("{0}{1}").unwrap(), [named("0"), named("1")]);
        assert_eq!(parse("{_a}{år}").unwrap(), [named("_a"), named("år")]);
        assert_eq!(parse("plain").unwrap(), [text("plain")]);
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn doubled_braces_are_text() {
        assert_eq!(parse("{{{a}}}").unwrap(), [text("{"), named("a"), text("}")]);
        assert_eq!(parse("a {{b}} c").unwrap(), [text("a {b} c")]);
    }

    #[test]
    fn a_fault_says_where_it_is() {
        let cases = [
            ("a {b", "unclosed `{` at byte 2; close it with `}`, or write `{{` for a brace", 2),
            ("{a {b}", "unclosed `{` at byte 0; close it with `}`, or write `{{` for a brace", 0),
            ("å}", "unmatched `}` at byte 2; open it with `{`, or write `}}` for a brace", 2),
            ("x{}", "empty `{}` at byte 1; name a field, as in `{student}`, or write `{{}}` for braces", 1),
        ];
        for (template, message, offset) in cases {
            let error = parse(template).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.offset()), (message, offset));
        }
        assert_eq!(
            parse("x {a.b}").unwrap_err().to_string(),
            "`a.b` at byte 3 is not a field; write only a name or a tuple index, as in `{student}` or `{0}`"
        );
    }

    #[test]
    fn only_names_and_indexes_are_fields() {
        for template in ["{a b}", "{ a}", "{a:?}", "{1a}", "{01}", "{_}", "{-1}", "{9999999999}"] {
            assert!(matches!(parse(template), Err(TemplateError::NotAField { .. })), "{template}");
        }
    }

    proptest! {
        #[test]
        fn the_pieces_put_together_are_the_template(template in "[a-c0-1{}é ]{0,20}") {
            if let Ok(pieces) = parse(&template) {
                let again: String = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => text.replace('{', "{{").replace('}', "}}"),
                        Piece::Field(name) => format!("{{{name}}}"),
                    })
                    .collect();
                prop_assert_eq!(again, template);
            }
        }
    }
}
