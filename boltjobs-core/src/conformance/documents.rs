//! What a program keeps beside its jobs.

use super::Fixture;
use super::lab::{Lab, at};
use crate::store::{Document, DocumentQuery};

fn document(key: &str, text: &str) -> Document {
    Document { key: key.into(), text: text.into() }
}

fn keys(lab: &Lab<'_>, query: DocumentQuery) -> Vec<String> {
    lab.documents(query).iter().map(|document| document.key.to_string()).collect()
}

/// Law 19.
pub fn a_document_is_kept_as_it_was_written_last(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.keep(vec![document("view/a", "1"), document("view/b", "2"), document("view/c", "3")], &[], at(0));
    lab.keep(vec![document("view/b", "zwei")], &["view/c", "never"], at(1));
    let all = DocumentQuery { prefix: "view/".into(), limit: 9, ..DocumentQuery::default() };
    for _ in 0..2 {
        assert_eq!(lab.documents(all.clone()), [document("view/a", "1"), document("view/b", "zwei")]);
        lab.reopen_if_kept();
    }
    lab.keep(Vec::new(), &["view/a", "view/b"], at(2));
    assert_eq!(lab.documents(all), []);
}

/// Law 19.
pub fn documents_are_listed_by_what_they_begin_with(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let names = ["a/1", "b/1", "b/2", "b/3", "b/\u{10FFFF}z", "c", "b"];
    lab.keep(names.map(|name| document(name, name)).into(), &[], at(0));
    let b = DocumentQuery { prefix: "b/".into(), limit: 9, ..DocumentQuery::default() };
    assert_eq!(keys(&lab, DocumentQuery { limit: 3, ..b.clone() }), ["b/1", "b/2", "b/3"]);
    assert_eq!(keys(&lab, DocumentQuery { after: Some("b/1".into()), limit: 1, ..b.clone() }), ["b/2"]);
    let last = DocumentQuery { last_first: true, ..b };
    assert_eq!(keys(&lab, last.clone()), ["b/\u{10FFFF}z", "b/3", "b/2", "b/1"]);
    assert_eq!(keys(&lab, DocumentQuery { after: Some("b/3".into()), limit: 1, ..last }), ["b/2"]);
    assert_eq!(keys(&lab, DocumentQuery { limit: 99, ..DocumentQuery::default() }).len(), names.len());
}
