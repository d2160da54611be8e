use boltjobs::testing::*;

#[boltjobs::simulate]
fn nothing_is_lost(sim: Sim) {
    drop(sim);
}

fn main() {}
