//! Reading the file of a job that a dashboard has exported.

use serde::Deserialize;
use serde_json::Value;

use crate::request::Request;

/// The version of the format that is read.
const FORMAT: u32 = 1;

#[derive(Deserialize)]
struct File {
    format: u32,
    job: Exported,
}

#[derive(Deserialize)]
struct Exported {
    request: String,
    version: u32,
    payload: Value,
}

/// Reads the request of a job from a `.boltjob` file, which the page of the job exports: what went wrong once is performed in a
/// test, with `jobs.perform(exported::<SendMail>(include_str!("failed.boltjob")))`.
///
/// What is sensitive is `***` in the file; put values of the test in its place, in the file or in what is read.
///
/// # Panics
/// When it is no such file, is of another request or of another version of it, or does not fit the type.
pub fn exported<R: Request>(file: &str) -> R {
    read(file).unwrap_or_else(|why| panic!("the file of a job can't be read: {why}"))
}

fn read<R: Request>(file: &str) -> Result<R, String> {
    let File { format, job } = serde_json::from_str(file).map_err(|error| error.to_string())?;
    let (name, wanted) = (R::INFO.name(), R::INFO.version);
    if format != FORMAT {
        return Err(format!("it has the format {format}, and this release reads {FORMAT}; export it anew"));
    }
    if job.request != name && !R::INFO.aliases.contains(&&*job.request) {
        return Err(format!("it is of the request `{}`, and not of `{name}`", job.request));
    }
    if job.version != wanted {
        let version = job.version;
        return Err(format!(
            "it is of version {version} of `{name}`, and the type is of {wanted}; edit its payload and its version"
        ));
    }
    serde_json::from_value(job.payload).map_err(|error| format!("the payload does not fit `{name}`: {error}"))
}
