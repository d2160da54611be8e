//! What `docs/testing.md` shows, and runs: each block of Rust on the page stands in this folder.
#![expect(
    clippy::disallowed_methods,
    reason = "handlers sleep as those of users do, and by the test's clock"
)]

mod faults;
mod first;
mod program;
mod simulation;
mod time;

const PAGE: &str = include_str!("../../docs/testing.md");

/// The files that are run. What stands in front of a block in its file may stand in front of it on the page, too.
const FILES: [&str; 5] = [
    include_str!("program.rs"),
    include_str!("first.rs"),
    include_str!("time.rs"),
    include_str!("faults.rs"),
    include_str!("simulation.rs"),
];

/// Leaves out how the code is laid out.
fn bare(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn each_block_of_the_guide_is_run() {
    let files = FILES.map(bare);
    let blocks: Vec<_> =
        PAGE.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 15, "the guide has {} blocks; has its form changed?", blocks.len());
    for block in blocks {
        assert!(files.iter().any(|file| file.contains(&bare(block))), "this is not run:\n{block}");
    }
}
