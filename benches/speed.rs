//! Measures what users see: speed, memory and disk, on the time and the disk of the system. `README.md` says how.
#![expect(clippy::disallowed_methods, reason = "what is measured is the time of the system")]

mod bench;
mod cases;
mod churn;
mod command;
mod figure;
mod jobs;
mod machine;
mod plot;
mod process;
mod raw;
mod report;
mod soak;
mod suite;

use std::process::ExitCode;

use command::Command;
use figure::Result;

#[cfg(feature = "allocations")]
#[global_allocator]
static COUNTING: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

#[cfg(all(feature = "mimalloc", not(feature = "allocations")))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match Command::parse()? {
        Command::Help => report::print(command::HELP),
        Command::List => report::print(&cases::list()),
        Command::Measure(asked) => suite::measure(&asked)?,
        Command::Soak(asked) => soak::soak(&asked)?,
        Command::Case { name, scale } => suite::answer(&name, scale)?,
        Command::Fill { folder, jobs } => cases::open::fill(&folder, jobs)?,
    }
    Ok(())
}
