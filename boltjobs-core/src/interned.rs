//! Names that repeat a million times: whoever reads one again gets the copy that is there.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serialize, Serializer};

/// How many of the latest names each thread remembers.
const LATEST: usize = 8;

thread_local! {
    /// The latest names, the very latest last.
    static NAMES: RefCell<Vec<Arc<str>>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn serialize<S: Serializer>(name: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    name.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    deserializer.deserialize_str(Name)
}

struct Name;

impl Visitor<'_> for Name {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(NAMES.with_borrow_mut(|names| intern(names, name)))
    }
}

fn intern(names: &mut Vec<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = names.iter().find(|known| ***known == *name) {
        return Arc::clone(known);
    }
    if names.len() == LATEST {
        names.remove(0);
    }
    let new = Arc::from(name);
    names.push(Arc::clone(&new));
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Named(#[serde(with = "super")] Arc<str>);

    fn read(json: &str) -> Arc<str> {
        serde_json::from_str::<Named>(json).unwrap().0
    }

    #[test]
    fn a_name_that_was_read_is_read_as_the_same_copy() {
        let (one, other) = (read("\"mail\""), read("\"mail\""));
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!((&*one, &*read("\"m\\u0061il\"")), ("mail", "mail"));
        assert_eq!(serde_json::to_string(&Named(one)).unwrap(), "\"mail\"");
        assert!(serde_json::from_str::<Named>("7").unwrap_err().to_string().contains("a name"));
    }

    #[test]
    fn names_that_are_ever_new_take_no_more_room() {
        let read: Vec<_> = (0..100).map(|number| read(&format!("\"{number}\""))).collect();
        let kept = read.iter().filter(|name| Arc::strong_count(name) > 1).count();
        assert_eq!(kept, LATEST);
    }
}
