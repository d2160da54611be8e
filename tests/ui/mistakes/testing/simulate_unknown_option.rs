use boltjobs::testing::*;

#[boltjobs::simulate(seed = 7)]
async fn nothing_is_lost(sim: Sim) {
    sim.run_until_idle().await;
}

fn main() {}
