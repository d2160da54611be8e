//! `examples/students.rs`, as one writes it with apalis and its SQLite store: now, in 30 seconds, every minute.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use apalis::layers::retry::RetryPolicy;
use apalis::prelude::*;
use apalis_cron::{CronScheduler, Tick};
use apalis_sqlite::{SqlitePool, SqliteStorage};
use cron::Schedule;
use serde::{Deserialize, Serialize};

/// Tells students what is new.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct NotifyStudents {
    job_type: String,
}

impl fmt::Display for NotifyStudents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Student Notifier {}", self.job_type)
    }
}

async fn notify_students(request: NotifyStudents) -> Result<(), BoxDynError> {
    tracing::info!("Notifying students. JobType: {}", request.job_type);
    Ok(())
}

/// A tick is a task of a type of its own, in a queue of its own.
async fn notify_on_tick(_: Tick) -> Result<(), BoxDynError> {
    notify_students(NotifyStudents { job_type: "Recurring".into() }).await
}

#[tokio::main]
async fn main() -> Result<(), BoxDynError> {
    tracing_subscriber::fmt::init();

    let pool = SqlitePool::connect("sqlite://apalis.db?mode=rwc").await?;
    SqliteStorage::setup(&pool).await?;
    let mut students = SqliteStorage::<NotifyStudents>::new(&pool);

    let ticks = CronScheduler::new(Schedule::from_str("0 * * * * *")?).pipe_to(SqliteStorage::new(&pool));
    let ticking = WorkerBuilder::new("students-ticks")
        .backend(ticks)
        .retry(RetryPolicy::retries(10))
        .build(notify_on_tick);

    let later = TaskBuilder::new(NotifyStudents { job_type: "OneTime".into() });
    students.push_task(later.run_after(Duration::from_secs(30)).build()).await?;
    students.push(NotifyStudents { job_type: "Immediate".into() }).await?;

    let notifying = WorkerBuilder::new("students")
        .backend(students.poll_with_interval(Duration::from_millis(500)))
        .retry(RetryPolicy::retries(10))
        .build(notify_students);

    let stop = || tokio::signal::ctrl_c();
    tokio::try_join!(ticking.run_until(stop()), notifying.run_until(stop()))?;
    Ok(())
}
