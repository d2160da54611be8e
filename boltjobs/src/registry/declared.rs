//! Checks what attributes declare besides requests and handlers themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use boltjobs_core::demo;

use super::Handler;
use crate::request::RequestInfo;

/// Checks that an id of a recurring definition is declared once, and that a limit by key finds a key.
pub(super) fn check<'a>(
    requests: impl Iterator<Item = &'static RequestInfo>,
    handlers: impl Iterator<Item = &'a Arc<Handler>>,
    faults: &mut Vec<String>,
) {
    let mut ids: BTreeMap<&str, &RequestInfo> = BTreeMap::new();
    for request in requests {
        let names = std::iter::once(request.name()).chain(request.aliases.iter().map(ToString::to_string));
        faults.extend(names.filter(|name| demo::is(name)).map(|name| {
            let source = request.source;
            format!("{source}: `{name}` is the demo of the dashboard; give the request another name")
        }));
        for declared in request.recurring {
            if let Some(other) = ids.insert(declared.id, request) {
                faults.push(format!(
                    "the recurring definition `{}` is declared twice: on request `{}` at {} and on `{}` at {}; \
                     give one of them another id",
                    declared.id,
                    other.name(),
                    other.source,
                    request.name(),
                    request.source
                ));
            }
        }
    }
    let mut by_key: Vec<_> =
        handlers.map(|handler| handler.info).filter(|info| !info.request.keyed).collect();
    by_key.sort_by_key(|info| info.source);
    for info in by_key {
        let limits = [
            ("concurrency_per_key", info.concurrency_per_key.is_some()),
            ("rate_limit_per_key", info.rate_limit_per_key.is_some()),
        ];
        for (limit, _) in limits.into_iter().filter(|(_, given)| *given) {
            faults.push(format!(
                "handler `{}` at {} has a `{limit}`, but its request `{}` has no key; \
                 add #[request(concurrency_key = \"..\")], or limit all of its jobs without `_per_key`",
                info.name,
                info.source,
                info.request.name()
            ));
        }
    }
}

#[cfg(all(test, feature = "dashboard"))]
mod tests {
    use super::*;
    use crate::interceptor::Interceptors;

    #[test]
    fn no_request_of_a_program_is_called_as_the_demo_is() {
        let (demo, mut faults) = (crate::demo::known(&Interceptors::default()), Vec::new());
        check(std::iter::once(demo.info), std::iter::empty(), &mut faults);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("`boltjobs.demo` is the demo of the dashboard; give"), "{faults:?}");
    }
}
