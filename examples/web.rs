//! A web server that answers at once and leaves the work to a job.
//!
//! ```text
//! cargo run --example web
//! curl -i localhost:3000/signup -H 'content-type: application/json' -d '{"email": "ada@example.org"}'
//! curl -i localhost:3000/jobs/<the id from the answer>
//! ```
//!
//! With `--check` it takes any free port, calls itself once and ends.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use boltjobs::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

#[request(name = "accounts.send-welcome", display = "Welcome {email}")]
#[derive(Debug)]
pub struct SendWelcome {
    pub email: String,
}

#[handler(retries = 5, timeout = "30s")]
async fn send_welcome(request: SendWelcome) -> JobResult {
    tokio::time::sleep(Duration::from_millis(200)).await;
    tracing::info!(request.email, "welcomed");
    Ok(())
}

/// What comes from outside has a type of its own, so that the job can change without a word to the clients.
#[derive(Debug, Deserialize)]
struct Signup {
    email: String,
}

async fn signup(Json(signup): Json<Signup>) -> Result<(StatusCode, Json<Value>), Unavailable> {
    // The answer goes out once the job is on disk: 202 promises that the mail will be sent, whatever crashes.
    let job = SendWelcome { email: signup.email }.enqueue().await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "job": job.id().to_string() }))))
}

async fn show_job(Path(id): Path<JobId>) -> Result<Response, Unavailable> {
    let Some(job) = boltjobs::client().job(id).await? else {
        return Ok((StatusCode::NOT_FOUND, "no such job, or it ended long ago\n").into_response());
    };
    let shown = json!({
        "title": job.title(),
        "state": job.state().as_str(),
        "attempts": job.attempts(),
        "error": job.last_error().map(ToString::to_string),
    });
    Ok(Json(shown).into_response())
}

/// A store that can't be written to is our trouble, not the client's.
struct Unavailable(boltjobs::Error);

impl From<boltjobs::Error> for Unavailable {
    fn from(error: boltjobs::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        tracing::error!(error = %self.0, "can't serve a request");
        (StatusCode::SERVICE_UNAVAILABLE, "try again later\n").into_response()
    }
}

#[tokio::main]
async fn main() -> Result<(), boltjobs::BoxError> {
    tracing_subscriber::fmt::init();

    let server = boltjobs::start().await?;
    let app = Router::new()
        .route("/signup", post(signup))
        .route("/jobs/{id}", get(show_job));

    let checks = std::env::args().any(|argument| argument == "--check");
    let listener = TcpListener::bind(if checks { "127.0.0.1:0" } else { "127.0.0.1:3000" }).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");

    let (stop, stopped) = oneshot::channel::<()>();
    let serving =
        axum::serve(listener, app).with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
    let serving = tokio::spawn(serving.into_future());

    let ended = if checks {
        check(address).await
    } else {
        signalled().await.map_err(Into::into)
    };

    // HTTP stops first and finishes its answers, as each may still enqueue a job.
    drop(stop);
    serving.await??;
    // Then the jobs. What does not end within 15 seconds is run again after the next start.
    server.shutdown().await?;
    ended
}

/// Waits for Ctrl-C or SIGTERM. `Server::run_until_signal` would stop the jobs at once, before HTTP.
async fn signalled() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Signs up, and follows the job to its end.
async fn check(address: SocketAddr) -> Result<(), boltjobs::BoxError> {
    let (status, body) = call(address, "POST /signup", r#"{"email": "ada@example.org"}"#).await?;
    println!("POST /signup    {status}  {body}");
    if status != 202 {
        return Err(format!("POST /signup answered {status}, not 202").into());
    }
    let answer: Value = serde_json::from_str(&body)?;
    let Some(job) = answer["job"].as_str() else {
        return Err("POST /signup named no job".into());
    };

    let mut last = Value::Null;
    for _ in 0..500 {
        let (status, body) = call(address, &format!("GET /jobs/{job}"), "").await?;
        if status != 200 {
            return Err(format!("GET /jobs/{job} answered {status}, not 200: {body}").into());
        }
        let shown: Value = serde_json::from_str(&body)?;
        if shown != last {
            println!("GET /jobs/<id>  {status}  {body}");
        }
        match shown["state"].as_str() {
            Some("Succeeded") => return Ok(()),
            Some("Failed" | "Deleted") => return Err(format!("the job ended as {shown}").into()),
            _ => last = shown,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("the job did not end in time; last seen as {last}").into())
}

/// Sends a request without any HTTP library, and returns the status and the body of the answer.
async fn call(address: SocketAddr, what: &str, body: &str) -> Result<(u16, String), boltjobs::BoxError> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "{what} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no body")?;
    let status = head.split(' ').nth(1).ok_or("the answer has no status")?;
    Ok((status.parse()?, body.to_owned()))
}
