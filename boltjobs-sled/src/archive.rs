//! Records that were evicted, read back from their chunks.

use std::sync::{Arc, Mutex, PoisonError};

use boltjobs_core::engine::{Archive, Engine, Entry, Mark};
use boltjobs_core::job::Job;
use boltjobs_core::store::StoreError;
use sled::IVec;

use crate::chunk::{self, GOES_ON, Header};
use crate::codec;
use crate::disk::{Split, read_chunk, take_entries};
use crate::error::{Failure, unavailable};
use crate::medium::Chunks;

/// Reads records from the chunks of a medium. They mostly lie in the order in which they are asked for, so the latest
/// chunk is kept.
#[derive(Debug)]
pub(crate) struct Records {
    chunks: Arc<dyn Chunks>,
    location: String,
    latest: Mutex<Option<(Header, IVec)>>,
}

impl Archive for Records {
    fn record(&self, trail: &[Mark]) -> Result<Job, StoreError> {
        self.read(trail).map_err(|failure| match failure {
            Failure::Passing(reason) => unavailable(&self.location, &reason),
            Failure::Lasting(reason) => {
                let reason = format!("{reason}; restore it from a backup, or move it away and start anew");
                StoreError::Corrupt { location: self.location.clone(), reason }
            }
        })
    }
}

impl Records {
    /// Makes an engine that keeps so many bytes of records in memory, and reads the others back from here.
    pub(crate) fn engine(chunks: Arc<dyn Chunks>, location: String, memory: u64) -> Engine {
        let mut engine = Engine::default();
        engine.keep_records(memory, Arc::new(Self { chunks, location, latest: Mutex::default() }));
        engine
    }

    fn read(&self, trail: &[Mark]) -> Result<Job, Failure> {
        let lost = || Failure::Lasting(format!("there is no job where one was written, at {trail:?}"));
        Job::from_entries(trail.iter().map(|mark| self.entry(*mark)))?.ok_or_else(lost)
    }

    fn entry(&self, mark: Mark) -> Result<Entry, Failure> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = latest.take().filter(|(header, _)| header.seq == mark.chunk.get());
        let (header, bytes) = known.map_or_else(|| read_chunk(&*self.chunks, mark.chunk.get()), Ok)?;
        let lost = |what: &str| Failure::Lasting(format!("chunk {} {what}", mark.chunk));
        let entry = if header.flags & GOES_ON == 0 {
            let mut from = bytes.get(mark.at as usize..).unwrap_or_default();
            codec::decode(&mut from).map_err(|fault| lost(&fault))?
        } else {
            self.split(header, &bytes)?
        };
        *latest = Some((header, bytes));
        Ok(entry)
    }

    /// Returns the entry that begins with this chunk and goes on in the next ones.
    fn split(&self, header: Header, bytes: &IVec) -> Result<Entry, Failure> {
        let (mut split, mut entries) = (Split::default(), Vec::new());
        let (mut header, mut bytes) = (header, bytes.clone());
        loop {
            let body = &bytes[chunk::HEADER..];
            take_entries(header, body, &mut split, &mut entries).map_err(Failure::Lasting)?;
            if let Some((entry, _)) = entries.pop() {
                return Ok(entry);
            }
            (header, bytes) = read_chunk(&*self.chunks, header.seq + 1)?;
        }
    }
}
