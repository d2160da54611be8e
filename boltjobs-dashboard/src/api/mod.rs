//! What the pages show and do, as JSON for programs; `assets/openapi.json` describes it.
//!
//! To add an endpoint, write
//! 1. a function: in [`reading`] or [`acting`], or in a file of its own, with `values` for what it answers;
//! 2. a line in the table of [`routes`];
//! 3. the path and the schema of the answer in `assets/openapi.json`, with `additionalProperties: false`;
//! 4. a call in `tests/dashboard/openapi.rs`.
//!
//! The tests fail until all four are there: the table and the document name the same paths and methods, each operation
//! of the document is called, and each answer is what its schema says and nothing else.

mod acting;
mod answer;
mod backfilling;
mod editing;
mod handling;
mod making;
mod reading;
mod rerunning;
mod routes;
mod serving;
mod silencing;
mod values;
mod watching;

pub(crate) use answer::{has, in_json};
pub(crate) use routes::router;
pub(crate) use values::{exported, written, written_all};
