//! What `producer.rs` and `worker.rs` share: a request, without its handler.
//!
//! The other examples stand beside this file and need nothing of it. Run one with `cargo run --example <name>`.

use boltjobs::prelude::*;

/// Asks for the report of a month.
// Both programs see this one type, so they agree on its name and its fields.
#[request(name = "reports.build", display = "Report of {month}")]
#[derive(Debug)]
pub struct BuildReport {
    pub month: String,
}
