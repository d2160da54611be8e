//! The chain of a handler, and how a call goes through it.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tracing::{Instrument, Span};

use super::info::{Around, AroundHandler};
use super::order::BuiltIn;
use super::outcome::{End, Outcome};
use super::{Call, order};
use crate::context::JobContext;
use crate::error::Failure;
use crate::panic::{blame, catch, catch_of};
use crate::pipeline::run::call_handler;

/// Built-in interceptors, and the one of the program inside of them; the last segment of a chain has none, for there
/// comes the handler.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Segment {
    built_in: [bool; order::BUILT_IN.len()],
    then: Option<(&'static str, AroundHandler)>,
}

impl Segment {
    /// Makes a chain of what stands in its order.
    pub(crate) fn chain(links: impl Iterator<Item = order::Link>) -> Box<[Self]> {
        let (mut chain, mut segment) = (Vec::new(), Self::default());
        for link in links {
            match link {
                order::Link::BuiltIn(it) => segment.built_in[it as usize] = true,
                order::Link::Program(info) => {
                    if let Around::Handler(run) = info.around {
                        segment.then = Some((info.name, run));
                        chain.push(std::mem::take(&mut segment));
                    }
                }
            }
        }
        chain.push(segment);
        chain.into()
    }

    fn has(&self, it: BuiltIn) -> bool {
        self.built_in[it as usize]
    }
}

/// What is inside of an interceptor: the others, and then the handler.
#[derive(Debug)]
#[must_use = "the handler runs when `run` is awaited, and only then"]
pub struct Next {
    at: usize,
}

impl Next {
    /// Runs what is inside, and returns what came of it. Whatever happens there is an outcome: an error, a panic, a
    /// timeout.
    ///
    /// A cancelled job whose grace is over, and a server that can't wait any longer, drop the whole chain; no
    /// interceptor sees an outcome then.
    ///
    /// # Cancel safety
    /// Dropping the future drops the handler, and fires its token. A plain one goes on until it returns.
    pub async fn run(self, call: Call) -> Outcome {
        run_from(call, self.at).await
    }
}

/// Runs a call through the whole chain of its handler.
pub(crate) fn run(call: Call) -> impl Future<Output = Outcome> {
    run_from(call, 0)
}

/// Runs a call through a segment and what is inside of it.
///
/// Whatever holds this future holds the handler's, so all of it is one frame: a future that another one takes as an
/// argument is there twice.
async fn run_from(call: Call, at: usize) -> Outcome {
    let segment = call.handler.chain.get(at).copied().unwrap_or_default();
    let limit = call.timeout.filter(|_| segment.has(BuiltIn::Timeout));
    let (context, timeout) = (call.context.clone(), call.timeout);
    let traced = segment.has(BuiltIn::Trace);
    let span = if traced { span(&call) } else { Span::none() };
    let inside = async {
        match segment.then {
            Some((name, run)) => intercept(name, run, call, Next { at: at + 1 }).await,
            None => call_handler(call).await,
        }
    };
    let (mut inside, mut time) = (pin!(inside.instrument(span)), None);
    if traced {
        inside.span().in_scope(|| tracing::debug!("started"));
    }
    let outcome = poll_fn(|task| {
        let guard = segment.has(BuiltIn::PanicGuard);
        let polled = blame(None, || guarded(guard, || inside.as_mut().poll(task)));
        // A handler that ends at once needs no timer.
        let (Poll::Pending, Some(limit)) = (&polled, limit) else { return polled };
        let time = time.get_or_insert_with(|| context.clock().sleep(limit));
        time.as_mut().poll(task).map(|()| Outcome::timed_out(limit))
    })
    .await;
    if segment.has(BuiltIn::Stopwatch) {
        inside.span().in_scope(|| stop_watch(&context, timeout));
    }
    outcome
}

/// Notes how long an attempt took.
fn stop_watch(context: &JobContext, timeout: Option<Duration>) {
    tracing::debug!(ran = ?context.elapsed(), "ended");
    let Some(limit) = timeout else { return };
    // A warning before it is too late. One that did time out says so itself.
    let ran = context.elapsed();
    if ran < limit && ran >= limit / 5 * 4 {
        tracing::warn!(?ran, ?limit, "took more than four fifths of its timeout");
    }
}

/// Makes the span of an attempt, which names its place in the trace of the code that enqueued.
fn span(call: &Call) -> Span {
    let (request, title) = (call.request_name(), call.title());
    if !call.is_job() {
        return tracing::info_span!("process", request, title);
    }
    let (trace, parent) = call.context.trace();
    tracing::info_span!(
        "job",
        id = %call.context.id(),
        request,
        attempt = call.attempt(),
        title,
        trace_id = format_args!("{:032x}", trace.trace),
        span_id = format_args!("{:016x}", trace.span),
        parent_span_id = parent.map(|parent| tracing::field::display(format!("{:016x}", parent.span))),
    )
}

/// Turns a panic inside into an outcome, if it shall.
fn guarded(guard: bool, poll: impl FnOnce() -> Poll<Outcome>) -> Poll<Outcome> {
    if !guard {
        return poll();
    }
    catch(poll).unwrap_or_else(|panic| Poll::Ready(Outcome::panicked(panic)))
}

/// Runs one interceptor. What goes wrong in its own code is a failure that names it.
async fn intercept(name: &'static str, run: AroundHandler, call: Call, next: Next) -> Outcome {
    let response = call.handler.info.request.ops;
    let mut interceptor = run(call, next);
    let ended = poll_fn(|context| match catch_of(name, || interceptor.as_mut().poll(context)) {
        Ok(polled) => polled,
        Err(panic) => Poll::Ready(Ok(Outcome::panicked(panic))),
    });
    match ended.await {
        Ok(Outcome(End::Deleted { reason, by: None })) => Outcome(End::Deleted { reason, by: Some(name) }),
        Ok(Outcome(End::Success(made))) if (*made).type_id() != (response.response_id)() => {
            Outcome::failure(format!(
                "the interceptor `{}` answered with something else than the response of the request; \
                 return Outcome::success(value) with a `{}`",
                name,
                (response.response_name)()
            ))
        }
        Ok(outcome) => outcome,
        Err(failure) => Outcome(End::Failure(Failure::of_interceptor(name, failure))),
    }
}
