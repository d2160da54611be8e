//! Finding jobs, and doing something with all that are found.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::continuation::ParentId;
use boltjobs_core::fingerprint::Fingerprint;
use boltjobs_core::store::{Action, Command, Compare, JobFilter, Moment, PageQuery, count_all};
use boltjobs_core::{BatchId, JobId, JobState};

use crate::client::Client;
use crate::details::{JobDetails, Page};
use crate::error::{Error, Result};
use crate::request::Request;

/// How many jobs a page has when nobody says.
const PAGE: usize = 50;

/// How many jobs one write of a bulk command speaks of.
const STEP: usize = 1_000;

/// The jobs that match everything that is said of them; without a word, all that there are.
///
/// States, queues, requests and tags are indexed: a page costs by what it returns, with ten jobs and with ten million. A
/// [`text`](Self::text) is looked for in each job that matches the rest, in steps that hold nobody up; and so are two
/// tags, or a tag and something else, among the jobs with the rarest of the tags. An error, attempts, a wait and a value of the
/// payload are looked for as a text is; of two moments only the jobs between them are looked at.
#[derive(Debug, Clone)]
#[must_use = "nothing is looked for until `list()`, `count()`, `requeue_all()` or `delete_all()`"]
pub struct JobQuery {
    client: Client,
    filter: JobFilter,
    oldest_first: bool,
    after: Option<JobId>,
    limit: Option<usize>,
}

impl JobQuery {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, filter: JobFilter::default(), oldest_first: false, after: None, limit: None }
    }

    /// Means jobs of this state; if it is said several times, of any of them.
    pub fn state(self, state: JobState) -> Self {
        self.states([state])
    }

    /// Means jobs of any of these states.
    pub fn states(mut self, states: impl IntoIterator<Item = JobState>) -> Self {
        self.filter.states.extend(states);
        self
    }

    /// Means jobs of this queue; if it is said several times, of any of them.
    pub fn queue(mut self, queue: impl Into<Arc<str>>) -> Self {
        self.filter.queues.push(queue.into());
        self
    }

    /// Means jobs of this request, by its name and its aliases; if it is said several times, of any of them.
    pub fn request<R: Request>(self) -> Self {
        let aliases = R::INFO.aliases.iter();
        aliases.fold(self.request_name(R::INFO.name()), |query, alias| query.request_name(*alias))
    }

    /// Means jobs of the request with this name; if it is said several times, of any of them.
    pub fn request_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.filter.requests.push(name.into());
        self
    }

    /// Means jobs with this tag; if it is said several times, with all of them.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.filter.tags.push(tag.into());
        self
    }

    /// Means jobs that failed alike, for good or with another attempt to come; see [`Client::failures`]. If it is said
    /// several times, any of them.
    pub fn failure(mut self, fingerprint: Fingerprint) -> Self {
        self.filter.failures.push(fingerprint);
        self
    }

    /// Means jobs that wait for another attempt.
    pub fn retrying(mut self) -> Self {
        self.filter.retrying = true;
        self
    }

    /// Means the jobs of a batch, without those of the batches in it.
    pub fn batch(mut self, batch: BatchId) -> Self {
        self.filter.batch = Some(batch);
        self
    }

    /// Means jobs that wait for a job or a batch.
    pub fn parent(mut self, parent: impl Into<ParentId>) -> Self {
        self.filter.parent = Some(parent.into());
        self
    }

    /// Means jobs with this text, in upper or lower case, in one of: id, title, name of the request, tags, values of
    /// the metadata, errors, and payload. A payload with sensitive values is not searched. The empty text is none.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.filter.text = Some(text.into()).filter(|text: &String| !text.is_empty());
        self
    }

    /// Sets the most jobs: of a page 1 to 1,000, default 50; of a bulk command any number, default all.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Goes on after the last job of another page; see [`Page::next`].
    pub fn after(mut self, job: JobId) -> Self {
        self.after = Some(job);
        self
    }

    /// Lists the oldest jobs first, by when they were enqueued, instead of the newest.
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }

    /// Means jobs that match what one types into the box of the dashboard, as in `state:failed queue:mail timeout`, with
    /// everything else that is said.
    ///
    /// # Errors
    /// [`Error::Query`] says where it can't be read, and what to write.
    pub fn matching(mut self, typed: &str) -> Result<Self> {
        let typed: JobFilter = typed.parse()?;
        let JobFilter { states, queues, requests, tags, batch, parent, failures, retrying, text, .. } = typed;
        let JobFilter { errors, attempts, waited, enqueued_after, enqueued_before, args, .. } = typed;
        let filter = &mut self.filter;
        filter.errors.extend(errors);
        filter.attempts.extend(attempts);
        filter.waited.extend(waited);
        filter.enqueued_after = enqueued_after.or(filter.enqueued_after);
        filter.enqueued_before = enqueued_before.or(filter.enqueued_before);
        filter.args.extend(args);
        filter.states.extend(states);
        filter.queues.extend(queues);
        filter.requests.extend(requests);
        filter.tags.extend(tags);
        filter.failures.extend(failures);
        filter.batch = batch.or(filter.batch);
        filter.parent = parent.or(filter.parent);
        filter.retrying |= retrying;
        filter.text = text.or(filter.text.take());
        Ok(self)
    }

    /// Means jobs with this text, in upper or lower case, in the error of their latest attempt that failed: its type, its message
    /// or a cause. If it is said several times, with all of them. The empty text is none.
    pub fn error(mut self, text: impl Into<String>) -> Self {
        self.filter.errors.extend(Some(text.into()).filter(|text| !text.is_empty()));
        self
    }

    /// Means jobs of which so many attempts were made, as in `attempts(4..)`; one that runs is counted.
    pub fn attempts(mut self, numbers: impl RangeBounds<u32>) -> Self {
        let from = match numbers.start_bound() {
            Bound::Included(least) => Some((Compare::AtLeast, *least)),
            Bound::Excluded(below) => Some((Compare::More, *below)),
            Bound::Unbounded => None,
        };
        let to = match numbers.end_bound() {
            Bound::Included(most) => Some((Compare::AtMost, *most)),
            Bound::Excluded(above) => Some((Compare::Less, *above)),
            Bound::Unbounded => None,
        };
        self.filter.attempts.extend(from.into_iter().chain(to));
        self
    }

    /// Means jobs that wait (Awaiting, Scheduled or Enqueued), and have for longer than a span.
    pub fn waited(mut self, span: Duration) -> Self {
        self.filter.waited.push((Compare::More, span.into()));
        self
    }

    /// Means jobs that were enqueued at a moment or after it; of a [`Duration`], since so long ago. What counts is the time of
    /// their ids: of a run of a recurring definition the instant for which it was made.
    pub fn enqueued_after(mut self, moment: impl Into<Moment>) -> Self {
        self.filter.enqueued_after = Some(moment.into());
        self
    }

    /// Means jobs that were enqueued before a moment, or longer ago than a [`Duration`]; as
    /// [`enqueued_after`](Self::enqueued_after) counts.
    pub fn enqueued_before(mut self, moment: impl Into<Moment>) -> Self {
        self.filter.enqueued_before = Some(moment.into());
        self
    }

    /// Means jobs that have a value in their payload, as in `arg("customer.id", 42)`: a text, or a number, `true`, `false` or
    /// `null` as JSON writes it. If it is said several times, all of them. A list has the values of its items; what is sensitive
    /// has none.
    pub fn arg(mut self, path: impl Into<String>, value: impl fmt::Display) -> Self {
        self.filter.args.push((path.into(), value.to_string()));
        self
    }

    pub(crate) fn into_parts(self) -> (Client, JobFilter, Option<usize>) {
        (self.client, self.filter, self.limit)
    }

    /// Returns a page of the jobs.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::InvalidOption`] for a limit out of its range, [`Error::Store`] when the store
    /// can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn list(self) -> Result<Page> {
        let runtime = self.client.runtime()?;
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=1_000).contains(&limit) {
            return Err(Error::InvalidOption(format!("a page can't have {limit} jobs; use 1 to 1000")));
        }
        let Self { filter, oldest_first, after, .. } = self.clone();
        let filter = filter.at(runtime.now());
        let mut query = PageQuery { filter, oldest_first, after, limit };
        let mut jobs = Vec::new();
        loop {
            let page = runtime.store.page(query.clone()).await?;
            query.limit -= page.jobs.len();
            jobs.extend(page.jobs.into_iter().map(JobDetails::new));
            // A page that is short ended where the store had looked at enough jobs.
            if page.next.is_none() || query.limit == 0 {
                return Ok(Page { jobs, next: page.next });
            }
            query.after = page.next;
        }
    }

    /// Counts the jobs, exactly; the limit and where a list goes on mean nothing here.
    ///
    /// It costs nothing worth a word with ten million jobs, unless a text or several tags, or a tag and something else,
    /// are looked for: then each job that may match is looked at.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn count(self) -> Result<u64> {
        let runtime = self.client.runtime()?;
        Ok(count_all(&*runtime.store, &self.filter.at(runtime.now())).await?)
    }

    /// Enqueues all of the jobs again that [`Client::requeue`] would, newest first, a thousand in each write.
    ///
    /// It ends, however many jobs come meanwhile. One that has left the states that were asked for by the time of its
    /// write is skipped.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer or write; what was written by then stays.
    ///
    /// # Cancel safety
    /// When it is dropped, what was written by then stays, and one more write may happen.
    pub async fn requeue_all(self) -> Result<BulkReport> {
        self.command_all(Action::Requeue).await
    }

    /// Deletes all of the jobs that [`Client::delete`] would, newest first, a thousand in each write; those that run
    /// are asked to stop.
    ///
    /// It ends, however many jobs come meanwhile. One that has left the states that were asked for by the time of its
    /// write is skipped.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer or write; what was written by then stays.
    ///
    /// # Cancel safety
    /// When it is dropped, what was written by then stays, and one more write may happen.
    pub async fn delete_all(self) -> Result<BulkReport> {
        self.command_all(Action::Delete).await
    }

    async fn command_all(self, action: Action) -> Result<BulkReport> {
        let runtime = self.client.runtime()?;
        let filter = self.filter.at(runtime.now());
        let command = Command { action, expected: self.filter.states.clone(), reason: None };
        let (mut report, mut left) = (BulkReport::default(), self.limit.unwrap_or(usize::MAX));
        // Newest first whatever was asked for: what comes meanwhile is newer, so that it has an end.
        let mut query = PageQuery { filter, oldest_first: false, after: self.after, limit: left.min(STEP) };
        while left > 0 {
            let page = runtime.store.page(query.clone()).await?;
            let ids: Vec<JobId> = page.jobs.iter().map(|job| job.id).collect();
            let happened = runtime.store.command(ids.clone(), command.clone(), runtime.now()).await?;
            left -= ids.len();
            report.add(&ids, &happened);
            if page.next.is_none() {
                break;
            }
            (query.after, query.limit) = (page.next, left.min(STEP));
        }
        Ok(report)
    }
}

/// What became of the jobs that a bulk command spoke of. It is displayed as the number of those for which it happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BulkReport {
    done: Vec<JobId>,
    skipped: Vec<JobId>,
}

impl BulkReport {
    /// Returns the jobs for which it happened, newest first.
    pub fn done(&self) -> &[JobId] {
        &self.done
    }

    /// Returns the jobs for which it did not, newest first: their state did not allow it, they had changed meanwhile,
    /// or another job holds their unique key.
    pub fn skipped(&self) -> &[JobId] {
        &self.skipped
    }

    fn add(&mut self, ids: &[JobId], happened: &[bool]) {
        for (id, happened) in ids.iter().zip(happened) {
            if *happened { self.done.push(*id) } else { self.skipped.push(*id) }
        }
    }
}

impl fmt::Display for BulkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.done.len(), f)
    }
}
