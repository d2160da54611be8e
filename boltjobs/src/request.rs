//! What `#[request]` says about a type.

use std::any::{Any, TypeId, type_name};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::cron::Dst;
use boltjobs_core::recurring::Misfire;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::registry::Source;
use crate::shape::ShapeInfo;

/// The most bytes of a buffer that is kept to be used again.
const LARGEST_BUFFER: usize = 64 * 1024;

/// A typed payload that a handler takes. Implemented by `#[request]`, not by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request",
    note = "put `#[boltjobs::request]` on the struct or enum; a handler takes its request first, then anything else"
)]
pub trait Request: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What the handler returns: `()`, or what `#[request(response = ..)]` names.
    type Response: Serialize + DeserializeOwned + Send + 'static;

    /// What the attribute says.
    #[doc(hidden)]
    const INFO: RequestInfo;

    /// Returns what people see for this job: its `Display`, or what `#[request(display = "..")]` says.
    #[doc(hidden)]
    fn title(&self) -> Option<String> {
        None
    }

    /// Returns the key that limits jobs of one kind together.
    #[doc(hidden)]
    fn concurrency_key(&self) -> Option<String> {
        None
    }
}

/// Everything that `#[request]` knows of a type.
#[doc(hidden)]
#[derive(Debug)]
pub struct RequestInfo {
    /// The name that was given, if any.
    pub name: Option<&'static str>,
    /// `stringify!` of the type, the second half of the default name.
    pub ident: &'static str,
    pub aliases: &'static [&'static str],
    pub version: u32,
    pub queue: &'static str,
    pub priority: i8,
    pub tags: &'static [&'static str],
    pub sensitive: &'static [&'static str],
    /// Whether it has a concurrency key.
    pub keyed: bool,
    /// How it looks in code.
    pub shape: ShapeInfo,
    pub recurring: &'static [DeclaredRecurring],
    pub source: Source,
    pub ops: RequestOps,
}

impl RequestInfo {
    /// Returns the stable name that is stored with each job.
    pub fn name(&self) -> String {
        match self.name {
            Some(name) => name.to_owned(),
            None => format!("{}::{}", self.source.krate(), self.ident),
        }
    }
}

/// A recurring definition that `#[request(recurring(..))]` declares. The macro has checked it.
#[doc(hidden)]
#[derive(Debug)]
pub struct DeclaredRecurring {
    pub id: &'static str,
    /// In the words of `Cron::parse`.
    pub cron: &'static str,
    /// Its IANA name.
    pub timezone: &'static str,
    pub misfire: Misfire,
    /// `allow`, `skip` or `cancel_previous`.
    pub overlap: &'static str,
    pub dst: Dst,
    pub jitter: Option<Duration>,
    pub starts_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
    /// Where it is not the queue of the request.
    pub queue: Option<&'static str>,
    /// Makes the request that its jobs have.
    pub parts: fn() -> Result<RequestParts, String>,
}

/// What only the value of a request tells of its job.
#[doc(hidden)]
#[derive(Debug, PartialEq)]
pub struct RequestParts {
    pub payload: Arc<[u8]>,
    pub title: Option<String>,
    pub concurrency_key: Option<String>,
}

impl RequestParts {
    /// Takes apart a request.
    ///
    /// # Errors
    /// What serde says of a request that is no JSON.
    pub fn of<R: Request>(request: &R) -> Result<Self, String> {
        let payload = json(request).map_err(|error| error.to_string())?;
        Ok(Self { payload, title: request.title(), concurrency_key: request.concurrency_key() })
    }
}

/// Makes the JSON of a value, in a buffer that the next one on the thread uses again.
fn json(value: &impl Serialize) -> serde_json::Result<Arc<[u8]>> {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.take();
    buffer.clear();
    let written = serde_json::to_writer(&mut buffer, value);
    let json = written.map(|()| buffer.as_slice().into());
    if buffer.capacity() <= LARGEST_BUFFER {
        BUFFER.set(buffer);
    }
    json
}

/// Takes apart the default of a request.
///
/// # Errors
/// What serde says of a request that is no JSON.
#[doc(hidden)]
pub fn default_parts<R: Request + Default>() -> Result<RequestParts, String> {
    RequestParts::of(&R::default())
}

/// What can be done with a request whose type is known only here.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct RequestOps {
    pub type_id: fn() -> TypeId,
    pub response_id: fn() -> TypeId,
    pub response_name: fn() -> &'static str,
    pub decode: fn(&[u8]) -> Result<Payload, DecodeFault>,
    pub encode_response: fn(&(dyn Any + Send)) -> Result<Vec<u8>, String>,
}

impl RequestOps {
    /// Fixes the type.
    pub const fn of<R: Request>() -> Self {
        Self {
            type_id: TypeId::of::<R>,
            response_id: TypeId::of::<R::Response>,
            response_name: type_name::<R::Response>,
            decode: decode::<R>,
            encode_response: encode_response::<R>,
        }
    }
}

/// A request whose type is forgotten.
#[doc(hidden)]
pub type Payload = Box<dyn Any + Send + Sync>;

/// Where and why a stored payload can't be read.
#[doc(hidden)]
#[derive(Debug)]
pub struct DecodeFault {
    /// The path of the field, where it is one that is to blame.
    pub field: Option<String>,
    /// What serde said. It may quote the value.
    pub message: String,
}

/// Reads a payload as a type: a request, or what one was in an older version.
///
/// # Errors
/// The field that does not fit, and what serde says of it.
#[doc(hidden)]
pub fn decode<T: DeserializeOwned + Send + Sync + 'static>(payload: &[u8]) -> Result<Payload, DecodeFault> {
    if let Ok(value) = serde_json::from_slice::<T>(payload) {
        return Ok(Box::new(value));
    }
    // Which field is to blame is found out only when one is, for it costs as much again.
    let mut json = serde_json::Deserializer::from_slice(payload);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Ok(value) => Ok(Box::new(value)),
        Err(error) => {
            let field = error.path().iter().next().is_some().then(|| error.path().to_string());
            Err(DecodeFault { field, message: error.inner().to_string() })
        }
    }
}

fn encode_response<R: Request>(response: &(dyn Any + Send)) -> Result<Vec<u8>, String> {
    match response.downcast_ref::<R::Response>() {
        Some(response) => serde_json::to_vec(response).map_err(|error| error.to_string()),
        None => Err(format!("the handler returned no `{}`", type_name::<R::Response>())),
    }
}
