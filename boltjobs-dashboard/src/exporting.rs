//! A job as a file, to be kept, passed on, or read by a test.

use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use boltjobs_core::Timestamp;
use boltjobs_core::literal::test_code;
use serde_json::json;

use crate::api::exported;
use crate::kin::{self, Kin};
use crate::pages::JobPage;
use crate::refused::Refused;
use crate::routes::{Asked, find_job};

/// The version of the format. One that reads files of another one says so.
const FORMAT: u32 = 1;

/// Sends a job as a file.
pub(crate) async fn export(asked: Asked, Path(id): Path<String>) -> Response {
    let found = async {
        let page = find_job(&asked, &id).await?;
        let kin = kin::of_job(&asked, &page.job).await?;
        Ok::<_, Refused>((page, kin))
    };
    match found.await {
        Ok((page, kin)) => {
            let name = format!("attachment; filename=\"{}.boltjob\"", page.job.id);
            let kind = "application/json".to_owned();
            ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], file(&page, &kin, asked.now()))
                .into_response()
        }
        Err(refused) => asked.answer(Err(refused)),
    }
}

fn file(page: &JobPage, kin: &Kin, now: Timestamp) -> String {
    let file = json!({
        "format": FORMAT,
        "boltjobs": env!("CARGO_PKG_VERSION"),
        "exported_at": now.to_string(),
        "job": exported(page, kin),
        "test": test_code(page.shape.as_deref(), &page.job.spec),
    });
    format!("{file:#}\n")
}
