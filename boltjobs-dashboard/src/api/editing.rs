//! Editing a recurring definition, for programs: what is not named stays as it is.

use axum::http::StatusCode;
use boltjobs_core::access::Role;
use boltjobs_core::text::shown;
use boltjobs_core::{Timestamp, duration};
use chrono::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::answer::{Answer, Fault};
use crate::doing::needs;
use crate::edit::{self, Typed};
use crate::refused::Refused;
use crate::routes::{Asked, find_definition};

/// The longest jitter, in seconds: a century.
const LONGEST: f64 = 3_155_760_000.0;

/// What is to be done with a recurring definition. All but the action is for `edit`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnRecurring {
    pub(super) action: String,
    cron: Option<String>,
    timezone: Option<String>,
    dst: Option<String>,
    misfire: Option<String>,
    misfire_at_most: Option<u32>,
    overlap: Option<String>,
    jitter_seconds: Option<f64>,
    #[serde(default, deserialize_with = "named")]
    starts_at: Option<String>,
    #[serde(default, deserialize_with = "named")]
    ends_at: Option<String>,
    /// When it was changed last, as far as is known.
    updated_at: Option<String>,
}

/// Takes a `null` for an empty text, which means none as well; what is not there is neither.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::deserialize(deserializer)?.unwrap_or_default()))
}

impl OnRecurring {
    /// Refuses what says nothing for any other action.
    pub(super) fn plain(&self) -> Result<(), Fault> {
        let field = self.typed()?.any().or(self.updated_at.as_ref().map(|_| "updated_at"));
        field.map_or(Ok(()), |field| {
            Err(illegal(format!("`{field}` is for `edit`, and not for `{}`.", shown(&self.action))))
        })
    }

    fn typed(&self) -> Result<Typed, Fault> {
        let mut typed = Typed::default();
        let texts = [
            ("cron", self.cron.clone()),
            ("timezone", self.timezone.clone()),
            ("dst", self.dst.clone()),
            ("misfire", self.misfire.clone()),
            ("misfire_at_most", self.misfire_at_most.map(|most| most.to_string())),
            ("overlap", self.overlap.clone()),
            ("starts_at", self.starts_at.clone()),
            ("ends_at", self.ends_at.clone()),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                typed.put(field, text);
            }
        }
        if let Some(seconds) = self.jitter_seconds {
            if !(0.0..=LONGEST).contains(&seconds) {
                return Err(illegal(format!(
                    "`jitter_seconds`: write 0 to {LONGEST} seconds, and not {seconds}."
                )));
            }
            typed.put("jitter", duration::format(std::time::Duration::from_secs_f64(seconds)));
        }
        Ok(typed)
    }
}

/// Reads when somebody has seen a definition, if they say so.
pub(super) fn seen(updated_at: Option<&str>) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = updated_at else { return Ok(None) };
    let wrong =
        |error| illegal(format!("`updated_at`: it is to be an instant, and not `{}`: {error}.", shown(text)));
    DateTime::parse_from_rfc3339(text).map(|at| Some(Timestamp::from(at))).map_err(wrong)
}

fn illegal(why: String) -> Fault {
    Refused::Illegal(why).into()
}

/// Changes what is named. What others change meanwhile stays, unless the program says what it has seen.
pub(super) async fn edit(asked: &Asked, id: &str, sent: &OnRecurring) -> Result<Answer, Fault> {
    needs(asked, Role::Operate)?;
    let (typed, seen) = (sent.typed()?, seen(sent.updated_at.as_deref())?);
    loop {
        let known = find_definition(asked, id).await?;
        if let Some(by) = &known.definition.declared_by {
            let why = format!(
                "It is declared by the crate `{}`, whose next start would set it back; change it there.",
                shown(by)
            );
            return Err(Fault::new(StatusCode::CONFLICT, why));
        }
        if seen.is_some_and(|seen| seen != known.updated_at) {
            edit::late(asked, id).await;
            let why = format!("Nothing was done: it was changed at {}.", known.updated_at);
            return Err(Fault::new(StatusCode::CONFLICT, why));
        }
        let edited = typed.on(&known.definition).map_err(|faults| illegal(faults.told()))?;
        if let Some(done) = edit::change(asked, &known.definition, edited).await? {
            return Ok(Answer(json!({ "id": id, "action": "edit", "done": done, "job": null })));
        }
    }
}
