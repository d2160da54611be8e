//! Why a store refuses.

/// Why a store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store does not work right now; nothing of the call has been acknowledged.
    #[error("the store `{location}` is not available: {reason}")]
    Unavailable {
        /// Which store.
        location: String,
        /// What is wrong, and how to mend it.
        reason: String,
    },
    /// Somebody else owns the store.
    #[error("the store `{location}` is in use by another process; {advice}")]
    InUse {
        /// Which store.
        location: String,
        /// The ways out.
        advice: String,
    },
    /// What is stored can't be trusted. Nothing was overwritten.
    #[error("the store `{location}` is damaged: {reason}")]
    Corrupt {
        /// Which store.
        location: String,
        /// What was found.
        reason: String,
    },
    /// The store was written by a newer release.
    #[error(
        "the store `{location}` has format {found}, and this release reads up to {supported}; \
         upgrade boltjobs, or open another store"
    )]
    NewerFormat {
        /// Which store.
        location: String,
        /// Its format.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// There is no store of that kind, or none can be made there.
    #[error("can't open the store `{location}`: {reason}")]
    Location {
        /// Which store.
        location: String,
        /// What is wrong, and how to mend it.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed; the server that owned it was shut down")]
    Closed,
}
