//! What sled and the file system say, in the meanings of a store.

use std::io;
use std::path::Path;

use boltjobs_core::store::StoreError;

/// Says which store it is.
pub(crate) fn location(path: &Path) -> String {
    format!("sled:{}", path.display())
}

pub(crate) fn corrupt(path: &Path, reason: impl Into<String>) -> StoreError {
    let reason = format!("{}; restore it from a backup, or move it away and start anew", reason.into());
    StoreError::Corrupt { location: location(path), reason }
}

pub(crate) fn no_store(path: &Path, reason: impl Into<String>) -> StoreError {
    StoreError::Location { location: location(path), reason: reason.into() }
}

pub(crate) fn newer(path: &Path, found: u32) -> StoreError {
    let supported = u32::from(crate::chunk::FORMAT);
    StoreError::NewerFormat { location: location(path), found, supported }
}

pub(crate) fn in_use(path: &Path) -> StoreError {
    let advice = "stop that process, or give this one a directory of its own".to_owned();
    StoreError::InUse { location: location(path), advice }
}

/// Says what a failed write means, and how to mend it.
pub(crate) fn unavailable(location: &str, reason: &str) -> StoreError {
    StoreError::Unavailable { location: location.to_owned(), reason: reason.to_owned() }
}

/// Why nothing could be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The system refused, as on a disk that is full. It may not refuse for ever.
    Passing(String),
    /// To try again would not help.
    Lasting(String),
}

impl Failure {
    pub(crate) fn into_reason(self) -> String {
        match self {
            Self::Passing(reason) | Self::Lasting(reason) => reason,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Passing(explain(&error))
    }
}

impl From<sled::Error> for Failure {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => error.into(),
            sled::Error::CollectionNotFound(_)
            | sled::Error::Unsupported(_)
            | sled::Error::ReportableBug(_)
            | sled::Error::Corruption { .. } => Self::Lasting(error.to_string()),
        }
    }
}

/// Puts a failure of the file system into words.
pub(crate) fn explain(error: &io::Error) -> String {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "the disk is full; make room".to_owned()
    } else if kind == io::ErrorKind::FileTooLarge {
        "a file may not grow any further; raise the limit of the process for the size of files".to_owned()
    } else if matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
        format!("{error}; let this process write there, or give it another directory")
    } else if kind == io::ErrorKind::NotADirectory {
        "a part of its path is a file; give the path of a directory".to_owned()
    } else {
        format!("{error}; mend the cause")
    }
}

/// Returns what a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}
