//! Payloads as code: what is shown of a request is that code, to the letter, and the compiler takes it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use boltjobs::Request;
use boltjobs::prelude::*;
use boltjobs_core::job::JobSpec;
use boltjobs_core::literal::{literal, test_code};
use boltjobs_core::shape::{Kind, Shape};
use serde::{Deserialize, Serialize};

#[request]
#[derive(Debug)]
pub struct SendMail {
    to: String,
    cents: u64,
    cc: Option<String>,
    tags: Vec<String>,
}

#[handler]
async fn send_mail(_: SendMail) {}

/// One field for each way to write one.
#[request]
#[serde(rename_all = "camelCase")]
#[derive(Debug)]
#[allow(clippy::struct_field_names, reason = "it is the names that matter")]
pub struct Everything {
    r#type: char,
    ratio_of_all: f64,
    #[serde(rename = "wait-for")]
    wait: std::time::Duration,
    pair: (i8, Option<Box<f32>>),
    bytes: [u8; 3],
    shared: Arc<bool>,
    nothing: (),
    #[serde(skip)]
    #[expect(dead_code, reason = "it is left out")]
    cache: u32,
    #[serde(default = "ten", skip_serializing_if = "is_ten")]
    retries: u8,
    day: std::path::PathBuf,
    card: Card,
    by_name: BTreeMap<String, u64>,
    many: Vec<Card>,
    #[cfg(any())]
    never: u8,
}

fn ten() -> u8 {
    10
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
fn is_ten(number: &u8) -> bool {
    *number == 10
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Card {
    number: u64,
    holder: String,
}

#[request]
#[derive(Debug)]
pub struct Single(Vec<u32>);

#[request]
#[derive(Debug)]
pub struct Pair(String, Duration);

#[request]
#[derive(Debug)]
pub struct Unit;

#[request]
#[serde(default)]
#[derive(Debug)]
pub struct Partly {
    #[serde(skip_serializing_if = "is_by_default")]
    left_out: String,
    number: u32,
}

fn is_by_default(text: &str) -> bool {
    text == "by default"
}

impl Default for Partly {
    fn default() -> Self {
        Self { left_out: "by default".to_owned(), number: 1 }
    }
}

#[request]
#[derive(Debug)]
pub enum Choice {
    One { number: i64 },
    Two,
}

#[request]
#[derive(Debug)]
pub struct Login {
    user: String,
    #[request(sensitive)]
    password: Option<String>,
}

fn spec<R: Request>(request: &R) -> JobSpec {
    let mut spec = JobSpec::new("a.name", serde_json::to_vec(request).unwrap());
    spec.sensitive = R::INFO.sensitive.iter().map(ToString::to_string).collect();
    spec
}

fn shape<R: Request>() -> Shape {
    R::INFO.shape.shape()
}

/// Compares code that stands in a file with what is shown of the request that it makes.
macro_rules! assert_shown_as_it_is_written {
    ($($request:ty: $file:literal,)*) => {$(
        let request: $request = include!(concat!("code/", $file));
        let shown = literal(Some(&shape::<$request>()), &spec(&request));
        assert_eq!(shown, include_str!(concat!("code/", $file)).trim_end(), "{}", $file);
    )*};
}

#[test]
fn the_code_that_is_shown_is_the_code_that_made_the_request() {
    assert_shown_as_it_is_written! {
        SendMail: "send_mail.in",
        Everything: "everything.in",
        Single: "single.in",
        Pair: "pair.in",
        Unit: "unit.in",
        Partly: "partly.in",
        Choice: "choice.in",
        Choice: "choice_two.in",
    }
}

// The test that is shown of a request, as a test.
include!("code/send_mail_test.in");

#[test]
fn the_test_that_is_shown_is_a_test() {
    let request = include!("code/send_mail.in");
    let shown = test_code(Some(&shape::<SendMail>()), &spec(&request));
    assert_eq!(shown, include_str!("code/send_mail_test.in"));
}

#[test]
fn what_a_request_hides_is_not_in_the_code() {
    let login = Login { user: "ada".to_owned(), password: Some("s3cret".to_owned()) };
    let shown = literal(Some(&shape::<Login>()), &spec(&login));
    assert!(shown.ends_with("Login {\n    user: \"ada\".into(),\n    password: •••,\n}"), "{shown}");
}

/// What serde is told to write in another way.
mod told {
    use super::*;

    #[request]
    #[serde(transparent)]
    pub struct Transparent(u8);

    #[request]
    pub struct Flattened {
        #[serde(flatten)]
        more: BTreeMap<String, u8>,
    }

    #[request]
    pub struct Written {
        #[serde(with = "as_text")]
        number: u8,
    }

    #[request]
    #[serde(tag = "kind")]
    pub struct Tagged {
        number: u8,
    }

    #[request(serde = false)]
    pub struct ByHand(pub u8);

    impl Serialize for ByHand {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&self.0)
        }
    }

    impl<'de> Deserialize<'de> for ByHand {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
        }
    }

    #[request]
    #[derive(Serialize, Deserialize)]
    pub struct Derived(pub u8);

    mod as_text {
        use serde::{Deserialize, Deserializer, Serializer, de::Error};

        #[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
        pub(super) fn serialize<S: Serializer>(number: &u8, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(number)
        }

        pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        }
    }
}

#[test]
fn the_fields_of_a_type_that_serde_writes_in_another_way_are_not_guessed() {
    for (shape, kind) in [
        (shape::<told::Transparent>(), Kind::Other),
        (shape::<told::Flattened>(), Kind::Other),
        (shape::<told::Written>(), Kind::Other),
        (shape::<told::Tagged>(), Kind::Other),
        (shape::<told::ByHand>(), Kind::Other),
        (shape::<told::Derived>(), Kind::Tuple),
        (shape::<Choice>(), Kind::Other),
        (shape::<Unit>(), Kind::Unit),
    ] {
        assert_eq!(shape.kind, kind, "{}", shape.ident);
    }
}
