//! What one types to find jobs.

pub(crate) use boltjobs_core::query::QueryError;
use boltjobs_core::store::JobFilter;

pub(crate) fn parse(query: &str) -> Result<JobFilter, QueryError> {
    query.parse()
}

pub(crate) fn write(filter: &JobFilter) -> String {
    filter.to_string()
}
