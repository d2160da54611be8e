use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::*;
use crate::request::parse;

fn read(attribute: TokenStream, item: TokenStream) -> (Model, Vec<String>) {
    let mut faults = Faults::default();
    let options = parse::options(attribute, &mut faults);
    let item = parse::item(syn::parse2(item).unwrap(), &mut faults);
    let model = Model::new(options, item, &mut faults);
    (model, faults.messages())
}

#[track_caller]
fn refused(attribute: TokenStream, item: TokenStream, beginnings: &[&str]) {
    let (_, faults) = read(attribute, item);
    assert_eq!(faults.len(), beginnings.len(), "{faults:#?}");
    for (fault, beginning) in faults.iter().zip(beginnings) {
        assert!(fault.starts_with(beginning), "{fault}");
    }
}

fn enroll() -> TokenStream {
    quote!(
        struct Enroll {
            student: u64,
            r#type: String,
            #[request(sensitive)]
            token: String,
        }
    )
}

#[test]
fn every_option_reaches_the_model() {
    let attribute = quote!(
        name = "school.enroll",
        aliases = ["registrar.enroll"],
        version = 3,
        display = "Enroll {student} as {type}",
        queue = "registrar",
        priority = -100,
        concurrency_key = "type:{type}",
        response = Vec<(u8, Seat)>,
        tags = ["school", "autumn"],
    );
    let (model, faults) = read(attribute, enroll());
    assert_eq!(faults, [""; 0]);
    assert_eq!(model.name.as_deref(), Some("school.enroll"));
    assert_eq!(model.aliases, ["registrar.enroll"]);
    assert_eq!((model.version, model.queue.as_str(), model.priority), (3, "registrar", -100));
    assert_eq!(model.tags, ["school", "autumn"]);
    assert_eq!(model.sensitive, ["token"]);
    assert_eq!(model.response.to_token_stream().to_string(), quote!(Vec<(u8, Seat)>).to_string());
    assert_eq!(model.display.unwrap().pieces.len(), 4);
    assert_eq!(model.concurrency_key.unwrap().pieces.len(), 2);
    assert!(model.is_request && !model.masked_debug);
}

#[test]
fn the_defaults_are_as_documented() {
    let (model, faults) = read(
        quote!(),
        quote!(
            struct Plain;
        ),
    );
    assert_eq!(faults, [""; 0]);
    assert_eq!((model.name, model.version, model.queue.as_str(), model.priority), (None, 1, "default", 0));
    assert!(model.display.is_none() && model.response.is_none() && model.tags.is_empty());
}

#[test]
fn generics_and_unions_are_no_requests() {
    refused(
        quote!(),
        quote!(
            struct A<'a> {
                a: &'a str,
            }
        ),
        &["a request can't borrow"],
    );
    refused(
        quote!(),
        quote!(
            enum A<T> {
                A(T),
            }
        ),
        &["a request can't be generic"],
    );
    refused(
        quote!(),
        quote!(
            struct A<const N: usize>;
        ),
        &["a request can't be generic"],
    );
    refused(quote!(), quote!(union A { a: u8 }), &["a union can't be a request"]);
}

#[test]
fn all_faults_are_found_and_the_type_is_still_a_request() {
    let attribute = quote!(
        quue = "mail",
        version = 0,
        priority = 101,
        queue = "Not A Queue",
        display = "{nobody} {token}"
    );
    let (model, faults) = read(attribute, enroll());
    assert_eq!(faults.len(), 6, "{faults:#?}");
    assert!(model.is_request);
    assert_eq!((model.version, model.queue.as_str(), model.priority), (1, "default", 0));
}

#[test]
fn a_template_names_fields_that_exist_and_may_be_shown() {
    let fields =
        "unknown field `studnet`; did you mean `student`? the fields are `student`, `type` and `token`";
    refused(quote!(display = "{studnet}"), enroll(), &[fields]);
    refused(quote!(concurrency_key = "{token}"), enroll(), &["`token` is sensitive and must not be shown"]);
    refused(
        quote!(display = "{0}"),
        quote!(
            struct A;
        ),
        &["`display` names the field `0`, but the type has no fields"],
    );
    refused(
        quote!(display = "{0}"),
        quote!(
            struct A(u8);
        ),
        &[],
    );
    let an_enum = quote!(
        enum A {
            B { b: u8 },
        }
    );
    refused(
        quote!(display = "{b}"),
        an_enum.clone(),
        &["an enum has no field `b` in all of its variants; implement"],
    );
    refused(quote!(concurrency_key = "{b}"), an_enum.clone(), &["an enum has no field `b`"]);
    refused(quote!(display = "An A", concurrency_key = "a"), an_enum, &[]);
}

#[test]
fn a_name_or_a_tag_stands_once() {
    let attribute = quote!(name = "a", aliases = ["b", "a", "b"], tags = ["x", "x", " "]);
    let again = "is already a name of this request";
    let (_, faults) = read(
        attribute,
        quote!(
            struct A;
        ),
    );
    assert_eq!(faults.len(), 4);
    assert!(faults[0].contains(again) && faults[1].contains(again), "{faults:?}");
}

#[test]
fn a_derive_of_the_users_own_is_not_repeated() {
    let derives = |attribute, item| read(attribute, item).0.derives;
    let both = Derives { serialize: true, deserialize: true, names_crate: true };
    assert_eq!(
        derives(
            quote!(),
            quote!(
                #[derive(Debug)]
                struct A;
            )
        ),
        both
    );
    let one = Derives { serialize: false, ..both };
    assert_eq!(
        derives(
            quote!(),
            quote!(
                #[derive(Debug, serde::Serialize)]
                struct A;
            )
        ),
        one
    );
    assert_eq!(
        derives(
            quote!(),
            quote!(
                #[derive(Serialize, Deserialize)]
                struct A;
            )
        ),
        Derives::default()
    );
    assert_eq!(
        derives(
            quote!(serde = false),
            quote!(
                struct A;
            )
        ),
        Derives::default()
    );
    let theirs = quote!(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, crate = "my::serde")]
        struct A;
    );
    assert_eq!(
        derives(quote!(), theirs),
        Derives { serialize: true, deserialize: false, names_crate: false }
    );
}

#[test]
fn debug_is_taken_over_only_where_something_is_to_hide() {
    let (model, _) = read(
        quote!(),
        quote!(
            #[derive(Clone, Debug)]
            struct A {
                #[request(sensitive)]
                a: u8,
            }
        ),
    );
    assert!(model.masked_debug);
    let expected = quote!(
        #[derive(Clone)]
        struct A {
            a: u8,
        }
    );
    assert_eq!(model.input.to_token_stream().to_string(), expected.to_string());

    let (model, _) = read(
        quote!(),
        quote!(
            #[derive(Debug)]
            enum A {
                B(#[request(sensitive)] u8),
            }
        ),
    );
    assert!(model.masked_debug);
    assert_eq!(
        model.input.to_token_stream().to_string(),
        quote!(
            enum A {
                B(u8),
            }
        )
        .to_string()
    );

    let (model, _) = read(
        quote!(),
        quote!(
            #[derive(Debug)]
            struct A {
                a: u8,
            }
        ),
    );
    assert!(!model.masked_debug);
    assert_eq!(model.input.attrs.len(), 1);
}

#[test]
fn an_attribute_of_ours_that_says_nothing_is_refused() {
    refused(
        quote!(),
        quote!(
            struct A {
                #[request]
                a: u8,
            }
        ),
        &["say what about this field"],
    );
    refused(
        quote!(),
        quote!(
            struct A {
                #[request(secret)]
                a: u8,
            }
        ),
        &["unknown option `secret`"],
    );
    refused(
        quote!(),
        quote!(
            enum A {
                #[request(sensitive)]
                B,
            }
        ),
        &["`#[request(..)]` inside of an enum"],
    );
}
