//! The servers that are there, and those that were. They are kept in memory: after a crash nobody is.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::{Engine, Turn};
use crate::Timestamp;
use crate::store::{Offer, ServerInfo};

/// For how long a server is remembered that ended without a word.
const REMEMBERED: Duration = Duration::from_hours(24);

/// The most of them, those that were heard of last.
const LOST: usize = 100;

/// How many late heartbeats of a server are remembered.
const LATE: usize = 10;

impl Turn<'_> {
    /// Says that a server is there until `until`, and lets go of those that were not heard of in time.
    pub fn announce(&mut self, offer: Arc<Offer>, until: Timestamp) {
        let name = Arc::clone(&offer.server);
        let gone = |server: &&ServerInfo| server.until <= self.now && server.offer.server != name;
        let gone = self.engine.servers.values().filter(gone);
        for server in gone.map(|server| Arc::clone(&server.offer.server)).collect::<Vec<_>>() {
            self.lose(&server);
        }
        self.engine.lost.remove(&name);
        self.engine.hold(&name, &offer.held);
        let known = self.engine.servers.get(&name);
        let started_at = known.map_or(self.now, |known| known.started_at);
        let late = known.map(|known| late(known, self.now)).unwrap_or_default();
        // Their heartbeats are older than this one, whatever their clocks say.
        let others = self.engine.servers.values().filter(|server| server.offer.server != name);
        let latest = others.map(|server| server.heartbeat).max();
        let behind = latest.filter(|latest| *latest > self.now).map(|latest| latest.since(self.now));
        let behind = behind.unwrap_or_default();
        // What it runs is counted when somebody asks.
        let server = ServerInfo { offer, started_at, heartbeat: self.now, until, running: 0, behind, late };
        self.engine.servers.insert(name, server);
        self.engine.revision += 1;
    }

    /// Says that a server is gone, and that nothing is held for it any more.
    pub fn retire(&mut self, server: &Arc<str>) {
        self.engine.lost.remove(server);
        self.engine.servers.remove(server);
        self.engine.revision += 1;
        self.engine.hold(server, &[]);
    }

    /// Says the same of one that has not said so itself, and remembers it for a while.
    fn lose(&mut self, name: &Arc<str>) {
        let lost = self.engine.servers.get(name).cloned();
        self.retire(name);
        let now = self.now;
        let remembered = &mut self.engine.lost;
        remembered.extend(lost.map(|server| (Arc::clone(name), server)));
        remembered.retain(|_, server| !is_over(server, now));
        if remembered.len() > LOST
            && let Some(first) = remembered.values().min_by_key(|server| server.heartbeat)
        {
            let first = Arc::clone(&first.offer.server);
            remembered.remove(&first);
        }
    }
}

/// Adds a heartbeat to those that were late, if it is.
fn late(known: &ServerInfo, now: Timestamp) -> Vec<Timestamp> {
    let mut late = known.late.clone();
    if now.since(known.heartbeat) > known.offer.lease * 2 / 3 {
        late.push(now);
        if late.len() > LATE {
            late.remove(0);
        }
    }
    late
}

fn is_over(server: &ServerInfo, now: Timestamp) -> bool {
    server.heartbeat.plus(REMEMBERED) <= now
}

impl Engine {
    /// Returns the servers that are there, by their names.
    pub fn servers(&self, now: Timestamp) -> Vec<ServerInfo> {
        self.live(now).map(|server| self.told(server)).collect()
    }

    /// Returns the servers that ended without a word within a day, by their names.
    pub fn lost_servers(&self, now: Timestamp) -> Vec<ServerInfo> {
        let silent = self.servers.values().filter(|server| server.until <= now);
        let lost = silent.chain(self.lost.values()).filter(|server| !is_over(server, now));
        let mut lost: Vec<_> = lost.map(|server| self.told(server)).collect();
        lost.sort_by_key(|server| Reverse(server.heartbeat));
        lost.truncate(LOST);
        lost.sort_by(|one, other| one.offer.server.cmp(&other.offer.server));
        lost
    }

    fn told(&self, server: &ServerInfo) -> ServerInfo {
        ServerInfo { running: self.limiting.on_server(&server.offer.server), ..server.clone() }
    }

    pub(super) fn live(&self, now: Timestamp) -> impl Iterator<Item = &ServerInfo> {
        self.servers.values().filter(move |server| server.until > now)
    }
}
