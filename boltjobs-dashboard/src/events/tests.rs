use std::sync::Arc;

use axum::body::{Body, BodyDataStream};
use axum::http::header::HOST;
use axum::http::{Request, StatusCode};
use boltjobs_core::clock::{Clock, Sleep};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::memory::MemoryStore;
use boltjobs_core::store::Store;
use boltjobs_core::{JobId, Timestamp};
use futures_util::StreamExt as _;
use pollster::block_on;
use tower::ServiceExt as _;

use super::*;

/// A clock on which every wait is over at once.
#[derive(Debug)]
struct Hurried;

impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep<'_> {
        Box::pin(std::future::ready(()))
    }

    fn sleep(&self, _: Duration) -> Sleep<'_> {
        Box::pin(std::future::ready(()))
    }
}

async fn listen(store: &Arc<MemoryStore>, seen: Option<&str>) -> (StatusCode, BodyDataStream) {
    let mut request =
        Request::builder().uri("/events").header(HOST, "localhost").extension(crate::routes::fuzz::here());
    if let Some(seen) = seen {
        request = request.header("last-event-id", seen);
    }
    let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(store);
    let router = crate::Dashboard::new(store, Arc::new(Hurried)).router().unwrap();
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    (response.status(), response.into_body().into_data_stream())
}

/// Returns what is sent next; nothing at the end.
async fn heard(stream: &mut BodyDataStream) -> String {
    let sent = stream.next().await.map(Result::unwrap);
    sent.map(|sent| String::from_utf8(sent.to_vec()).unwrap()).unwrap_or_default()
}

fn id(event: &str) -> &str {
    event.lines().find_map(|line| line.strip_prefix("id: ")).expect("the event has an id")
}

async fn enqueue(store: &MemoryStore, number: u128) {
    let job =
        NewJob { id: JobId::from_u128(number), spec: JobSpec::new("pay", *b"{}").into(), start_at: None };
    store.enqueue(vec![job], Timestamp::EPOCH).await.unwrap();
}

#[test]
fn a_change_is_told_once_and_silence_is_told_too() {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let (status, mut stream) = listen(&store, None).await;
        assert_eq!(status, StatusCode::OK);
        let first = heard(&mut stream).await;
        assert!(first.contains("event: change") && first.contains("retry: 2000"), "{first}");
        assert!(heard(&mut stream).await.starts_with(':'), "nothing has changed");
        enqueue(&store, 1).await;
        let second = heard(&mut stream).await;
        assert!(second.contains("event: change"), "{second}");
        assert_ne!(id(&second), id(&first));
        assert!(second.contains(&format!("data: {}\n", id(&second))), "{second}");
        assert!(heard(&mut stream).await.starts_with(':'), "the change was told already");
        store.pause("default".into(), true, Timestamp::EPOCH).await.unwrap();
        assert_ne!(id(&heard(&mut stream).await), id(&second), "a pause is a change");
    });
}

#[test]
fn who_comes_back_hears_at_once_only_what_is_new() {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let first = heard(&mut listen(&store, None).await.1).await;
        let again = heard(&mut listen(&store, Some(id(&first))).await.1).await;
        assert!(!again.contains("change"), "{again}");
        enqueue(&store, 1).await;
        for seen in [id(&first), "x", ""] {
            let missed = heard(&mut listen(&store, Some(seen)).await.1).await;
            assert!(missed.contains("event: change"), "{seen}: {missed}");
        }
    });
}

#[test]
fn the_stream_ends_with_the_store_and_says_why_when_it_is_asked_again() {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let (_, mut stream) = listen(&store, None).await;
        heard(&mut stream).await;
        store.close().await.unwrap();
        assert_eq!(heard(&mut stream).await, "");
        let (status, mut stream) = listen(&store, None).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(heard(&mut stream).await.contains("closed"));
    });
}
