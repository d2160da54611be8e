//! The demo that a server runs besides the requests of its program, once it shows a dashboard.
//!
//! It is registered apart from what attributes register, so that nothing that lists what the program has lists it. The
//! interceptors of the program do not stand around it.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::demo::REQUEST;
use boltjobs_core::shape::Kind;
use boltjobs_core::store::{Handled, Offer};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::context::JobContext;
use crate::error::JobResult;
use crate::handler::{HandlerInfo, Invocation, OnExhausted, Run, respond};
use crate::interceptor::Interceptors;
use crate::pipeline::claim::Worker;
use crate::registry::{Handler, KnownRequest, Source};
use crate::request::{Request, RequestInfo, RequestOps};
use crate::shape::{FieldInfo, ShapeInfo};
use crate::upcast::Upcasts;

/// How many parts it has, and how long each takes.
const PARTS: u32 = 4;
const PART: Duration = Duration::from_millis(500);

/// What is done, in words for people.
#[derive(Debug, Serialize, Deserialize)]
struct Demo {
    greeting: String,
    fails: bool,
}

const SOURCE: Source = Source { module: module_path!(), file: file!(), line: line!() };

impl Request for Demo {
    type Response = String;

    const INFO: RequestInfo = RequestInfo {
        name: Some(REQUEST),
        ident: "Demo",
        aliases: &[],
        version: 1,
        queue: boltjobs_core::job::DEFAULT_QUEUE,
        priority: 0,
        tags: &[],
        sensitive: &[],
        keyed: false,
        shape: ShapeInfo {
            ident: "Demo",
            kind: Kind::Named,
            fields: &[
                FieldInfo { name: "greeting", key: Some("greeting"), ty: "String", default: None },
                FieldInfo { name: "fails", key: Some("fails"), ty: "bool", default: None },
            ],
            default: false,
        },
        recurring: &[],
        source: SOURCE,
        ops: RequestOps::of::<Self>(),
    };
}

static HANDLER: HandlerInfo = HandlerInfo {
    name: "demo",
    source: SOURCE,
    request: &Demo::INFO,
    run: Run::Async(|invocation: Invocation| {
        Box::pin(async move {
            let (request, context) = invocation.into_parts::<Demo>()?;
            respond::<Demo, _>(demo(request, context).await)
        })
    }),
    dependencies: |_| {},
    retries: Some(0),
    backoff: None,
    timeout: None,
    on_exhausted: OnExhausted::Fail,
    concurrency: None,
    concurrency_per_key: None,
    rate_limit: None,
    rate_limit_per_key: None,
};

#[derive(Debug, Error)]
#[error("the demo was asked to fail, so that there is a failure to look at; delete it when you have seen it")]
struct DemoFailed;

/// Takes two seconds, and touches nothing but its own job.
async fn demo(request: Demo, ctx: JobContext) -> JobResult<String> {
    tracing::info!("{}", request.greeting);
    let bar = ctx.progress_bar("parts", PARTS.into());
    for part in 1..=PARTS {
        ctx.clock().sleep(PART).await;
        if request.fails && part == PARTS {
            tracing::warn!("part {part} of {PARTS} fails, as it was asked to");
            return Err(DemoFailed.into());
        }
        bar.inc(1);
        tracing::info!("part {part} of {PARTS} is done");
    }
    Ok(format!("{PARTS} parts are done"))
}

/// Returns the demo as servers know it, with the interceptors of boltjobs around it and no others.
pub(crate) fn known(interceptors: &Interceptors) -> Arc<KnownRequest> {
    let handler = Handler::new(&HANDLER, Arc::new(|_, _| Duration::ZERO), interceptors.built_in());
    Arc::new(KnownRequest {
        name: REQUEST.into(),
        info: &Demo::INFO,
        handler: Some(Arc::new(handler)),
        shape: Demo::INFO.shape.shape().into(),
        upcasts: Upcasts::default(),
    })
}

impl Worker {
    /// Offers to run the demo, too. A server that works for no handler of its program does not begin to.
    pub(crate) fn offer_demo(&self) {
        if self.works() {
            self.with_demo.get_or_init(|| Arc::new(with_demo(Offer::clone(&self.offer))));
            self.told.notify_one();
            // A demo may wait since an earlier run.
            self.outlived.returned.notify_one();
        }
    }
}

fn with_demo(mut offer: Offer) -> Offer {
    let shape = Some(Demo::INFO.shape.shape().into());
    offer.handles.insert(REQUEST.into(), Handled { shape, ..Demo::INFO.version.into() });
    offer
}
