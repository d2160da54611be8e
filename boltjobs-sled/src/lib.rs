//! The embedded, durable store of boltjobs: a journal on sled.
//!
//! What is live or retained is in memory, in the [`Engine`](boltjobs_core::engine::Engine) that every store shares; of a
//! long backlog only the indexes are.
//! Each change is an entry; entries that come while a write is on its way to disk collect into the next *group*, and
//! one thread writes one group after the other. `FORMAT.md` describes what is on disk to the byte.
//!
//! ```text
//! caller ── lock ── decide + apply ──▶ entry ──▶ open group ┐                 ┌─▶ publish: jobs may be claimed
//!   ▲                                                       ├─▶ chunks ─▶ sync ┤
//!   └──────────── answer ◀── gate of the group ◀────────────┘                 └─▶ the gate opens
//! ```
//!
//! | module | its one idea |
//! |---|---|
//! | `store` | the commands, and what each answer waits for |
//! | `group` | entries collect into chunks |
//! | `gate` | everyone who waits for one group |
//! | `committer` | one group is written after the other |
//! | `stall` | a disk that fails for a while |
//! | `compaction` | the oldest chunk goes, what lives in it stays |
//! | `archive` | the records of waiting jobs, read back |
//! | `disk` | the journal, chunk by chunk |
//! | `medium`, `files` | what it is kept on: a database of sled, durable when it says so |
//! | `chunk`, `codec`, `head` | the bytes |
//! | `simulated` | a disk that a test decides about, with the feature `simulation` |
//! | `open`, `replay` | from a path to an engine, or to an error that says what is wrong |

mod archive;
mod calls;
mod chunk;
mod codec;
mod committer;
mod compaction;
mod disk;
mod error;
#[cfg(test)]
mod faults;
mod files;
mod gate;
mod group;
mod head;
mod medium;
mod open;
mod options;
mod records;
mod replay;
mod reserved;
#[cfg(feature = "simulation")]
mod simulated;
mod space;
mod stall;
mod stats;
mod store;
#[cfg(test)]
mod tests;

pub use options::{Durability, SledOptions};
#[cfg(feature = "simulation")]
pub use simulated::{DiskFault, DiskStep, SimulatedDisk, SimulatedWriter, Writes};
pub use stats::Stats;
pub use store::SledStore;
