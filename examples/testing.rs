//! Code that enqueues and its tests, which are run by `cargo test --package boltjobs-examples --example testing`. The
//! program itself does the same for real, once, and ends.

use std::time::Duration;

use boltjobs::prelude::*;

#[request(display = "Remind {student} of {course}")]
#[derive(Debug)]
pub struct Remind {
    pub student: u64,
    pub course: String,
}

#[handler(retries = 2, backoff = "fixed(10s)")]
async fn remind(request: Remind, phone: Data<Phone>) -> JobResult {
    phone.call(request.student, &request.course)
}

/// What a student is reached by.
#[derive(Default)]
pub struct Phone {
    pub engaged: bool,
}

impl Phone {
    fn call(&self, student: u64, course: &str) -> JobResult {
        if self.engaged {
            return Err("the line is engaged".into());
        }
        println!("{student}, {course} begins in an hour");
        Ok(())
    }
}

#[provider]
fn phone() -> Phone {
    Phone::default()
}

/// What the program does: it knows nothing of tests.
async fn sign_up(student: u64, course: &str, begins_in: Duration) -> boltjobs::Result<JobHandle<Remind>> {
    let hour_before = begins_in.saturating_sub(Duration::from_secs(3600));
    Remind { student, course: course.into() }
        .schedule_in(hour_before)
        .await
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    let server = boltjobs::builder().store("memory").start().await?;
    sign_up(7, "Rust", Duration::from_secs(3600))
        .await?
        .wait()
        .await?;
    server.shutdown().await
}

#[cfg(test)]
mod tests {
    use boltjobs::testing::*;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[boltjobs::test]
    async fn a_reminder_comes_an_hour_before(jobs: TestJobs) {
        sign_up(7, "Rust", DAY).await.unwrap();
        assert_scheduled!(jobs, Remind { student: 7, .. }, in = Duration::from_secs(23 * 3600));

        let report = jobs.advance(DAY).await;
        assert_eq!(report.succeeded::<Remind>(), 1, "{report}");
        jobs.assert_idle().await;
    }

    #[boltjobs::test]
    async fn an_engaged_line_is_called_three_times(jobs: TestJobs) {
        jobs.provide(Phone { engaged: true });
        sign_up(7, "Rust", DAY).await.unwrap();

        let report = jobs.run_until_idle().await;
        assert_eq!((report.attempts(), report.failed::<Remind>()), (3, 1), "{report}");
    }

    #[boltjobs::test]
    async fn the_first_failure_is_followed_by_a_retry(jobs: TestJobs) {
        jobs.provide(Phone { engaged: true });
        let run = jobs.perform(Remind { student: 7, course: "Rust".into() }).await;
        assert_eq!(run.error().unwrap(), "the line is engaged");
        assert_eq!(run.retry_in(), Some(Duration::from_secs(10)));
    }

    #[boltjobs::simulate(runs = 20)]
    async fn every_reminder_goes_out_whatever_happens(sim: Sim) {
        for student in 0..5 {
            sign_up(student, "Rust", DAY).await.unwrap();
        }
        let report = sim.run_until_idle().await;
        assert_eq!(report.failed::<Remind>(), 0, "{report}");
        sim.assert_idle().await;
    }
}
