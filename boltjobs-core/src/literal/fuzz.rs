use std::collections::BTreeSet;

use boltjobs_fuzz::{cases, spoilt_bytes};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::mask::masked;
use crate::shape::Field;

/// Stands in no payload that is made here but where it is put.
const SECRET: &str = "s3cret";

/// Any JSON, with few names, so that paths and shapes fit it now and then.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| json!(f64::from(number) / 8.0)),
        "[a-q\u{0}-\u{20}\"\\\\{}#é🦀\u{202e}]{0,9}".prop_map(Value::from),
        Just(Value::from(SECRET)),
    ];
    leaf.prop_recursive(4, 60, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map("[abc]|type|[é\"#]{1,2}", inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    let ty = prop_oneof![
        Just("String"),
        Just("u8"),
        Just("f64"),
        Just("Option < Vec < String > >"),
        Just("Vec<Option<String>>"),
        Just("(String, Vec<u64>)"),
        Just("Other"),
        "[a-z:<>(),;\\[\\] ]{0,9}".prop_map(|text| &*text.leak()),
    ];
    let field = ("[abc]|type|0", ty, any::<bool>()).prop_map(|(name, ty, default)| Field {
        key: Some(name.clone()),
        name,
        ty: ty.to_owned(),
        default: default.then(|| "Default::default()".to_owned()),
    });
    let kind = prop_oneof![Just(Kind::Named), Just(Kind::Tuple), Just(Kind::Unit), Just(Kind::Other)];
    (kind, vec(field, 0..4), any::<bool>()).prop_map(|(kind, mut fields, default)| {
        // No type has two fields of one name.
        let mut names = BTreeSet::new();
        fields.retain(|field| names.insert(field.name.clone()));
        Shape { ident: "Enroll".to_owned(), kind, fields, default }
    })
}

fn paths() -> impl Strategy<Value = Vec<String>> {
    vec("(([abc]|type|[0-3])(\\.([abc]|type|[0-3])){0,3})?", 0..4)
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn code_shows_a_secret_exactly_where_the_masked_json_does(
        payload in json(),
        shape in proptest::option::of(shape()),
        sensitive in paths(),
    ) {
        let spec = JobSpec { sensitive, ..JobSpec::new("school.enroll", payload.to_string().into_bytes()) };
        let code = literal(shape.as_ref(), &spec);
        let expected = masked(&spec).to_string().matches(SECRET).count();
        prop_assert_eq!(code.matches(SECRET).count(), expected, "{}", code);
        prop_assert_eq!(test_code(shape.as_ref(), &spec).matches(SECRET).count(), expected);
    }

    #[test]
    fn whatever_the_payload_is_there_is_code_or_a_comment(
        payload in spoilt_bytes(json().prop_map(|json| json.to_string().into_bytes())),
        shape in proptest::option::of(shape()),
    ) {
        let broken = serde_json::from_slice::<Value>(&payload).is_err();
        let code = literal(shape.as_ref(), &JobSpec::new("school.enroll", payload));
        let comment = code.lines().all(|line| line.starts_with("//"));
        prop_assert_eq!(comment, broken, "{}", code);
    }
}
