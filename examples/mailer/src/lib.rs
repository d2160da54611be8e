//! Requests and handlers in a crate of their own, as an application of some size has them.
//!
//! Nothing here is registered by hand. A program that links this crate has its handlers; `library.rs` is one.

use std::sync::atomic::{AtomicU64, Ordering};

use boltjobs::prelude::*;
use serde::{Deserialize, Serialize};

/// Asks for one mail. Enqueue it from any program that depends on this crate.
// The name is stored with each job. With one of its own, the type may be renamed and moved to another crate.
#[request(name = "mailer.send", display = "Mail to {to}: {subject}", queue = "mail", response = Receipt)]
#[derive(Debug)]
pub struct SendMail {
    pub to: String,
    pub subject: String,
    /// It may hold anything, so it is shown nowhere: not in logs, not in the dashboard, not in `Debug`.
    #[request(sensitive)]
    pub body: String,
}

/// What the handler returns: `wait()` hands it to whoever enqueued the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub message: u64,
}

/// Stands for a connection to a mail server.
#[derive(Debug)]
pub struct Connection {
    sent: AtomicU64,
}

impl Connection {
    fn send(&self, to: &str, subject: &str) -> Receipt {
        tracing::info!(to, subject, "sent");
        Receipt { message: self.sent.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

/// Built once, at `start()`, and only then: a program that can't connect does not start.
#[provider]
async fn connect() -> JobResult<Connection> {
    Ok(Connection { sent: AtomicU64::new(0) })
}

// The handler can stay private: what the program uses is the request.
#[handler(retries = 5, timeout = "30s")]
async fn send_mail(request: SendMail, connection: Data<Connection>) -> JobResult<Receipt> {
    if !request.to.contains('@') {
        // No later attempt would find a better address.
        return Err(JobError::discard(format!("`{}` is no address", request.to)).into());
    }
    Ok(connection.send(&request.to, &request.subject))
}
