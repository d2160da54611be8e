//! The servers that are there. They are kept in memory: after a crash nobody is.

use std::sync::Arc;

use super::{Engine, Turn};
use crate::Timestamp;
use crate::store::{Offer, ServerInfo};

impl Turn<'_> {
    /// Says that a server is there until `until`, and lets go of those that were not heard of in time.
    pub fn announce(&mut self, offer: Arc<Offer>, until: Timestamp) {
        let name = Arc::clone(&offer.server);
        let gone = |server: &&ServerInfo| server.until <= self.now && server.offer.server != name;
        let gone = self.engine.servers.values().filter(gone);
        for server in gone.map(|server| Arc::clone(&server.offer.server)).collect::<Vec<_>>() {
            self.retire(&server);
        }
        self.engine.hold(&name, &offer.held);
        let started_at = self.engine.servers.get(&name).map_or(self.now, |known| known.started_at);
        // What it runs is counted when somebody asks.
        let server = ServerInfo { offer, started_at, heartbeat: self.now, until, running: 0 };
        self.engine.servers.insert(name, server);
        self.engine.revision += 1;
    }

    /// Says that a server is gone, and that nothing is held for it any more.
    pub fn retire(&mut self, server: &Arc<str>) {
        self.engine.servers.remove(server);
        self.engine.revision += 1;
        self.engine.hold(server, &[]);
    }
}

impl Engine {
    /// Returns the servers that are there, by their names.
    pub fn servers(&self, now: Timestamp) -> Vec<ServerInfo> {
        let told = |server: &ServerInfo| ServerInfo {
            running: self.limiting.on_server(&server.offer.server),
            ..server.clone()
        };
        self.live(now).map(told).collect()
    }

    pub(super) fn live(&self, now: Timestamp) -> impl Iterator<Item = &ServerInfo> {
        self.servers.values().filter(move |server| server.until > now)
    }
}
