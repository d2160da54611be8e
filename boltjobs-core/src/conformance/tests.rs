//! That every law is run.

/// A law that is not listed in the macro would run nowhere.
#[test]
fn every_law_is_listed() {
    let listed = include_str!("mod.rs");
    for file in [
        include_str!("backfill.rs"),
        include_str!("batches.rs"),
        include_str!("changing.rs"),
        include_str!("claim.rs"),
        include_str!("commands.rs"),
        include_str!("continuations.rs"),
        include_str!("declared.rs"),
        include_str!("enqueue.rs"),
        include_str!("explaining.rs"),
        include_str!("expiry.rs"),
        include_str!("fencing.rs"),
        include_str!("limits.rs"),
        include_str!("noting.rs"),
        include_str!("occurrences.rs"),
        include_str!("queues.rs"),
        include_str!("reading.rs"),
        include_str!("recurring.rs"),
        include_str!("runs.rs"),
        include_str!("search.rs"),
        include_str!("settle.rs"),
        include_str!("steering.rs"),
        include_str!("time.rs"),
        include_str!("together.rs"),
        include_str!("unique.rs"),
        include_str!("watching.rs"),
    ] {
        let laws = file.split("\npub fn ").skip(1).filter_map(|rest| rest.split('(').next());
        for law in laws {
            assert!(listed.lines().any(|line| line.trim() == law), "`{law}` is not listed");
        }
    }
}
