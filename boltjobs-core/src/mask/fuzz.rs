use boltjobs_fuzz::{cases, spoilt_bytes};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::*;

/// Stands in no payload that is made here but where it is put.
const SECRET: &str = "s3cret";

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| json!(f64::from(number) / 8.0)),
        "[a-q\u{0}-\u{20}\"\\\\{}é🦀]{0,9}".prop_map(Value::from),
    ];
    let name = || prop_oneof!["[a-q]{1,3}", "[0-3]", "[é \"\\\\🦀]{1,3}"];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(name(), inner, 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Goes down into a payload, as far as there are steps, and returns the path to where it came.
fn go_down(payload: &mut Value, steps: &[Index]) -> String {
    let (mut at, mut path) = (payload, Vec::new());
    for step in steps {
        let inside =
            at.as_object().map(serde_json::Map::len).or(at.as_array().map(Vec::len)).unwrap_or_default();
        if inside == 0 {
            break;
        }
        let place = step.index(inside);
        at = if let Value::Object(fields) = at {
            let (name, value) = fields.iter_mut().nth(place).unwrap();
            path.push(name.clone());
            value
        } else {
            path.push(place.to_string());
            &mut at[place]
        };
    }
    *at = json!({"inner": [SECRET, at.take()]});
    path.join(".")
}

fn spec(payload: Vec<u8>, sensitive: Vec<String>) -> JobSpec {
    JobSpec { sensitive, ..JobSpec::new("pay", payload) }
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn what_is_sensitive_is_never_shown_and_all_else_is(
        payload in json(),
        steps in vec(any::<Index>(), 0..5),
        other in "[a-q.0-3]{0,9}",
    ) {
        let (mut hidden, mut expected) = (payload.clone(), payload);
        let path = go_down(&mut hidden, &steps);
        let shown = masked(&spec(hidden.to_string().into_bytes(), vec![path.clone()]));
        mask(&mut expected, std::slice::from_ref(&path));
        prop_assert_eq!(&shown, &expected);
        prop_assert!(!shown.to_string().contains(SECRET), "{}", shown);
        // Whatever else is hidden, too, and however often, nothing comes back.
        let shown = masked(&spec(hidden.to_string().into_bytes(), vec![path, other.clone(), other]));
        prop_assert!(!shown.to_string().contains(SECRET), "{}", shown);
    }

    #[test]
    fn a_payload_that_is_broken_shows_nothing_of_itself(
        payload in spoilt_bytes(json().prop_map(|json| json!({"token": SECRET, "more": json}).to_string().into_bytes())),
        paths in vec("[a-z.0-9]{0,9}", 1..3),
    ) {
        let broken = serde_json::from_slice::<Value>(&payload).is_err();
        let shown = masked(&spec(payload, paths));
        prop_assert!(!broken || shown == json!("***"), "{}", shown);
    }
}
