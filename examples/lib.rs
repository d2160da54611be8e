//! The examples stand beside this file; run one with `cargo run --example <name>`.
