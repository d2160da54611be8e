//! Making up for runs that a recurring definition would have had, whoever asks for it, and its page.

use std::ops::Range;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use boltjobs_core::Timestamp;
use boltjobs_core::access::Role;
use boltjobs_core::cron::Zone;
use boltjobs_core::recurring::{self, BackfillError, Backfilled, RecurringJob};
use boltjobs_core::text::shown;
use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone as _};
use serde::Deserialize;

use crate::actions::{Fields, Sent, answer, with_form};
use crate::audit::{told, told_with};
use crate::doing::{allowed, needs, unknown};
use crate::edit::{Faults, read_instant, target};
use crate::link::Base;
use crate::pages::{self, BackfillPage};
use crate::refused::Refused;
use crate::routes::{Asked, find_definition, html};
use crate::text::counted;

/// A range as it is typed: from its beginning, and before its end.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) to: String,
}

/// A range, and the runs of a definition in it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) range: Range<Timestamp>,
    pub(crate) instants: Vec<Timestamp>,
}

impl Typed {
    /// Reads it. A day begins in the time zone of the definition.
    pub(crate) fn read(&self, recurring: &RecurringJob, now: Timestamp) -> Result<Plan, Faults> {
        let mut faults = Faults::default();
        let zone = recurring.definition.zone.read().copied().unwrap_or_default();
        let mut instant = |field, text: &str| {
            let read = read_in(zone, text.trim());
            read.map_err(|why| faults.add(field, why)).ok()
        };
        let (from, to) = (instant("from", &self.from), instant("to", &self.to));
        let (Some(from), Some(to)) = (from, to) else { return Err(faults) };
        let range = from..to;
        match recurring.between(&range, now) {
            Ok(instants) => Ok(Plan { range, instants }),
            Err(error) => {
                let field = if matches!(error, BackfillError::Unreadable(_)) { "from" } else { "to" };
                faults.add(field, error.to_string());
                Err(faults)
            }
        }
    }
}

/// Reads an instant, or a day.
fn read_in(zone: Zone, text: &str) -> Result<Timestamp, String> {
    let Ok(day) = text.parse::<NaiveDate>() else {
        return read_instant(text).map_err(|_| {
            let text = shown(text);
            format!("write a day, as in `2026-01-31`, or an instant, as in `2026-01-31T09:00:00Z`, and not `{text}`")
        });
    };
    // Where clocks skip midnight a day begins later.
    let times = (0..48).map(|half| day.and_time(NaiveTime::MIN) + TimeDelta::minutes(30 * half));
    let first = times.into_iter().find_map(|time| zone.tz().from_local_datetime(&time).earliest());
    first.map(Timestamp::from).ok_or_else(|| format!("there is no day `{}` in `{zone}`", shown(text)))
}

/// Enqueues what is not there, and says for each run what came of it.
pub(crate) async fn fill(
    asked: &Asked,
    recurring: &RecurringJob,
    plan: &Plan,
) -> Result<Vec<Backfilled>, Refused> {
    needs(asked, Role::Operate)?;
    allowed(asked, "backfill", &target(&recurring.definition.id))?;
    let done = recurring::backfill(asked.store(), recurring, &plan.instants, asked.now()).await?;
    let new = done.iter().filter(|run| run.is_new).count();
    let Range { start, end } = plan.range;
    let detail = format!(
        "{} new, of {} from {start} to {end}",
        counted(new as u64, "job"),
        counted(done.len() as u64, "run")
    );
    told_with(asked, "backfill", &target(&recurring.definition.id), &detail, new > 0).await;
    Ok(done)
}

/// Tells that nothing was done, as others have changed the definition meanwhile.
pub(crate) async fn late(asked: &Asked, recurring: &RecurringJob) {
    told(asked, "backfill", &target(&recurring.definition.id), false).await;
}

/// Shows the form, and what would be done.
pub(crate) async fn look(asked: Asked, Path(id): Path<String>, Query(typed): Query<Typed>) -> Response {
    let done = async {
        needs(&asked, Role::Operate)?;
        let recurring = find_definition(&asked, &id).await?;
        shown_page(&asked, &recurring, typed, false).await
    };
    answer(&asked, done.await)
}

async fn shown_page(
    asked: &Asked,
    recurring: &RecurringJob,
    typed: Typed,
    late: bool,
) -> Result<Response, Refused> {
    let mut status = if late { StatusCode::CONFLICT } else { StatusCode::OK };
    let mut page = BackfillPage { recurring, typed, late, faults: Faults::default(), planned: None };
    if !page.typed.from.is_empty() || !page.typed.to.is_empty() {
        match page.typed.read(recurring, asked.now()) {
            Ok(plan) => {
                let runs = recurring::dry_run(asked.store(), recurring, &plan.instants).await?;
                page.planned = Some((plan.range, runs));
            }
            Err(faults) => (page.faults, status) = (faults, StatusCode::BAD_REQUEST),
        }
    }
    Ok((status, html(pages::backfill(asked.view(), &page))).into_response())
}

/// Does it, and leads to what there is then.
pub(crate) async fn sent(asked: Asked, Path(id): Path<String>, fields: Fields) -> Response {
    with_form(&asked, fields, |form| act(&asked, &id, form)).await
}

async fn act(asked: &Asked, id: &str, form: Sent) -> Result<Response, Refused> {
    needs(asked, Role::Operate)?;
    if form.field("action") != "backfill" {
        return Err(unknown(form.field("action")));
    }
    let recurring = find_definition(asked, id).await?;
    let typed = Typed { from: form.field("from").to_owned(), to: form.field("to").to_owned() };
    if form.field("seen") != recurring.updated_at.to_string() {
        late(asked, &recurring).await;
        return shown_page(asked, &recurring, typed, true).await;
    }
    let Ok(plan) = typed.read(&recurring, asked.now()) else {
        return shown_page(asked, &recurring, typed, false).await;
    };
    let done = fill(asked, &recurring, &plan).await?;
    let did = if done.iter().any(|run| run.is_new) { "backfill" } else { "nothing" };
    let path = format!("{}/backfill", Base::default().item("/recurring/", id));
    let range =
        [("from", &*plan.range.start.to_string()), ("to", &*plan.range.end.to_string()), ("did", did)];
    Ok(Redirect::to(&asked.base().query(&path, &range)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_clocks_of_the_zone_say_so() {
        let read = |zone: &str, text| read_in(zone.parse().unwrap(), text).map(|at| at.to_string());
        assert_eq!(read("UTC", "2026-03-29").unwrap(), "2026-03-29T00:00:00Z");
        assert_eq!(read("Europe/Oslo", "2026-03-30").unwrap(), "2026-03-29T22:00:00Z");
        // Midnight is skipped there.
        assert_eq!(read("Africa/Cairo", "2026-04-24").unwrap(), "2026-04-23T22:00:00Z");
        assert_eq!(read("Europe/Oslo", "2026-03-30T00:00:00+00:00").unwrap(), "2026-03-30T00:00:00Z");
        assert!(read("UTC", "<b>").unwrap_err().contains("write a day, as in `2026-01-31`"));
    }
}
