//! Trace contexts, as W3C `traceparent` texts: which trace a job belongs to, and which span it is.

use std::fmt;
use std::sync::Arc;

use boltjobs_core::job::{Lease, NewJob};
use boltjobs_core::lineage::EnqueuedBy;

use crate::runtime::{self, Runtime};

/// The flag of a trace that somebody records.
const SAMPLED: u8 = 1;

/// A place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceParent {
    pub(crate) trace: u128,
    pub(crate) span: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads a `traceparent`. Of a version later than 00 it takes what it knows, as the standard says.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (known, later) = text.split_at_checked(55)?;
        let mut fields = known.split('-');
        let (version, trace) = (hex(fields.next()?, 2)?, hex(fields.next()?, 32)?);
        let (span, flags) = (hex(fields.next()?, 16)?, hex(fields.next()?, 2)?);
        let follows =
            if version == 0 { later.is_empty() } else { later.is_empty() || later.starts_with('-') };
        let (span, flags) = (u64::try_from(span).ok()?, u8::try_from(flags).ok()?);
        (follows && version != 0xff && trace != 0 && span != 0).then_some(Self { trace, span, flags })
    }

    /// Returns the place of one attempt: in the trace of the code that enqueued the job, else in one of its own.
    pub(crate) fn of_attempt(enqueued_by: Option<Self>, lease: Lease) -> Self {
        let id = lease.job.as_u128();
        let (trace, flags) = enqueued_by.map_or((id, SAMPLED), |parent| (parent.trace, parent.flags));
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the id")]
        let seed = (id as u64) ^ ((id >> 64) as u64).rotate_left(32);
        // Each step can be undone, so the claims of one job have different spans.
        let mut span = seed.wrapping_add(lease.epoch.get().wrapping_mul(0x9e37_79b9_7f4a_7c15));
        span = (span ^ (span >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        span = (span ^ (span >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self { trace, span: (span ^ (span >> 31)).max(1), flags }
    }
}

fn hex(text: &str, length: usize) -> Option<u128> {
    let legal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let legal = text.len() == length && text.bytes().all(legal);
    legal.then(|| u128::from_str_radix(text, 16).ok())?
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

/// Tells the trace context of the code that runs.
#[derive(Clone)]
pub(crate) struct TraceHook(pub(crate) Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl fmt::Debug for TraceHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceHook").finish_non_exhaustive()
    }
}

/// Returns the trace context of the code that enqueues: what the program says, else that of the job that runs here.
pub(crate) fn current(runtime: &Runtime) -> Option<String> {
    let said = runtime.trace_context.as_ref().and_then(|hook| (hook.0)());
    let said = said.filter(|text| {
        let legal = TraceParent::parse(text).is_some();
        if !legal {
            // A fault in how a program is watched is no reason not to do its work.
            tracing::warn!(traceparent = text, "the trace context is no W3C `traceparent`, and is left out");
        }
        legal
    });
    said.or_else(|| runtime::with_job(|_, job| job.trace().to_string()))
}

/// Writes into jobs which handler enqueues them, if one does. Outside of a handler it is a look at nothing.
pub(crate) fn name_parent(jobs: &mut [NewJob]) {
    if let Some(by) = runtime::with_job(|_, job| EnqueuedBy::Job(job.lease.job)) {
        for job in jobs {
            by.write(&mut job.spec_mut().meta);
        }
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use boltjobs_core::job::Epoch;
    use boltjobs_core::{JobId, Timestamp};

    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_and_written_as_the_standard_says() {
        let parsed = TraceParent::parse(TEXT).unwrap();
        assert_eq!(
            (parsed.trace, parsed.span, parsed.flags),
            (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7, 1)
        );
        assert_eq!(parsed.to_string(), TEXT);
        let later = format!("01{}-what-the-future-brings", &TEXT[2..]);
        assert_eq!(TraceParent::parse(&later), Some(parsed));
        let zero_trace = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let zero_span = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16));
        for wrong in [
            "",
            "00",
            &TEXT[1..],
            &TEXT.to_uppercase(),
            &format!("{TEXT}-x"),
            &format!("ff{}", &TEXT[2..]),
            &format!("01{}x", &TEXT[2..]),
            &TEXT.replace("4bf9", "+bf9"),
            &zero_trace,
            &zero_span,
            &TEXT.replace("-00f0", "00-f0"),
            &"é".repeat(30),
        ] {
            assert_eq!(TraceParent::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_claim_is_a_span_of_its_own_in_the_trace_of_who_enqueued() {
        let job = JobId::from_parts(Timestamp::from_micros(1_700_000_000_000_000), 7);
        let parent = TraceParent::parse(TEXT);
        let mut epoch = Epoch::of_boot(3);
        let mut spans = std::collections::HashSet::new();
        for _ in 0..1_000 {
            epoch = epoch.next(3);
            let span = TraceParent::of_attempt(parent, Lease { job, epoch });
            assert_eq!((Some(span.trace), span.flags), (parent.map(|parent| parent.trace), 1));
            assert_eq!(span, TraceParent::of_attempt(parent, Lease { job, epoch }));
            assert!(spans.insert(span.span));
        }
        assert_eq!(TraceParent::of_attempt(None, Lease { job, epoch }).trace, job.as_u128());
    }
}
