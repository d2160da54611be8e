//! The pages. What comes from outside is only ever put into them by `maud`, which escapes it.

mod frame;
mod job;
mod overview;

pub(crate) use frame::notice;
pub(crate) use job::{JobPage, job};
pub(crate) use overview::overview;
