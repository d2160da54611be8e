//! What the attributes registered, wherever in the program they stand, and the checks that it fits together.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::backoff::Backoff;
use boltjobs_core::name;
use boltjobs_core::rate::Rate;
use boltjobs_core::recurring::Definition;
use boltjobs_core::shape::Shape;
use boltjobs_core::store::{Defaults, Handled, Limits};

use crate::handler::{BackoffFn, BackoffSource, HandlerInfo, OnExhausted, Run};
use crate::interceptor::{InterceptorInfo, Interceptors, Segment};
use crate::observer::ObserverInfo;
use crate::provider::{Dependencies, HookInfo, Provided, ProviderInfo};
use crate::recurring;
use crate::request::{Request, RequestInfo};
use crate::upcast::{self, UpcastInfo, Upcasts};

mod declared;

/// How often a failed job is tried again unless its handler says otherwise.
pub(crate) const DEFAULT_RETRIES: u32 = 10;

/// Where an attribute stands.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    pub module: &'static str,
    pub file: &'static str,
    pub line: u32,
}

impl Source {
    /// Returns the crate, by the name that code uses for it.
    pub fn krate(&self) -> &'static str {
        let krate = self.module.split("::").next().unwrap_or(self.module);
        // A crate may be named as a keyword is.
        krate.strip_prefix("r#").unwrap_or(krate)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One thing that an attribute registered.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Registration {
    Request(&'static RequestInfo),
    Handler(&'static HandlerInfo),
    Provider(&'static ProviderInfo),
    Hook(&'static HookInfo),
    Interceptor(&'static InterceptorInfo),
    Observer(&'static ObserverInfo),
    Upcast(&'static UpcastInfo),
}

impl Registration {
    fn source(&self) -> Source {
        match self {
            Self::Request(info) => info.source,
            Self::Handler(info) => info.source,
            Self::Provider(info) => info.source,
            Self::Hook(info) => info.source,
            Self::Interceptor(info) => info.source,
            Self::Observer(info) => info.source,
            Self::Upcast(info) => info.source,
        }
    }
}

inventory::collect!(Registration);

/// A request as the program knows it.
#[derive(Debug)]
pub(crate) struct KnownRequest {
    pub(crate) name: Arc<str>,
    pub(crate) info: &'static RequestInfo,
    pub(crate) handler: Option<Arc<Handler>>,
    pub(crate) shape: Arc<Shape>,
    pub(crate) upcasts: Upcasts,
}

/// A handler with everything parsed.
pub(crate) struct Handler {
    pub(crate) run: Run,
    pub(crate) retries: u32,
    pub(crate) backoff: BackoffFn,
    pub(crate) timeout: Option<Duration>,
    pub(crate) on_exhausted: OnExhausted,
    pub(crate) info: &'static HandlerInfo,
    /// What runs around it, outermost first.
    pub(crate) chain: Box<[Segment]>,
}

impl Handler {
    pub(crate) fn new(info: &'static HandlerInfo, backoff: BackoffFn, chain: Box<[Segment]>) -> Self {
        let HandlerInfo { run, retries, timeout, on_exhausted, .. } = *info;
        Self { run, retries: retries.unwrap_or(DEFAULT_RETRIES), backoff, timeout, on_exhausted, info, chain }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").field("info", self.info).finish_non_exhaustive()
    }
}

/// Returns what the jobs of a request are held to.
fn limits(request: &KnownRequest, handler: &Handler) -> Option<Arc<Limits>> {
    let info = handler.info;
    // The macro has checked it.
    let rate = |text: Option<&str>| text.and_then(|text| Rate::parse(text).ok());
    let limits = Limits {
        aliases: request.info.aliases.iter().copied().map(Arc::from).collect(),
        concurrency: info.concurrency,
        per_key: info.concurrency_per_key,
        rate: rate(info.rate_limit),
        rate_per_key: rate(info.rate_limit_per_key),
        ..Limits::of(Arc::clone(&request.name))
    };
    limits.is_any().then(|| Arc::new(limits))
}

/// Everything that is registered, checked.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    by_type: HashMap<TypeId, Arc<KnownRequest>>,
    /// By name and by alias.
    by_name: BTreeMap<Arc<str>, Arc<KnownRequest>>,
    /// The demo of the dashboard, which is none of the program's own.
    demo: Option<Arc<KnownRequest>>,
    pub(crate) providers: Vec<&'static ProviderInfo>,
    pub(crate) hooks: Vec<&'static HookInfo>,
    pub(crate) interceptors: Interceptors,
    pub(crate) observers: Vec<&'static ObserverInfo>,
    /// The recurring definitions that the requests declare.
    pub(crate) declared: Vec<Definition>,
    /// The crates that registered anything.
    pub(crate) crates: BTreeSet<Arc<str>>,
}

impl Registry {
    /// Reads what the program registered.
    ///
    /// # Errors
    /// Every fault that there is: names taken twice, requests with two handlers, upcasts that lead nowhere, limits by a
    /// key that is not there, definitions declared twice, providers that are missing, there twice or in a cycle,
    /// interceptors that can't be put in order. `provided` are the types of the values that the builder was given; where
    /// that is not known yet, what is missing shows when it is asked for. `without` are the interceptors to leave out.
    pub(crate) fn collect(provided: Option<&[Provided]>, without: &[String]) -> Result<Self, Vec<String>> {
        let (mut requests, mut handlers, mut providers, mut hooks) = (vec![], vec![], vec![], vec![]);
        let (mut interceptors, mut observers, mut upcasts) = (vec![], vec![], vec![]);
        let mut crates = BTreeSet::new();
        for registration in inventory::iter::<Registration>.into_iter().copied() {
            crates.insert(registration.source().krate().into());
            match registration {
                Registration::Request(info) => requests.push(info),
                Registration::Handler(info) => handlers.push(info),
                Registration::Provider(info) => providers.push(info),
                Registration::Hook(info) => hooks.push(info),
                Registration::Interceptor(info) => interceptors.push(info),
                Registration::Observer(info) => observers.push(info),
                Registration::Upcast(info) => upcasts.push(info),
            }
        }
        // They come in the order of the linker.
        requests.sort_by_key(|info| info.source);
        handlers.sort_by_key(|info| info.source);
        providers.sort_by_key(|info| info.source);
        upcasts.sort_by_key(|info| info.source);
        hooks.sort_by_key(|info| (info.order, info.name, info.source));

        interceptors.sort_by_key(|info| info.source);
        observers.sort_by_key(|info| info.source);

        let mut faults = Vec::new();
        let order = Interceptors::of(&interceptors, without, &mut faults);
        let handlers = by_request(&handlers, &order, &mut faults);
        #[cfg(feature = "dashboard")]
        let demo = Some(crate::demo::known(&order));
        #[cfg(not(feature = "dashboard"))]
        let demo = None;
        let mut registry = Self { demo, hooks, interceptors: order, observers, ..Self::default() };
        registry.declared = recurring::declared::definitions(&requests, &mut faults);
        registry.crates = crates;
        let mut upcasts = upcast::link(&requests, &upcasts, &mut faults);
        for info in &requests {
            let id = (info.ops.type_id)();
            let (handler, upcasts) = (handlers.get(&id).cloned(), upcasts.remove(&id).unwrap_or_default());
            let (name, shape) = (info.name().into(), info.shape.shape().into());
            registry.add(KnownRequest { name, info, handler, shape, upcasts }, &mut faults);
        }
        declared::check(requests.iter().copied(), handlers.values(), &mut faults);
        if let Some(provided) = provided {
            check_needs(&registry, &handlers, &providers, &interceptors, provided, &mut faults);
        }
        match build_order(&providers) {
            Ok(order) => registry.providers = order,
            Err(fault) => faults.push(fault),
        }
        if faults.is_empty() { Ok(registry) } else { Err(faults) }
    }

    fn add(&mut self, request: KnownRequest, faults: &mut Vec<String>) {
        let (info, request) = (request.info, Arc::new(request));
        self.by_type.insert((info.ops.type_id)(), Arc::clone(&request));
        for name in std::iter::once(&*request.name).chain(info.aliases.iter().copied()) {
            if let Err(error) = name::validate_request(name) {
                faults.push(format!("{}: {error}", info.source));
            }
            if let Some(other) = self.by_name.insert(name.into(), Arc::clone(&request)) {
                faults.push(format!(
                    "two requests are named `{name}`: {} and {}; give one of them another name with #[request(name = \"..\")]",
                    other.info.source, info.source
                ));
            }
        }
    }

    pub(crate) fn of_type<R: Request>(&self) -> Option<&Arc<KnownRequest>> {
        self.by_type.get(&TypeId::of::<R>())
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<KnownRequest>> {
        self.by_name.get(name).or_else(|| self.demo.as_ref().filter(|demo| *demo.name == *name))
    }

    /// Returns what can be run: the names, aliases too, of all requests that have a handler.
    pub(crate) fn handled(&self) -> BTreeMap<Arc<str>, Handled> {
        let handled = self.by_name.iter().filter_map(|(name, request)| {
            let handler = request.handler.as_ref()?;
            Some((
                Arc::clone(name),
                Handled {
                    version: request.info.version,
                    limits: limits(request, handler),
                    shape: Some(Arc::clone(&request.shape)),
                    defaults: Some(Arc::new(defaults(request))),
                },
            ))
        });
        handled.collect()
    }

    /// Returns the names of all requests without a handler.
    pub(crate) fn unhandled(&self) -> Vec<&str> {
        let names: BTreeMap<_, _> = self.by_type.values().map(|request| (&*request.name, request)).collect();
        names.into_iter().filter(|(_, request)| request.handler.is_none()).map(|(name, _)| name).collect()
    }
}

fn defaults(request: &KnownRequest) -> Defaults {
    let (info, texts) =
        (request.info, |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect());
    Defaults {
        request: Arc::clone(&request.name),
        queue: info.queue.into(),
        priority: info.priority,
        tags: texts(info.tags),
        sensitive: texts(info.sensitive),
    }
}

fn by_request(
    infos: &[&'static HandlerInfo],
    interceptors: &Interceptors,
    faults: &mut Vec<String>,
) -> HashMap<TypeId, Arc<Handler>> {
    let mut handlers: HashMap<TypeId, Arc<Handler>> = HashMap::new();
    for info in infos {
        let backoff: BackoffFn = match info.backoff {
            Some(BackoffSource::Function(delay)) => Arc::new(move |retry, _| delay(retry)),
            Some(BackoffSource::Text(text)) => match Backoff::parse(text) {
                Ok(backoff) => Arc::new(move |retry, chance| backoff.delay(retry, chance)),
                Err(error) => {
                    faults.push(format!("{}: handler `{}`: {error}", info.source, info.name));
                    continue;
                }
            },
            None => Arc::new(|retry, chance| Backoff::default().delay(retry, chance)),
        };
        let request = (info.request.ops.type_id)();
        let handler = Handler::new(info, backoff, interceptors.chain(request));
        if let Some(other) = handlers.insert(request, Arc::new(handler)) {
            faults.push(format!(
                "request `{}` has two handlers: `{}` at {} and `{}` at {}; remove one of them, \
                 or give it a request of its own",
                info.request.name(),
                other.info.name,
                other.info.source,
                info.name,
                info.source
            ));
        }
    }
    handlers
}

/// Names what something can't do without.
type Needs = fn(&mut Dependencies);

/// Checks that everything that is asked for is provided, once.
fn check_needs(
    registry: &Registry,
    handlers: &HashMap<TypeId, Arc<Handler>>,
    providers: &[&'static ProviderInfo],
    interceptors: &[&'static InterceptorInfo],
    provided: &[Provided],
    faults: &mut Vec<String>,
) {
    let mut known: HashMap<TypeId, String> =
        provided.iter().map(|value| (value.id, "`builder().provide(..)`".to_owned())).collect();
    for info in providers {
        let value = (info.provides)();
        let here = format!("`{}` at {}", info.name, info.source);
        if let Some(other) = known.insert(value.id, here.clone()) {
            faults.push(format!(
                "`{}` is provided twice: by {other} and by {here}; remove one, or wrap one value in a type of its own",
                value.name
            ));
        }
    }
    let mut who: Vec<(String, Source, Needs)> = Vec::new();
    let handlers = handlers.values();
    who.extend(
        handlers.map(|it| (format!("handler `{}`", it.info.name), it.info.source, it.info.dependencies)),
    );
    who.extend(providers.iter().map(|it| (format!("provider `{}`", it.name), it.source, it.dependencies)));
    who.extend(registry.hooks.iter().map(|it| (format!("hook `{}`", it.name), it.source, it.dependencies)));
    who.extend(
        interceptors.iter().map(|it| (format!("interceptor `{}`", it.name), it.source, it.dependencies)),
    );
    let observers = registry.observers.iter();
    who.extend(observers.map(|it| (format!("observer `{}`", it.name), it.source, it.dependencies)));
    who.sort_by(|left, right| (left.1, &left.0).cmp(&(right.1, &right.0)));
    for (name, source, dependencies) in who {
        let mut needs = Dependencies::default();
        dependencies(&mut needs);
        for need in needs.0.into_iter().filter(|need| !known.contains_key(&need.id)) {
            faults.push(format!(
                "{name} at {source} needs `Data<{}>`, which nothing provides; add a #[provider] fn that returns it, \
                 `builder().provide(value)`, or `use my_providers as _;` if it lives in another crate",
                need.name
            ));
        }
    }
}

/// Sorts providers so that each comes after those it needs; otherwise they stay in the order of their sources.
fn build_order(providers: &[&'static ProviderInfo]) -> Result<Vec<&'static ProviderInfo>, String> {
    let mut order: Vec<&'static ProviderInfo> = Vec::new();
    for info in providers {
        visit(info, providers, &mut Vec::new(), &mut order)?;
    }
    Ok(order)
}

fn visit(
    info: &'static ProviderInfo,
    providers: &[&'static ProviderInfo],
    path: &mut Vec<&'static ProviderInfo>,
    order: &mut Vec<&'static ProviderInfo>,
) -> Result<(), String> {
    if order.iter().any(|done| std::ptr::eq(*done, info)) {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|on_path| std::ptr::eq(*on_path, info)) {
        let cycle = path[start..].iter().map(|it| format!("`{}` at {}", it.name, it.source));
        return Err(format!(
            "providers need each other in a cycle: {} needs `{}` again; \
             break it by building one of them inside another",
            cycle.collect::<Vec<_>>().join(" needs "),
            info.name
        ));
    }
    path.push(info);
    let mut needs = Dependencies::default();
    (info.dependencies)(&mut needs);
    for need in needs.0 {
        for needed in providers.iter().filter(|info| (info.provides)().id == need.id) {
            visit(needed, providers, path, order)?;
        }
    }
    path.pop();
    order.push(info);
    Ok(())
}
