//! How a request is enqueued, for whoever has not written it yet.

use std::fmt::Write as _;

use super::names::{in_code, of_request};
use crate::shape::{Field, Kind, Shape};

/// The most fields that are written out.
const FIELDS: usize = 20;

/// The most characters of a type.
const TYPE: usize = 80;

/// Returns the code that enqueues a request, with `..` in place of its values.
///
/// Without a shape the type is guessed from the name of the request, and its fields are left out.
pub fn enqueue_code(shape: Option<&Shape>, request: &str) -> String {
    let ident = in_code(&shape.map_or_else(|| of_request(request), |shape| shape.ident.clone()));
    let fields = shape.map_or(&[][..], |shape| &shape.fields);
    match shape.map_or(Kind::Other, |shape| shape.kind) {
        Kind::Unit => format!("{ident}.enqueue().await?;"),
        Kind::Tuple => {
            let values = vec![".."; fields.len().min(FIELDS)].join(", ");
            let more = if fields.len() > FIELDS { ", .." } else { "" };
            format!("{ident}({values}{more}).enqueue().await?;")
        }
        Kind::Named if !fields.is_empty() => named(&ident, fields),
        Kind::Named => format!("{ident} {{}}.enqueue().await?;"),
        Kind::Other => format!("{ident} {{ .. }}.enqueue().await?;"),
    }
}

/// Writes a line for each field, with its type behind it.
fn named(ident: &str, fields: &[Field]) -> String {
    let mut code = format!("{ident} {{\n");
    for field in fields.iter().take(FIELDS) {
        // Whatever could end the comment, or turn the text around, is made visible.
        let ty: String = field.ty.chars().take(TYPE).flat_map(char::escape_debug).collect();
        // It can't fail for a String.
        let _ = writeln!(code, "    {}: .., // {ty}", in_code(&field.name));
    }
    if fields.len() > FIELDS {
        let _ = writeln!(code, "    // and {} more", fields.len() - FIELDS);
    }
    code.push_str("}\n.enqueue()\n.await?;");
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(kind: Kind, names: &[&str]) -> Shape {
        let field = |name: &&str| Field {
            name: (*name).to_owned(),
            key: None,
            ty: "String".to_owned(),
            default: None,
        };
        Shape {
            ident: "SendMail".to_owned(),
            kind,
            fields: names.iter().map(field).collect(),
            default: false,
        }
    }

    #[test]
    fn a_request_is_enqueued_as_its_fields_are_written() {
        for (kind, names, code) in [
            (Kind::Unit, &[][..], "SendMail.enqueue().await?;"),
            (Kind::Tuple, &["0", "1"], "SendMail(.., ..).enqueue().await?;"),
            (Kind::Named, &[], "SendMail {}.enqueue().await?;"),
            (Kind::Other, &[], "SendMail { .. }.enqueue().await?;"),
            (
                Kind::Named,
                &["to", "type"],
                "SendMail {\n    to: .., // String\n    r#type: .., // String\n}\n.enqueue()\n.await?;",
            ),
        ] {
            assert_eq!(enqueue_code(Some(&shape(kind, names)), "mail.send"), code);
        }
        assert_eq!(enqueue_code(None, "mail.send"), "MailSend { .. }.enqueue().await?;");
    }

    #[test]
    fn large_types_are_cut_and_say_so() {
        let names: Vec<_> = (0..25).map(|at| format!("field{at}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut large = shape(Kind::Named, &names);
        large.fields[0].ty = "\u{202e}\n".repeat(500);
        let code = enqueue_code(Some(&large), "mail.send");
        assert!(code.contains("// and 5 more") && code.contains("\\u{202e}\\n"), "{code}");
        assert_eq!(code.lines().count(), 25, "a line for each, and nothing else: {code}");
        let tuple = enqueue_code(Some(&shape(Kind::Tuple, &names)), "mail.send");
        assert_eq!(tuple.matches("..").count(), 21, "{tuple}");
    }
}
