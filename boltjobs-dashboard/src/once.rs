//! What is made once, however often it is asked for.
//!
//! Each form carries a key, and a program can send one in the header `Idempotency-Key`. The first time that a key comes, it is noted
//! under which id something is about to be made, and each time that it comes again that id is taken: what is there under an id is
//! not made anew. The note is on disk before anything is made, so that a crash in between does no harm.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use boltjobs_core::store::{Document, DocumentQuery};
use boltjobs_core::{JobId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::doing::new_id;
use crate::refused::Refused;
use crate::routes::Asked;

/// For how long a key is known.
const SPAN: Duration = Duration::from_hours(24);

/// The most keys that are known, the latest ones.
const KEPT: usize = 1_000;

/// The most characters of a key.
const LONGEST: usize = 255;

const PREFIX: &str = "once/";

/// The header by which a program sends one.
pub(crate) const HEADER: &str = "idempotency-key";

/// Lets one at a time look for a key and note it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<()>>);

/// What was made, or is about to be, under a key.
#[derive(Debug, Serialize, Deserialize)]
struct Made {
    id: JobId,
    /// What was asked for, so that a key is not taken for something else.
    what: String,
    at: Timestamp,
}

/// Returns the key that a program sends; nothing if it sends none. One that can't be read is refused where it would count.
pub(crate) fn key(headers: &HeaderMap) -> &str {
    headers.get(HEADER).map_or("", |key| key.to_str().unwrap_or("\u{7f}"))
}

/// Returns the id of what is asked for: that which it got when the same person asked under the same key, else a new one.
pub(crate) async fn id(asked: &Asked, key: &str, what: &str) -> Result<JobId, Refused> {
    if key.is_empty() {
        return new_id(asked);
    }
    if key.len() > LONGEST || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let why = format!(
            "An `Idempotency-Key` has 1 to {LONGEST} visible ASCII characters and no space; a UUID will do."
        );
        return Err(Refused::Illegal(why));
    }
    let (store, now) = (asked.store(), asked.now());
    let _turn = asked.source().turns.0.lock().await;
    let query = DocumentQuery { prefix: PREFIX.into(), limit: 2 * KEPT, ..DocumentQuery::default() };
    let read = |document: &Document| serde_json::from_str::<Made>(&document.text).ok();
    let mut all: Vec<_> =
        store.documents(query).await?.iter().map(|it| (Arc::clone(&it.key), read(it))).collect();
    // A hash, so that neither a name nor a key can stand for another pair of them.
    let name = format!("{}\u{0}{key}", asked.actor());
    let place: Arc<str> = format!("{PREFIX}{}", JobId::from_name(Timestamp::EPOCH, name.as_bytes())).into();
    let known = |made: &Made| now.since(made.at) < SPAN;
    if let Some((_, Some(made))) =
        all.iter().find(|(found, made)| *found == place && made.as_ref().is_some_and(known))
    {
        if made.what != what {
            let why = format!("The key was sent for something else: `{}`. Take a new one.", made.what);
            return Err(Refused::Illegal(why));
        }
        return Ok(made.id);
    }
    all.sort_by_key(|(_, made)| std::cmp::Reverse(made.as_ref().map(|made| made.at)));
    let old =
        all.iter().enumerate().filter(|(at, (_, made))| *at >= KEPT - 1 || !made.as_ref().is_some_and(known));
    let old = old.map(|(_, (key, _))| Arc::clone(key)).filter(|key| *key != place).collect();
    let made = Made { id: new_id(asked)?, what: what.to_owned(), at: now };
    // It can't fail for texts and numbers.
    let text = serde_json::to_string(&made).unwrap_or_default().into();
    store.keep(vec![Document { key: place, text }], old, now).await?;
    Ok(made.id)
}
