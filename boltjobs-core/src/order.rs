//! What somebody orders a server to do while it runs: claim nothing more, stop, or keep more of what its handlers log.
//!
//! An order is a [`Document`] beside the jobs. Its server is woken by it, reads it again with each heartbeat, and removes it
//! when it ends; what a server left that died is removed by the next one that starts.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::notes::LogLevel;
use crate::store::{Document, DocumentQuery, Store, StoreError};

/// For how long a server keeps more of what its handlers log, when nobody says for how long.
pub const LOGS_FOR: Duration = Duration::from_mins(10);

/// The most documents that are looked at: two for each of so many servers.
const KEPT: usize = 20_000;

pub(crate) const PREFIX: &str = "order/";

/// What a server is to do with jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// It claims nothing more, and what it runs is run to its end.
    Quiet,
    /// It shuts down, as by a signal; until then it claims nothing more.
    Stop,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quiet => "quiet",
            Self::Stop => "stop",
        })
    }
}

/// An order to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkOrder {
    /// Its name.
    pub server: Arc<str>,
    /// What it is to do.
    pub order: Order,
    /// Who said so.
    pub actor: String,
    /// When they did.
    pub at: Timestamp,
}

/// Up to which level a server is to keep what its handlers log, for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogOrder {
    /// Its name.
    pub server: Arc<str>,
    /// The level.
    pub level: LogLevel,
    /// Until when.
    pub until: Timestamp,
    /// Who said so.
    pub actor: String,
    /// When they did.
    pub at: Timestamp,
}

/// What a server was ordered to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// What it is to do with jobs, if anything but to run them.
    pub work: Option<WorkOrder>,
    /// Up to which level it is to keep logs, if somebody has said so. It may be over.
    pub log: Option<LogOrder>,
}

fn prefix(server: &str) -> String {
    format!("{PREFIX}{server}/")
}

fn work_key(server: &str) -> Arc<str> {
    format!("{PREFIX}{server}/work").into()
}

fn log_key(server: &str) -> Arc<str> {
    format!("{PREFIX}{server}/log").into()
}

/// Returns what a server was ordered to do.
///
/// # Errors
/// When the store can't answer.
pub async fn of(store: &dyn Store, server: &str) -> Result<Orders, StoreError> {
    // The name of another server may begin with this one and a slash.
    let query = DocumentQuery { prefix: prefix(server).into(), limit: KEPT, ..DocumentQuery::default() };
    let mut found = Orders::default();
    for document in store.documents(query).await? {
        if document.key == work_key(server) {
            found.work = serde_json::from_str(&document.text).ok();
        } else if document.key == log_key(server) {
            found.log = serde_json::from_str(&document.text).ok();
        }
    }
    Ok(found)
}

/// Gives a server an order, in place of one that it had; `false` when it had this one already.
///
/// # Errors
/// When the store can't answer or write.
pub async fn give(store: &dyn Store, order: &WorkOrder) -> Result<bool, StoreError> {
    if of(store, &order.server).await?.work.is_some_and(|known| known.order == order.order) {
        return Ok(false);
    }
    // It can't fail for texts and numbers.
    let text = serde_json::to_string(order).unwrap_or_default().into();
    let document = Document { key: work_key(&order.server), text };
    store.keep(vec![document], Vec::new(), order.at).await?;
    Ok(true)
}

/// Lets a server claim again; `false` when it had no order not to. One that shuts down already goes on with that.
///
/// # Errors
/// When the store can't answer or write.
pub async fn resume(store: &dyn Store, server: &str, now: Timestamp) -> Result<bool, StoreError> {
    let ordered = of(store, server).await?.work.is_some();
    if ordered {
        store.keep(Vec::new(), vec![work_key(server)], now).await?;
    }
    Ok(ordered)
}

/// Has a server keep what its handlers log up to a level, for a while.
///
/// # Errors
/// When the store can't write.
pub async fn log(store: &dyn Store, order: &LogOrder) -> Result<(), StoreError> {
    let text = serde_json::to_string(order).unwrap_or_default().into();
    store.keep(vec![Document { key: log_key(&order.server), text }], Vec::new(), order.at).await
}

/// Removes the orders of a server that ends.
///
/// # Errors
/// When the store can't write.
pub async fn forget(store: &dyn Store, server: &str, now: Timestamp) -> Result<(), StoreError> {
    store.keep(Vec::new(), vec![work_key(server), log_key(server)], now).await
}

/// Removes the orders of servers of which nothing is known any more.
///
/// # Errors
/// When the store can't answer or write.
pub async fn sweep(store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    let query = DocumentQuery { prefix: PREFIX.into(), limit: KEPT, ..DocumentQuery::default() };
    let found = store.documents(query).await?;
    if found.is_empty() {
        return Ok(());
    }
    let mut known = store.servers(now).await?;
    known.extend(store.lost_servers(now).await?);
    let known: BTreeSet<_> =
        known.iter().flat_map(|it| [work_key(&it.offer.server), log_key(&it.offer.server)]).collect();
    let left: Vec<_> = found.into_iter().map(|it| it.key).filter(|key| !known.contains(key)).collect();
    if left.is_empty() { Ok(()) } else { store.keep(Vec::new(), left, now).await }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::memory::MemoryStore;
    use crate::store::{Offer, QueueOrder, Vitals};

    fn order(server: &str, order: Order) -> WorkOrder {
        WorkOrder { server: server.into(), order, actor: "ada".to_owned(), at: Timestamp::EPOCH }
    }

    fn arrive(store: &MemoryStore, server: &str) {
        let offer = Offer {
            server: server.into(),
            workers: 1,
            queues: QueueOrder::All,
            queue_limits: [].into(),
            handles: [].into(),
            held: Vec::new(),
            lease: Duration::from_secs(30),
            vitals: Vitals::default(),
        };
        let until = Timestamp::EPOCH.plus(offer.lease);
        block_on(store.announce(offer.into(), Timestamp::EPOCH, until)).unwrap();
    }

    #[test]
    fn an_order_is_that_of_its_server_alone() {
        let store = MemoryStore::new();
        assert!(block_on(give(&store, &order("a", Order::Quiet))).unwrap());
        assert!(!block_on(give(&store, &order("a", Order::Quiet))).unwrap());
        assert!(block_on(give(&store, &order("a/work", Order::Stop))).unwrap());
        let found = |server| block_on(of(&store, server)).unwrap().work.map(|it| it.order);
        assert_eq!([found("a"), found("a/work"), found("b")], [Some(Order::Quiet), Some(Order::Stop), None]);
        assert!(block_on(give(&store, &order("a", Order::Stop))).unwrap(), "it takes the place of the other");
        assert!(block_on(resume(&store, "a", Timestamp::EPOCH)).unwrap());
        assert!(!block_on(resume(&store, "a", Timestamp::EPOCH)).unwrap());
        assert_eq!([found("a"), found("a/work")], [None, Some(Order::Stop)]);
    }

    #[test]
    fn a_level_and_an_order_stand_side_by_side_and_end_together() {
        let store = MemoryStore::new();
        let (level, until) = (LogLevel::Debug, Timestamp::EPOCH.plus(LOGS_FOR));
        let wanted =
            LogOrder { server: "a".into(), level, until, actor: "ada".to_owned(), at: Timestamp::EPOCH };
        block_on(log(&store, &wanted)).unwrap();
        block_on(give(&store, &order("a", Order::Quiet))).unwrap();
        let found = block_on(of(&store, "a")).unwrap();
        assert_eq!((found.work, found.log), (Some(order("a", Order::Quiet)), Some(wanted)));
        block_on(forget(&store, "a", Timestamp::EPOCH)).unwrap();
        assert_eq!(block_on(of(&store, "a")).unwrap(), Orders::default());
    }

    #[test]
    fn what_was_ordered_of_servers_that_are_not_known_any_more_goes() {
        let store = MemoryStore::new();
        arrive(&store, "here");
        for server in ["here", "gone"] {
            block_on(give(&store, &order(server, Order::Quiet))).unwrap();
        }
        let found = |server| block_on(of(&store, server)).unwrap().work.is_some();
        // One that was not heard of for a while may come again.
        block_on(sweep(&store, Timestamp::EPOCH.plus(Duration::from_mins(1)))).unwrap();
        assert_eq!([found("here"), found("gone")], [true, false]);
        block_on(sweep(&store, Timestamp::EPOCH.plus(Duration::from_hours(25)))).unwrap();
        assert!(!found("here"));
    }
}
