//! The macros of boltjobs.
//!
//! Depend on `boltjobs`, which re-exports all of them: the code that they write reaches boltjobs through it.

use proc_macro::TokenStream;

mod arguments;
mod cron;
mod errors;
mod expect;
#[cfg(test)]
mod fuzz;
mod handler;
mod hook;
mod interceptor;
mod krate;
mod observer;
mod options;
mod provider;
mod request;
mod signature;
mod test;
mod upcast;

/// Makes a struct or an enum the typed payload of a job.
///
/// The type becomes a [`Request`](trait.Request.html) and gets the methods `enqueue`, `schedule_in`, `schedule_at`,
/// `recurring`, `process` and the fn `enqueue_all`. serde's `Serialize` and `Deserialize` are derived, each unless
/// the derive stands there already. Write `#[request]` above other attributes: it does not see a derive above it.
///
/// What people see for a job, its title, is the `Display` of the type if it has one, else what `display` says, else
/// the name of the request.
///
/// # Options
/// All are optional. They say what the producer of a job decides; what the worker decides stands on `#[handler]`.
///
/// - `name = "mail.send"`: the stable name that is stored with each job. Default: `<crate>::<Type>`, which changes
///   when the type is renamed or moves to another crate; jobs stored under the old name then need an alias.
/// - `aliases = ["mail.deliver"]`: older names whose stored jobs this type still takes. Default: none.
/// - `version = 2`: the version of the payload, from 1. Default: 1.
/// - `display = "Mail to {to}"`: the title, with fields (`{0}` for the first one of a tuple struct) by their `Display`.
/// - `queue = "mail"`: the queue, of `a-z`, `0-9`, `_` and `-`, at most 64. Default: `default`.
/// - `priority = 5`: from -100 to 100; higher runs first within a queue. Default: 0.
/// - `concurrency_key = "course:{course}"`: jobs with the same key can be limited together. Default: none.
/// - `response = Seat`: the type that the handler returns. Default: `()`.
/// - `tags = ["school"]`: tags of every job of this request. Default: none.
/// - `recurring(id = "nightly", cron = "30 2 * * *")`: makes a job whenever the cron expression says so; may stand
///   several times. The type must be `Default`, for that is the request. See below.
/// - `serde = false`: derives neither `Serialize` nor `Deserialize`, for a type that implements them by hand.
///   Sensitive fields are then hidden under their Rust names.
///
/// # Options of `recurring`
/// `id` and `cron` are required. What is declared like this comes and goes with the code.
///
/// - `id = "nightly"`: the id of the definition, one for each in the program.
/// - `cron = "30 2 * * *"`: when it fires; see `cron!`.
/// - `timezone = "Europe/Oslo"`: the time zone of the expression. Default: UTC.
/// - `misfire = "fire_once"`, `"fire_all(10)"` or `"skip"`: what becomes of missed occurrences. Default: `"fire_once"`.
/// - `overlap = "allow"`, `"skip"` or `"cancel_previous"`: what happens while the job before has not ended. Default:
///   `"allow"`.
/// - `dst = "once_per_day"`, `"elapsed"` or `"skip_gap"`: what happens where clocks are changed. Default:
///   `"once_per_day"`.
/// - `jitter = "10s"`: the most by which an occurrence is put off. Default: none.
/// - `starts_at`, `ends_at = "2027-01-01T00:00:00Z"`: the first and the last instant at which it may fire, in RFC 3339.
///   Default: no limit.
/// - `queue = "mail"`: the queue of its jobs. Default: that of the request.
///
/// # Fields
/// `#[request(sensitive)]` on a field hides it wherever boltjobs shows a job. With `#[derive(Debug)]` below
/// `#[request]` it is masked in `Debug` too. It can't be named in `display` or `concurrency_key`.
///
/// # Examples
/// ```ignore
/// #[request(queue = "registrar", display = "Enroll {student} in {course}", response = Seat)]
/// #[derive(Debug)]
/// struct Enroll {
///     student: u64,
///     course: String,
///     #[request(sensitive)]
///     token: String,
/// }
///
/// Enroll { student: 7, course: "Rust".into(), token: "s3cret".into() }.enqueue().await?;
/// ```
#[proc_macro_attribute]
pub fn request(attribute: TokenStream, item: TokenStream) -> TokenStream {
    request::run(attribute.into(), &item.into()).into()
}

/// Makes a fn run the jobs of one request.
///
/// The first parameter is the request, by value and in any pattern. The others are made for each attempt:
/// `JobContext`, `Data<T>` for a value of a `#[provider]`, or any type that implements `FromJobContext`.
/// An `async fn` runs as a tokio task, a plain `fn` on the pool of threads that may block.
///
/// It returns the response of the request, as in `JobResult<Seat>` or a `Result<Seat, E>` with any error; a handler
/// of a request without a response may return nothing. The fn itself stays as it is, and can be called. It must be a
/// free fn: inside of an `impl` or a `trait` it can't be registered.
///
/// # Options
/// All are optional. They say what the worker decides; one job may still have its own `retries` and `timeout`.
///
/// - `retries = 5`: how often a failed job is tried again; 0 for never. Default: 10.
/// - `backoff = ".."`: the delay before each retry: `"fixed(30s)"`, `"list(1s, 10s, 1m)"` (the last repeats),
///   `"exponential(2s, max = 10m)"`, `"polynomial"`, or the path of a `fn(u32) -> Duration` without quotes, which
///   gets the number of the retry from 1. Default: `"polynomial"`.
/// - `timeout = "30s"`: how long one attempt may take, in `ms`, `s`, `m`, `h`, `d` or `w`; longer fails it.
///   Default: no limit.
/// - `on_exhausted = "fail"` or `"delete"`: the state of a job whose retries are used up. Default: `"fail"`.
/// - `concurrency = 16`: how many of its jobs may run at once, over every server that shares the store; the others
///   keep their places and occupy no worker. Default: as many as there are workers.
/// - `concurrency_per_key = 4`: how many of its jobs with one `concurrency_key` may run at once. Default: no limit.
/// - `rate_limit = "100/1m"`: how many of its jobs may start in any span of this length; `"5/s"` for one of a unit, and
///   `"100/1m, burst = 10"` for no more than 10 in any tenth of it. Default: no limit.
/// - `rate_limit_per_key = "5/1m"`: the same for its jobs with one `concurrency_key`. Default: no limit.
///
/// # Examples
/// ```ignore
/// #[handler(retries = 5, backoff = "exponential(2s, max = 10m)", timeout = "30s")]
/// async fn enroll(request: Enroll, ctx: JobContext, courses: Data<Courses>) -> JobResult<Seat> {
///     courses.enroll(request.student, ctx.attempt()).await
/// }
/// ```
#[proc_macro_attribute]
pub fn handler(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::run(attribute.into(), &item.into()).into()
}

/// Makes a fn build a value that handlers share.
///
/// It runs once, at `start()`, after the providers whose values it takes as `Data<T>`. It returns the value, or the
/// value in a `Result` or `JobResult`; an error stops the start. It has no options.
///
/// # Examples
/// ```ignore
/// #[provider]
/// async fn courses(pool: Data<Pool>) -> JobResult<Courses> {
///     Ok(Courses::load(&pool).await?)
/// }
/// ```
#[proc_macro_attribute]
pub fn provider(attribute: TokenStream, item: TokenStream) -> TokenStream {
    provider::run(attribute.into(), &item.into()).into()
}

/// Makes a fn run around handlers: around each attempt at a job, and around `process()`.
///
/// It takes the `Call` and the `Next`, and then what a handler may take after its request: `Data<T>`, `JobContext`, any
/// type that implements `FromJobContext`. It returns an `Outcome`: what `next.run(call).await` gives, or one of its
/// own. Without `next` the handler does not run.
///
/// Interceptors have the name of their fn, which must be the only one of that name. They nest: `before` and `after`
/// decide what is outside of what, then the name; the first one is outermost. The built-in ones are `trace`,
/// `stopwatch`, then those of the program that say nothing of them, then `timeout` and `panic_guard`.
///
/// # Options
/// All are optional.
///
/// - `before = audit` or `before = [audit, timeout]`: stands outside of these.
/// - `after = trace` or a list: stands inside of these.
/// - `only = [SendMail, SendInvoice]`: runs around these requests alone. Default: all.
/// - `enqueue`: runs around enqueueing instead, once for each write, as an
///   `async fn name(jobs: Submission, next: NextSubmission) -> boltjobs::Result<Receipt>`; further arguments are
///   `Data<T>`. With `only`, around the writes that have a job of these requests. What a recurring definition makes is
///   written inside of the store, and passes none.
///
/// # Examples
/// ```ignore
/// #[interceptor(before = audit, only = [SendMail])]
/// async fn muted(call: Call, next: Next, muted: Data<Muted>) -> Outcome {
///     match call.request::<SendMail>() {
///         Some(mail) if muted.contains(&mail.to) => Outcome::delete("muted"),
///         _ => next.run(call).await,
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn interceptor(attribute: TokenStream, item: TokenStream) -> TokenStream {
    interceptor::run(attribute.into(), &item.into()).into()
}

/// Makes a fn see each transition of each job, from its creation to its end, once that is durable.
///
/// It takes the `Transition` first, then values of providers as `Data<T>`, and returns nothing or a `Result`. It is
/// called for one transition after the other, in their order, beside everything else: what it returns is logged and
/// forgotten, a panic too, and nothing waits for it. If more than 10,000 wait for it, the next ones are dropped, and
/// the one after them says how many.
///
/// It sees what its own server and others of the same process do, on the embedded store that is all there is. It is no
/// queue: what it has not seen when the process ends, it never sees.
///
/// # Options
/// - `only = [SendMail]`: sees the jobs of these requests alone. Default: all.
///
/// # Examples
/// ```ignore
/// #[observer]
/// async fn alert(event: Transition, pager: Data<Pager>) -> JobResult {
///     if event.to() == JobState::Failed {
///         pager.call(event.title()).await?;
///     }
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn observer(attribute: TokenStream, item: TokenStream) -> TokenStream {
    observer::run(attribute.into(), &item.into()).into()
}

/// Makes a fn run at `start()`, after all providers and before the first job.
///
/// It takes values of providers as `Data<T>`, and returns nothing or a `Result`; an error stops the start.
///
/// # Options
/// - `order = -1`: lower runs first; hooks of one order go by name. Default: 0.
///
/// # Examples
/// ```ignore
/// #[on_start]
/// async fn warm_up(courses: Data<Courses>) -> JobResult {
///     courses.warm_up().await
/// }
/// ```
#[proc_macro_attribute]
pub fn on_start(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hook::run(hook::Point::Start, attribute.into(), &item.into()).into()
}

/// Makes a fn run when the server stops, after its last job.
///
/// It takes values of providers as `Data<T>`, and returns nothing or a `Result`.
///
/// # Options
/// - `order = -1`: lower runs last, so that a hook undoes what one of the same order did at start. Default: 0.
///
/// # Examples
/// ```ignore
/// #[on_stop]
/// async fn say_goodbye(courses: Data<Courses>) {
///     courses.flush().await;
/// }
/// ```
#[proc_macro_attribute]
pub fn on_stop(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hook::run(hook::Point::Stop, attribute.into(), &item.into()).into()
}

/// Makes a fn turn the payloads of an older version of a request into a newer one.
///
/// It takes the shape that version `from` had, any type that is `Deserialize`, and returns the request, or the shape of
/// a later version that another upcast takes: so they chain. It is a plain fn; it may return a `Result` or `JobResult`,
/// and an error or a panic fails the job at once, with its payload kept. It runs before the handler, once for each
/// attempt at a job of that version.
///
/// # Options
/// - `from = 1`: the version whose payloads it takes. Required; below the `version` of the request.
///
/// # Examples
/// ```ignore
/// #[request(version = 2)]
/// struct Invite {
///     student: u64,
///     language: String,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct InviteV1 {
///     student: u64,
/// }
///
/// #[upcast(from = 1)]
/// fn invite_from_v1(old: InviteV1) -> Invite {
///     Invite { student: old.student, language: "en".into() }
/// }
/// ```
#[proc_macro_attribute]
pub fn upcast(attribute: TokenStream, item: TokenStream) -> TokenStream {
    upcast::run(attribute.into(), &item.into()).into()
}

/// Makes a `Cron` of an expression that is checked when the program compiles.
///
/// Five fields mean what Unix cron means, six have seconds first; names of months and days, `L`, `W` and `#`,
/// `@hourly` to `@yearly` and `@every 90s` are known as well.
///
/// # Examples
/// ```ignore
/// Greet { student: 7 }.recurring("greet", cron!("0 9 * * MON-FRI")).await?;
/// ```
#[proc_macro]
pub fn cron(input: TokenStream) -> TokenStream {
    cron::run(input.into()).into()
}

/// Makes an async fn a test with jobs of its own: a store in memory, a clock that stands still until the test lets time
/// pass, and a server with the handlers of the program, which runs what the test lets it run.
///
/// The fn may take a `TestJobs`, and may return a `Result`. Whatever in it enqueues finds its jobs by itself. With the
/// feature `testing`; see the module `boltjobs::testing`.
///
/// # Options
/// - `with = |builder| builder.workers(1)`: what else the server is like. Default: 10 workers, and the defaults of the
///   builder; neither the environment nor the store of the builder counts.
///
/// # Examples
/// ```ignore
/// #[boltjobs::test]
/// async fn a_reminder_goes_out(jobs: TestJobs) {
///     Remind { student: 7 }.enqueue().await.unwrap();
///     let report = jobs.drain().await;
///     assert_eq!(report.succeeded::<Remind>(), 1);
/// }
/// ```
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    test::run(test::Kind::Test, attribute.into(), item.into()).into()
}

/// Makes an async fn a test that is run with many seeds, each of which decides what goes wrong and who comes first.
///
/// A seed decides every interleaving, when the process crashes and stands still, which calls of the store fail, and when
/// the clock is set. One that fails is printed, and `BOLTJOBS_TEST_SEED` runs it again exactly. The fn may take a `Sim`,
/// and is otherwise as for `#[boltjobs::test]`.
///
/// # Options
/// - `runs = 500`: how many seeds. Default: 100. `BOLTJOBS_TEST_RUNS` wins.
/// - `with = |builder| builder.workers(1)`: what else the server is like.
///
/// # Examples
/// ```ignore
/// #[boltjobs::simulate(runs = 500)]
/// async fn no_order_is_charged_twice(sim: Sim) {
///     Charge { order: 7 }.enqueue().await.unwrap();
///     sim.run_until_idle().await;
///     assert_eq!(ledger().charges_for(7), 1);
/// }
/// ```
#[proc_macro_attribute]
pub fn simulate(attribute: TokenStream, item: TokenStream) -> TokenStream {
    test::run(test::Kind::Simulate, attribute.into(), item.into()).into()
}

/// Asserts that a job is there that has not started: one that is ready, waits for its time, or waits for another.
///
/// The request is written as a literal: its fields are compared with any expressions, `_` and `..` leave some out. Each
/// field that is compared must be `Debug`. It returns the ids of the jobs that are meant, oldest first.
///
/// # Options
/// - `in = Duration`, `at = DateTime`: when it is due. One that is ready was due when it was enqueued.
/// - `within = Duration`: by how much that may differ. Default: not at all.
/// - `queue = "mail"`, `priority = 5`, `tag = "school"`: what else is said of it.
/// - `count = 2`: how many there are. Default: one or more.
///
/// # Panics
/// When there is none, with the jobs that are nearest to it, and how each field differs.
///
/// # Examples
/// ```ignore
/// assert_enqueued!(jobs, SendMail { to: "ada@example.org", .. }, queue = "mail");
/// ```
#[proc_macro]
pub fn assert_enqueued(input: TokenStream) -> TokenStream {
    expect::run(expect::Assertion::Enqueued, input.into()).into()
}

/// Asserts that a job is there that waits for its time. Otherwise it is as `assert_enqueued!`.
///
/// # Examples
/// ```ignore
/// assert_scheduled!(jobs, Remind { student: 7 }, in = Duration::from_secs(3600));
/// ```
#[proc_macro]
pub fn assert_scheduled(input: TokenStream) -> TokenStream {
    expect::run(expect::Assertion::Scheduled, input.into()).into()
}

/// Asserts that no job is there that has not ended. Otherwise it is as `assert_enqueued!`, without `count`.
///
/// # Examples
/// ```ignore
/// assert_not_enqueued!(jobs, Remind { student: 8 });
/// ```
#[proc_macro]
pub fn assert_not_enqueued(input: TokenStream) -> TokenStream {
    expect::run(expect::Assertion::NotEnqueued, input.into()).into()
}
