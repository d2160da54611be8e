use boltjobs::prelude::*;
use boltjobs::testing::*;

use crate::first::fake_bank;
use crate::program::Charge;

#[boltjobs::simulate]
async fn no_order_is_charged_twice(sim: Sim) {
    let bank = fake_bank(&sim);
    for order in 0..5 {
        Charge { order }.enqueue().await.unwrap();
    }

    let report = sim.run_until_idle().await;
    assert_eq!(bank.charged(), [0, 1, 2, 3, 4], "{report}");
    sim.assert_idle().await;
}

#[boltjobs::simulate(runs = 30, with = |builder| builder.workers(2))]
async fn whatever_was_acknowledged_ends(sim: Sim) {
    let bank = fake_bank(&sim);
    sim.strike_the_test(true);
    let mut acknowledged = Vec::new();
    for order in 0..sim.below(20) as u64 {
        // An error says that nobody knows. It may be stored all the same.
        acknowledged.extend(Charge { order }.enqueue().await);
        if sim.below(3) == 0 {
            sim.drain().await;
        }
    }

    sim.calm().await;
    sim.run_until_idle().await;
    for job in &acknowledged {
        assert_eq!(job.state().await.unwrap(), JobState::Succeeded);
    }
    assert!(bank.charged().len() >= acknowledged.len());
}
