//! A sorted set for what mostly comes at the end and goes at the front, millions of it.

use std::collections::VecDeque;

/// The most elements of a block.
const BLOCK: usize = 256;

/// A sorted set in blocks.
///
/// Where elements come in order the blocks are full, so that it holds little beside them, half of what a `BTreeSet` does.
/// Both ends are reached at once; in between an insert or a removal moves half a block at most.
#[derive(Debug, Clone)]
pub(super) struct Sorted<T> {
    /// In order, and none of them empty.
    blocks: VecDeque<VecDeque<T>>,
    len: usize,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { blocks: VecDeque::new(), len: 0 }
    }
}

impl<T: PartialEq> PartialEq for Sorted<T> {
    fn eq(&self, other: &Self) -> bool {
        // How it is cut into blocks only tells how it came about.
        self.blocks.iter().flatten().eq(other.blocks.iter().flatten())
    }
}

impl<T: Ord + Copy> Sorted<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn insert(&mut self, item: T) {
        let at = self.block_of(item);
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push_back([item].into());
            self.len += 1;
            return;
        };
        let place = if block.back().is_some_and(|last| *last < item) {
            block.len()
        } else {
            let Err(place) = block.binary_search(&item) else { return };
            place
        };
        self.len += 1;
        if block.len() < BLOCK {
            block.insert(place, item);
        } else if place == BLOCK {
            self.blocks.insert(at + 1, [item].into());
        } else {
            let mut upper = block.split_off(BLOCK / 2);
            match place.checked_sub(BLOCK / 2) {
                Some(place) => upper.insert(place, item),
                None => block.insert(place, item),
            }
            self.blocks.insert(at + 1, upper);
        }
    }

    /// Removes an element, and says whether it was there.
    pub(super) fn remove(&mut self, item: &T) -> bool {
        let at = self.block_of(*item);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        let place = if block.front() == Some(item) { Ok(0) } else { block.binary_search(item) };
        let Ok(place) = place else { return false };
        block.remove(place);
        self.len -= 1;
        if block.is_empty() {
            self.blocks.remove(at);
        } else if block.len() * 4 <= block.capacity() {
            // What is left of many blocks is not to hold the room of all of them.
            block.shrink_to(block.len() * 2);
        }
        true
    }

    /// Returns the number of the last block that begins with the element or before it; else of the first one.
    fn block_of(&self, item: T) -> usize {
        let before = |block: &VecDeque<T>| block.front().is_some_and(|first| *first <= item);
        if self.blocks.back().is_some_and(before) {
            return self.blocks.len() - 1;
        }
        self.blocks.partition_point(before).saturating_sub(1)
    }

    pub(super) fn first(&self) -> Option<T> {
        self.blocks.front()?.front().copied()
    }

    /// Returns what comes after an element, the least first; all of it if there is none.
    pub(super) fn after(&self, bound: Option<T>) -> impl Iterator<Item = T> + use<'_, T> {
        let from = bound.map_or(0, |bound| self.block_of(bound));
        let blocks = self.blocks.range(from.min(self.blocks.len())..);
        let skip =
            move |block: &VecDeque<T>| bound.map_or(0, |bound| block.partition_point(|item| *item <= bound));
        blocks.flat_map(move |block| block.range(skip(block)..)).copied()
    }

    /// Returns what comes before an element, the greatest first; all of it if there is none.
    pub(super) fn before(&self, bound: Option<T>) -> impl Iterator<Item = T> + use<'_, T> {
        let to = bound.map_or(self.blocks.len(), |bound| (self.block_of(bound) + 1).min(self.blocks.len()));
        let keep = move |block: &VecDeque<T>| {
            bound.map_or(block.len(), |bound| block.partition_point(|item| *item < bound))
        };
        self.blocks.range(..to).rev().flat_map(move |block| block.range(..keep(block)).rev()).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ops::Bound::{Excluded, Unbounded};

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
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

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
                    sorted.insert(item);
                    plain.insert(item);
                    next = next.max(item + 1);
                }
                for item in take {
                    prop_assert_eq!(sorted.remove(&item), plain.remove(&item));
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
        (0..10_000_u32).for_each(|item| sorted.insert(item));
        assert_eq!(sorted.blocks.len(), 10_000_usize.div_ceil(BLOCK));
    }
}
