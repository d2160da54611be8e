//! The vocabulary and the laws of boltjobs, without a runtime.
//!
//! Users depend on `boltjobs`, which re-exports what they need from here. Stores depend on this crate alone.

pub mod backoff;
pub mod cron;
pub mod duration;
pub mod name;
pub mod template;
