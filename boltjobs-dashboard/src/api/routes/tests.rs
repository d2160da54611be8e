use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, HOST};
use axum::http::{Method, StatusCode};
use boltjobs_core::memory::MemoryStore;
use pollster::block_on;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::routes::fuzz::{Stopped, here};
use crate::{Dashboard, Role};

fn paths() -> Value {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    document["paths"].clone()
}

#[test]
fn the_document_has_each_path_of_the_router_and_no_other() {
    let served: BTreeSet<_> = table().into_iter().map(|(path, _)| path.to_owned()).collect();
    let described: BTreeSet<_> = paths().as_object().unwrap().keys().cloned().collect();
    assert_eq!(served, described);
}

#[test]
fn each_path_takes_the_methods_of_the_document_and_no_other() {
    for (path, described) in paths().as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let request = Request::builder()
                .method(method.clone())
                .uri(path.replace(['{', '}'], ""))
                .header(HOST, "localhost")
                .extension(here())
                .body(Body::empty())
                .unwrap();
            let store = Arc::new(MemoryStore::new());
            let app = Dashboard::new(store, Arc::new(Stopped)).role(Role::Administer).router().unwrap();
            let answer = block_on(app.oneshot(request)).unwrap();
            let taken = answer.status() != StatusCode::METHOD_NOT_ALLOWED;
            let name = method.as_str().to_lowercase();
            assert_eq!(taken, described.get(&name).is_some(), "{method} {path}: {}", answer.status());
            assert!(taken || answer.headers().contains_key(ALLOW), "{method} {path}");
        }
    }
}

#[test]
fn errors_are_json_where_the_dashboard_is_nested_too() {
    let dashboard = Dashboard::new(Arc::new(MemoryStore::new()), Arc::new(Stopped)).router().unwrap();
    let app = Router::new().nest("/admin", dashboard);
    let kind = |path: &str| {
        let request =
            Request::builder().method(Method::POST).uri(path).header(HOST, "localhost").extension(here());
        let answer = block_on(app.clone().oneshot(request.body(Body::empty()).unwrap())).unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned()
    };
    assert_eq!(kind("/admin/api/jobs"), "application/json");
    assert_eq!(kind("/admin/jobs"), "text/plain; charset=utf-8");
}
