//! Uses every macro in a package that knows boltjobs as `jobs`, and serde not at all.

use jobs::prelude::*;

/// Asks for a greeting.
#[request(display = "Greet {name}", response = String)]
#[derive(Debug)]
pub struct Greet {
    /// Whom to greet.
    #[serde(default)]
    pub name: String,
    /// Hidden.
    #[request(sensitive)]
    pub token: String,
}

#[handler(backoff = "fixed(1s)")]
async fn greet(request: Greet, greeting: Data<String>) -> JobResult<String> {
    Ok(format!("{} {}", greeting.as_str(), request.name))
}

#[provider]
fn greeting() -> String {
    "Hello".to_owned()
}

#[on_start]
fn warm_up(_: Data<String>) {}

#[on_stop]
fn cool_down() {}

#[interceptor(after = trace, only = [Greet])]
async fn politely(call: Call, next: Next, _: Data<String>) -> Outcome {
    next.run(call).await
}

#[interceptor(enqueue)]
async fn never(_: Submission, _: NextSubmission, _: Data<String>) -> jobs::Result<Receipt> {
    Err(jobs::Error::refused("nobody asked"))
}

#[observer(only = [Greet])]
async fn listen(_: Transition, _: Data<String>) {}

/// Returns a schedule.
pub fn mornings() -> Cron {
    cron!("0 9 * * MON-FRI")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_generated_code_finds_boltjobs() -> jobs::Result<()> {
        let server = jobs::builder().store("memory").start().await?;
        let greet = Greet { name: "Ada".into(), token: "s3cret".into() };
        assert_eq!(format!("{greet:?}"), r#"Greet { name: "Ada", token: *** }"#);
        assert_eq!(greet.process().await?, "Hello Ada");
        let greet = Greet { name: "Ada".into(), token: String::new() };
        assert!(greet.enqueue().await.unwrap_err().to_string().ends_with("`never`: nobody asked"));
        server.shutdown().await
    }
}
