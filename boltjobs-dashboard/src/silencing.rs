//! Silencing a check of the health, and ignoring failures that are alike, whoever asks for it.

use axum::extract::Path;
use axum::response::Response;
use boltjobs_core::access::Role;
use boltjobs_core::silence::{self, Silence, SilenceError, Subject, Until};
use boltjobs_core::store::StoreError;
use boltjobs_core::text::shown;

use crate::Source;
use crate::actions::{Fields, Sent, answer, back};
use crate::audit::{told, told_with};
use crate::doing::{allowed, needs, unknown};
use crate::failure::read_fingerprint;
use crate::health::{checks, has};
use crate::overview::Overview;
use crate::refused::Refused;
use crate::routes::Asked;

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    /// `silence` or `unsilence`.
    pub(crate) action: &'a str,
    /// When it is over, as it is typed.
    pub(crate) until: &'a str,
    pub(crate) reason: &'a str,
}

/// Reads the name of a check.
pub(crate) fn of_check(name: &str) -> Result<Subject, Refused> {
    let missing = || Refused::NotFound(format!("There is no check `{}`; /health lists them.", shown(name)));
    has(name).then(|| Subject::Check(name.to_owned())).ok_or_else(missing)
}

/// Reads the fingerprint of failures.
pub(crate) fn of_failure(fingerprint: &str) -> Result<Subject, Refused> {
    read_fingerprint(fingerprint).map(Subject::Group)
}

/// Silences something, or ends its silence; `false` when there was none.
pub(crate) async fn act(asked: &Asked, subject: Subject, order: &Order<'_>) -> Result<bool, Refused> {
    needs(asked, Role::Operate)?;
    let (store, now, what) = (asked.store(), asked.now(), subject.to_string());
    allowed(asked, order.action, &what)?;
    let done = match order.action {
        "silence" => {
            let until = silence::until(store, &subject, order.until, now).await.map_err(refused)?;
            let (reason, actor) = (order.reason.trim().to_owned(), asked.actor().to_owned());
            let silence = Silence { subject, until, reason, actor, at: now };
            let until = silence.until.clone();
            silence::keep(store, &silence, now).await.map_err(refused)?;
            told_with(asked, order.action, &what, &format!("{until}: {}", silence.reason), true).await;
            return Ok(true);
        }
        "unsilence" => silence::end(store, &[subject], now).await?,
        other => return Err(unknown(other)),
    };
    told(asked, order.action, &what, done).await;
    Ok(done)
}

fn refused(error: SilenceError) -> Refused {
    match error {
        SilenceError::Store(error) => Refused::Unavailable(error),
        error @ (SilenceError::Reason | SilenceError::Until(..)) => Refused::Illegal(format!("{error}.")),
    }
}

/// Acts on a check, and leads back to where it was shown.
pub(crate) async fn check(asked: Asked, Path(name): Path<String>, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let page = if form.field("from") == "overview" { "/" } else { "/health" };
        sent(&asked, of_check(&name)?, &form, &asked.base().path(page)).await
    };
    answer(&asked, done.await)
}

/// Acts on failures that are alike.
pub(crate) async fn failure(asked: Asked, Path(fingerprint): Path<String>, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        sent(&asked, of_failure(&fingerprint)?, &form, &asked.base().path("/failures")).await
    };
    answer(&asked, done.await)
}

async fn sent(asked: &Asked, subject: Subject, form: &Sent, page: &str) -> Result<Response, Refused> {
    let fixed = format!("fixed:{}", form.field("version"));
    let until = match form.field("until") {
        "date" => form.field("date"),
        "fixed" => &fixed,
        other => other,
    };
    let order = Order { action: form.field("action"), until, reason: form.field("reason") };
    let done = act(asked, subject, &order).await?;
    Ok(back(page, if done { order.action } else { "nothing" }))
}

/// Leaves out the silences that hold until all is well again, of checks that find nothing, and returns what they were of. Whoever
/// looks changes nothing: they are ended before the next thing that somebody does.
pub(crate) fn leave_out_where_well(overview: &mut Overview) -> Vec<Subject> {
    if overview.servers.is_empty() {
        // Many checks look at nothing then, and so find nothing.
        return Vec::new();
    }
    let well = checks(overview).into_iter().filter(|check| check.found.is_none());
    let over = well.filter_map(|check| check.silence.filter(|silence| silence.until == Until::Well));
    let over: Vec<_> = over.map(|silence| silence.subject).collect();
    overview.silences.retain(|silence| !over.contains(&silence.subject));
    over
}

/// Ends them.
pub(crate) async fn end_where_well(source: &Source) {
    let done = async {
        let now = source.now();
        let all = silence::all(&*source.store, now).await?;
        if all.iter().all(|silence| silence.until != Until::Well) {
            return Ok(());
        }
        let over = leave_out_where_well(&mut Overview::load(source, now).await?);
        if !over.is_empty() {
            silence::end(&*source.store, &over, now).await?;
        }
        Ok::<_, StoreError>(())
    };
    if let Err(error) = done.await {
        tracing::warn!(%error, "a silence that is over could not be removed; it is tried again with the next action");
    }
}
