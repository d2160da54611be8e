//! Batches, under their paths.

use axum::extract::{Path, Query};
use axum::response::Response;
use boltjobs_core::BatchId;
use boltjobs_core::batch::BatchStatus;
use boltjobs_core::text::shown;

use crate::failing::From as Start;
use crate::kin;
use crate::pages::sorting::Sorted;
use crate::pages::{self, BATCH_ROWS};
use crate::refused::Refused;
use crate::routes::Asked;

/// The most batches in a batch that are listed.
const NESTED: usize = 200;

/// Reads the id of a batch.
pub(crate) fn read_id(text: &str) -> Result<BatchId, Refused> {
    text.parse().map_err(|_| Refused::NotFound(format!("`{}` is not the id of a batch.", shown(text))))
}

pub(crate) async fn batches(
    asked: Asked,
    Query(from): Query<Start>,
    Query(sorted): Query<Sorted>,
) -> Response {
    let page = async {
        let (mut batches, next) = find_all(&asked, &from).await?;
        // Some of them in an order would not be the first ones of all.
        let all = next.is_none() && from.after.is_empty();
        if all {
            sorted.apply(&mut batches, &pages::BATCHES_BY)?;
        }
        Ok(pages::batches(asked.view(), &batches, next, all.then_some(&sorted)))
    };
    asked.answer(page.await)
}

/// Finds a page of batches, and where the next one begins.
pub(crate) async fn find_all(
    asked: &Asked,
    from: &Start,
) -> Result<(Vec<BatchStatus>, Option<BatchId>), Refused> {
    let after = match &*from.after {
        "" => None,
        id => Some(read_id(id)?),
    };
    let mut found = asked.store().batches(after, BATCH_ROWS + 1).await?;
    let more = found.len() > BATCH_ROWS;
    found.truncate(BATCH_ROWS);
    let next = found.last().filter(|_| more).map(|last| last.batch.id);
    Ok((found, next))
}

pub(crate) async fn batch(asked: Asked, Path(id): Path<String>) -> Response {
    let page = async {
        let (batch, nested) = find(&asked, &id).await?;
        let kin = kin::of_batch(&asked, &batch, &nested).await?;
        Ok(pages::batch(asked.view(), &batch, &nested, &kin))
    };
    asked.answer(page.await)
}

/// Finds a batch, and the batches in it.
pub(crate) async fn find(asked: &Asked, id: &str) -> Result<(BatchStatus, Vec<BatchStatus>), Refused> {
    let id = read_id(id)?;
    let gone =
        || Refused::NotFound(format!("There is no batch {id}: it never was, or its retention is over."));
    let batch = asked.store().batch(id).await?.ok_or_else(gone)?;
    let mut nested = Vec::new();
    for id in batch.nested.iter().take(NESTED) {
        nested.extend(asked.store().batch(*id).await?);
    }
    Ok((batch, nested))
}
