//! The pages. What comes from outside is only ever put into them by `maud`, which escapes it.

mod audit;
mod bar;
mod batches;
mod chart;
mod edit;
mod failures;
mod first;
mod frame;
mod health;
mod icons;
mod job;
mod jobs;
mod login;
mod operations;
mod overview;
mod queues;
mod recurring;
mod retries;
mod saved;
mod servers;

pub(crate) use audit::{ROWS as AUDIT_ROWS, audit};
pub(crate) use batches::{ROWS as BATCH_ROWS, batch, batches};
pub(crate) use edit::{EditPage, edit};
pub(crate) use failures::{GROUPS, failures};
pub(crate) use frame::View;
pub(crate) use health::health;
pub(crate) use job::{JobPage, job};
pub(crate) use jobs::{Acted, JobsPage, SIZES, acted, jobs, unreadable};
pub(crate) use login::{closed, login};
pub(crate) use operations::{DryRun, SAMPLE, dry_run, operation, operations};
pub(crate) use overview::{Graphs, SPANS, overview};
pub(crate) use queues::queues;
pub(crate) use recurring::{definition, next_runs, recurring};
pub(crate) use retries::retries;
pub(crate) use saved::Kept;
pub(crate) use servers::servers;
