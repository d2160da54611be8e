use super::*;
use boltjobs_core::shape::Kind;

use crate::request::RequestOps;
use crate::shape::ShapeInfo;

struct V1;
struct V2;
struct V3;
struct Current;
struct Other;

fn source(line: u32) -> Source {
    Source { module: "tests", file: "tests.rs", line }
}

fn request<T: 'static>(name: &'static str, version: u32) -> &'static RequestInfo {
    Box::leak(Box::new(RequestInfo {
        name: Some(name),
        ident: name,
        aliases: &[],
        version,
        queue: "default",
        priority: 0,
        tags: &[],
        sensitive: &[],
        keyed: false,
        shape: ShapeInfo { ident: name, kind: Kind::Other, fields: &[], default: false },
        recurring: &[],
        source: source(100),
        ops: RequestOps {
            type_id: TypeId::of::<T>,
            response_name: type_name::<()>,
            decode: |_| Err(DecodeFault { field: None, message: String::new() }),
            response_id: TypeId::of::<()>,
            encode_response: |_| Err(String::new()),
        },
    }))
}

fn upcast<Old: 'static, New: 'static>(name: &'static str, from: u32) -> &'static UpcastInfo {
    Box::leak(Box::new(UpcastInfo {
        name,
        source: source(from),
        from,
        takes: Shape::of::<Old>,
        gives: Shape::of::<New>,
        decode: |_| Err(DecodeFault { field: None, message: String::new() }),
        run: Ok,
    }))
}

fn linked(version: u32, upcasts: &[&'static UpcastInfo]) -> Result<Upcasts, Vec<String>> {
    let (requests, mut faults) =
        ([request::<Current>("current", version), request::<Other>("other", 9)], vec![]);
    let mut linked = link(&requests, upcasts, &mut faults);
    if faults.is_empty() {
        Ok(linked.remove(&TypeId::of::<Current>()).unwrap_or_default())
    } else {
        Err(faults)
    }
}

#[track_caller]
fn refused(version: u32, upcasts: &[&'static UpcastInfo], faults: &[&str]) {
    assert_eq!(linked(version, upcasts).unwrap_err(), faults);
}

fn names(upcasts: &Upcasts, version: u32) -> Vec<&'static str> {
    upcasts.chain(version).unwrap().iter().map(|info| info.name).collect()
}

#[test]
fn upcasts_chain_by_their_types_from_any_version() {
    // In no order, as they are written anywhere.
    let upcasts = [upcast::<V3, Current>("c", 3), upcast::<V1, V2>("a", 1), upcast::<V2, V3>("b", 2)];
    let linked = linked(4, &upcasts).unwrap();
    assert_eq!(names(&linked, 1), ["a", "b", "c"]);
    assert_eq!(names(&linked, 2), ["b", "c"]);
    assert_eq!(names(&linked, 3), ["c"]);
    assert!(names(&linked, 4).is_empty() && names(&linked, 5).is_empty());
}

#[test]
fn each_version_may_lead_to_the_request_at_once() {
    let linked = linked(3, &[upcast::<V1, Current>("a", 1), upcast::<V2, Current>("b", 2)]).unwrap();
    assert_eq!((names(&linked, 1), names(&linked, 2)), (vec!["a"], vec!["b"]));
}

#[test]
fn without_upcasts_every_version_is_decoded_as_it_is() {
    assert!(names(&linked(4, &[]).unwrap(), 1).is_empty());
}

#[test]
fn a_version_before_the_first_upcast_is_too_old() {
    let linked = linked(4, &[upcast::<V2, V3>("b", 2), upcast::<V3, Current>("c", 3)]).unwrap();
    assert_eq!(linked.chain(1).unwrap_err().name, "b");
}

#[test]
fn an_upcast_that_leads_nowhere_is_a_fault() {
    let fault = "upcast `a` at tests.rs:1 gives `boltjobs::upcast::tests::V2`, which is no request and which no other \
                 upcast takes; let it return the request, or add #[upcast(from = 2)] fn(old: V2)";
    refused(3, &[upcast::<V1, V2>("a", 1)], &[fault]);
    // What leads to it is not reported too.
    let stray = fault
        .replace("`a` at tests.rs:1", "`b` at tests.rs:2")
        .replace("V2", "V3")
        .replace("from = 2", "from = 3");
    refused(3, &[upcast::<V1, V2>("a", 1), upcast::<V2, V3>("b", 2)], &[&stray]);
}

#[test]
fn upcasts_that_go_round_are_a_fault() {
    refused(
        3,
        &[upcast::<V1, V2>("a", 1), upcast::<V2, V1>("b", 2)],
        &["upcast `b` at tests.rs:2 leads from version 2 back to version 1, which `a` at tests.rs:1 takes; \
           let each upcast return the shape of a later version, or the request"],
    );
    let faults = linked(3, &[upcast::<V1, V1>("a", 1)]).unwrap_err();
    assert!(faults.len() == 1 && faults[0].contains("from version 1 back to version 1"), "{faults:?}");
}

#[test]
fn two_upcasts_from_one_version_are_a_fault() {
    refused(
        2,
        &[upcast::<V1, Current>("a", 1), upcast::<V2, Current>("b", 1)],
        &["request `current` has two upcasts from version 1: `a` at tests.rs:1 and `b` at tests.rs:1; \
           remove one of them, or correct its `from`"],
    );
}

#[test]
fn two_upcasts_of_one_shape_that_another_gives_are_a_fault() {
    refused(
        4,
        &[upcast::<V1, V2>("a", 1), upcast::<V2, Current>("b", 2), upcast::<V2, Current>("c", 3)],
        &[
            "upcast `a` at tests.rs:1 gives `boltjobs::upcast::tests::V2`, which two upcasts take: `b` at tests.rs:2 \
           and `c` at tests.rs:3; give each version a type of its own",
        ],
    );
    // As long as nobody gives it, one shape may be that of several requests, as `serde_json::Value` is.
    let others = [upcast::<V1, Current>("a", 1), upcast::<V1, Other>("b", 8)];
    assert_eq!(names(&linked(2, &others).unwrap(), 1), ["a"]);
}

#[test]
fn an_upcast_from_the_version_of_the_request_is_a_fault() {
    refused(
        1,
        &[upcast::<V1, Current>("a", 1)],
        &[
            "upcast `a` at tests.rs:1 is from version 1, but request `current` at tests.rs:100 is itself at version 1; \
           raise it with #[request(version = 2)], or lower `from`",
        ],
    );
}

#[test]
fn a_hole_between_versions_is_a_fault() {
    refused(
        5,
        &[upcast::<V1, Current>("a", 1), upcast::<V3, Current>("c", 4)],
        &["request `current` at tests.rs:100 has upcasts from version 1, but none from version 2; \
           add #[upcast(from = 2)]"],
    );
    let faults = linked(5, &[upcast::<V1, Current>("a", 1)]).unwrap_err();
    assert!(faults[0].contains("none from version 2"), "{faults:?}");
}
