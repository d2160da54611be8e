//! A sorted set or map for what mostly comes at the end and goes at the front, millions of it.

use std::cell::Cell;
use std::collections::VecDeque;

/// The most elements of a block.
const BLOCK: usize = 256;

/// A sorted map in blocks; without values, a set.
///
/// Where keys come in order the blocks are full, so that it holds little beside them, half of what a `BTreeMap` does, and it
/// grows by a block at a time. Both ends are reached at once; in between an insert or a removal moves half a block at
/// most. A search begins where the last one ended, since most ask for the same key again, or for the one behind it.
#[derive(Debug, Clone)]
pub(super) struct Sorted<K, V = ()> {
    /// In order, and none of them empty.
    blocks: VecDeque<VecDeque<(K, V)>>,
    len: usize,
    /// Where the last search ended: the number of the block, and the place in it. Both may be out of date.
    finger: Cell<(usize, usize)>,
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self { blocks: VecDeque::new(), len: 0, finger: Cell::default() }
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Sorted<K, V> {
    fn eq(&self, other: &Self) -> bool {
        // How it is cut into blocks only tells how it came about.
        self.blocks.iter().flatten().eq(other.blocks.iter().flatten())
    }
}

impl<K: Ord + Copy> Sorted<K> {
    /// Adds an element of a set.
    pub(super) fn add(&mut self, key: K) {
        self.insert(key, ());
    }
}

impl<K: Ord + Copy, V> Sorted<K, V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts a value in, in the place of the one that the key has.
    pub(super) fn insert(&mut self, key: K, value: V) {
        let (at, place) = self.find(&key);
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push_back([(key, value)].into());
            self.len += 1;
            return;
        };
        let place = match place {
            Ok(place) => {
                block[place].1 = value;
                return;
            }
            Err(place) => place,
        };
        self.len += 1;
        if block.len() < BLOCK {
            block.insert(place, (key, value));
        } else if place == BLOCK {
            self.blocks.insert(at + 1, [(key, value)].into());
        } else {
            let mut upper = block.split_off(BLOCK / 2);
            match place.checked_sub(BLOCK / 2) {
                Some(place) => upper.insert(place, (key, value)),
                None => block.insert(place, (key, value)),
            }
            self.blocks.insert(at + 1, upper);
        }
    }

    /// Removes a key, and returns its value.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (at, place) = self.find(key);
        let block = self.blocks.get_mut(at)?;
        let (_, value) = block.remove(place.ok()?)?;
        self.len -= 1;
        if block.is_empty() {
            self.blocks.remove(at);
        } else if block.len() * 4 <= block.capacity() {
            // What is left of many blocks is not to hold the room of all of them.
            block.shrink_to(block.len() * 2);
        }
        Some(value)
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let (at, place) = self.find(key);
        Some(&self.blocks.get(at)?.get(place.ok()?)?.1)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let (at, place) = self.find(key);
        Some(&mut self.blocks.get_mut(at)?.get_mut(place.ok()?)?.1)
    }

    /// Returns the number of the block of a key, and its place there, or the one where it belongs.
    fn find(&self, key: &K) -> (usize, Result<usize, usize>) {
        let (at, latest) = self.finger.get();
        if let Some(block) = self.blocks.get(at) {
            // What is there needs no look at what is around it.
            let is_at = |place: &usize| block.get(*place).is_some_and(|(other, _)| other == key);
            if let Some(place) = [latest, latest + 1].into_iter().find(is_at) {
                self.finger.set((at, place));
                return (at, Ok(place));
            }
        }
        let at = self.block_of(key);
        let Some(block) = self.blocks.get(at) else { return (at, Err(0)) };
        let place = place(block, key);
        let (Ok(finger) | Err(finger)) = place;
        self.finger.set((at, finger));
        (at, place)
    }

    /// Returns the number of the last block that begins with the key or before it; else of the first one.
    fn block_of(&self, key: &K) -> usize {
        let before = |block: &VecDeque<(K, V)>| block.front().is_some_and(|(first, _)| first <= key);
        let (latest, _) = self.finger.get();
        if self.blocks.get(latest).is_some_and(before) && !self.blocks.get(latest + 1).is_some_and(before) {
            return latest;
        }
        if self.blocks.back().is_some_and(before) {
            return self.blocks.len() - 1;
        }
        self.blocks.partition_point(before).saturating_sub(1)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.blocks.iter().flatten().map(|(_, value)| value)
    }

    pub(super) fn first(&self) -> Option<K> {
        self.blocks.front()?.front().map(|(key, _)| *key)
    }

    /// Returns the keys after one, the least first; all of them if there is none.
    pub(super) fn after(&self, bound: Option<K>) -> impl Iterator<Item = K> + use<'_, K, V> {
        let from = bound.map_or(0, |bound| self.block_of(&bound));
        let blocks = self.blocks.range(from.min(self.blocks.len())..);
        let skip = move |block: &VecDeque<(K, V)>| {
            bound.map_or(0, |bound| block.partition_point(|(key, _)| *key <= bound))
        };
        blocks.flat_map(move |block| block.range(skip(block)..)).map(|(key, _)| *key)
    }

    /// Returns the keys before one, the greatest first; all of them if there is none.
    pub(super) fn before(&self, bound: Option<K>) -> impl Iterator<Item = K> + use<'_, K, V> {
        let to = bound.map_or(self.blocks.len(), |bound| (self.block_of(&bound) + 1).min(self.blocks.len()));
        let keep = move |block: &VecDeque<(K, V)>| {
            bound.map_or(block.len(), |bound| block.partition_point(|(key, _)| *key < bound))
        };
        let blocks = self.blocks.range(..to).rev();
        blocks.flat_map(move |block| block.range(..keep(block)).rev()).map(|(key, _)| *key)
    }
}

/// Returns the place of a key in a block, or the one where it belongs.
fn place<K: Ord, V>(block: &VecDeque<(K, V)>, key: &K) -> Result<usize, usize> {
    match (block.front(), block.back()) {
        (Some((first, _)), _) if first == key => Ok(0),
        (_, Some((last, _))) if last < key => Err(block.len()),
        _ => block.binary_search_by(|(other, _)| other.cmp(key)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ops::Bound::{Excluded, Unbounded};

    use boltjobs_fuzz::cases;
    use proptest::prelude::*;

    use super::*;

    /// Runs of numbers that come in order, and go in order or at random, as jobs do.
    #[derive(Debug, Clone)]
    enum Step {
        Append(u16),
        PopFirst(u16),
        Insert(u16),
        Remove(u16),
        RemoveRun(u16, u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..600_u16).prop_map(Step::Append),
            (0..600_u16).prop_map(Step::PopFirst),
            any::<u16>().prop_map(Step::Insert),
            any::<u16>().prop_map(Step::Remove),
            (any::<u16>(), 0..900_u16).prop_map(|(from, many)| Step::RemoveRun(from, many)),
        ]
    }

    proptest! {
        #![proptest_config(cases(4))]

        #[test]
        fn it_holds_what_a_plain_set_holds(steps in prop::collection::vec(step(), 0..40), bound in any::<u32>()) {
            let (mut sorted, mut plain, mut next) = (Sorted::default(), BTreeSet::new(), 0_u32);
            for step in steps {
                let (put, take): (Vec<u32>, Vec<u32>) = match step {
                    Step::Append(many) => ((0..u32::from(many)).map(|at| next + at).collect(), Vec::new()),
                    Step::PopFirst(many) => (Vec::new(), plain.iter().take(many.into()).copied().collect()),
                    Step::Insert(item) => (vec![u32::from(item)], Vec::new()),
                    Step::Remove(item) => (Vec::new(), vec![u32::from(item)]),
                    Step::RemoveRun(from, many) => {
                        (Vec::new(), plain.range(u32::from(from) % (next + 1)..).take(many.into()).copied().collect())
                    }
                };
                for item in put {
                    sorted.insert(item, !item);
                    plain.insert(item);
                    next = next.max(item + 1);
                }
                for item in take {
                    let there = plain.remove(&item);
                    prop_assert_eq!(sorted.get(&item).copied(), there.then_some(!item));
                    prop_assert_eq!(sorted.get_mut(&item).copied(), there.then_some(!item));
                    prop_assert_eq!(sorted.remove(&item), there.then_some(!item));
                }
                prop_assert!(sorted.blocks.iter().all(|block| (1..=BLOCK).contains(&block.len())));
                prop_assert!(sorted.blocks.iter().all(|block| block.capacity() <= BLOCK.min(block.len() * 4).max(4)));
            }
            prop_assert_eq!((sorted.len(), sorted.is_empty()), (plain.len(), plain.is_empty()));
            prop_assert_eq!(sorted.first(), plain.first().copied());
            for bound in [None, Some(bound % (next + 2)), plain.last().copied()] {
                let after = bound.map_or(Unbounded, Excluded);
                prop_assert!(sorted.after(bound).eq(plain.range((after, Unbounded)).copied()));
                prop_assert!(sorted.before(bound).eq(plain.range((Unbounded, after)).rev().copied()));
            }
        }
    }

    #[test]
    fn what_comes_in_order_fills_its_blocks() {
        let mut sorted = Sorted::default();
        (0..10_000_u32).for_each(|item| sorted.add(item));
        assert_eq!(sorted.blocks.len(), 10_000_usize.div_ceil(BLOCK));
    }
}
