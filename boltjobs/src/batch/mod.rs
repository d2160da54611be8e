//! Batches: jobs that are created together and end together.

mod build;
mod details;
mod handle;
mod rerun;

pub use build::{Batch, IntoJob};
pub use details::BatchDetails;
pub use handle::BatchHandle;
pub use rerun::Rerun;
