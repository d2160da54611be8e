use boltjobs_core::engine::Journal;
use boltjobs_fuzz::{cases, spoilt_bytes};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::chunk::{HEADER, seal};
use crate::codec::fuzz::{encoded, entries};
use crate::group::Group;

type Chunks = Vec<(u64, Vec<u8>)>;

/// Something that happens to a journal.
#[derive(Debug, Clone)]
enum Mishap {
    Lose(Index),
    LoseFrom(Index),
    Swap(Index, Index),
    Renumber(Index, u64),
    Repeat(Index),
    Put(Index, Vec<u8>),
    Flip(Index, Index),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let at = || any::<Index>();
    prop_oneof![
        at().prop_map(Mishap::Lose),
        at().prop_map(Mishap::LoseFrom),
        (at(), at()).prop_map(|(a, b)| Mishap::Swap(a, b)),
        (at(), prop_oneof![0..9_u64, Just(u64::MAX)]).prop_map(|(at, seq)| Mishap::Renumber(at, seq)),
        at().prop_map(Mishap::Repeat),
        (at(), vec(any::<u8>(), 0..90)).prop_map(|(at, bytes)| Mishap::Put(at, bytes)),
        (at(), at()).prop_map(|(at, bit)| Mishap::Flip(at, bit)),
    ]
}

fn befall(chunks: &mut Chunks, mishap: Mishap) {
    if chunks.is_empty() {
        return;
    }
    let count = chunks.len();
    match mishap {
        Mishap::Lose(at) => drop(chunks.remove(at.index(count))),
        Mishap::LoseFrom(at) => chunks.truncate(at.index(count)),
        Mishap::Swap(a, b) => {
            let (a, b) = (a.index(count), b.index(count));
            let bytes = chunks[a].1.clone();
            chunks[a].1 = std::mem::replace(&mut chunks[b].1, bytes);
        }
        Mishap::Renumber(at, seq) => chunks[at.index(count)].0 = seq,
        Mishap::Repeat(at) => chunks.push(chunks[at.index(count)].clone()),
        Mishap::Put(at, bytes) => chunks[at.index(count)].1 = bytes,
        Mishap::Flip(at, bit) => {
            let bytes = &mut chunks[at.index(count)].1;
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// A journal of some groups, and what a replay that ends with a chunk knows: for each last chunk of a group, and for none.
fn journal(groups: &[Vec<Entry>]) -> (Chunks, Vec<(u64, u64)>) {
    let (mut chunks, mut engine, mut previous) = (Chunks::new(), Engine::default(), 0);
    let mut known = vec![(0, engine.digest())];
    for entries in groups {
        // Small, so that entries are split.
        let mut open = Group::new(HEADER + 64, 1);
        for entry in entries {
            open.record(entry);
            engine.apply(entry.clone());
        }
        let (group, count) = (chunks.len() as u64 + 1, open.chunks.len());
        for (at, mut draft) in open.chunks.into_iter().enumerate() {
            let last = if at + 1 == count { LAST_OF_GROUP } else { 0 };
            let (flags, seq) = (draft.flags | last, chunks.len() as u64 + 1);
            previous =
                seal(&mut draft.bytes, Header { flags, seq, group, oldest: 1, previous, count: draft.count });
            chunks.push((seq, draft.bytes));
        }
        let unpublished = engine.take_unpublished();
        drop(engine.publish(unpublished));
        known.push((chunks.len() as u64, engine.digest()));
    }
    (chunks, known)
}

fn replayed(chunks: &Chunks, head: Head) -> Result<Replayed, Broken> {
    replay(chunks.iter().cloned().map(Ok), head, Engine::default())
}

fn groups() -> impl Strategy<Value = Vec<Vec<Entry>>> {
    vec(vec(entries(), 1..4), 1..5)
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn whatever_befalls_a_journal_it_is_refused_or_is_what_it_was_up_to_a_group(
        groups in groups(),
        mishaps in vec(mishap(), 0..3),
        reached: Index,
    ) {
        let (whole, known) = journal(&groups);
        let head = reached.index(whole.len() + 1);
        let (last, crc) = match head.checked_sub(1) {
            Some(at) => (whole[at].0, chunk::read(&whole[at].1).unwrap().1),
            None => (0, 0),
        };
        let mut chunks = whole.clone();
        let spared = mishaps.is_empty();
        for mishap in mishaps {
            befall(&mut chunks, mishap);
        }
        match replayed(&chunks, Head { last, crc, ..Head::default() }) {
            Ok(replayed) => {
                let end = replayed.span.next - 1;
                let state = known.iter().find(|(known, _)| *known == end);
                prop_assert_eq!(state.map(|(_, digest)| *digest), Some(replayed.engine.digest()), "up to {}", end);
                prop_assert!(end >= last, "what was known to be written is lost: {} of {}", end, last);
                prop_assert!(!spared || end == whole.len() as u64);
            }
            Err(broken) => prop_assert!(!spared, "{:?}", broken),
        }
    }

    #[test]
    fn a_journal_that_is_forged_makes_no_replay_panic(
        groups in groups(),
        forged in vec((any::<Index>(), any::<[Option<u8>; 5]>()), 0..4),
        bodies in vec((any::<Index>(), spoilt_bytes(entries().prop_map(|entry| encoded(&[entry])))), 0..3),
        first in select(vec![0, 1, 2, u64::MAX - 2, u64::MAX - 1, u64::MAX]),
        last in prop_oneof![3 => Just(0), 1 => any::<u64>()],
    ) {
        let (mut chunks, _) = journal(&groups);
        let count = chunks.len();
        for (at, body) in bodies {
            let chunk = &mut chunks[at.index(count)].1;
            chunk.truncate(HEADER);
            chunk.extend_from_slice(&body);
        }
        // Each follows the one before, as far as it says so itself.
        let mut previous = 0;
        for (place, (seq, bytes)) in chunks.iter_mut().enumerate() {
            *seq = first.saturating_add(place as u64);
            let fields = forged.iter().find(|(at, _)| at.index(count) == place);
            let [flags, group, oldest, before, held] = fields.map(|(_, fields)| *fields).unwrap_or_default();
            let long = |at: usize, field: Option<u8>| match field {
                Some(field) => u64::from(field).wrapping_sub(9),
                None => u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()),
            };
            let header = Header {
                flags: flags.unwrap_or(bytes[2]),
                seq: *seq,
                group: long(16, group),
                oldest: long(24, oldest),
                previous: before.map_or(previous, u32::from),
                count: held.map_or(u32::from_le_bytes(bytes[36..40].try_into().unwrap()), |held| u32::from(held).wrapping_sub(9)),
            };
            previous = seal(bytes, header);
        }
        drop(replayed(&chunks, Head { last, ..Head::default() }));
    }
}
