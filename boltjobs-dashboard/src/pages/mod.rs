//! The pages. What comes from outside is only ever put into them by `maud`, which escapes it.

mod bar;
mod frame;
mod icons;
mod job;
mod jobs;
mod login;
mod overview;
mod queues;
mod recurring;
mod servers;

pub(crate) use frame::View;
pub(crate) use job::{JobPage, job};
pub(crate) use jobs::{Acted, JobsPage, SIZES, acted, jobs, unreadable};
pub(crate) use login::{closed, login};
pub(crate) use overview::overview;
pub(crate) use queues::queues;
pub(crate) use recurring::{definition, next_runs, recurring};
pub(crate) use servers::servers;
