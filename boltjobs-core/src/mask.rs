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
    mask(&mut payload, &spec.sensitive);
    payload
}

/// Hides what these paths lead to; the empty path is all of it.
pub fn mask(payload: &mut Value, sensitive: &[String]) {
    for path in sensitive {
        if let Some(value) = payload.pointer_mut(&pointer(path)) {
            *value = Value::String(MASK.to_owned());
        }
    }
}

/// Returns a payload that was edited as [`masked`] shows it: what is still `***` in a sensitive place gets its value back.
pub fn unmasked(spec: &JobSpec, mut edited: Value) -> Value {
    let Ok(payload) = serde_json::from_slice::<Value>(&spec.payload) else { return edited };
    for pointer in spec.sensitive.iter().map(|path| pointer(path)) {
        if let (Some(value), Some(hidden)) = (edited.pointer_mut(&pointer), payload.pointer(&pointer))
            && *value == MASK
        {
            *value = hidden.clone();
        }
    }
    edited
}

/// Writes a path as a JSON Pointer (RFC 6901).
pub(crate) fn pointer(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    format!("/{}", path.replace('~', "~0").replace('/', "~1").replace('.', "/"))
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
    fn what_was_edited_gets_back_what_it_still_hides_and_nothing_else() {
        let before = json!({"to": "ada", "card": {"number": 42, "a/b~c": 1}, "pin": 7});
        let mut spec = JobSpec::new("pay", before.to_string().into_bytes());
        spec.sensitive = ["card.number", "card.a/b~c", "pin", "gone"].map(str::to_owned).into();
        assert_eq!(unmasked(&spec, masked(&spec)), before);
        let edited = json!({"to": "***", "card": {"number": "***"}, "pin": 8, "gone": "***"});
        let expected = json!({"to": "***", "card": {"number": 42}, "pin": 8, "gone": "***"});
        assert_eq!(unmasked(&spec, edited), expected);
        spec.sensitive = vec![String::new()];
        assert_eq!(unmasked(&spec, masked(&spec)), before);
    }

    #[test]
    fn a_payload_that_is_no_json_is_a_text_and_hidden_whole_where_a_part_is_sensitive() {
        assert_eq!(of(b"{broken", &[]), json!("{broken"));
        assert_eq!(of(b"{\"token\": \"s3cret\"", &["token"]), json!("***"));
    }
}
