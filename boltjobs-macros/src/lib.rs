//! The macros of boltjobs.
