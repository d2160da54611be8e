//! The job that the dashboard runs for whoever has seen none yet.
//!
//! Its request belongs to boltjobs: servers that show a dashboard handle it besides those of their programs, and nothing that
//! lists what a program handles has it.

use crate::job::JobSpec;

/// The name of its request, which no request of a program may have.
pub const REQUEST: &str = "boltjobs.demo";

/// Says whether a request is that one.
pub fn is(request: &str) -> bool {
    request == REQUEST
}

/// Makes the job: one that ends well, or one that fails for good.
pub fn spec(fails: bool) -> JobSpec {
    let payload = format!(r#"{{"greeting":"Hello from the dashboard","fails":{fails}}}"#);
    let title = if fails { "Demo job that fails" } else { "Demo job" };
    JobSpec { title: Some(title.to_owned()), retries: Some(0), ..JobSpec::new(REQUEST, payload.into_bytes()) }
}
