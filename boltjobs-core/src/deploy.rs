//! When another version of the program came, and which version each server had.
//!
//! Both are noted when a server starts that says its version: as a [`Document`] for each deploy, and one for each server, the
//! latest ones of both.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::job::{Job, RowData};
use crate::store::{Document, DocumentQuery, Store, StoreError};

/// The most deploys that are kept, the latest ones.
pub const KEPT: usize = 50;

/// Of how many servers it is kept which version they had, those that started last.
pub const SERVERS: usize = 1_000;

const DEPLOYS: &str = "deploy/";
const VERSIONS: &str = "version/";

/// A server has started with another version than the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploy {
    /// The version.
    pub version: Arc<str>,
    /// The first server that had it.
    pub server: Arc<str>,
    /// When that started.
    pub at: Timestamp,
}

/// Which version a server had.
#[derive(Debug, Serialize, Deserialize)]
struct Had {
    version: Arc<str>,
    at: Timestamp,
}

fn version_key(server: &str) -> Arc<str> {
    format!("{VERSIONS}{server}").into()
}

/// Notes that a server starts, and returns whether that is a deploy: its version is not the one that was noted last.
///
/// # Errors
/// When the store can't answer or write.
pub async fn note(
    store: &dyn Store,
    version: &str,
    server: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let known = all(store).await?;
    let deploy = Deploy { version: version.into(), server: server.into(), at: now };
    let new = known.first().is_none_or(|latest| latest.version != deploy.version);
    let had = Had { version: version.into(), at: now };
    // Neither can fail for texts and numbers.
    let text = |text: serde_json::Result<String>| Arc::from(text.unwrap_or_default());
    let mut kept = vec![Document { key: version_key(server), text: text(serde_json::to_string(&had)) }];
    let mut removed = old_versions(store).await?;
    if new {
        kept.push(Document { key: key(&deploy), text: text(serde_json::to_string(&deploy)) });
        removed.extend(known.iter().skip(KEPT - 1).map(key));
    }
    store.keep(kept, removed, now).await?;
    Ok(new)
}

fn key(deploy: &Deploy) -> Arc<str> {
    format!("{DEPLOYS}{:020}-{}", deploy.at.as_micros().max(0), deploy.server).into()
}

/// Returns the keys of those that leave no room for another one.
async fn old_versions(store: &dyn Store) -> Result<Vec<Arc<str>>, StoreError> {
    let query = DocumentQuery { prefix: VERSIONS.into(), limit: 2 * SERVERS, ..DocumentQuery::default() };
    let found = store.documents(query).await?;
    if found.len() < SERVERS {
        return Ok(Vec::new());
    }
    let at = |text: &str| serde_json::from_str(text).map_or(Timestamp::EPOCH, |had: Had| had.at);
    let mut found: Vec<_> = found.into_iter().map(|document| (at(&document.text), document.key)).collect();
    found.sort_by_key(|(at, _)| Reverse(*at));
    Ok(found.into_iter().skip(SERVERS - 1).map(|(_, key)| key).collect())
}

/// Returns the deploys that are kept, the latest first.
///
/// # Errors
/// When the store can't answer.
pub async fn all(store: &dyn Store) -> Result<Vec<Deploy>, StoreError> {
    let query =
        DocumentQuery { prefix: DEPLOYS.into(), last_first: true, limit: KEPT, ..DocumentQuery::default() };
    let found = store.documents(query).await?;
    Ok(found.iter().filter_map(|document| serde_json::from_str(&document.text).ok()).collect())
}

/// Returns the versions that servers had, as far as they are kept.
///
/// # Errors
/// When the store can't answer.
pub async fn versions(
    store: &dyn Store,
    servers: Vec<Arc<str>>,
) -> Result<BTreeMap<Arc<str>, Arc<str>>, StoreError> {
    let mut found = BTreeMap::new();
    for server in servers {
        if found.contains_key(&server) {
            continue;
        }
        let query = DocumentQuery { prefix: version_key(&server), limit: 1, ..DocumentQuery::default() };
        let kept = store.documents(query).await?.into_iter().next();
        let had = kept.filter(|it| it.key == version_key(&server)).map(|it| serde_json::from_str(&it.text));
        if let Some(Ok(Had { version, .. })) = had {
            found.insert(server, version);
        }
    }
    Ok(found)
}

/// Returns the server that ran the latest attempt of a job.
pub fn latest_server(job: &Job) -> Option<Arc<str>> {
    job.history.iter().rev().find_map(|row| match &row.data {
        RowData::Processing { server, .. } | RowData::Ended { server, .. } => Some(Arc::clone(server)),
        RowData::None | RowData::Scheduled { .. } | RowData::Succeeded { .. } => None,
    })
}

/// Says whether a version is this one or a later one: numbers between dots count as numbers (`1.10` is later than `1.9`);
/// where there is anything else, as in the hash of a commit, only the same version counts.
pub fn is_from(version: &str, first: &str) -> bool {
    let numbers = |text: &str| {
        let text = text.strip_prefix('v').unwrap_or(text);
        text.split('.').map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>()
    };
    match (numbers(version), numbers(first)) {
        (Some(version), Some(first)) => version >= first,
        _ => version == first,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pollster::block_on;

    use super::*;
    use crate::memory::MemoryStore;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_deploy_is_a_server_with_another_version_than_the_one_before_it() {
        let store = MemoryStore::new();
        let starts = [("1.4", "a", true), ("1.4", "b", false), ("1.5", "c", true), ("1.4", "d", true)];
        for (second, (version, server, new)) in (0..).zip(starts) {
            assert_eq!(block_on(note(&store, version, server, at(second))).unwrap(), new, "{server}");
        }
        let found = block_on(all(&store)).unwrap();
        let found: Vec<_> = found.iter().map(|it| (&*it.version, &*it.server, it.at)).collect();
        assert_eq!(found, [("1.4", "d", at(3)), ("1.5", "c", at(2)), ("1.4", "a", at(0))]);
        let had = block_on(versions(&store, ["b", "c", "e", "b"].map(Arc::from).into())).unwrap();
        let had: Vec<_> = had.iter().map(|(server, version)| (&**server, &**version)).collect();
        assert_eq!(had, [("b", "1.4"), ("c", "1.5")]);
    }

    #[test]
    fn the_latest_deploys_and_servers_are_kept_and_no_others() {
        let store = MemoryStore::new();
        let servers = SERVERS as u64 + 9;
        for number in 0..servers {
            let version = format!("1.{}", number / 10);
            block_on(note(&store, &version, &format!("server-{number}"), at(number))).unwrap();
        }
        let found = block_on(all(&store)).unwrap();
        assert_eq!((found.len(), &*found[0].version), (KEPT, "1.100"));
        let query = DocumentQuery { limit: usize::MAX, ..DocumentQuery::default() };
        assert_eq!(block_on(store.documents(query)).unwrap().len(), KEPT + SERVERS);
        let had = block_on(versions(&store, ["server-8", "server-9"].map(Arc::from).into())).unwrap();
        assert_eq!(had.keys().map(|server| &**server).collect::<Vec<_>>(), ["server-9"]);
    }

    #[test]
    fn versions_are_compared_as_numbers_where_they_are_some() {
        for (version, first, expected) in [
            ("1.5", "1.5", true),
            ("1.10", "1.9", true),
            ("2", "1.9.9", true),
            ("v1.5.1", "1.5", true),
            ("1.4.9", "1.5", false),
            ("9f2c1d", "9f2c1d", true),
            ("9f2c1d", "1.5", false),
            ("1.5-rc", "1.4", false),
            ("", "", true),
        ] {
            assert_eq!(is_from(version, first), expected, "{version} {first}");
        }
    }
}
