//! The sled store of boltjobs.
