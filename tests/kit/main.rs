//! The test kit, as users meet it.
#![expect(
    clippy::disallowed_methods,
    reason = "handlers sleep as those of users do, and by the test's clock"
)]

mod assertions;
mod faults;
mod matrix;
mod performing;
mod running;
mod time;
mod world;
