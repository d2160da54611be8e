use boltjobs::testing::*;

#[boltjobs::simulate(runs = 0)]
async fn nothing_is_lost(sim: Sim) {
    sim.run_until_idle().await;
}

fn main() {}
