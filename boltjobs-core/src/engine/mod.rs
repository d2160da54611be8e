//! What each command does: one pure, deterministic state machine over everything that is live or retained.
//!
//! A command goes in with the instant at which it is given. It looks, decides, and writes what changes as [`Entry`]s;
//! [`Engine::apply`] is the only code that changes what is journaled, whether the entry was just decided or is read back from
//! a journal. So a replay gives the same state by construction. The engine knows no thread, disk, clock or chance.
//!
//! ```text
//! command + now ──▶ Turn (decides) ──▶ Entry ──▶ Journal (the store writes it)
//!                                        └─────▶ Engine::apply (indexes, counters)
//! ```
//!
//! What an entry makes ready is not handed out yet: a job may run only once it is durable. A store takes what is
//! [unpublished](Engine::take_unpublished) with the group of entries that it writes, and
//! [publishes](Engine::publish) it when they are on disk. The memory store does so at once.

mod admission;
mod archive;
mod claim;
mod command;
mod definitions;
mod documents;
mod end;
mod enqueue;
mod entry;
mod expiry;
mod explain;
mod failures;
mod family;
mod flows;
mod gate;
mod index;
mod jobs;
mod lane;
mod limiting;
mod listing;
mod live;
mod parking;
mod plain;
mod queues;
mod read;
mod ready;
mod record;
mod recurring;
mod servers;
mod settle;
mod sorted;
mod spare;
mod spoil;
mod time;
mod transition;
mod unique;

#[cfg(test)]
mod tests;

pub use archive::{Archive, Mark};
pub use entry::{Advance, Entry, Journal, Move, Ran, RecordId};
pub use flows::Minute;
pub use jobs::Rescue;
pub use limiting::{RateId, Starts};
pub use live::{Engine, Turn, Unpublished};
pub use spare::Evicted;
