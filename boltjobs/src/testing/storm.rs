//! Chance that decides what goes wrong.

use std::fmt;

use boltjobs_core::Timestamp;

use super::faults::{Fate, StoreCall};

/// What one seed decides.
#[derive(Debug)]
pub(super) struct Storm;

impl Storm {
    pub(super) fn strike(&mut self, _call: StoreCall) -> Fate {
        Fate::Pass
    }

    pub(super) fn linger(&mut self) -> u8 {
        0
    }

    pub(super) fn note(&mut self, _now: Option<Timestamp>, _call: StoreCall, _answer: &dyn fmt::Debug) {}
}
