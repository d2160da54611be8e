use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONTENT_TYPE, HOST};
use boltjobs_core::Timestamp;
use boltjobs_core::clock::{Clock, Sleep};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::memory::MemoryStore;
use boltjobs_core::store::{Action, Command, Store};
use boltjobs_fuzz::{cases, texts};
use pollster::block_on;
use proptest::prelude::*;
use tower::ServiceExt as _;

use super::*;

/// A clock that stands.
#[derive(Debug)]
pub(crate) struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep<'_> {
        Box::pin(std::future::pending())
    }

    fn sleep(&self, _: Duration) -> Sleep<'_> {
        Box::pin(std::future::pending())
    }
}

/// Where a request comes from that is of this machine.
pub(crate) fn here() -> ConnectInfo<SocketAddr> {
    ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)))
}

fn hostile() -> BoxedStrategy<String> {
    let markup = prop_oneof![
        "<script>[a-z]{1,9}</script>",
        "\"( onload=|>)[a-z]{1,9}",
        "(&lt;|&#60;|%3c|\\\\u003c|<!--|-->|\\]\\]>)[a-z<>&\"']{0,9}",
        "[a-z '\"<>&]{0,30}",
    ];
    texts(markup)
}

/// The marks that make a page of a text. What was put in adds none.
fn marks(page: &str) -> String {
    page.chars().filter(|c| ['<', '>', '"'].contains(c)).collect()
}

/// The page but for the job's JSON, which escapes make longer: a job whose JSON is too long for a page has a sentence
/// there instead.
fn without_json(page: &str) -> String {
    let (before, json) = page.split_once("<summary>Copy as JSON").unwrap_or((page, ""));
    before.to_owned() + json.split_once("</details>").map_or("", |(_, after)| after)
}

/// A text as long as another one that says nothing.
fn harmless(text: &str) -> String {
    text.chars().map(|_| 'x').collect()
}

/// The text as a browser writes it into a path.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") }
    };
    text.bytes().map(byte).collect()
}

fn get(store: &Arc<MemoryStore>, path: &str) -> Option<(StatusCode, bool, String)> {
    let request =
        Request::builder().uri(path).header(HOST, "localhost").extension(here()).body(Body::empty()).ok()?;
    block_on(async {
        let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(store);
        let response =
            crate::Dashboard::new(store, Arc::new(Stopped)).router().unwrap().oneshot(request).await.unwrap();
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let (status, html) = (response.status(), kind.contains("html"));
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Some((status, html, String::from_utf8(body.to_vec()).unwrap()))
    })
}

/// The pages of a store with one failed job that is made of some texts.
fn pages_of(texts: &[String; 6], sensitive: bool) -> [String; 2] {
    let [title, request, tag, meta, payload, reason] = texts.clone();
    let (store, id) = (Arc::new(MemoryStore::new()), JobId::from_u128(7));
    let spec = JobSpec {
        title: Some(title.clone()),
        tags: vec![tag.clone()],
        meta: [(meta.clone(), tag)].into(),
        sensitive: if sensitive { vec!["none".to_owned()] } else { Vec::new() },
        concurrency_key: Some(meta.into()),
        ..JobSpec::new(request, payload.into_bytes())
    };
    let delete = Command { action: Action::Delete, expected: Vec::new(), reason: Some(reason.into()) };
    block_on(async {
        store
            .enqueue(vec![NewJob { id, spec: spec.into(), start_at: None }], Timestamp::EPOCH)
            .await
            .unwrap();
        store.command(vec![id], delete, Timestamp::EPOCH).await.unwrap();
    });
    ["/".to_owned(), format!("/jobs/{id}")].map(|path| {
        let (status, html, page) = get(&store, &path).unwrap();
        assert!(status == StatusCode::OK && html);
        page
    })
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn no_path_and_no_query_panics_or_comes_back_as_markup(path in texts("(/jobs)?/[a-z%<>\"0-9?&=+]{0,30}")) {
        let store = Arc::new(MemoryStore::new());
        let escaped = encoded(&path);
        for asked in [path.clone(), escaped.clone(), format!("/jobs/{escaped}"), format!("/?{escaped}")] {
            let Some((status, html, page)) = get(&store, &asked) else { continue };
            prop_assert!(!status.is_server_error(), "{} for {}", status, asked);
            let nothing = marks(&get(&store, "/jobs/x").unwrap().2);
            prop_assert!(!html || status != StatusCode::NOT_FOUND || marks(&page) == nothing, "{}: {}", asked, page);
        }
    }

    #[test]
    fn nothing_that_a_job_says_becomes_markup(
        texts in [hostile(), hostile(), hostile(), hostile(), hostile(), hostile()],
        sensitive: bool,
    ) {
        let pages = pages_of(&texts, sensitive);
        let plain = pages_of(&texts.each_ref().map(|text| harmless(text)), sensitive);
        for (page, plain) in pages.iter().zip(plain) {
            prop_assert_eq!(marks(&without_json(page)), marks(&without_json(&plain)), "{}", page);
            let too_long = page.contains("characters: ask for it as below");
            prop_assert!(too_long || marks(page) == marks(&plain), "{}", page);
        }
    }
}
