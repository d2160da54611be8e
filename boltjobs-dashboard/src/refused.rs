//! Why something is not shown, or was not done.

use axum::http::StatusCode;
use boltjobs_core::store::StoreError;

/// Why something is not shown, or was not done.
#[derive(Debug)]
pub(crate) enum Refused {
    Forbidden(String),
    NotFound(String),
    Illegal(String),
    /// It is as it is, and that does not allow it.
    Conflict(String),
    Unavailable(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl Refused {
    /// Returns the status that says so, and why it is.
    pub(crate) fn told(self) -> (StatusCode, String) {
        match self {
            Self::Forbidden(why) => (StatusCode::FORBIDDEN, why),
            Self::NotFound(why) => (StatusCode::NOT_FOUND, why),
            Self::Illegal(why) => (StatusCode::BAD_REQUEST, why),
            Self::Conflict(why) => (StatusCode::CONFLICT, why),
            Self::Unavailable(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        }
    }
}
