//! Whether a value is what a schema says: the part of JSON Schema that ours uses. What it does not
//! know it refuses, so that nothing in the document goes unchecked.

use serde_json::Value;

/// The words that say nothing of the value.
const REMARKS: [&str; 1] = ["description"];

/// Returns what is wrong with a value, each with where it is.
pub(super) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, value, "$", &mut faults);
    faults
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (word, says) in schema.as_object().expect("a schema is an object") {
        let mut fault = |what: String| faults.push(format!("{at}: {what}"));
        match word.as_str() {
            word if REMARKS.contains(&word) => {}
            "$ref" => check(document, referred(document, says), value, at, faults),
            "type" => {
                let kinds = says.as_array().map_or_else(|| vec![says], |kinds| kinds.iter().collect());
                if !kinds.iter().any(|kind| is(value, kind.as_str().unwrap())) {
                    fault(format!("{value} is no {says}"));
                }
            }
            "enum" => {
                if !says.as_array().unwrap().contains(value) {
                    fault(format!("{value} is none of {says}"));
                }
            }
            "anyOf" => {
                let each: Vec<_> =
                    says.as_array().unwrap().iter().map(|one| self::faults(document, one, value)).collect();
                if !each.iter().any(Vec::is_empty) {
                    fault(format!("it is nothing of anyOf: {each:?}"));
                }
            }
            "format" => {
                if let Some(text) = value.as_str().filter(|text| !has_format(text, says.as_str().unwrap())) {
                    fault(format!("{text:?} is no {says}"));
                }
            }
            "minimum" | "maximum" => {
                let (limit, number) = (says.as_f64().unwrap(), value.as_f64());
                let beyond = |number: f64| if word == "minimum" { number < limit } else { number > limit };
                if number.is_some_and(beyond) {
                    fault(format!("{value} is beyond the {word} {limit}"));
                }
            }
            "minItems" | "maxItems" => {
                let (limit, items) =
                    (says.as_u64().unwrap(), value.as_array().map(|items| items.len() as u64));
                let beyond = |items: u64| if word == "minItems" { items < limit } else { items > limit };
                if items.is_some_and(beyond) {
                    fault(format!("{items:?} items are beyond {word} {limit}"));
                }
            }
            "required" => {
                for name in says.as_array().unwrap().iter().filter_map(Value::as_str) {
                    if value.is_object() && value.get(name).is_none() {
                        fault(format!("`{name}` is missing"));
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, says, item, &format!("{at}[{index}]"), faults);
                }
            }
            "properties" | "additionalProperties" => {
                let known = &schema["properties"];
                for (name, field) in value.as_object().into_iter().flatten() {
                    let at = format!("{at}.{name}");
                    match (word.as_str(), known.get(name)) {
                        ("properties", Some(one)) => check(document, one, field, &at, faults),
                        ("properties", None) | ("additionalProperties", Some(_)) => {}
                        _ if *says == false => faults.push(format!("{at}: it is not in the document")),
                        _ => check(document, says, field, &at, faults),
                    }
                }
            }
            other => panic!("{at}: this test does not know `{other}` in a schema; teach it"),
        }
    }
}

fn referred<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let path = reference.as_str().unwrap().strip_prefix('#').expect("it refers to the document");
    document.pointer(path).unwrap_or_else(|| panic!("{reference} is not in the document"))
}

/// Returns what stands at a `$ref`, or the value itself.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value.get("$ref").map_or(value, |reference| referred(document, reference))
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type `{other}`"),
    }
}

fn has_format(text: &str, format: &str) -> bool {
    match format {
        "uuid" => {
            let parts: Vec<_> = text.split('-').map(str::len).collect();
            parts == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        }
        "date-time" => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        other => panic!("this test does not know the format `{other}`; teach it"),
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    use serde_json::json;
    let document = json!({ "s": { "n": { "type": ["integer", "null"], "maximum": 5 } } });
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": {
            "a": { "$ref": "#/s/n" },
            "b": { "type": "array", "items": { "enum": ["x"] }, "minItems": 1 },
            "c": { "anyOf": [{ "type": "string", "format": "uuid" }, { "type": "null" }] },
            "d": { "type": "object", "additionalProperties": { "type": "string", "format": "date-time" } },
        }
    });
    let right = json!({ "a": 5, "b": ["x"], "c": null, "d": { "k": "2026-01-01T00:00:00Z" } });
    assert_eq!(faults(&document, &schema, &right), Vec::<String>::new());
    for (name, wrong) in [
        ("a", json!(6)),
        ("a", json!("5")),
        ("a", json!(0.5)),
        ("b", json!(["y"])),
        ("b", json!([])),
        ("b", json!({})),
        ("c", json!("no-id")),
        ("c", json!(1)),
        ("d", json!({ "k": "2026-01-01" })),
        ("e", json!(null)),
    ] {
        let mut value = right.clone();
        value[name] = wrong;
        assert_eq!(faults(&document, &schema, &value).len(), 1, "{value}");
    }
    assert_eq!(faults(&document, &schema, &json!({})), ["$: `a` is missing"]);
    assert_eq!(faults(&document, &schema, &json!([])).len(), 1);
}
