//! Changing a recurring definition, whoever asks for it: what was typed is read field by field, and tells what is wrong in each.

use std::collections::BTreeMap;
use std::time::Duration;

use boltjobs_core::access::Role;
use boltjobs_core::audit::AuditChange;
use boltjobs_core::cron::Dst;
use boltjobs_core::recurring::{Definition, Edit, Misfire, Nonsense, Overlap, RecurringJob};
use boltjobs_core::store::RecurringCommand;
use boltjobs_core::text::shown;
use boltjobs_core::{Timestamp, duration};
use chrono::DateTime;

use crate::audit::{told, told_changes};
use crate::doing::{allowed, needs};
use crate::refused::Refused;
use crate::routes::Asked;

/// The fields, in the order of the form.
pub(crate) const FIELDS: [&str; 9] =
    ["cron", "timezone", "dst", "misfire", "misfire_at_most", "overlap", "jitter", "starts_at", "ends_at"];

/// The names of what can be chosen, and what they mean.
pub(crate) const DSTS: [(&str, Dst, &str); 3] = [
    ("OncePerDay", Dst::OncePerDay, "A time of day fires once: after a gap, or the first time"),
    ("SkipGap", Dst::SkipGap, "One that is skipped does not fire; one that comes twice fires once"),
    ("Elapsed", Dst::Elapsed, "One that is skipped does not fire; one that comes twice fires twice"),
];
pub(crate) const MISFIRES: [(&str, &str); 3] = [
    ("FireOnce", "One run makes up for all of them"),
    ("FireAll", "The latest ones are made up for"),
    ("Skip", "They are left out"),
];
pub(crate) const OVERLAPS: [(&str, Overlap, &str); 3] = [
    ("Allow", Overlap::Allow, "The next one runs beside it"),
    ("Skip", Overlap::Skip, "The next one is skipped"),
    ("CancelPrevious", Overlap::CancelPrevious, "It is cancelled when the next one comes"),
];

/// What was typed, by field. An empty text means none; what is not there stays as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed(BTreeMap<&'static str, String>);

/// What is wrong, by field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(BTreeMap<String, String>);

impl Faults {
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|why| &**why)
    }

    pub(crate) fn add(&mut self, field: impl Into<String>, why: String) {
        self.0.insert(field.into(), why);
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    pub(crate) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Tells all of them.
    pub(crate) fn told(&self) -> String {
        let each = |(field, why): (&String, &String)| format!("`{field}`: {why}.");
        self.0.iter().map(each).collect::<Vec<_>>().join(" ")
    }
}

impl Typed {
    /// Returns what one would type for a definition as it is.
    pub(crate) fn of(definition: &Definition) -> Self {
        let (misfire, at_most) = misfire_names(definition.misfire);
        let instant = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let texts = [
            definition.cron.to_string(),
            definition.zone.to_string(),
            name_of(&DSTS, definition.dst).to_owned(),
            misfire.to_owned(),
            at_most.map(|most| most.to_string()).unwrap_or_default(),
            name_of(&OVERLAPS, definition.overlap).to_owned(),
            jitter_text(definition.jitter),
            instant(definition.starts_at),
            instant(definition.ends_at),
        ];
        Self(FIELDS.into_iter().zip(texts).collect())
    }

    pub(crate) fn put(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.insert(field, text.into());
    }

    /// Returns the name of a field that was typed, if any was.
    pub(crate) fn any(&self) -> Option<&'static str> {
        self.0.keys().next().copied()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.get(field).unwrap_or_default()
    }

    /// Returns it without what stands in a field of the form that its other choices leave without a meaning.
    pub(crate) fn of_form(&self) -> Self {
        let mut typed = self.clone();
        if typed.text("misfire") != "FireAll" {
            typed.0.remove("misfire_at_most");
        }
        typed
    }

    fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|text| text.trim())
    }

    /// Returns the definition as it is to be.
    pub(crate) fn on(&self, definition: &Definition) -> Result<Definition, Faults> {
        let mut faults = Faults::default();
        let mut fault = |field: &'static str, why: String| {
            faults.add(field, why);
        };
        let mut edit = Edit::default();
        if let Some(text) = self.get("cron") {
            edit.cron = text
                .parse()
                .map_err(|error: boltjobs_core::cron::CronError| fault("cron", error.to_string()))
                .ok();
        }
        if let Some(text) = self.get("timezone") {
            let zone = text.parse();
            edit.zone = zone
                .map_err(|error: boltjobs_core::cron::ZoneError| fault("timezone", error.to_string()))
                .ok();
        }
        if let Some(text) = self.get("dst") {
            edit.dst = chosen(&DSTS, text).map_err(|why| fault("dst", why)).ok();
        }
        match self.misfire(definition.misfire) {
            Ok(misfire) => edit.misfire = Some(misfire),
            Err((field, why)) => fault(field, why),
        }
        if let Some(text) = self.get("overlap") {
            edit.overlap = chosen(&OVERLAPS, text).map_err(|why| fault("overlap", why)).ok();
        }
        // What can't be typed exactly stays exact.
        if let Some(text) = self.get("jitter").filter(|text| *text != jitter_text(definition.jitter)) {
            let jitter = if text.is_empty() { Ok(Duration::ZERO) } else { duration::parse(text) };
            edit.jitter = jitter.map_err(|error| fault("jitter", error.to_string())).ok();
        }
        for (field, instant) in [("starts_at", &mut edit.starts_at), ("ends_at", &mut edit.ends_at)] {
            match self.get(field) {
                None => {}
                Some("") => *instant = Some(None),
                Some(text) => *instant = read_instant(text).map_err(|why| fault(field, why)).ok().map(Some),
            }
        }
        if !faults.0.is_empty() {
            return Err(faults);
        }
        edit.of(definition).map_err(|nonsense| {
            let (field, why) = match nonsense {
                Nonsense::FiresNone => {
                    ("misfire_at_most", "with 0 none would be made up for; write 1 or more, or choose `Skip`")
                }
                Nonsense::EndsBeforeStart { .. } => {
                    ("ends_at", "it would end before it starts; set a later end")
                }
                _ => ("cron", "it makes no sense with the rest"),
            };
            Faults(BTreeMap::from([(field.to_owned(), why.to_owned())]))
        })
    }

    fn misfire(&self, now: Misfire) -> Result<Misfire, (&'static str, String)> {
        let (known, at_most) = misfire_names(now);
        let name = self.get("misfire").unwrap_or(known);
        match (name, self.get("misfire_at_most"), at_most) {
            ("FireAll", None, Some(at_most)) => Ok(Misfire::FireAll { at_most }),
            ("FireAll", text, _) => {
                let text = text.unwrap_or_default();
                let why = || {
                    format!(
                        "`FireAll` takes the most runs that are made up for, as in `10`, and not `{}`",
                        shown(text)
                    )
                };
                text.parse()
                    .map(|at_most| Misfire::FireAll { at_most })
                    .map_err(|_| ("misfire_at_most", why()))
            }
            ("FireOnce" | "Skip", Some(_), _) => {
                Err(("misfire_at_most", format!("it is for `FireAll`, and not for `{name}`")))
            }
            ("FireOnce", None, _) => Ok(Misfire::FireOnce),
            ("Skip", None, _) => Ok(Misfire::Skip),
            (other, ..) => Err(("misfire", unknown(other, MISFIRES.map(|(name, _)| name)))),
        }
    }
}

fn misfire_names(misfire: Misfire) -> (&'static str, Option<u32>) {
    match misfire {
        Misfire::FireOnce => ("FireOnce", None),
        Misfire::FireAll { at_most } => ("FireAll", Some(at_most)),
        Misfire::Skip => ("Skip", None),
    }
}

/// Returns the name of what is chosen.
fn name_of<T: Copy + PartialEq>(choices: &[(&'static str, T, &str)], chosen: T) -> &'static str {
    choices.iter().find(|(_, known, _)| *known == chosen).map_or("", |(name, ..)| name)
}

/// Returns what is chosen by a name.
fn chosen<T: Copy>(choices: &[(&str, T, &str); 3], text: &str) -> Result<T, String> {
    let found = choices.iter().find(|(name, ..)| *name == text);
    found.map(|(_, it, _)| *it).ok_or_else(|| unknown(text, choices.each_ref().map(|(name, ..)| *name)))
}

fn jitter_text(jitter: Duration) -> String {
    if jitter.is_zero() { String::new() } else { duration::format(jitter) }
}

fn unknown(text: &str, names: [&str; 3]) -> String {
    format!("there is no `{}`; use `{}`", shown(text), names.join("`, `"))
}

/// Reads an instant as it is typed.
pub(crate) fn read_instant(text: &str) -> Result<Timestamp, String> {
    DateTime::parse_from_rfc3339(text).map(Timestamp::from).map_err(|error| {
        format!("write an instant, as in `2026-01-31T09:00:00Z`, and not `{}`: {error}", shown(text))
    })
}

/// Returns what would be known of a definition if it were changed; of one that is paused, as if it went on.
pub(crate) fn preview(recurring: &RecurringJob, edited: Definition, now: Timestamp) -> RecurringJob {
    let mut changed = recurring.with(edited, now).unwrap_or_else(|| recurring.clone());
    changed.next = changed.next.or_else(|| changed.definition.next_after(now));
    changed
}

/// Writes a change, and says whether it is one; `None` when what was read is no longer there.
pub(crate) async fn change(
    asked: &Asked,
    known: &Definition,
    edited: Definition,
) -> Result<Option<bool>, Refused> {
    needs(asked, Role::Operate)?;
    allowed(asked, "edit", &target(&known.id))?;
    let differs = edited != *known;
    let changes = differences(known, &edited);
    let command = RecurringCommand::Change { from: Box::new(known.clone()), to: Box::new(edited) };
    if asked.store().recurring(known.id.clone(), command, asked.now()).await? != Some(true) {
        return Ok(None);
    }
    told_changes(asked, "edit", (&target(&known.id), ""), &changes, differs).await;
    Ok(Some(differs))
}

/// Tells that nothing was saved, as others were faster.
pub(crate) async fn late(asked: &Asked, id: &str) {
    told(asked, "edit", &target(id), false).await;
}

pub(crate) fn target(id: &str) -> String {
    format!("recurring definition {id}")
}

/// Returns what is another way.
fn differences(from: &Definition, to: &Definition) -> Vec<AuditChange> {
    let [from, to] = [from, to].map(Typed::of);
    let text =
        |typed: &Typed, field: &str| Some(typed.text(field).to_owned()).filter(|text| !text.is_empty());
    let each = |field: &str| AuditChange {
        field: field.to_owned(),
        before: text(&from, field),
        after: text(&to, field),
    };
    FIELDS.into_iter().map(each).filter(|change| change.before != change.after).collect()
}
