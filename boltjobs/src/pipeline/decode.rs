//! From a stored payload to its request, through the upcasts of its version.

use boltjobs_core::job::{ErrorInfo, JobSpec};

use crate::panic::catch_in;
use crate::registry::KnownRequest;
use crate::request::{DecodeFault, Payload};
use crate::upcast::UpcastInfo;

/// The error type of a payload that can't be read.
const KIND: &str = "boltjobs::Decode";

/// Makes the request of what is stored.
///
/// # Errors
/// Why that can't be done, now or with another attempt: the job waits for people.
pub(super) fn decode(known: &KnownRequest, spec: &JobSpec) -> Result<Payload, ErrorInfo> {
    let (request, version) = (known.info, spec.version);
    // What is said of a value quotes it, and that may be a secret.
    let hide = !request.sensitive.is_empty() || !spec.sensitive.is_empty();
    let chain = known.upcasts.chain(version).map_err(|oldest| too_old(known, version, oldest))?;
    let Some((first, rest)) = chain.split_first() else {
        return (request.ops.decode)(&spec.payload).map_err(|fault| {
            let why = why(&fault, hide);
            ErrorInfo::new(
                KIND,
                format!(
                    "the payload can't be read as `{}`: {why}; give a new field #[serde(default)], \
                     or raise `version` and add an #[upcast]",
                    request.ident
                ),
            )
        });
    };
    let payload = guarded(first, hide, || (first.decode)(&spec.payload))?.map_err(|fault| {
        let (shape, name, why) = ((first.takes)().name, first.name, why(&fault, hide));
        ErrorInfo::new(
            KIND,
            format!(
                "the payload can't be read as `{shape}`, which upcast `{name}` takes for version {version}: {why}; \
                 the type must fit what that version stored"
            ),
        )
    })?;
    let first = step(first, payload, hide)?;
    rest.iter().try_fold(first, |payload, upcast| step(upcast, payload, hide))
}

/// Goes from one version to a later one.
fn step(upcast: &UpcastInfo, payload: Payload, hide: bool) -> Result<Payload, ErrorInfo> {
    guarded(upcast, hide, || (upcast.run)(payload))?.map_err(|failure| {
        let mut error = failure.info();
        error.message = format!("{} failed: {}; mend it, and requeue the job", called(upcast), error.message);
        hidden(error, upcast, hide)
    })
}

/// Calls code of the user's, which may panic.
fn guarded<T>(upcast: &UpcastInfo, hide: bool, call: impl FnOnce() -> T) -> Result<T, ErrorInfo> {
    catch_in(&called(upcast), call).map_err(|panic| hidden(panic, upcast, hide))
}

fn called(upcast: &UpcastInfo) -> String {
    format!("upcast `{}` from version {}", upcast.name, upcast.from)
}

/// Leaves out of an error what may hold the values of a request with sensitive fields.
fn hidden(error: ErrorInfo, upcast: &UpcastInfo, hide: bool) -> ErrorInfo {
    if !hide {
        return error;
    }
    let message = format!(
        "{} failed (what it said is not shown, as the request has sensitive fields); mend it, and requeue the job",
        called(upcast)
    );
    ErrorInfo { message, causes: Vec::new(), ..error }
}

fn why(fault: &DecodeFault, hide: bool) -> String {
    let place = fault.field.as_ref().map_or_else(String::new, |field| format!("field `{field}`: "));
    let why = if hide {
        "it does not fit (its value is not shown, as the request has sensitive fields)"
    } else {
        &fault.message
    };
    format!("{place}{why}")
}

fn too_old(known: &KnownRequest, version: u32, oldest: &UpcastInfo) -> ErrorInfo {
    let message = format!(
        "the payload has version {version}, and the upcasts of `{}` begin with version {}; \
         add #[upcast(from = {version})] to what `{}` at {} takes, and requeue the job",
        known.name, oldest.from, oldest.name, oldest.source
    );
    ErrorInfo::new(KIND, message)
}
