//! Providers: what handlers share, built once at `start()`.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::context::JobContext;
use crate::error::Failure;
use crate::handler::{BoxFuture, FromJobContext};
use crate::registry::Source;

/// A value that a `#[provider]` built, shared by every handler that asks for it.
pub struct Data<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Data<T> {
    /// Returns the shared pointer itself.
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T> Data<T> {
    /// Wraps a value, for calling a handler by hand.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T: ?Sized> Clone for Data<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Data<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Data<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Data").field(&&*self.0).finish()
    }
}

/// Everything that `#[provider]` knows of a fn.
#[doc(hidden)]
#[derive(Debug)]
pub struct ProviderInfo {
    pub name: &'static str,
    pub source: Source,
    pub provides: fn() -> Provided,
    pub dependencies: fn(&mut Dependencies),
    pub build: fn(Providers) -> BoxFuture<Result<SharedValue, Failure>>,
}

/// Everything that `#[on_start]` and `#[on_stop]` know of a fn.
#[doc(hidden)]
#[derive(Debug)]
pub struct HookInfo {
    pub name: &'static str,
    pub source: Source,
    pub when: HookPoint,
    /// Lower runs first at start, and last at stop; hooks of one order go by name.
    pub order: i32,
    pub dependencies: fn(&mut Dependencies),
    pub run: fn(Providers) -> BoxFuture<Result<(), Failure>>,
}

/// When a hook runs.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookPoint {
    Start,
    Stop,
}

/// A built value, its type forgotten.
#[doc(hidden)]
pub type SharedValue = Arc<dyn Any + Send + Sync>;

/// Wraps what a provider returned.
#[doc(hidden)]
pub fn share<T: Send + Sync + 'static>(value: T) -> SharedValue {
    Arc::new(value)
}

/// A type that some provider builds.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Provided {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl Provided {
    /// Names the type.
    pub fn of<T: ?Sized + 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }
}

/// Collects the types that a handler, provider or hook can't do without.
#[derive(Debug, Default)]
pub struct Dependencies(pub(crate) Vec<Provided>);

impl Dependencies {
    /// Says that a provider of `T` must exist.
    pub fn needs<T: ?Sized + 'static>(&mut self) {
        self.0.push(Provided::of::<T>());
    }
}

/// The values that have been built so far.
#[derive(Clone, Default)]
pub struct Providers {
    values: Arc<HashMap<TypeId, SharedValue>>,
    /// What builds them in a test, each when it is asked for.
    #[cfg(feature = "testing")]
    workshop: Option<Arc<crate::testing::Workshop>>,
}

impl Providers {
    pub(crate) fn of(values: HashMap<TypeId, SharedValue>) -> Self {
        Self {
            values: Arc::new(values),
            #[cfg(feature = "testing")]
            workshop: None,
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn from_workshop(workshop: Arc<crate::testing::Workshop>) -> Self {
        Self { workshop: Some(workshop), ..Self::default() }
    }

    /// Returns the value of a type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Data<T>> {
        let id = TypeId::of::<T>();
        let value = self.values.get(&id).cloned();
        #[cfg(feature = "testing")]
        let value = value.or_else(|| self.workshop.as_ref()?.get(id));
        value?.downcast::<T>().ok().map(Data)
    }

    /// Returns itself once there is what is asked for. Outside of tests all of it was built at the start.
    #[cfg_attr(
        not(feature = "testing"),
        expect(clippy::unused_async, unused_variables, reason = "only tests build late")
    )]
    pub(crate) async fn with(self, needs: fn(&mut Dependencies)) -> Result<Self, Failure> {
        #[cfg(feature = "testing")]
        if let Some(workshop) = &self.workshop {
            workshop.build(needs).await?;
        }
        Ok(self)
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

/// What providers, hooks, observers and interceptors around enqueueing may ask for: [`Data<T>`] alone, as no job runs
/// there.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument where there is no job that runs",
    note = "a provider, a hook, an observer and an interceptor around enqueueing take `Data<T>` only"
)]
pub trait FromProviders: Sized {
    #[doc(hidden)]
    fn from_providers(providers: &Providers) -> Result<Self, Failure>;
    #[doc(hidden)]
    fn dependencies(needs: &mut Dependencies);
}

impl<T: Send + Sync + 'static> FromProviders for Data<T> {
    fn from_providers(providers: &Providers) -> Result<Self, Failure> {
        providers.get::<T>().ok_or_else(|| {
            Failure::from(format!(
                "nothing provides `{}`; add a #[provider] fn that returns it, or `builder().provide(value)`",
                type_name::<T>()
            ))
        })
    }

    fn dependencies(needs: &mut Dependencies) {
        needs.needs::<T>();
    }
}

impl<T: Send + Sync + 'static> FromJobContext for Data<T> {
    async fn from_job_context(context: &JobContext) -> Result<Self, Failure> {
        let providers = context.providers().clone().with(<Self as FromProviders>::dependencies).await?;
        Self::from_providers(&providers)
    }

    fn dependencies(needs: &mut Dependencies) {
        <Self as FromProviders>::dependencies(needs);
    }
}
