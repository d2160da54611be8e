//! What an orchestrator asks. It is answered without a token and under any host, as it tells nothing else: a kubelet asks by
//! the address of the pod.

use axum::http::StatusCode;

use crate::routes::Asked;

/// Answers 200 while the store does.
pub(crate) async fn health(asked: Asked) -> (StatusCode, String) {
    match asked.store().counts().await {
        Ok(_) => (StatusCode::OK, "ok\n".to_owned()),
        Err(error) => unavailable(&error.to_string()),
    }
}

/// Answers 200 while jobs are run: the store answers, and a server that is alive has workers.
pub(crate) async fn ready(asked: Asked) -> (StatusCode, String) {
    match asked.store().servers(asked.now()).await {
        Ok(servers) => {
            let works = servers.iter().any(|server| server.until > asked.now() && server.offer.workers > 0);
            if works {
                (StatusCode::OK, "ok\n".to_owned())
            } else {
                unavailable("no server that is alive has workers")
            }
        }
        Err(error) => unavailable(&error.to_string()),
    }
}

fn unavailable(why: &str) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", why.replace(['\r', '\n'], " ")))
}
