//! A program with every fault that only the start can find. It reports them all at once.

use boltjobs::prelude::*;

/// The one.
#[request(name = "twin")]
#[derive(Debug)]
pub struct One;

/// The other.
#[request(name = "other", aliases = ["twin"])]
#[derive(Debug)]
pub struct Other;

#[handler]
async fn left(_: One) -> JobResult {
    Ok(())
}

#[handler]
async fn right(_: One) -> JobResult {
    Ok(())
}

/// Needs an egg.
#[derive(Debug)]
pub struct Hen;

/// Needs a hen.
#[derive(Debug)]
pub struct Egg;

#[provider]
fn hen(_egg: Data<Egg>) -> Hen {
    Hen
}

#[provider]
fn egg(_hen: Data<Hen>) -> Egg {
    Egg
}

#[provider]
fn second_egg() -> Egg {
    Egg
}

#[handler]
async fn lonely(_: Other, _missing: Data<String>) -> JobResult {
    Ok(())
}

#[interceptor(before = audti)]
async fn audit(call: Call, next: Next) -> Outcome {
    next.run(call).await
}

#[interceptor(after = around)]
async fn within(call: Call, next: Next, _missing: Data<u64>) -> Outcome {
    next.run(call).await
}

#[interceptor(after = within)]
async fn around(call: Call, next: Next) -> Outcome {
    next.run(call).await
}

/// Has an interceptor of a name that is taken.
pub mod other {
    use super::*;

    #[interceptor(enqueue)]
    async fn audit(jobs: Submission, next: NextSubmission) -> boltjobs::Result<Receipt> {
        next.run(jobs).await
    }
}

#[observer]
async fn blind(_: Transition, _missing: Data<u32>) {}

/// Leads nowhere.
#[upcast(from = 1)]
fn stray(old: u64) -> String {
    old.to_string()
}

/// Is declared to recur under an id that another has.
#[request(recurring(id = "nightly", cron = "@daily"))]
#[derive(Debug, Default)]
pub struct Owl;

/// The other, which has no key either.
#[request(recurring(id = "nightly", cron = "@hourly"))]
#[derive(Debug, Default)]
pub struct Bat;

#[handler(concurrency_per_key = 4, rate_limit_per_key = "5/s")]
async fn bat(_: Bat) {}

#[tokio::test]
async fn all_faults_come_in_one_error_each_with_its_place_and_the_way_to_mend_it() {
    let error = boltjobs::builder()
        .store("memory")
        .queues(["No"])
        .without_interceptor("tracing")
        .start()
        .await
        .unwrap_err()
        .to_string();
    let faults: Vec<_> = error.lines().skip(1).collect();
    for expected in [
        "two requests are named `twin`",
        "request `twin` has two handlers: `left` at ",
        "providers need each other in a cycle: `hen` at ",
        "faults::Egg` is provided twice",
        "handler `lonely` at ",
        "upcast `stray` at ",
        "the recurring definition `nightly` is declared twice: on request `faults::Owl` at ",
        " has a `concurrency_per_key`, but its request `faults::Bat` has no key",
        " has a `rate_limit_per_key`, but its request `faults::Bat` has no key",
        "invalid queue name `No`",
        "`before` of the interceptor `audit` at ",
        "there is no interceptor `audti`; did you mean `audit`?",
        "interceptors stand before each other in a cycle: `within` at ",
        "two interceptors are named `audit`: ",
        "interceptor `within` at ",
        "observer `blind` at ",
        "`without_interceptor`: there is no interceptor `tracing`",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected} is missing in {error}");
    }
    assert_eq!(faults.len(), 16, "{error}");
    assert!(faults.iter().filter(|fault| fault.contains("faults.rs:")).count() >= 14, "{error}");
}
