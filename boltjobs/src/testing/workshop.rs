//! What handlers ask for, built when it is: a test pays for no provider that it does not need, and can put its own
//! value in the place of any.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Failure;
use crate::handler::BoxFuture;
use crate::provider::{Dependencies, ProviderInfo, Providers, SharedValue};

/// Builds the values that `#[provider]`s give.
#[derive(Debug)]
pub(crate) struct Workshop {
    values: Mutex<HashMap<TypeId, SharedValue>>,
    providers: Vec<&'static ProviderInfo>,
    /// One thing is built at a time, so that nothing is built twice.
    building: tokio::sync::Mutex<()>,
}

impl Workshop {
    pub(crate) fn new(
        values: HashMap<TypeId, SharedValue>,
        providers: Vec<&'static ProviderInfo>,
    ) -> Arc<Self> {
        Arc::new(Self { values: Mutex::new(values), providers, building: tokio::sync::Mutex::default() })
    }

    fn values(&self) -> MutexGuard<'_, HashMap<TypeId, SharedValue>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: TypeId) -> Option<SharedValue> {
        self.values().get(&id).cloned()
    }

    pub(crate) fn put(&self, id: TypeId, value: SharedValue) {
        self.values().insert(id, value);
    }

    /// Builds what is asked for and not there yet. What nobody provides is left to whoever asks.
    pub(crate) async fn build(self: &Arc<Self>, needs: fn(&mut Dependencies)) -> Result<(), Failure> {
        let mut asked = Dependencies::default();
        needs(&mut asked);
        if asked.0.iter().all(|need| self.values().contains_key(&need.id)) {
            return Ok(());
        }
        let _turn = self.building.lock().await;
        self.build_all(asked).await
    }

    fn build_all(self: &Arc<Self>, asked: Dependencies) -> BoxFuture<Result<(), Failure>> {
        let workshop = Arc::clone(self);
        Box::pin(async move {
            for need in asked.0 {
                let provider = workshop.providers.iter().find(|info| (info.provides)().id == need.id);
                let Some(info) = provider.filter(|_| workshop.get(need.id).is_none()) else { continue };
                let mut before = Dependencies::default();
                (info.dependencies)(&mut before);
                workshop.build_all(before).await?;
                let providers = Providers::from_workshop(Arc::clone(&workshop));
                let value = (info.build)(providers).await.map_err(|failure| {
                    Failure::from(format!(
                        "the provider `{}` at {} failed: {failure}; put another value in its place with \
                         `jobs.provide(value)`",
                        info.name, info.source
                    ))
                })?;
                workshop.put(need.id, value);
            }
            Ok(())
        })
    }
}
