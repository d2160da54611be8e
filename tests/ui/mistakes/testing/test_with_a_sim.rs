use boltjobs::testing::*;

#[boltjobs::test]
async fn nothing_is_lost(sim: Sim) {
    sim.run_until_idle().await;
}

fn main() {}
