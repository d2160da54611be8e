//! Showing a payload as the code that makes it.
//!
//! The code is that of a person who knows the type: `SendMail { to: "ada@example.org".into(), cents: 4200 }`. What only its own
//! crate could write, such as a date or a type of the user's, is read from its JSON. Code of which nothing is hidden or left
//! out compiles; code of which something is does not, so that nobody runs it by mistake.

use serde_json::Value;

use crate::job::JobSpec;
use crate::shape::{Kind, Shape};
use crate::text::shown;

pub use self::doubts::{doubts, misfit};
pub use self::enqueued::enqueue_code;
use self::hidden::Hidden;
use self::layout::{Page, Piece};
pub use self::typing::{Typing, typing};
use self::values::Writer;

mod doubts;
mod enqueued;
mod hidden;
mod json;
mod layout;
mod names;
mod shaped;
mod types;
mod typing;
mod values;

/// The most characters that are written of a payload, its comments included.
const LONGEST: usize = 50_000;

/// Returns the code that makes the request of a job, at most about 50,000 characters of it.
///
/// Without a shape the type is guessed from the JSON, and a comment says so. Values that are sensitive are `•••`. A payload
/// that is no JSON is a comment.
pub fn literal(shape: Option<&Shape>, spec: &JobSpec) -> String {
    let code = Code::of(shape, spec);
    let mut page = Page::new(LONGEST);
    code.write(&mut page, "", 0);
    page.into_text()
}

/// Returns a test that runs the handler with the request of a job, as `docs/testing.md` describes it.
///
/// The request stands in it as [`literal()`] writes it. There is no test for a payload that is no JSON; it is a comment then.
pub fn test_code(shape: Option<&Shape>, spec: &JobSpec) -> String {
    let code = Code::of(shape, spec);
    if code.request.is_none() {
        return literal(shape, spec);
    }
    let name = names::snake(&code.ident);
    let mut page = Page::new(LONGEST);
    code.write(&mut page, "let request = ", 4);
    let request = page.into_text();
    format!(
        "#[boltjobs::test]\n\
         async fn {name}_succeeds(jobs: boltjobs::testing::TestJobs) {{\n\
         {request};\n\
         \n    let run = jobs.perform(request).await;\n    \
         assert!(run.is_success(), \"{{run:?}}\");\n\
         }}\n"
    )
}

/// What is written of a request.
struct Code {
    ident: String,
    comments: Vec<String>,
    request: Option<Piece>,
}

impl Code {
    fn of(shape: Option<&Shape>, spec: &JobSpec) -> Self {
        let ident = shape.map_or_else(|| names::of_request(&spec.request), |shape| shape.ident.clone());
        let hidden = Hidden::of(&spec.sensitive);
        let Ok(payload) = serde_json::from_slice::<Value>(&spec.payload) else {
            return Self { ident, comments: broken(spec), request: None };
        };
        let mut writer = Writer::new(LONGEST);
        let ident_in_code = names::in_code(&ident);
        let known = shape.filter(|shape| shape.kind != Kind::Other);
        let request = match known {
            Some(shape) => shaped::known(&mut writer, shape, &payload, &hidden),
            None if shape.is_some() => None,
            None => shaped::guessed(&mut writer, &ident_in_code, &payload, &hidden),
        };
        let request = request.unwrap_or_else(|| {
            writer = Writer::new(LONGEST);
            writer.decoded(&payload, &hidden, Some(&ident_in_code))
        });
        let mut comments = Vec::new();
        if shape.is_none() {
            comments.push(format!(
                "Guessed from the JSON of `{}`, as no server that is there handles it.",
                shown(&spec.request)
            ));
        }
        if writer.has_hidden() {
            comments.push(
                "What is sensitive is hidden; it compiles once there are values in its place.".to_owned(),
            );
        }
        Self { ident, comments, request: Some(request) }
    }

    fn write(&self, page: &mut Page, before: &str, indent: usize) {
        let blanks = " ".repeat(indent);
        page.push(&blanks);
        for (at, comment) in self.comments.iter().enumerate() {
            page.push(&format!("// {comment}"));
            if at + 1 < self.comments.len() || self.request.is_some() {
                page.new_line(indent);
            }
        }
        if let Some(request) = &self.request {
            page.push(before);
            request.write(page, indent);
        }
    }
}

/// Says what a payload is that can't be taken apart, and so can't be masked in part.
fn broken(spec: &JobSpec) -> Vec<String> {
    let mut comments = vec![format!("The payload of `{}` is no JSON:", shown(&spec.request))];
    if spec.sensitive.is_empty() {
        // A character has four bytes at most.
        let start = &spec.payload[..spec.payload.len().min(LONGEST * 4)];
        // Whatever could end the comment, or turn the text around, is made visible.
        let line = |line: &str| line.chars().flat_map(char::escape_debug).collect();
        comments.extend(String::from_utf8_lossy(start).lines().map(line));
    } else {
        comments.push(values::MARK.to_owned());
    }
    comments
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
