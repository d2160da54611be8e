//! What users see when they make a mistake: one mistake a file, and two files with five.
//!
//! To see the messages anew after a change: `TRYBUILD=overwrite cargo test -p boltjobs-ui-tests`.

#[test]
fn each_mistake_is_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("mistakes/*.rs");
    cases.compile_fail("mistakes/testing/*.rs");
}
