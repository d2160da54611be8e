//! The engine, the stores and the services of the runtime under disasters that seeds decide.
//!
//! What must be true of every run is checked by the kit itself. Here stands what runs, and what must have come of it.
#![expect(
    clippy::disallowed_methods,
    reason = "handlers sleep as those of users do, and by the test's clock"
)]

mod replay;
mod sabotage;
mod school;
mod times;
