//! How a job is written that has just been enqueued and asks for nothing special, as most have and do: only what tells
//! it from others.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::job::{Epoch, HistoryRow, Job, JobSpec, RowData};
use crate::{JobId, JobState, Timestamp, bytes, interned};

/// What is written of a plain job.
#[derive(Serialize)]
struct Written<'a> {
    id: JobId,
    request: &'a str,
    version: u32,
    title: Option<&'a str>,
    #[serde(serialize_with = "bytes::serialize")]
    payload: &'a Arc<[u8]>,
    queue: &'a str,
    priority: i8,
    created_at: Timestamp,
    due: Option<Timestamp>,
    order: u64,
}

/// The same, as it is read back.
#[derive(Deserialize)]
struct Read {
    id: JobId,
    #[serde(deserialize_with = "interned::deserialize")]
    request: Arc<str>,
    version: u32,
    title: Option<String>,
    #[serde(deserialize_with = "bytes::deserialize")]
    payload: Arc<[u8]>,
    #[serde(deserialize_with = "interned::deserialize")]
    queue: Arc<str>,
    priority: i8,
    created_at: Timestamp,
    due: Option<Timestamp>,
    order: u64,
}

pub(super) fn serialize<S: Serializer>(job: &Job, serializer: S) -> Result<S::Ok, S::Error> {
    let spec = &*job.spec;
    let written = Written {
        id: job.id,
        request: &spec.request,
        version: spec.version,
        title: spec.title.as_deref(),
        payload: &spec.payload,
        queue: &spec.queue,
        priority: spec.priority,
        created_at: job.created_at,
        due: job.due,
        order: job.order,
    };
    written.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<Job>, D::Error> {
    let Read { id, request, version, title, payload, queue, priority, created_at, due, order } =
        Read::deserialize(deserializer)?;
    let spec = JobSpec { version, title, queue, priority, ..JobSpec::new(request, payload) };
    let row = match due {
        Some(due) => HistoryRow {
            data: RowData::Scheduled { due },
            ..HistoryRow::new(created_at, JobState::Scheduled)
        },
        None => HistoryRow::new(created_at, JobState::Enqueued),
    };
    Ok(Box::new(Job::enqueued(id, spec.shared(), row, order)))
}

impl Job {
    /// Makes a job that was enqueued with this row of history, and waits for no other.
    pub(super) fn enqueued(id: JobId, spec: Arc<JobSpec>, row: HistoryRow, order: u64) -> Self {
        let (created_at, state) = (row.at, row.state);
        let due = match row.data {
            RowData::Scheduled { due } => Some(due),
            RowData::None
            | RowData::Processing { .. }
            | RowData::Succeeded { .. }
            | RowData::Ended { .. } => None,
        };
        let expires = spec.expires_in.map(|span| created_at.plus(span));
        // Most jobs are claimed and end, and there is no more to come.
        let mut history = Vec::with_capacity(3);
        history.push(row);
        Self {
            id,
            spec,
            created_at,
            state,
            since: created_at,
            due,
            waits_for: Vec::new(),
            expires,
            order,
            attempt: 0,
            epoch: Epoch::default(),
            crashes: 0,
            revision: 0,
            cancel: None,
            history,
            forgotten_rows: 0,
        }
    }

    /// Says whether the record is that of a job that has just been enqueued, with nothing but what is written of a plain
    /// one.
    pub(crate) fn is_plain(&self) -> bool {
        let Self {
            id: _,
            spec,
            created_at,
            state,
            since,
            due,
            waits_for,
            expires,
            order: _,
            attempt,
            epoch,
            crashes,
            revision,
            cancel,
            history,
            forgotten_rows,
        } = self;
        let [row] = history.as_slice() else { return false };
        let HistoryRow { at, state: to, reason, error, data } = row;
        let waits = match data {
            RowData::None => *state == JobState::Enqueued && due.is_none(),
            RowData::Scheduled { due: until } => *state == JobState::Scheduled && *due == Some(*until),
            RowData::Processing { .. } | RowData::Succeeded { .. } | RowData::Ended { .. } => false,
        };
        waits
            && (at, at, to) == (created_at, since, state)
            && reason.is_none()
            && error.is_none()
            && waits_for.is_empty()
            && expires.is_none()
            && (*epoch, *attempt, *crashes, *revision, *forgotten_rows) == (Epoch::default(), 0, 0, 0, 0)
            && cancel.is_none()
            && spec.is_plain()
    }
}

impl JobSpec {
    fn is_plain(&self) -> bool {
        let Self {
            request: _,
            version: _,
            title: _,
            payload: _,
            sensitive,
            queue: _,
            priority: _,
            concurrency_key,
            tags,
            meta,
            trace,
            retries,
            timeout,
            occurrence,
            expires_in,
            unique,
            parents,
            batch,
        } = self;
        let texts = sensitive.is_empty() && tags.is_empty() && meta.is_empty() && trace.is_none();
        let limits = retries.is_none() && timeout.is_none() && expires_in.is_none();
        let others = occurrence.is_none() && parents.is_empty() && batch.is_none();
        texts && limits && others && concurrency_key.is_none() && unique.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::BatchId;
    use crate::continuation::{After, Parent};
    use crate::engine::Entry;
    use crate::job::{ErrorInfo, Occurrence};
    use crate::unique::Unique;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn id() -> JobId {
        JobId::from_parts(NOW, 7)
    }

    fn plain() -> Job {
        let title = Some("Mail to Ann".to_owned());
        let plain = JobSpec::new("mail.send", *b"{\"to\":1}");
        let spec = JobSpec { version: 3, title, queue: "mail".into(), priority: -7, ..plain };
        Job::enqueued(id(), spec.shared(), HistoryRow::new(NOW, JobState::Enqueued), 8)
    }

    fn scheduled() -> Job {
        let data = RowData::Scheduled { due: NOW.plus(Duration::from_mins(1)) };
        let row = HistoryRow { data, ..HistoryRow::new(NOW, JobState::Scheduled) };
        Job::enqueued(id(), plain().spec, row, 9)
    }

    fn encode(entry: &Entry) -> Vec<u8> {
        serde_json::to_vec(entry).unwrap()
    }

    #[test]
    fn a_plain_job_is_read_back_from_less_than_half_of_its_record() {
        for job in [plain(), scheduled()] {
            let short = encode(&Entry::record_of(Box::new(job.clone())));
            assert_eq!(serde_json::from_slice::<Entry>(&short).unwrap(), Entry::Plain(Box::new(job.clone())));
            let whole = encode(&Entry::Job(Box::new(job)));
            assert!(short.len() * 2 < whole.len(), "{} of {}", short.len(), whole.len());
        }
    }

    #[test]
    fn a_job_of_which_there_is_more_to_say_is_written_whole() {
        let text = || "more".to_owned();
        let parent = || Parent { id: id().into(), when: After::Finished };
        let specs: [fn(&mut JobSpec); 12] = [
            |spec| spec.sensitive.push("more".to_owned()),
            |spec| spec.concurrency_key = Some("more".into()),
            |spec| spec.tags.push("more".to_owned()),
            |spec| drop(spec.meta.insert("more".to_owned(), "more".to_owned())),
            |spec| spec.trace = Some("more".to_owned()),
            |spec| spec.retries = Some(0),
            |spec| spec.timeout = Some(Duration::ZERO),
            |spec| spec.occurrence = Some(Occurrence { recurring: "more".into(), scheduled_for: NOW }),
            |spec| spec.expires_in = Some(Duration::ZERO),
            |spec| spec.unique = Some(Unique::key("more")),
            |spec| spec.parents.push(Parent { id: id().into(), when: After::Finished }),
            |spec| spec.batch = Some(BatchId::from(id())),
        ];
        let of_spec = specs.into_iter().flat_map(|change| {
            [plain(), scheduled()].map(|mut job| {
                change(Arc::make_mut(&mut job.spec));
                job
            })
        });
        let error = Box::new(ErrorInfo::new("more", "more"));
        let (base, row) = (plain(), HistoryRow::new(NOW, JobState::Enqueued));
        let of_job = [
            Job { state: JobState::Awaiting, ..base.clone() },
            Job { since: NOW.plus(Duration::from_secs(1)), ..base.clone() },
            Job { due: Some(NOW), ..base.clone() },
            Job { due: None, ..scheduled() },
            Job { waits_for: vec![parent()], ..base.clone() },
            Job { expires: Some(NOW), ..base.clone() },
            Job { attempt: 1, ..base.clone() },
            Job { epoch: Epoch::of_boot(1), ..base.clone() },
            Job { crashes: 1, ..base.clone() },
            Job { revision: 1, ..base.clone() },
            Job { cancel: Some(text()), ..base.clone() },
            Job { forgotten_rows: 1, ..base.clone() },
            Job { history: vec![row.clone(), row.clone()], ..base.clone() },
            Job { history: vec![HistoryRow { reason: Some("more".into()), ..row.clone() }], ..base.clone() },
            Job { history: vec![HistoryRow { error: Some(error), ..row }], ..base.clone() },
            Job { created_at: Timestamp::from_micros(7), ..base },
        ];
        for job in of_spec.chain(of_job) {
            let entry = Entry::record_of(Box::new(job.clone()));
            assert_eq!(entry, Entry::Job(Box::new(job)));
        }
    }
}
