//! Changing a job that waits or has failed, whoever asks for it: what was typed is read field by field, and tells what is wrong in
//! each.

use boltjobs_core::access::Role;
use boltjobs_core::audit::AuditChange;
use boltjobs_core::job::{Content, Job, JobSpec};
use boltjobs_core::mask::{mask, masked, unmasked};
use boltjobs_core::store::Change;
use boltjobs_core::text::shown;
use boltjobs_core::{JobId, JobState, name, priority};
use serde_json::Value;

use crate::audit::told_changes;
use crate::doing::{allowed, needs};
use crate::edit::Faults;
use crate::refused::Refused;
use crate::routes::Asked;

/// The states in which a job can be changed.
pub(crate) const OPEN: [JobState; 4] =
    [JobState::Awaiting, JobState::Scheduled, JobState::Enqueued, JobState::Failed];

/// The most bytes of a payload that a form shows to be edited.
pub(crate) const LONGEST: usize = 200_000;

/// What stands behind the title of a job whose payload was edited: the program has made the title of another one.
const EDITED: &str = " (edited)";

/// What was typed, as a form has it. What is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    pub(crate) queue: Option<String>,
    pub(crate) priority: Option<String>,
    pub(crate) payload: Option<String>,
}

/// What would become of a job.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) change: Change,
    /// What is another way then, each without anything sensitive.
    pub(crate) differences: Vec<AuditChange>,
    /// The payload as it would be, if it is another one.
    pub(crate) payload: Option<Value>,
}

impl Typed {
    /// Returns what one would type for a job as it is.
    pub(crate) fn of(spec: &JobSpec) -> Self {
        let payload = (spec.payload.len() <= LONGEST).then(|| format!("{:#}", masked(spec)));
        Self { queue: Some(spec.queue.to_string()), priority: Some(spec.priority.to_string()), payload }
    }

    /// Reads it, for a job that nobody else is to have changed.
    pub(crate) fn read(&self, job: &Job) -> Result<Changed, Faults> {
        let changed = self.read_spec(&job.spec)?;
        Ok(Changed { change: Change { revision: Some(job.revision), ..changed.change }, ..changed })
    }

    /// Reads it, beside what there is.
    pub(crate) fn read_spec(&self, spec: &JobSpec) -> Result<Changed, Faults> {
        let (mut faults, mut change) = (Faults::default(), Change::default());
        let mut differences = Vec::new();
        let mut differ = |place: &str, before: String, after: String| {
            let (before, after) = (Some(before), Some(after));
            differences.push(AuditChange { field: place.to_owned(), before, after });
        };
        if let Some(queue) = self.queue.as_deref().map(str::trim).filter(|queue| **queue != *spec.queue) {
            match name::validate_queue(queue) {
                Ok(()) => {
                    differ("queue", spec.queue.to_string(), queue.to_owned());
                    change.queue = Some(queue.into());
                }
                Err(error) => faults.add("queue", error.to_string()),
            }
        }
        match self.priority.as_deref().map(|text| read_priority(text.trim())) {
            None => {}
            Some(Ok(priority)) if priority == spec.priority => {}
            Some(Ok(priority)) => {
                differ("priority", spec.priority.to_string(), priority.to_string());
                change.priority = Some(priority);
            }
            Some(Err(why)) => faults.add("priority", why),
        }
        let mut payload = None;
        match self.payload.as_deref().map(|text| read_payload(spec, text)).transpose() {
            Err(why) => faults.add("payload", why),
            Ok(None | Some(None)) => {}
            Ok(Some(Some(edited))) => {
                let mut shown = edited.clone();
                mask(&mut shown, &spec.sensitive);
                differ_in(&mut differences, "payload", Some(&masked(spec)), Some(&shown));
                change.content = Some(content(spec, &edited));
                payload = Some(edited);
            }
        }
        if faults.any() { Err(faults) } else { Ok(Changed { change, differences, payload }) }
    }
}

fn read_priority(text: &str) -> Result<i8, String> {
    let number: i32 = text
        .parse()
        .map_err(|_| format!("`{}` is no priority; use -100 to 100, higher goes first", shown(text)))?;
    priority::legal(number)
}

/// Returns the payload that was typed, with its secrets; `None` when it is the one that is there.
fn read_payload(spec: &JobSpec, text: &str) -> Result<Option<Value>, String> {
    let edited: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    if edited == masked(spec) {
        return Ok(None);
    }
    if !spec.sensitive.is_empty() && serde_json::from_slice::<Value>(&spec.payload).is_err() {
        return Err("what is there is no JSON, so what is sensitive in it can't be kept; enqueue a new job"
            .to_owned());
    }
    Ok(Some(unmasked(spec, edited)))
}

fn content(spec: &JobSpec, payload: &Value) -> Content {
    let title = spec.title().trim_end_matches(EDITED);
    Content {
        title: Some(format!("{title}{EDITED}")),
        payload: payload.to_string().into_bytes().into(),
        ..spec.content()
    }
}

/// Finds what differs between two values.
fn differ_in(found: &mut Vec<AuditChange>, place: &str, before: Option<&Value>, after: Option<&Value>) {
    match (before, after) {
        _ if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let new = after.keys().filter(|key| !before.contains_key(*key));
            for key in before.keys().chain(new) {
                differ_in(found, &format!("{place}.{key}"), before.get(key), after.get(key));
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if before.len() == after.len() => {
            for (at, (before, after)) in before.iter().zip(after).enumerate() {
                differ_in(found, &format!("{place}.{at}"), Some(before), Some(after));
            }
        }
        (before, after) => {
            let text = |value: Option<&Value>| value.map(ToString::to_string);
            found.push(AuditChange { field: place.to_owned(), before: text(before), after: text(after) });
        }
    }
}

/// Changes a job that nobody else has changed since it was read; `false` when somebody has, or it is in another state.
pub(crate) async fn one(
    asked: &Asked,
    id: JobId,
    changed: Changed,
    expected: Vec<JobState>,
) -> Result<bool, Refused> {
    needs(asked, Role::Operate)?;
    allowed(asked, "change", &format!("job {id}"))?;
    let Changed { change, differences, .. } = changed;
    // What is another way then is as hidden as it was.
    let hidden = change.content.is_some() && !differences.iter().any(|it| it.field.starts_with("payload"));
    let detail = if hidden { "what is sensitive in its payload" } else { "" };
    let change = Change { expected, ..change };
    let done = asked.store().change(vec![id], change, asked.now()).await? == [true];
    told_changes(asked, "change", (&format!("job {id}"), detail), &differences, done).await;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use boltjobs_core::Timestamp;
    use boltjobs_core::engine::Engine;
    use boltjobs_core::job::NewJob;
    use serde_json::json;

    use super::*;

    fn job(payload: &Value, sensitive: &[&str]) -> Job {
        let mut spec = JobSpec::new("pay", payload.to_string().into_bytes());
        spec.sensitive = sensitive.iter().map(ToString::to_string).collect();
        spec.title = Some("Pay Ada".to_owned());
        let id = JobId::from_parts(Timestamp::EPOCH, 1);
        let mut engine = Engine::default();
        let job = NewJob { id, spec: spec.into(), start_at: None };
        engine.at(Timestamp::EPOCH, &mut ()).enqueue(vec![job]).unwrap();
        engine.job(id).unwrap().into_owned()
    }

    fn differing(changed: &Changed) -> Vec<(&str, Option<&str>, Option<&str>)> {
        changed.differences.iter().map(|it| (&*it.field, it.before.as_deref(), it.after.as_deref())).collect()
    }

    #[test]
    fn what_is_typed_as_it_is_changes_nothing() {
        let job = job(&json!({"to": "ada", "pin": 7}), &["pin"]);
        let changed = Typed::of(&job.spec).read(&job).unwrap();
        assert_eq!(changed.change, Change { revision: Some(0), ..Change::default() });
        assert!(changed.differences.is_empty());
    }

    #[test]
    fn what_differs_is_told_and_no_secret_is() {
        let job = job(&json!({"to": "ada", "pin": 7, "items": [1, 2]}), &["pin"]);
        let payload = json!({"to": "bob", "pin": "***", "items": [1, 3], "new": null}).to_string();
        let typed =
            Typed { queue: Some("slow".into()), priority: Some(" -7 ".into()), payload: Some(payload) };
        let changed = typed.read(&job).unwrap();
        assert_eq!(
            differing(&changed),
            [
                ("queue", Some("default"), Some("slow")),
                ("priority", Some("0"), Some("-7")),
                ("payload.items.1", Some("2"), Some("3")),
                ("payload.to", Some("\"ada\""), Some("\"bob\"")),
                ("payload.new", None, Some("null")),
            ]
        );
        let spec = changed.change.of(&job.spec);
        let payload: Value = serde_json::from_slice(&spec.payload).unwrap();
        assert_eq!(payload, json!({"to": "bob", "pin": 7, "items": [1, 3], "new": null}));
        assert_eq!((&*spec.queue, spec.priority, spec.title()), ("slow", -7, "Pay Ada (edited)"));

        let secret = Typed {
            payload: Some(json!({"to": "ada", "pin": 8, "items": [1, 2]}).to_string()),
            ..Typed::default()
        };
        let changed = secret.read(&job).unwrap();
        assert!(changed.change.content.is_some());
        assert!(differing(&changed).is_empty(), "another secret is as hidden as the one before");
    }

    #[test]
    fn each_field_tells_what_is_wrong_in_it() {
        let job = job(&json!({}), &[]);
        let typed =
            Typed { queue: Some("No".into()), priority: Some("101".into()), payload: Some("{".into()) };
        let faults = typed.read(&job).unwrap_err();
        assert!(faults.of("queue").unwrap().contains("`No`"));
        assert!(faults.of("priority").unwrap().contains("-100 to 100"));
        assert!(faults.of("payload").unwrap().starts_with("it is no JSON"));
    }
}
