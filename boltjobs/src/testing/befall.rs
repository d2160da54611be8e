//! What befalls a process from outside, and its disk.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use boltjobs_core::clock::Clock;

use super::node::Node;
use super::storm::Stroke;
use super::world::{World, lock};

/// Writes until the process ends.
#[cfg(feature = "sled")]
pub(super) async fn write_to_disk(
    world: Weak<World>,
    disk: boltjobs_sled::SimulatedDisk,
    mut writer: Box<boltjobs_sled::SimulatedWriter>,
    node: Arc<Node>,
) {
    use boltjobs_sled::Writes;
    loop {
        let next = writer.advance();
        let Some(world) = world.upgrade() else { return };
        if disk.is_dead() {
            // That is what the disk was asked for, and it is not at its turn to be told.
            node.kill();
            world.writing.store(false, Ordering::Relaxed);
            world.kill();
            return;
        }
        world.writing.store(matches!(next, Writes::On | Writes::Pause(_)), Ordering::Relaxed);
        let slow = world.storm.as_ref().map_or(0, |storm| lock(storm).linger());
        let clock = Arc::clone(&world.clock);
        drop(world);
        match next {
            Writes::On if slow > 3 => clock.sleep(Duration::from_millis(slow.into())).await,
            Writes::On => tokio::task::yield_now().await,
            Writes::Work => writer.work().await,
            Writes::Doze(span) => {
                tokio::select! {
                    biased;
                    () = writer.work() => {}
                    () = clock.sleep(span) => {}
                }
            }
            Writes::Pause(span) => clock.sleep(span).await,
            Writes::Over => return,
        }
    }
}

/// Lets things befall the process from outside, until all is over.
pub(super) async fn strike(world: Weak<World>) {
    loop {
        let Some((clock, Some((wait, stroke)))) = world.upgrade().map(|world| {
            let stroke = world.storm.as_ref().and_then(|storm| lock(storm).stroke());
            (Arc::clone(&world.clock), stroke)
        }) else {
            return;
        };
        clock.sleep(wait).await;
        let Some((world, stroke)) = world.upgrade().zip(stroke) else { continue };
        let Some(node) = world.node() else { continue };
        if let Some(storm) = &world.storm {
            if lock(storm).is_calm() {
                return;
            }
            lock(storm).note(Some(clock.now()), &"befalls the process", &stroke);
        }
        match stroke {
            Stroke::Kill => world.kill(),
            Stroke::Pause(span) => {
                node.pause();
                drop(world);
                clock.sleep(span).await;
                node.resume();
            }
            Stroke::Leases => world.expire_all_leases().await,
            Stroke::Forward(span) => clock.set(clock.now().plus(span)),
            Stroke::Back(span) => clock.set(clock.now().minus(span)),
        }
    }
}
