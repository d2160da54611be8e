//! What is measured, each case in a file of its own, and all of them in one list.

mod allocations;
mod dashboard;
mod delayed;
pub(crate) mod disk;
mod drain;
mod enqueue;
mod growth;
mod idle;
mod list;
mod lives;
mod memory;
pub(crate) mod open;
mod plain;
mod recurring;

pub(crate) use list::{CASES, Case, list};
