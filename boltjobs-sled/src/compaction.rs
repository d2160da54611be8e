//! The journal loses its oldest chunks, and what lives of them goes to its end, in one write.
//!
//! A record that is written again supersedes every older entry of its job: it is the state that all of them led to,
//! and it comes after all of them. A replay that begins behind the first record of a job skips what it finds of the
//! job until the newer record comes. `FORMAT.md` has the argument in full.

use std::collections::BTreeSet;

use boltjobs_core::engine::{Engine, Entry, Journal, RecordId, Rescue};
use boltjobs_core::store::StoreError;

use crate::committer::Shared;
use crate::disk::{Disk, Oldest};
use crate::error::Failure;
use crate::group::Group;

/// What one write clears away at least, in bytes.
const STEP: u64 = 128 << 10;

/// How many bytes go for each that callers give.
///
/// Where the journal is 7/4 of what lives, 3/7 of what goes is dead, so three times as much keeps up; and beyond the
/// least step, what a write has to do is bounded by what the one before was given.
const CLEARED: u64 = 3;

/// Says whether the journal is too long for what lives, and a pass over it can help.
pub(crate) fn is_due(disk: &Disk, weight: u64) -> bool {
    let too_long = disk.span.bytes > (weight.saturating_mul(7) / 4).saturating_add(disk.floor);
    // Without new entries one pass over the journal is all that can help.
    too_long && disk.span.oldest < disk.asked
}

/// Reads the oldest chunks, and what else it takes to write again what lives of them.
///
/// `given` is how many bytes of the latest group are not what lives and was written again. If that counted, a long row of
/// it would double each write, until one has all of it.
pub(crate) fn read(disk: &Disk, shared: &Shared, given: u64) -> Result<Option<Oldest>, Failure> {
    let oldest = disk.read_oldest(STEP.min(disk.floor / 4).max(given.saturating_mul(CLEARED)))?;
    shared.lock().engine.prepare_rescue(&oldest.entries).map_err(|error| {
        if let StoreError::Unavailable { reason, .. } = error {
            Failure::Passing(reason)
        } else {
            Failure::Lasting(error.to_string())
        }
    })?;
    Ok((oldest.chunks > 0).then_some(oldest))
}

/// Writes again what lives of the oldest chunks, each job and each other record once.
///
/// What is left in the journal, or in the group already, is not written again, or a thousand records of one thing
/// would stay a thousand. Each chunk that goes takes at least as many records with it as it makes. Returns the bytes of
/// what is written for the sake of the rest alone, which has to be cleared away again as what callers give has.
pub(crate) fn rescue(oldest: &Oldest, disk: &Disk, engine: &mut Engine, group: &mut Group) -> u64 {
    let left = disk.span.oldest + oldest.chunks;
    let mut shrunk = BTreeSet::new();
    for (entry, mark) in &oldest.entries {
        if let Entry::Boot(boot) = entry {
            if *boot == engine.boot() {
                group.record(entry);
            }
        } else if let Some(job) = entry.job() {
            match engine.rescue(job, *mark) {
                // Without this record a replay will not see that the batch lost the job, whose id may have come again.
                Rescue::Gone | Rescue::Newer => shrunk.extend(job.spec.batch),
                Rescue::Write(live) => {
                    let written = group.record(&Entry::record_of(Box::new(live.clone())));
                    engine.rescued(job.id, written);
                    if let Some(notes) = engine.notes(job.id) {
                        group.record(&Entry::Notes(job.id, Box::new(notes.clone())));
                    }
                }
            }
        } else if let Some((id, true)) = entry.record()
            && disk.records.may_be_before(&id, left)
        {
            rescue_record(&id, engine, group);
        }
        // What any other entry changed is in the record that is written again, if there is one.
    }
    let lives = group.size();
    // What the group has of a batch may be older than the loss of the job.
    for record in shrunk.into_iter().filter_map(|batch| engine.record(&RecordId::Batch(batch))) {
        group.record(&record);
    }
    // A replay counts what was rescued once more, until it comes to this.
    if let Some(minute) = engine.current_minute() {
        group.record(&minute);
    }
    group.size() - lives
}

/// Writes the record of what is not a job again, unless the group has it.
fn rescue_record(id: &RecordId, engine: &Engine, group: &mut Group) {
    if !group.records.has(id)
        && let Some(record) = engine.record(id)
    {
        group.record(&record);
    }
}
