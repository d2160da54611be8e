//! How attempts of the story end.

use std::sync::Arc;

use boltjobs_core::job::ErrorInfo;
use boltjobs_core::store::Outcome;

pub(crate) fn done() -> Outcome {
    Outcome::Succeeded(None)
}

pub(crate) fn failed(error: &ErrorInfo, reason: Option<&str>) -> Outcome {
    Outcome::Failed { error: Box::new(error.clone()), reason: reason.map(Arc::from), delete: false }
}

pub(crate) fn refused() -> ErrorInfo {
    let mut error = ErrorInfo::new("shop::payments::Refused", "the bank refused the card");
    error.causes = vec!["402 Payment Required".to_owned(), "insufficient funds".to_owned()];
    error
}

pub(crate) fn timed_out() -> ErrorInfo {
    let mut error = ErrorInfo::new("std::io::Error", "no answer from smtp.example.org within 30 s");
    error.causes = vec!["connection timed out".to_owned()];
    error
}
