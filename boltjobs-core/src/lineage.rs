//! Who enqueued a job, as far as it tells.
//!
//! A handler that enqueues, and whoever does so on the dashboard, are written into the metadata of the job, under [`BY`]. The rest
//! follows from what a job has anyway.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::JobId;
use crate::job::JobSpec;

/// The key of the metadata that is kept for it: `job:<id>` or `user:<name>`.
pub const BY: &str = "boltjobs.by";

/// Who enqueued a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnqueuedBy {
    /// The handler of a job.
    Job(JobId),
    /// Somebody, on the dashboard.
    User(String),
    /// A recurring definition.
    Recurring(Arc<str>),
    /// Other code, within this W3C `traceparent`.
    Trace(String),
}

impl EnqueuedBy {
    /// Returns who enqueued a job; `None` where nothing tells, as for code of the program outside of handlers and traces.
    pub fn of(spec: &JobSpec) -> Option<Self> {
        let told = spec.meta.get(BY).and_then(|by| by.split_once(':'));
        let told = told.and_then(|(kind, who)| match kind {
            "job" => who.parse().ok().map(Self::Job),
            "user" => Some(Self::User(who.to_owned())),
            _ => None,
        });
        let recurring = || spec.occurrence.as_ref().map(|it| Self::Recurring(Arc::clone(&it.recurring)));
        told.or_else(recurring).or_else(|| spec.trace.clone().map(Self::Trace))
    }

    /// Writes into the metadata of a job who enqueues it. What the program has put there stays, and what follows from the rest of
    /// the job is not written.
    pub fn write(&self, meta: &mut BTreeMap<String, String>) {
        let by = match self {
            Self::Job(id) => format!("job:{id}"),
            Self::User(name) => format!("user:{name}"),
            Self::Recurring(_) | Self::Trace(_) => return,
        };
        meta.entry(BY.to_owned()).or_insert(by);
    }
}

impl fmt::Display for EnqueuedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(id) => write!(f, "job {id}"),
            Self::User(name) => write!(f, "{name}, on the dashboard"),
            Self::Recurring(id) => write!(f, "recurring definition {id}"),
            Self::Trace(trace) => write!(f, "trace {trace}"),
        }
    }
}

/// Returns the id of the trace that a W3C `traceparent` is of, in 32 digits; `None` where it is none.
pub fn trace_id(traceparent: &str) -> Option<&str> {
    let mut fields = traceparent.trim().split('-');
    let mut field = |length: usize| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        fields.next().filter(|field| field.len() == length && field.bytes().all(digit))
    };
    let (version, trace, span) = (field(2)?, field(32)?, field(16)?);
    field(2)?;
    let zero = |field: &str| field.bytes().all(|byte| byte == b'0');
    // A later version may have more fields.
    let whole = version != "00" || fields.next().is_none();
    (whole && version != "ff" && !zero(trace) && !zero(span)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::job::Occurrence;

    #[test]
    fn who_enqueued_a_job_is_told_by_what_is_nearest_to_it() {
        let mut spec = JobSpec::new("mail", &b"{}"[..]);
        assert_eq!(EnqueuedBy::of(&spec), None);
        spec.trace = Some("00-1-2-01".to_owned());
        assert_eq!(EnqueuedBy::of(&spec), Some(EnqueuedBy::Trace("00-1-2-01".to_owned())));
        spec.occurrence = Some(Occurrence { recurring: "night".into(), scheduled_for: Timestamp::EPOCH });
        assert_eq!(EnqueuedBy::of(&spec), Some(EnqueuedBy::Recurring("night".into())));
        for by in
            [EnqueuedBy::User("ada: <b>".to_owned()), EnqueuedBy::Job(JobId::from_parts(Timestamp::EPOCH, 7))]
        {
            spec.meta.clear();
            by.write(&mut spec.meta);
            assert_eq!(EnqueuedBy::of(&spec), Some(by));
        }
        let first = EnqueuedBy::of(&spec);
        EnqueuedBy::User("eve".to_owned()).write(&mut spec.meta);
        assert_eq!(EnqueuedBy::of(&spec), first, "what is there stays");
        spec.meta.insert(BY.to_owned(), "whatever".to_owned());
        assert_eq!(EnqueuedBy::of(&spec), Some(EnqueuedBy::Recurring("night".into())));
    }

    #[test]
    fn the_trace_of_a_traceparent_is_read_as_the_standard_says() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let with = |head: &str, tail: &str| format!("{head}-{trace}-00f067aa0ba902b7-{tail}");
        assert_eq!(trace_id(&with("00", "01")), Some(trace));
        assert_eq!(trace_id(&with("01", "01-more")), Some(trace), "a later version may have more");
        for none in [
            String::new(),
            with("00", "01-more"),
            with("ff", "01"),
            with("00", "1"),
            with("00", "01").to_uppercase(),
            with("00", "01").replace(trace, &"0".repeat(32)),
            with("00", "01").replace("00f067aa0ba902b7", &"0".repeat(16)),
            "00-<b>-00f067aa0ba902b7-01".to_owned(),
        ] {
            assert_eq!(trace_id(&none), None, "{none}");
        }
    }
}
