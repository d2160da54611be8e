//! Old payloads: `#[upcast]` fns, in chains that lead from each older version to the request.
//!
//! A link of a chain is found by its type. An upcast gives the request, or the shape that another upcast takes, which
//! must then be from a later version: so no chain goes round.

use std::any::{TypeId, type_name};
use std::collections::{BTreeMap, HashMap};

use crate::error::Failure;
use crate::registry::Source;
use crate::request::{DecodeFault, Payload, RequestInfo};

/// Everything that `#[upcast]` knows of a fn.
#[doc(hidden)]
#[derive(Debug)]
pub struct UpcastInfo {
    pub name: &'static str,
    pub source: Source,
    /// The version whose payloads it takes.
    pub from: u32,
    pub takes: fn() -> Shape,
    pub gives: fn() -> Shape,
    pub decode: fn(&[u8]) -> Result<Payload, DecodeFault>,
    pub run: fn(Payload) -> Result<Payload, Failure>,
}

/// A type that a payload has or had.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    id: TypeId,
    pub(crate) name: &'static str,
}

impl Shape {
    /// Names the type.
    pub fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }
}

/// Calls an upcast by the types of the fn.
///
/// # Errors
/// Its own; and that it was given another type, which is a fault of boltjobs.
#[doc(hidden)]
pub fn upcast<Old: 'static, New: Send + Sync + 'static>(
    old: Payload,
    call: impl FnOnce(Old) -> Result<New, Failure>,
) -> Result<Payload, Failure> {
    match old.downcast::<Old>() {
        Ok(old) => call(*old).map(|new| Box::new(new) as Payload),
        Err(_) => Err(Failure::from(format!("the payload is no `{}`", type_name::<Old>()))),
    }
}

/// How older payloads of one request are read.
#[derive(Debug, Default)]
pub(crate) struct Upcasts(BTreeMap<u32, Vec<&'static UpcastInfo>>);

impl Upcasts {
    /// Returns the upcasts that lead from a version to the request, in their order; none where there is nothing to do
    /// but to decode.
    ///
    /// # Errors
    /// The first upcast of the oldest version that can still be read, where this one is older.
    pub(crate) fn chain(&self, version: u32) -> Result<&[&'static UpcastInfo], &'static UpcastInfo> {
        match (self.0.get(&version), self.0.first_key_value()) {
            (Some(chain), _) => Ok(chain),
            (None, Some((oldest, chain))) if version < *oldest => {
                chain.first().map_or(Ok(&[]), |first| Err(first))
            }
            (None, _) => Ok(&[]),
        }
    }
}

/// Links upcasts to chains, by the type of the request that they lead to.
pub(crate) fn link(
    requests: &[&'static RequestInfo],
    upcasts: &[&'static UpcastInfo],
    faults: &mut Vec<String>,
) -> HashMap<TypeId, Upcasts> {
    let requests: HashMap<_, _> = requests.iter().map(|info| ((info.ops.type_id)(), *info)).collect();
    let mut linked: HashMap<TypeId, Upcasts> = HashMap::new();
    'each: for info in upcasts {
        let mut chain = vec![*info];
        let request = loop {
            match follow(chain[chain.len() - 1], &requests, upcasts) {
                Ok(Next::Upcast(later)) => chain.push(later),
                Ok(Next::Request(request)) => break request,
                Err(fault) => {
                    // A chain that is broken further on is reported there.
                    faults.extend((chain.len() == 1).then_some(fault));
                    continue 'each;
                }
            }
        };
        if let Err(fault) = add(linked.entry((request.ops.type_id)()).or_default(), request, chain) {
            faults.push(fault);
        }
    }
    let mut broken: Vec<_> =
        linked.iter().filter_map(|(id, upcasts)| hole(requests.get(id)?, upcasts)).collect();
    broken.sort();
    faults.extend(broken);
    linked
}

/// What an upcast leads to.
enum Next {
    Request(&'static RequestInfo),
    Upcast(&'static UpcastInfo),
}

fn follow(
    info: &'static UpcastInfo,
    requests: &HashMap<TypeId, &'static RequestInfo>,
    upcasts: &[&'static UpcastInfo],
) -> Result<Next, String> {
    let shape = (info.gives)();
    if let Some(request) = requests.get(&shape.id) {
        return Ok(Next::Request(request));
    }
    let takers: Vec<_> = upcasts.iter().copied().filter(|other| (other.takes)() == shape).collect();
    let UpcastInfo { name, source, from, .. } = info;
    match takers[..] {
        [] => Err(format!(
            "upcast `{name}` at {source} gives `{}`, which is no request and which no other upcast takes; \
             let it return the request, or add #[upcast(from = {})] fn(old: {})",
            shape.name,
            from + 1,
            short(shape.name)
        )),
        [later] if later.from > *from => Ok(Next::Upcast(later)),
        [back] => Err(format!(
            "upcast `{name}` at {source} leads from version {from} back to version {}, which `{}` at {} takes; \
             let each upcast return the shape of a later version, or the request",
            back.from, back.name, back.source
        )),
        [first, second, ..] => Err(format!(
            "upcast `{name}` at {source} gives `{}`, which two upcasts take: `{}` at {} and `{}` at {}; \
             give each version a type of its own",
            shape.name, first.name, first.source, second.name, second.source
        )),
    }
}

fn add(known: &mut Upcasts, request: &RequestInfo, chain: Vec<&'static UpcastInfo>) -> Result<(), String> {
    let Some(UpcastInfo { name, source, from, .. }) = chain.first() else { return Ok(()) };
    let title = request.name();
    if *from >= request.version {
        return Err(format!(
            "upcast `{name}` at {source} is from version {from}, but request `{title}` at {} is itself at version {}; \
             raise it with #[request(version = {})], or lower `from`",
            request.source,
            request.version,
            from + 1
        ));
    }
    if let Some(other) = known.0.get(from).and_then(|other| other.first()) {
        return Err(format!(
            "request `{title}` has two upcasts from version {from}: `{}` at {} and `{name}` at {source}; \
             remove one of them, or correct its `from`",
            other.name, other.source
        ));
    }
    known.0.insert(*from, chain);
    Ok(())
}

/// Finds versions of a request that could no longer be read, although older ones can.
fn hole(request: &RequestInfo, upcasts: &Upcasts) -> Option<String> {
    let (oldest, _) = upcasts.0.first_key_value()?;
    let missing = (*oldest..request.version).find(|version| !upcasts.0.contains_key(version))?;
    Some(format!(
        "request `{}` at {} has upcasts from version {oldest}, but none from version {missing}; \
         add #[upcast(from = {missing})]",
        request.name(),
        request.source
    ))
}

/// Returns a type's name without the path to it.
fn short(name: &str) -> &str {
    let end = name.find('<').unwrap_or(name.len());
    name[..end].rfind("::").map_or(name, |at| &name[at + 2..])
}

#[cfg(test)]
mod tests;
