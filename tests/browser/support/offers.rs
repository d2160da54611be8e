//! What the servers of the company say of themselves.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::Store;
use boltjobs_core::clock::Clock as _;
use boltjobs_core::demo;
use boltjobs_core::rate::Rate;
use boltjobs_core::shape::{Field, Kind, Shape};
use boltjobs_core::store::{Defaults, Handled, Limits, Offer, QueueOrder, Vitals};
use boltjobs_tests::ManualClock;

/// A field of a request: its name and its type.
type Typed = (&'static str, &'static str);

/// Its requests, each with its type in code and the fields of that.
const REQUESTS: [(&str, &str, &[Typed]); 5] = [
    ("mail.send", "SendMail", &[("to", "String"), ("template", "Option<String>")]),
    ("payments.charge", "Charge", &[("customer", "String"), ("cents", "u64"), ("card", "String")]),
    ("reports.monthly", "MonthlyReport", &[("customer", "String")]),
    ("customers.import", "ImportCustomers", &[("file", "String"), ("rows", "u64")]),
    ("rates.fetch", "FetchRates", &[("base", "String")]),
];

/// For how long a server is taken to be there.
pub(crate) const LEASE: Duration = Duration::from_mins(120);

/// Makes what a server of four workers offers.
pub(crate) fn offer(server: &str, queues: QueueOrder) -> Offer {
    Offer {
        server: server.into(),
        workers: 4,
        queues,
        queue_limits: [(Arc::from("payments"), 2)].into(),
        handles: REQUESTS
            .map(|(request, ident, fields)| (Arc::from(request), handled(request, ident, fields)))
            .into(),
        held: Vec::new(),
        lease: LEASE,
        vitals: Vitals {
            version: Some("2.1.0".into()),
            resident: Some(96 << 20),
            lag: Some(Duration::from_micros(300)),
            stoppable: true,
            ..Vitals::default()
        },
    }
}

/// Lets a first server come, which would run a demo.
pub(crate) async fn arrive(store: &dyn Store, clock: &ManualClock) {
    let mut first = offer("worker-1:2114:5f0c2e", QueueOrder::All);
    first.handles.insert(demo::REQUEST.into(), 1.into());
    let now = clock.now();
    store.announce(Arc::new(first), now, now.plus(LEASE)).await.expect("it is stored");
    clock.advance(Duration::from_secs(4));
}

fn handled(request: &str, ident: &str, fields: &[Typed]) -> Handled {
    let field = |(name, ty): &Typed| Field {
        name: (*name).to_owned(),
        key: Some((*name).to_owned()),
        ty: (*ty).to_owned(),
        default: None,
    };
    let fields = fields.iter().map(field).collect();
    let defaults =
        Arc::new(Defaults { request: request.into(), queue: "default".into(), ..Defaults::default() });
    let shape = Shape { ident: ident.to_owned(), kind: Kind::Named, fields, default: false };
    // The bank takes no more.
    let rate = Rate::parse("100/1m").ok();
    let limits =
        (request == "payments.charge").then(|| Limits { rate, concurrency: Some(2), ..Limits::of(request) });
    let limits = limits.map(Arc::new);
    Handled { version: 1, limits, shape: Some(Arc::new(shape)), defaults: Some(defaults) }
}
