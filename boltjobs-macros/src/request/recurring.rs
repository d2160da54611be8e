//! `recurring(id = "nightly", cron = "30 2 * * *")`: a definition that is declared on its request.

use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::cron::{Cron, Dst, Zone};
use boltjobs_core::recurring::Misfire;
use boltjobs_core::{duration, name};
use chrono::{DateTime, FixedOffset};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::LitStr;

use crate::errors::{Faults, unknown};
use crate::krate::{self, optional, placed};
use crate::options::{self, checked};

/// What has to stand in the parentheses.
pub(super) const EXAMPLE: &str = r#"id = "nightly", cron = "30 2 * * *""#;

const LEGAL: &[&str] =
    &["id", "cron", "timezone", "misfire", "overlap", "dst", "jitter", "starts_at", "ends_at", "queue"];

/// One definition. What has no default is there once it is checked.
pub(super) struct Recurring {
    /// Where it says `recurring`.
    span: Span,
    id: Option<LitStr>,
    cron: Option<Cron>,
    zone: Zone,
    misfire: Misfire,
    overlap: &'static str,
    dst: Dst,
    jitter: Option<Duration>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    queue: Option<String>,
}

/// Reads all definitions of one request, each from where it says `recurring` and what stands in its parentheses. Those
/// with a fault are left out.
pub(super) fn read(declared: Vec<(Span, TokenStream)>, faults: &mut Faults) -> Vec<Recurring> {
    let mut known: Vec<String> = Vec::new();
    let sound = declared.into_iter().filter_map(|(span, tokens)| {
        let recurring = one(span, tokens, faults)?;
        let id = recurring.id.as_ref()?;
        if known.contains(&id.value()) {
            let fault = format!("`{}` is declared twice on this request; give it another id", id.value());
            faults.push(id.span(), fault);
            return None;
        }
        known.push(id.value());
        Some(recurring)
    });
    sound.collect()
}

fn one(span: Span, tokens: TokenStream, faults: &mut Faults) -> Option<Recurring> {
    let mut read = Recurring {
        span,
        id: None,
        cron: None,
        zone: Zone::default(),
        misfire: Misfire::default(),
        overlap: OVERLAPS[0],
        dst: Dst::default(),
        jitter: None,
        starts_at: None,
        ends_at: None,
        queue: None,
    };
    let mut own = Faults::default();
    let mut given = Vec::new();
    options::read(tokens, LEGAL, &mut own, |option| {
        given.push(option.name().to_owned());
        let text = option.text()?;
        match option.name() {
            "id" => {
                checked(&text, name::validate_recurring_id)?;
                read.id = Some(text);
            }
            "cron" => read.cron = Some(checked(&text, Cron::parse)?),
            "timezone" => read.zone = checked(&text, str::parse)?,
            "misfire" => read.misfire = checked(&text, misfire)?,
            "overlap" => read.overlap = checked(&text, overlap)?,
            "dst" => read.dst = checked(&text, dst)?,
            "jitter" => read.jitter = Some(checked(&text, jitter)?),
            "starts_at" => {
                read.starts_at = Some(checked(&text, instant)?);
                checked(&text, |_| in_order(read.starts_at, read.ends_at))?;
            }
            "ends_at" => {
                read.ends_at = Some(checked(&text, instant)?);
                checked(&text, |_| in_order(read.starts_at, read.ends_at))?;
            }
            // `options::read` lets no other name through.
            _ => {
                checked(&text, name::validate_queue)?;
                read.queue = Some(text.value());
            }
        }
        Ok(())
    });
    for name in ["id", "cron"].into_iter().filter(|name| !given.iter().any(|given| given == name)) {
        own.push(span, format!("a recurring definition needs its `{name}`; write `recurring({EXAMPLE})`"));
    }
    let sound = own.is_empty();
    faults.append(own);
    sound.then_some(read)
}

fn misfire(text: &str) -> Result<Misfire, String> {
    let many = text.strip_prefix("fire_all(").and_then(|rest| rest.strip_suffix(')'));
    match (text, many.map(str::trim).map(str::parse)) {
        ("fire_once", _) => Ok(Misfire::FireOnce),
        ("skip", _) => Ok(Misfire::Skip),
        (_, Some(Ok(0))) => Err("`fire_all(0)` would fire none; write `skip`, or 1 and more".to_owned()),
        (_, Some(Ok(at_most))) => Ok(Misfire::FireAll { at_most }),
        _ => Err(unknown("value", text, &["fire_once", "fire_all(10)", "skip"])),
    }
}

const OVERLAPS: &[&str] = &["allow", "skip", "cancel_previous"];

fn overlap(text: &str) -> Result<&'static str, String> {
    let known = OVERLAPS.iter().find(|known| **known == text);
    known.copied().ok_or_else(|| unknown("value", text, OVERLAPS))
}

fn dst(text: &str) -> Result<Dst, String> {
    match text {
        "once_per_day" => Ok(Dst::OncePerDay),
        "elapsed" => Ok(Dst::Elapsed),
        "skip_gap" => Ok(Dst::SkipGap),
        _ => Err(unknown("value", text, &["once_per_day", "elapsed", "skip_gap"])),
    }
}

fn jitter(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(Duration::ZERO) => Err("a jitter of zero puts nothing off; leave `jitter` out".to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let parsed: Result<DateTime<FixedOffset>, _> = DateTime::parse_from_rfc3339(text);
    parsed.map(Timestamp::from).map_err(|_| {
        format!("invalid instant `{text}`; write date, time and offset, as in `2027-01-01T00:00:00Z`")
    })
}

fn in_order(starts_at: Option<Timestamp>, ends_at: Option<Timestamp>) -> Result<(), &'static str> {
    match (starts_at, ends_at) {
        (Some(start), Some(end)) if end < start => {
            Err("it ends before it starts, and would never fire; write `ends_at` after `starts_at`")
        }
        _ => Ok(()),
    }
}

/// Writes what is known of a definition of the request `ident`.
pub(super) fn expand(krate: &TokenStream, ident: &Ident, recurring: &Recurring) -> TokenStream {
    let private = quote!(#krate::__private);
    let Recurring { id, overlap, queue, .. } = recurring;
    let cron = recurring.cron.as_ref().map(Cron::as_str);
    let zone = recurring.zone.name();
    let misfire = match recurring.misfire {
        Misfire::FireOnce => quote!(FireOnce),
        Misfire::FireAll { at_most } => quote!(FireAll { at_most: #at_most }),
        Misfire::Skip => quote!(Skip),
    };
    let dst = match recurring.dst {
        Dst::SkipGap => quote!(SkipGap),
        Dst::Elapsed => quote!(Elapsed),
        Dst::OncePerDay | _ => quote!(OncePerDay),
    };
    let jitter = optional(recurring.jitter.map(krate::duration));
    let [starts_at, ends_at] = [recurring.starts_at, recurring.ends_at].map(|instant| {
        let micros = instant.map(Timestamp::as_micros);
        optional(micros.map(|micros| quote!(#krate::Timestamp::from_micros(#micros))))
    });
    let queue = optional(queue.as_ref());
    // A type that is not `Default` is reported where it says `recurring`.
    let here = placed(krate, recurring.span);
    let mut subject = ident.clone();
    subject.set_span(recurring.span);
    let parts = quote_spanned!(recurring.span=> #here::__private::default_parts::<#subject>);
    quote! {
        #private::DeclaredRecurring {
            id: #id,
            cron: #cron,
            timezone: #zone,
            misfire: #krate::Misfire::#misfire,
            overlap: #overlap,
            dst: #krate::Dst::#dst,
            jitter: #jitter,
            starts_at: #starts_at,
            ends_at: #ends_at,
            queue: #queue,
            parts: #parts,
        }
    }
}

#[cfg(test)]
#[path = "recurring_tests.rs"]
mod tests;
