//! From the location of a store to the store.

use std::sync::Arc;

use boltjobs_core::memory::MemoryStore;
use boltjobs_core::store::{Store, StoreError, StoreSource};

use crate::error::Result;
use crate::settings::{Durability, Resolved};

/// Opens the store that the settings name.
pub(crate) async fn open(settings: &Resolved) -> Result<Arc<dyn Store>> {
    let location = match &settings.store {
        StoreSource::Open(store) => return Ok(Arc::clone(store)),
        StoreSource::Location(location) => location.clone(),
    };
    match location.split_once(':') {
        None if location == "memory" => Ok(Arc::new(MemoryStore::new())),
        Some(("sled", path)) if !path.is_empty() => {
            let path = path.to_owned();
            open_sled(location, path, settings.durability).await
        }
        Some(_) | None => {
            let reason = "unknown kind of store; use `sled:<folder>` or `memory`".to_owned();
            Err(StoreError::Location { location, reason }.into())
        }
    }
}

#[cfg(feature = "sled")]
async fn open_sled(location: String, path: String, durability: Durability) -> Result<Arc<dyn Store>> {
    let options = boltjobs_sled::SledOptions::new().durability(match durability {
        Durability::Immediate => boltjobs_sled::Durability::Immediate,
        Durability::Eventual => boltjobs_sled::Durability::Eventual,
    });
    // It reads the whole folder, so it must not hold a thread of the runtime.
    let opened = tokio::task::spawn_blocking(move || options.open(path)).await;
    let opened = opened.map_err(|error| StoreError::Unavailable { location, reason: error.to_string() })?;
    Ok(Arc::new(opened?))
}

#[cfg(not(feature = "sled"))]
fn open_sled(location: String, _: String, _: Durability) -> std::future::Ready<Result<Arc<dyn Store>>> {
    let reason = "boltjobs was built without its feature `sled`; turn it on".to_owned();
    std::future::ready(Err(StoreError::Location { location, reason }.into()))
}
