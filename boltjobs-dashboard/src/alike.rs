//! What the payloads of some jobs have in common.

use std::collections::{BTreeMap, BTreeSet};

use boltjobs_core::job::JobSpec;
use boltjobs_core::mask::masked;
use serde_json::{Map, Value};

/// The most bytes of a payload that is compared: a page is made at once, however large payloads are.
const LARGEST: usize = 16 << 10;

/// The most fields that are told of.
const FIELDS: usize = 200;

/// What payloads have in common, and what not.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Alike {
    /// How many payloads were compared; those that are too large were not.
    pub(crate) compared: usize,
    /// The fields that have the same value in each of them.
    pub(crate) same: Vec<(String, Value)>,
    /// The fields that do not, with how many values they have. That one is not there counts as a value.
    pub(crate) differing: Vec<(String, usize)>,
    /// How many fields are left out, as there are so many.
    pub(crate) left_out: usize,
}

/// One field in each of the payloads, where it is there.
type Values<'a> = Vec<Option<&'a Value>>;

/// Compares the fields of payloads and, where a field is an object in all of them, those in it. The empty path is a whole
/// payload, where not all are objects. What is sensitive in one of them is compared in none.
pub(crate) fn alike<'a>(specs: impl IntoIterator<Item = &'a JobSpec>) -> Alike {
    let specs: Vec<_> = specs.into_iter().filter(|spec| spec.payload.len() <= LARGEST).collect();
    let sensitive: BTreeSet<&str> =
        specs.iter().flat_map(|spec| &spec.sensitive).map(|path| &**path).collect();
    let payloads: Vec<Value> = specs.iter().map(|spec| masked(spec)).collect();
    let mut alike = Alike { compared: payloads.len(), ..Alike::default() };
    for (path, values) in fields(payloads.iter().map(Some).collect()) {
        if sensitive.iter().any(|hidden| within(&path, hidden) || within(hidden, &path)) {
            continue;
        }
        if alike.same.len() + alike.differing.len() == FIELDS {
            alike.left_out += 1;
            continue;
        }
        let different: BTreeSet<_> = values.iter().map(|value| value.map(Value::to_string)).collect();
        match (&*values, different.len()) {
            ([Some(value), ..], 1) => alike.same.push((path, (*value).clone())),
            (_, number) => alike.differing.push((path, number)),
        }
    }
    alike
}

/// Says whether a path leads to what another one leads to, or into it.
fn within(path: &str, other: &str) -> bool {
    other.is_empty() || path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Takes payloads apart, two levels deep.
fn fields(payloads: Values<'_>) -> BTreeMap<String, Values<'_>> {
    let Some(all) = split(&payloads) else {
        return if payloads.is_empty() { BTreeMap::new() } else { [(String::new(), payloads)].into() };
    };
    let mut fields = BTreeMap::new();
    for (name, values) in all {
        match split(&values).filter(|inner| !inner.is_empty()) {
            Some(inner) => {
                fields.extend(inner.into_iter().map(|(inner, values)| (format!("{name}.{inner}"), values)));
            }
            None => {
                fields.insert(name.to_owned(), values);
            }
        }
    }
    fields
}

/// Takes values apart by the names of their fields, if each is an object.
fn split<'a>(values: &[Option<&'a Value>]) -> Option<BTreeMap<&'a str, Values<'a>>> {
    let objects: Option<Vec<&Map<_, _>>> =
        values.iter().map(|value| value.and_then(Value::as_object)).collect();
    let objects = objects.filter(|objects| !objects.is_empty())?;
    let names: BTreeSet<&str> = objects.iter().flat_map(|object| object.keys()).map(|name| &**name).collect();
    Some(
        names
            .into_iter()
            .map(|name| (name, objects.iter().map(|object| object.get(name)).collect()))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(payloads: &[Value], sensitive: &[&str]) -> Alike {
        let spec = |payload: &Value| JobSpec {
            sensitive: sensitive.iter().map(ToString::to_string).collect(),
            ..JobSpec::new("pay", payload.to_string().into_bytes())
        };
        let specs: Vec<_> = payloads.iter().map(spec).collect();
        alike(&specs)
    }

    fn names<T>(fields: &[(String, T)]) -> Vec<&str> {
        fields.iter().map(|(name, _)| &**name).collect()
    }

    #[test]
    fn a_field_is_the_same_where_all_have_it_with_one_value() {
        let payload =
            |id: u32| json!({ "id": id, "country": null, "card": { "kind": "visa", "last": id % 2 } });
        let found = of(&[1, 2, 3].map(payload), &[]);
        assert_eq!(found.compared, 3);
        assert_eq!(
            found.same,
            [("card.kind".to_owned(), json!("visa")), ("country".to_owned(), json!(null))]
        );
        assert_eq!(found.differing, [("card.last".to_owned(), 2), ("id".to_owned(), 3)]);
    }

    #[test]
    fn a_field_that_is_not_there_is_another_value() {
        let found = of(&[json!({ "a": null, "b": 1 }), json!({ "b": 1 }), json!({ "a": null, "b": 1 })], &[]);
        assert_eq!(
            (found.same, found.differing),
            (vec![("b".to_owned(), json!(1))], vec![("a".to_owned(), 2)])
        );
    }

    #[test]
    fn objects_are_taken_apart_one_level_and_only_where_all_have_them() {
        let found = of(
            &[json!({ "a": { "b": { "c": 1 } }, "d": {} }), json!({ "a": { "b": { "c": 1 } }, "d": {} })],
            &[],
        );
        assert_eq!(found.same, [("a.b".to_owned(), json!({ "c": 1 })), ("d".to_owned(), json!({}))]);
        let found = of(&[json!({ "a": { "b": 1 } }), json!({ "a": 7 })], &[]);
        assert_eq!(found.differing, [("a".to_owned(), 2)]);
    }

    #[test]
    fn payloads_that_are_no_objects_are_compared_whole() {
        assert_eq!(of(&[json!("Now"), json!("Now")], &[]).same, [(String::new(), json!("Now"))]);
        assert_eq!(of(&[json!([1]), json!({ "a": 1 })], &[]).differing, [(String::new(), 2)]);
        assert_eq!(of(&[], &[]), Alike::default());
    }

    #[test]
    fn what_is_sensitive_in_one_is_compared_in_none() {
        let payloads =
            [json!({ "a": 1, "card": { "number": 4, "kind": "visa" } }), json!({ "a": 1, "card": 4 })];
        let same = [payloads[0].clone(), payloads[0].clone()];
        assert_eq!(names(&of(&same, &["card.number"]).same), ["a", "card.kind"]);
        assert_eq!(names(&of(&same, &["card"]).same), ["a"]);
        assert_eq!(names(&of(&same, &["car", "card.num"]).same).len(), 3, "another field");
        // What has a secret in it is not compared as a whole either.
        let mixed = of(&payloads, &["card.number"]);
        assert_eq!((names(&mixed.same), names(&mixed.differing)), (vec!["a"], vec![]));
        let all = of(&same, &[""]);
        assert_eq!((all.compared, all.same, all.differing), (2, vec![], vec![]));
        // One job of an older version tells nothing that a newer one hides.
        let [old, new] = [
            JobSpec::new("pay", *b"{\"pin\":1}"),
            JobSpec { sensitive: vec!["pin".into()], ..JobSpec::new("pay", *b"{\"pin\":1}") },
        ];
        assert_eq!(alike([&old, &new]).same, []);
    }

    #[test]
    fn payloads_that_are_too_large_and_too_many_fields_are_left_out() {
        let large = json!({ "a": "x".repeat(LARGEST) });
        assert_eq!(of(&[json!({ "a": 1 }), large], &[]).compared, 1);
        let many: Map<_, _> = (0..FIELDS + 3).map(|number| (format!("{number:04}"), json!(1))).collect();
        let found = of(&[many.into()], &[]);
        assert_eq!((found.same.len(), found.left_out), (FIELDS, 3));
    }
}
