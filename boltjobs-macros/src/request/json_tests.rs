use quote::quote;

use super::*;
use crate::request::parse;

fn paths(item: TokenStream) -> Vec<String> {
    let mut faults = Faults::default();
    let item = parse::item(syn::parse2(item).unwrap(), &mut faults);
    let paths = sensitive_paths(&item.input.attrs, &item.shape, &mut faults);
    assert_eq!(faults.messages(), [""; 0]);
    paths
}

#[test]
fn a_field_of_a_struct_goes_by_its_name_in_json() {
    assert_eq!(
        paths(quote!(
            struct A {
                #[request(sensitive)]
                r#type: u8,
                b: u8,
            }
        )),
        ["type"]
    );
    assert_eq!(
        paths(quote!(
            struct A {
                #[serde(rename = "t", default)]
                #[request(sensitive)]
                token: u8,
            }
        )),
        ["t"]
    );
    let both = quote! {
        #[serde(rename_all(serialize = "camelCase", deserialize = "lowercase"))]
        struct A { #[request(sensitive)] access_token: u8, #[boltjobs::request(sensitive)] b: u8 }
    };
    assert_eq!(paths(both), ["accessToken", "b"]);
}

#[test]
fn a_field_of_a_tuple_goes_by_its_place_and_a_single_one_is_everything() {
    assert_eq!(
        paths(quote!(
            struct A(u8, #[request(sensitive)] u8);
        )),
        ["1"]
    );
    assert_eq!(
        paths(quote!(
            struct A(#[request(sensitive)] u8);
        )),
        ["0", ""]
    );
}

#[test]
fn a_field_of_a_variant_is_found_in_every_form_of_tagging() {
    let inner = quote!(
        enum A {
            B,
            LogIn {
                #[request(sensitive)]
                token: u8,
            },
            C(u8, #[request(sensitive)] u8),
            D(#[request(sensitive)] u8),
        }
    );
    assert_eq!(paths(inner.clone()), ["LogIn.token", "C.1", "D"]);
    assert_eq!(paths(quote!(#[serde(rename_all = "snake_case")] #inner)), ["log_in.token", "c.1", "d"]);
    assert_eq!(paths(quote!(#[serde(tag = "t", content = "c")] #inner)), ["c.token", "c.1", "c"]);
    assert_eq!(paths(quote!(#[serde(untagged)] #inner)), ["token", "1", "0", ""]);
    let tagged = quote! {
        #[serde(tag = "t", rename_all_fields = "UPPERCASE")]
        enum A { B { #[request(sensitive)] token: u8 }, #[serde(rename_all = "camelCase")] C { #[request(sensitive)] a_b: u8 } }
    };
    assert_eq!(paths(tagged), ["TOKEN", "aB"]);
}

#[test]
fn the_rules_are_serdes() {
    let cases = [
        ("lowercase", "outcome", "very_tasty", "verytasty"),
        ("UPPERCASE", "OUTCOME", "VERY_TASTY", "VERYTASTY"),
        ("PascalCase", "Outcome", "VeryTasty", "VeryTasty"),
        ("camelCase", "outcome", "veryTasty", "veryTasty"),
        ("snake_case", "outcome", "very_tasty", "very_tasty"),
        ("SCREAMING_SNAKE_CASE", "OUTCOME", "VERY_TASTY", "VERY_TASTY"),
        ("kebab-case", "outcome", "very-tasty", "very-tasty"),
        ("SCREAMING-KEBAB-CASE", "OUTCOME", "VERY-TASTY", "VERY-TASTY"),
    ];
    for (rule, short, field, variant) in cases {
        assert_eq!(renamed_field("outcome", Some(rule)), short, "{rule}");
        assert_eq!(renamed_field("very_tasty", Some(rule)), field, "{rule}");
        assert_eq!(renamed_variant("VeryTasty", Some(rule)), variant, "{rule}");
    }
}

#[test]
fn what_can_not_be_found_in_json_is_refused() {
    for item in [
        quote!(
            struct A {
                #[request(sensitive)]
                #[serde(flatten)]
                a: B,
            }
        ),
        quote!(
            #[serde(from = "B")]
            struct A {
                #[request(sensitive)]
                a: B,
            }
        ),
        quote!(
            #[serde(transparent)]
            struct A {
                #[request(sensitive)]
                a: B,
            }
        ),
        quote!(
            struct A {
                #[request(sensitive)]
                #[serde(rename = "a.b")]
                a: B,
            }
        ),
    ] {
        let mut faults = Faults::default();
        let item = parse::item(syn::parse2(item).unwrap(), &mut faults);
        assert_eq!(sensitive_paths(&item.input.attrs, &item.shape, &mut faults), [""; 0]);
        assert_eq!(faults.messages().len(), 1);
    }
}
