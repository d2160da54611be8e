//! The list of all cases.

use std::fmt::Write;
use std::pin::Pin;

use super::{
    allocations, dashboard, delayed, disk, drain, enqueue, growth, idle, lives, memory, open, plain,
    recurring,
};
use crate::figure::{Figure, Result, Scale};

/// A case on its way to its figures.
type Running = Pin<Box<dyn Future<Output = Result<Vec<Figure>>>>>;

/// Something that is measured.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Takes minutes, gigabytes or a build of its own: it runs only when it is asked for.
    pub(crate) heavy: bool,
    pub(crate) run: fn(Scale) -> Running,
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "raw",
        about: "a plain file that takes 300 bytes a job, in groups with an fdatasync each",
        heavy: false,
        run: |scale| Box::pin(plain::raw(scale)),
    },
    Case {
        name: "enqueue-1",
        about: "one caller, each job awaited",
        heavy: false,
        run: |scale| Box::pin(enqueue::one_by_one(&enqueue::ONE, scale)),
    },
    Case {
        name: "enqueue-64",
        about: "64 callers, each job awaited",
        heavy: false,
        run: |scale| Box::pin(enqueue::one_by_one(&enqueue::SOME, scale)),
    },
    Case {
        name: "enqueue-1024",
        about: "1,024 callers, each job awaited",
        heavy: false,
        run: |scale| Box::pin(enqueue::one_by_one(&enqueue::MANY, scale)),
    },
    Case {
        name: "enqueue-all",
        about: "100,000 jobs in one call",
        heavy: false,
        run: |scale| Box::pin(enqueue::all(scale)),
    },
    Case {
        name: "lives-64",
        about: "64 callers enqueue while 256 workers run the jobs",
        heavy: false,
        run: |scale| Box::pin(lives::lives(64, 256, scale)),
    },
    Case {
        name: "lives-1024",
        about: "1,024 callers enqueue while 1,024 workers run the jobs",
        heavy: false,
        run: |scale| Box::pin(lives::lives(1_024, 1_024, scale)),
    },
    Case {
        name: "lives-beside",
        about: "256 callers enqueue while 256 workers run the jobs, and 300,000 others wait for a day",
        heavy: false,
        run: |scale| Box::pin(lives::beside_a_backlog(scale)),
    },
    Case {
        name: "drain",
        about: "1,000,000 waiting jobs, with as many workers as nobody asked for",
        heavy: false,
        run: |scale| Box::pin(drain::drain(None, scale)),
    },
    Case {
        name: "drain-256",
        about: "1,000,000 waiting jobs, with 256 workers",
        heavy: false,
        run: |scale| Box::pin(drain::drain(Some(256), scale)),
    },
    Case {
        name: "idle",
        about: "a job every 10 ms: from before the enqueue to the start of its handler",
        heavy: false,
        run: |scale| Box::pin(idle::durable(scale)),
    },
    Case {
        name: "idle-eventual",
        about: "the same, with `Durability::Eventual`",
        heavy: false,
        run: |scale| Box::pin(idle::eventual(scale)),
    },
    Case {
        name: "idle-memory",
        about: "the same, on the memory store",
        heavy: false,
        run: |scale| Box::pin(idle::memory(scale)),
    },
    Case {
        name: "delayed",
        about: "100,000 jobs that are due within one second, with 256 workers",
        heavy: false,
        run: |scale| Box::pin(delayed::delayed(scale)),
    },
    Case {
        name: "recurring",
        about: "50 definitions due each second, of 50 and of 50,000",
        heavy: false,
        run: |scale| Box::pin(recurring::recurring(scale)),
    },
    Case {
        name: "open",
        about: "a start after SIGKILL, with 1,000,000 waiting jobs",
        heavy: false,
        run: |scale| Box::pin(open::open(scale)),
    },
    Case {
        name: "memory",
        about: "from 100,000 waiting jobs to 1,100,000",
        heavy: false,
        run: |scale| Box::pin(memory::memory(1_100_000, scale)),
    },
    Case {
        name: "memory-5m",
        about: "from 100,000 waiting jobs to 5,000,000",
        heavy: true,
        run: |scale| Box::pin(memory::memory(5_000_000, scale)),
    },
    Case {
        name: "growth",
        about: "the same work with few jobs waiting and with 5,000,000",
        heavy: true,
        run: |scale| Box::pin(growth::growth(scale)),
    },
    Case {
        name: "disk",
        about: "what is left on disk of 10,000,000 jobs of mixed lifetimes",
        heavy: true,
        run: |scale| Box::pin(disk::disk(scale)),
    },
    Case {
        name: "dashboard",
        about: "every page of the dashboard, with 1,000,000 jobs",
        heavy: true,
        run: |scale| Box::pin(dashboard::pages(scale)),
    },
    Case {
        name: "dashboard-idle",
        about: "ten tabs, while nothing happens",
        heavy: true,
        run: |scale| Box::pin(dashboard::idle(scale)),
    },
    Case {
        name: "dashboard-drain",
        about: "500,000 waiting jobs, with a tab that shows it and without",
        heavy: true,
        run: |scale| Box::pin(dashboard::watched(scale)),
    },
    Case {
        name: "allocations",
        about: "allocations of the whole program for each job",
        heavy: true,
        run: |scale| Box::pin(allocations::allocations(scale)),
    },
];

/// Lists the cases for people.
pub(crate) fn list() -> String {
    let mut text = String::new();
    for Case { name, about, heavy, .. } in CASES {
        let heavy = if *heavy { " (heavy)" } else { "" };
        let _ = writeln!(text, "{name:<15} {about}{heavy}");
    }
    text
}
