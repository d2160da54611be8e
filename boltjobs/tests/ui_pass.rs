//! What the macros must accept, in every shape, with all lints on and names that get in the way.

#![cfg(feature = "macros")]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, clippy::pedantic)]
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{FromJobContext, Request};

/// A title of its own wins over `display`.
#[request(display = "never seen")]
#[derive(Debug)]
pub struct Notify {
    /// A public field.
    pub topic: String,
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notify about {}", self.topic)
    }
}

/// Every option at once.
#[request(
    name = "school.enroll",
    aliases = ["registrar.enroll"],
    version = 2,
    display = "Enroll {student} in {{{course}}}",
    queue = "registrar",
    priority = -100,
    concurrency_key = "course:{course}",
    response = HashMap<String, Vec<u64>>,
    tags = ["school", "autumn"],
)]
#[derive(Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Enroll {
    /// Who.
    pub student: u64,
    /// Where.
    pub course: String,
    /// Hidden.
    #[request(sensitive)]
    #[serde(default)]
    pub access_token: String,
    #[cfg(any())]
    never: u8,
}

fn slowly(retry: u32) -> Duration {
    Duration::from_secs(1) * retry
}

// Named like the attribute, and its arguments like the variables of generated code.
#[handler(
    retries = 5,
    backoff = slowly,
    timeout = "1m30s",
    on_exhausted = "delete",
    concurrency = 16,
    concurrency_per_key = 4,
    rate_limit = "100/1m",
    rate_limit_per_key = "5/s, burst = 2"
)]
async fn request(
    Enroll { student, course, .. }: Enroll,
    mut invocation: JobContext,
    argument0: Data<String>,
    _: Option<JobContext>,
) -> Result<HashMap<String, Vec<u64>>, std::num::TryFromIntError> {
    invocation = invocation.clone();
    drop((invocation, argument0));
    Ok(HashMap::from([(course, vec![student])]))
}

/// What `Enroll` was in version 1.
#[derive(serde::Deserialize)]
struct EnrollV1 {
    student: u64,
}

// Named like the variables of generated code.
#[upcast(from = 1)]
fn payload(value: EnrollV1) -> Result<Enroll, std::num::TryFromIntError> {
    Ok(Enroll { student: value.student, course: String::new(), access_token: String::new() })
}

/// Read in two steps, from a shape without a name.
#[request(version = 3)]
#[derive(Debug)]
struct Moved {
    room: u64,
}

#[derive(serde::Deserialize)]
struct MovedV2(u64);

#[upcast(from = 1)]
fn moved_from_v1((_, room): (String, u64)) -> MovedV2 {
    MovedV2(room)
}

#[upcast(from = 2)]
fn upcast(MovedV2(room): MovedV2) -> JobResult<Moved> {
    Ok(Moved { room })
}

/// Declared in code, in every way.
#[request(
    recurring(id = "nightly-report", cron = "30 2 * * *"),
    display = "{office}",
    recurring(
        id = "quarterly",
        cron = "0 0 1 */3 *",
        timezone = "Europe/Oslo",
        misfire = "fire_all(10)",
        overlap = "skip",
        dst = "elapsed",
        jitter = "10s",
        starts_at = "2027-01-01T00:00:00Z",
        ends_at = "2037-01-01T00:00:00+01:00",
        queue = "mail",
    )
)]
#[derive(Debug, Default)]
struct Report {
    office: String,
}

#[request]
struct Unit;

#[handler(backoff = "exponential(2s, max = 10m)")]
fn returned(_: Unit) {}

#[request(display = "{0}")]
struct Tuple(u8, #[request(sensitive)] String);

impl fmt::Debug for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("by hand")
    }
}

#[handler]
fn invocation(Tuple(number, _): Tuple, context: Data<u8>) -> JobResult {
    assert_eq!((number, *context), (3, 5));
    Ok(())
}

#[request(response = u8)]
#[derive(serde::Serialize, Debug)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Event {
    Nothing,
    LogIn {
        user: u8,
        #[request(sensitive)]
        r#type: u8,
    },
}

#[handler]
async fn context(event: Event) -> JobResult<u8> {
    match event {
        Event::Nothing => Err("nothing happened".into()),
        Event::LogIn { user, r#type } => Ok(user + r#type),
    }
}

#[request(display = "{type}", response = u8)]
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct r#Raw {
    r#type: u8,
}

/// An argument of the user's own.
struct Id(String);

impl FromJobContext for Id {
    async fn from_job_context(context: &JobContext) -> JobResult<Self> {
        Ok(Self(context.request_name().to_owned()))
    }
}

#[handler]
async fn r#type(raw: r#Raw, Id(name): Id) -> JobResult<u8> {
    assert!(name.ends_with("Raw"), "{name}");
    Ok(raw.r#type)
}

#[request(serde = false)]
#[derive(Debug)]
struct ByHand;

impl serde::Serialize for ByHand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> serde::Deserialize<'de> for ByHand {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <()>::deserialize(deserializer).map(|()| Self)
    }
}

#[provider]
async fn text() -> JobResult<String> {
    Ok("12345".to_owned())
}

#[provider]
fn value(providers: Data<String>) -> Result<u8, std::num::TryFromIntError> {
    u8::try_from(providers.len())
}

#[on_start(order = -1)]
async fn warm_up(needs: Data<u8>) -> JobResult {
    assert_eq!(*needs, 5);
    Ok(())
}

#[on_stop]
fn cool_down() {}

#[interceptor(before = trace, after = [])]
async fn call(providers: Call, jobs: Next, argument0: Data<u8>, Id(next): Id) -> Outcome {
    assert!(*argument0 == 5 && !next.is_empty());
    jobs.run(providers).await
}

#[interceptor(before = [call, r#timeout], only = [Unit, r#Raw, inner::Inner])]
async fn providers(call: Call, next: boltjobs::Next) -> boltjobs::Outcome {
    next.run(call).await
}

#[interceptor(enqueue, only = [inner::Inner])]
async fn returns(_: Submission, _: NextSubmission, providers: Data<u8>) -> Result<Receipt, boltjobs::Error> {
    Err(boltjobs::Error::refused(providers.to_string()))
}

#[observer]
async fn event(mut providers: Transition, event: Data<u8>) {
    providers = providers.clone();
    drop((providers, event));
}

#[observer(only = [Unit])]
async fn argument0(_: Transition) -> Result<(), std::num::TryFromIntError> {
    Ok(())
}

mod inner {
    #[boltjobs::request]
    #[derive(Debug)]
    pub(super) struct Inner {
        #[boltjobs::request(sensitive)]
        pub(super) secret: u8,
    }
}

fn enroll() -> Enroll {
    Enroll { student: 7, course: "Rust".into(), access_token: "s3cret".into() }
}

#[test]
fn the_title_is_the_display_or_the_template_or_nothing() {
    assert_eq!(Notify { topic: "exams".into() }.title().as_deref(), Some("Notify about exams"));
    assert_eq!(enroll().title().as_deref(), Some("Enroll 7 in {Rust}"));
    assert_eq!(Tuple(3, String::new()).title().as_deref(), Some("3"));
    assert_eq!(Raw { r#type: 9 }.title().as_deref(), Some("9"));
    assert_eq!(Unit.title(), None);
    assert_eq!(enroll().concurrency_key().as_deref(), Some("course:Rust"));
}

#[test]
fn what_was_said_is_known() {
    let info = Enroll::INFO;
    assert_eq!(info.name(), "school.enroll");
    assert_eq!((info.aliases, info.version), (&["registrar.enroll"][..], 2));
    assert_eq!((info.queue, info.priority, info.tags), ("registrar", -100, &["school", "autumn"][..]));
    assert_eq!((Unit::INFO.queue, Unit::INFO.priority, Unit::INFO.version), ("default", 0, 1));
    assert_eq!(Raw::INFO.name(), "ui_pass::Raw");
}

#[test]
fn a_sensitive_field_is_masked_and_known_by_its_name_in_json() {
    assert_eq!(format!("{:?}", enroll()), r#"Enroll { student: 7, course: "Rust", access_token: *** }"#);
    assert_eq!(format!("{:?}", Event::LogIn { user: 1, r#type: 2 }), "LogIn { user: 1, type: *** }");
    assert_eq!(format!("{:?} {:?}", Event::Nothing, Tuple(3, String::new())), "Nothing by hand");
    assert_eq!(format!("{:?}", inner::Inner { secret: 1 }), "Inner { secret: *** }");

    assert_eq!(Enroll::INFO.sensitive, ["accessToken"]);
    assert_eq!(Event::INFO.sensitive, ["type"]);
    assert_eq!(Tuple::INFO.sensitive, ["1"]);
    let json = serde_json::to_value(enroll()).unwrap();
    assert_eq!(json["accessToken"], "s3cret");
    let json = serde_json::to_value(Event::LogIn { user: 1, r#type: 2 }).unwrap();
    assert_eq!(json["type"], 2);
}

#[test]
fn a_handler_is_still_a_fn_and_its_name_is_free() {
    invocation(Tuple(3, String::new()), Data::new(5)).unwrap();
    let returned = Unit;
    crate::returned(returned);
}

#[tokio::test]
async fn every_handler_is_found_and_called() -> boltjobs::Result<()> {
    let server = boltjobs::builder().store("memory").start().await?;
    assert_eq!(enroll().process().await?["Rust"], [7]);
    Unit.process().await?;
    Tuple(3, String::new()).process().await?;
    assert_eq!(Event::LogIn { user: 1, r#type: 2 }.process().await?, 3);
    assert!(Event::Nothing.process().await.unwrap_err().to_string().contains("nothing happened"));
    assert_eq!(Raw { r#type: 9 }.process().await?, 9);

    Unit.enqueue().await?;
    Unit.schedule_in(Duration::from_hours(1)).await?;
    Unit::enqueue_all([Unit, Unit]).await?;
    Unit.recurring("checked", cron!("0 9 * * MON-FRI")).await?;
    Unit.recurring("unchecked", "0 0 1 */3 *").await?;
    server.shutdown().await
}

#[test]
fn a_request_and_its_handler_may_stand_in_a_fn() {
    #[request]
    #[derive(Debug)]
    struct Local;

    #[handler]
    fn local(_: Local) {}

    assert_eq!(Local::INFO.name(), "ui_pass::Local");
}

#[test]
fn what_is_declared_to_recur_is_known_with_its_default_request() {
    let [nightly, quarterly] = Report::INFO.recurring else { panic!("two") };
    assert_eq!((nightly.id, nightly.cron, nightly.timezone), ("nightly-report", "30 2 * * *", "UTC"));
    assert_eq!(
        (nightly.misfire, nightly.overlap, nightly.dst),
        (Misfire::FireOnce, "allow", Dst::OncePerDay)
    );
    assert_eq!((nightly.jitter, nightly.starts_at, nightly.queue), (None, None, None));
    assert_eq!(
        (quarterly.id, quarterly.timezone, quarterly.queue),
        ("quarterly", "Europe/Oslo", Some("mail"))
    );
    assert_eq!(quarterly.misfire, Misfire::FireAll { at_most: 10 });
    assert_eq!((quarterly.overlap, quarterly.dst), ("skip", Dst::Elapsed));
    assert_eq!(quarterly.jitter, Some(Duration::from_secs(10)));
    assert_eq!(quarterly.starts_at.unwrap().to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(quarterly.ends_at.unwrap().to_string(), "2036-12-31T23:00:00Z");
    let parts = (quarterly.parts)().unwrap();
    assert_eq!(*parts.payload, *br#"{"office":""}"#);
    assert_eq!((parts.title.as_deref(), parts.concurrency_key), (Some(""), None));
    assert!(Enroll::INFO.keyed && !Report::INFO.keyed && Enroll::INFO.recurring.is_empty());
}
