//! Reading from a simulated disk.

use std::mem;

use sled::IVec;

use super::{DiskStep, Platter, SimulatedDisk};
use crate::error::Failure;
use crate::medium::{Batch, Chunks};

impl Chunks for SimulatedDisk {
    fn get(&self, key: &[u8]) -> Result<Option<IVec>, Failure> {
        let mut platter = self.lock();
        platter.strike(DiskStep::Read)?;
        Ok(platter.value(key))
    }
}

impl SimulatedDisk {
    /// Lets nothing befall the disk while something is done.
    pub(crate) fn undisturbed<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = {
            let mut platter = self.lock();
            (mem::take(&mut platter.dead), platter.decide.take())
        };
        let done = work();
        let mut platter = self.lock();
        (platter.dead, platter.decide) = before;
        done
    }
}

impl Platter {
    /// Returns what a reader finds under a key.
    fn value(&self, key: &[u8]) -> Option<IVec> {
        let written = [&self.believed, &self.cached, &self.buffered].into_iter().flatten();
        let changes = written.flat_map(Batch::changes).filter(|(changed, _)| ***changed == *key);
        match changes.last() {
            Some((_, value)) => value.cloned(),
            None => self.durable.get(key).cloned(),
        }
    }
}
