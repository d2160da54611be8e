//! A seed decides everything: what happened with it once happens again.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
#[derive(Debug)]
struct Count {
    down: u32,
}

#[handler(retries = 2, backoff = "fixed(1s)")]
async fn count(request: Count, ctx: JobContext) -> JobResult {
    let () = ctx.step("wait", || async { Ok(()) }).await?;
    tokio::time::sleep(Duration::from_millis(u64::from(request.down) * 10)).await;
    if request.down % 3 == 2 && ctx.attempt() == 1 {
        return Err("once".into());
    }
    if let Some(down) = request.down.checked_sub(1) {
        Count { down }.enqueue().await?;
    }
    Ok(())
}

/// Blocks: a seed decides when it ends, too.
#[request]
#[derive(Debug)]
struct Block;

#[handler]
fn block(_: Block) {}

async fn countdown(sim: Sim) {
    for down in 0..4 {
        Count { down }.enqueue().await.unwrap();
        Block.enqueue().await.unwrap();
    }
    sim.run_until_idle().await;
    sim.assert_idle().await;
}

#[test]
fn a_seed_that_is_run_twice_does_the_same_twice() {
    let mut all = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let (first, second) =
            (trace_of(seed, |builder| builder, countdown), trace_of(seed, |builder| builder, countdown));
        assert_eq!(first, second, "seed {seed}");
        assert!(first.0 > 30, "{} calls are seen", first.0);
        all.insert(first.1);
    }
    assert_eq!(all.len(), 40, "no two seeds do the same");
}
