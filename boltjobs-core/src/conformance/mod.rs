//! One suite of laws for every store.
