//! Parts of a job that are done once, however often the job is tried.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boltjobs_core::notes::{Note, Step};
use boltjobs_core::store::{Record, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::Claim;
use crate::error::{Failure, JobError, JobResult};
use crate::pipeline::settle::{FIRST_PAUSE, LONGEST_PAUSE};

/// The longest name of a step, in bytes.
const LONGEST_NAME: usize = 200;

/// The steps of one attempt.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// What earlier attempts have done, by name; read by the first step.
    done: OnceCell<HashMap<String, Step>>,
    /// The names that this attempt has used.
    begun: Mutex<HashSet<String>>,
}

/// A step that is at work. Unless it is kept, its name is free again afterwards.
pub(super) struct Begun<'a> {
    steps: &'a Steps,
    name: &'a str,
    kept: bool,
}

impl Begun<'_> {
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.steps.begun().remove(self.name);
        }
    }
}

impl Steps {
    fn begun(&self) -> MutexGuard<'_, HashSet<String>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a name for this attempt.
    pub(super) fn begin<'a>(&'a self, name: &'a str) -> JobResult<Begun<'a>> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(discard(format!(
                "`{name}` can't be the name of a step; use 1 to {LONGEST_NAME} bytes"
            )));
        }
        if !self.begun().insert(name.to_owned()) {
            return Err(discard(format!(
                "two steps of one attempt are named `{name}`; give each a name of its own, for instance with the index"
            )));
        }
        Ok(Begun { steps: self, name, kept: false })
    }

    /// Returns what an earlier attempt has done under this name.
    pub(super) async fn done(&self, claim: &Claim, name: &str) -> JobResult<Option<&Step>> {
        if !claim.has_notes {
            return Ok(None);
        }
        let read = async {
            let notes = claim.runtime.store.notes(claim.running.lease.job).await?;
            let steps = notes.map_or_else(Vec::new, |notes| notes.steps);
            Ok::<_, StoreError>(steps.into_iter().map(|step| (step.name.clone(), step)).collect())
        };
        Ok(self.done.get_or_try_init(|| read).await?.get(name))
    }
}

/// Reads what a step has returned in an earlier attempt.
pub(super) fn decode<T: DeserializeOwned>(step: &Step) -> JobResult<T> {
    serde_json::from_slice(&step.result).map_err(|error| {
        discard(format!(
            "the result of step `{}` from attempt {} can't be read as `{}`: {error}; let the type read the old form, \
             or give the step another name, under which it is done again",
            step.name,
            step.attempt,
            std::any::type_name::<T>(),
        ))
    })
}

/// Writes what a step has returned.
pub(super) fn encode<T: Serialize>(name: &str, value: &T, limit: usize) -> JobResult<Vec<u8>> {
    let json = serde_json::to_vec(value).map_err(|error| {
        discard(format!(
            "the result of step `{name}` can't be stored as JSON: {error}; see its serde attributes"
        ))
    })?;
    if json.len() > limit {
        return Err(discard(format!(
            "the result of step `{name}` has {} bytes, and {limit} are kept at most; store it elsewhere and return a \
             reference to it, or raise `max_result`",
            json.len()
        )));
    }
    Ok(json)
}

/// Stores a step, again and again while the store fails: its work is done and must not be done twice.
pub(super) async fn keep(claim: &Claim, name: &str, json: Vec<u8>, took: Duration) -> JobResult<()> {
    let (runtime, running) = (&claim.runtime, &claim.running);
    let (name, result) = (name.to_owned(), json.into());
    let step = Step { name, result, took, at: runtime.now(), attempt: running.attempt };
    let mut pause = FIRST_PAUSE;
    loop {
        let record = Record { lease: running.lease, note: Note::Step(step.clone()) };
        match runtime.store.record(vec![record], runtime.now()).await {
            Ok(held) if held == [true] => return Ok(()),
            Ok(_) => {
                running.stop.fire();
                let name = &step.name;
                return Err(Failure::from(format!(
                    "step `{name}` is not kept, as the lease of the job was lost; another server may run it by now"
                )));
            }
            Err(error) if error == StoreError::Closed || running.stop.has_fired() => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::error!(step = step.name, %error, "a step can't be stored; it is kept and tried again");
                tokio::select! {
                    biased;
                    () = runtime.clock.sleep(pause) => {}
                    () = running.stop.token().cancelled() => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Another attempt would meet the same fault, after it has done the work again.
fn discard(reason: String) -> Failure {
    JobError::discard(reason).into()
}
