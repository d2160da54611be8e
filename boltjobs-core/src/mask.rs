//! Showing payloads without what is sensitive in them.

use serde_json::Value;

use crate::job::JobSpec;

/// What stands where a sensitive value was.
const MASK: &str = "***";

/// Returns the payload with `***` for what is sensitive; as a text where it is no JSON.
pub fn masked(spec: &JobSpec) -> Value {
    let Ok(mut payload) = serde_json::from_slice(&spec.payload) else {
        // What can't be taken apart can't be masked either.
        let hide = !spec.sensitive.is_empty();
        return Value::String(if hide {
            MASK.to_owned()
        } else {
            String::from_utf8_lossy(&spec.payload).into_owned()
        });
    };
    for path in &spec.sensitive {
        mask(&mut payload, path);
    }
    payload
}

/// Hides what a path leads to; the empty path is all of it.
fn mask(payload: &mut Value, path: &str) {
    if path.is_empty() {
        *payload = Value::String(MASK.to_owned());
        return;
    }
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let found = match payload {
        Value::Object(fields) => fields.get_mut(first),
        Value::Array(items) => first.parse().ok().and_then(|index: usize| items.get_mut(index)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => None,
    };
    match (found, rest) {
        (Some(value), None) => *value = Value::String(MASK.to_owned()),
        (Some(value), Some(rest)) => mask(value, rest),
        (None, _) => {}
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(payload: &[u8], sensitive: &[&str]) -> Value {
        let mut spec = JobSpec::new("pay", payload);
        spec.sensitive = sensitive.iter().map(ToString::to_string).collect();
        masked(&spec)
    }

    fn of_json(payload: &Value, path: &str) -> Value {
        of(payload.to_string().as_bytes(), &[path])
    }

    #[test]
    fn sensitive_values_are_masked_in_structs_tuples_and_variants() {
        assert_eq!(of_json(&json!({"a": 1, "token": "s3cret"}), "token"), json!({"a": 1, "token": "***"}));
        assert_eq!(of_json(&json!([1, {"deep": 2}]), "1"), json!([1, "***"]));
        assert_eq!(
            of_json(&json!({"Card": {"number": 4, "name": "A"}}), "Card.number"),
            json!({"Card": {"number": "***", "name": "A"}})
        );
        assert_eq!(of_json(&json!({"Cash": {"sum": 4}}), "Card.number"), json!({"Cash": {"sum": 4}}));
    }

    #[test]
    fn the_empty_path_masks_everything() {
        assert_eq!(of_json(&json!({"user": "ada", "pass": "s3cret"}), ""), json!("***"));
        assert_eq!(of_json(&json!("s3cret"), ""), json!("***"));
    }

    #[test]
    fn a_payload_that_is_no_json_is_a_text_and_hidden_whole_where_a_part_is_sensitive() {
        assert_eq!(of(b"{broken", &[]), json!("{broken"));
        assert_eq!(of(b"{\"token\": \"s3cret\"", &["token"]), json!("***"));
    }
}
