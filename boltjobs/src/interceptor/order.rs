//! In which order interceptors stand: as their `before` and `after` say, else by name.

use std::any::TypeId;
use std::collections::BTreeMap;

use super::chain::Segment;
use super::info::{Around, AroundEnqueue, InterceptorInfo};
use crate::provider::Dependencies;

/// A built-in interceptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    /// Makes the span, and says that a handler started.
    Trace,
    /// Says how long it took, and warns when that was close to the timeout.
    Stopwatch,
    /// Ends what takes too long.
    Timeout,
    /// Makes a panic a failure.
    PanicGuard,
}

/// The built-in interceptors, outermost first.
pub(super) const BUILT_IN: [(&str, BuiltIn); 4] = [
    ("trace", BuiltIn::Trace),
    ("stopwatch", BuiltIn::Stopwatch),
    ("timeout", BuiltIn::Timeout),
    ("panic_guard", BuiltIn::PanicGuard),
];

/// How many of them stand outside of an interceptor that says nothing.
const OUTER: usize = 2;

/// One in a chain.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Link {
    BuiltIn(BuiltIn),
    Program(&'static InterceptorInfo),
}

/// All interceptors, each kind in its order.
#[derive(Debug, Default)]
pub(crate) struct Interceptors {
    handler: Vec<Link>,
    enqueue: Vec<EnqueueLink>,
}

/// One around enqueueing.
#[derive(Debug)]
pub(crate) struct EnqueueLink {
    pub(super) name: &'static str,
    pub(super) run: AroundEnqueue,
    pub(super) dependencies: fn(&mut Dependencies),
    /// The names of the requests that it concerns; all of them when there are none.
    pub(super) only: Vec<String>,
}

impl Interceptors {
    /// Puts them in order, without those that are not wanted.
    pub(crate) fn of(
        infos: &[&'static InterceptorInfo],
        without: &[String],
        faults: &mut Vec<String>,
    ) -> Self {
        let before = faults.len();
        check_names(infos, without, faults);
        let (enqueue, handler) =
            infos.iter().partition::<Vec<_>, _>(|info| matches!(info.around, Around::Enqueue(_)));
        let handler = sorted(&handler, &BUILT_IN, faults);
        let enqueue = sorted(&enqueue, &[], faults);
        if faults.len() > before {
            return Self::default();
        }
        let wanted = |node: &Node| !without.iter().any(|name| name == node.name);
        Self {
            handler: handler.into_iter().filter(wanted).map(|node| node.link).collect(),
            enqueue: enqueue
                .into_iter()
                .filter(wanted)
                .filter_map(|node| around_enqueue(node.link))
                .collect(),
        }
    }

    /// Makes the chain of the handler of a request.
    pub(crate) fn chain(&self, request: TypeId) -> Box<[Segment]> {
        let concerns = |link: &Link| match link {
            Link::BuiltIn(_) => true,
            Link::Program(info) => {
                info.only.is_empty() || info.only.iter().any(|only| (only.ops.type_id)() == request)
            }
        };
        Segment::chain(self.handler.iter().copied().filter(concerns))
    }

    /// Makes the chain of what is no handler of the program.
    #[cfg(feature = "dashboard")]
    pub(crate) fn built_in(&self) -> Box<[Segment]> {
        Segment::chain(self.handler.iter().copied().filter(|link| matches!(link, Link::BuiltIn(_))))
    }

    /// Returns those around enqueueing, outermost first.
    pub(crate) fn around_enqueue(&self) -> &[EnqueueLink] {
        &self.enqueue
    }
}

fn around_enqueue(link: Link) -> Option<EnqueueLink> {
    let Link::Program(info) = link else { return None };
    let Around::Enqueue(run) = info.around else { return None };
    let only = info.only.iter().map(|request| request.name()).collect();
    Some(EnqueueLink { name: info.name, run, dependencies: info.dependencies, only })
}

/// Checks that each name means one interceptor, and that those that are not wanted exist.
fn check_names(infos: &[&'static InterceptorInfo], without: &[String], faults: &mut Vec<String>) {
    let mut known: BTreeMap<&str, String> =
        BUILT_IN.iter().map(|(name, _)| (*name, "built in".to_owned())).collect();
    for info in infos {
        if let Some(other) = known.insert(info.name, info.source.to_string()) {
            faults.push(format!(
                "two interceptors are named `{}`: {other} and {}; give one of the fns another name",
                info.name, info.source
            ));
        }
    }
    let names: Vec<_> = known.into_keys().collect();
    let unknown = without.iter().filter(|name| !names.contains(&name.as_str()));
    faults.extend(unknown.map(|name| format!("`without_interceptor`: {}", no_such(name, &names))));
}

fn no_such(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|known| (strsim::damerau_levenshtein(name, known), known));
    let near = near.filter(|(distance, known)| *distance <= 1 + known.len() / 5).min();
    match near {
        Some((_, near)) => format!("there is no interceptor `{name}`; did you mean `{near}`?"),
        None => format!(
            "there is no interceptor `{name}`; those that there are: {}; \
             one of another crate is found once that is linked, by `use that_crate as _;`",
            if known.is_empty() { "none".to_owned() } else { format!("`{}`", known.join("`, `")) }
        ),
    }
}

struct Node {
    name: &'static str,
    link: Link,
    /// What decides where no constraint does, before the name: of a built-in one, an odd number; of the others, the
    /// even one between those where it stands unless it is told to stand further inside.
    rank: usize,
    /// The places of those that stand further inside.
    inside: Vec<usize>,
}

impl Node {
    fn shown(&self) -> String {
        match self.link {
            Link::Program(info) => format!("`{}` at {}", self.name, info.source),
            Link::BuiltIn(_) => format!("`{}`, which is built in,", self.name),
        }
    }
}

/// Sorts interceptors of one kind, outermost first.
fn sorted(
    infos: &[&'static InterceptorInfo],
    built_in: &[(&'static str, BuiltIn)],
    faults: &mut Vec<String>,
) -> Vec<Node> {
    let node = |name, link, rank| Node { name, link, rank, inside: Vec::new() };
    let own = built_in.iter().enumerate();
    let mut nodes: Vec<_> = own.map(|(at, (name, it))| node(*name, Link::BuiltIn(*it), 2 * at + 1)).collect();
    for at in 1..nodes.len() {
        nodes[at - 1].inside.push(at);
    }
    nodes.extend(infos.iter().map(|info| node(info.name, Link::Program(info), 0)));
    let names: Vec<_> = nodes.iter().map(|node| node.name).collect();
    for (at, info) in (built_in.len()..).zip(infos) {
        for (word, list) in [("before", info.before), ("after", info.after)] {
            for name in list {
                match (names.iter().position(|known| known == name), word) {
                    (Some(other), "before") => nodes[at].inside.push(other),
                    (Some(other), _) => nodes[other].inside.push(at),
                    (None, _) => faults.push(format!(
                        "`{word}` of the interceptor `{}` at {}: {}",
                        info.name,
                        info.source,
                        no_such(name, &names)
                    )),
                }
            }
        }
    }
    for at in built_in.len()..nodes.len() {
        let outside_of = (0..built_in.len()).find(|other| reaches(&nodes, at, *other));
        // What stands further inside than that waits for its turn all the same.
        nodes[at].rank = 2 * OUTER.min(outside_of.unwrap_or(built_in.len()));
    }
    take_in_order(nodes, faults)
}

/// Says whether one stands outside of another.
fn reaches(nodes: &[Node], from: usize, to: usize) -> bool {
    let (mut seen, mut next) = (vec![false; nodes.len()], vec![from]);
    while let Some(at) = next.pop() {
        for inside in &nodes[at].inside {
            if *inside == to {
                return true;
            }
            if !std::mem::replace(&mut seen[*inside], true) {
                next.push(*inside);
            }
        }
    }
    false
}

/// Takes those first that nothing else is to be outside of; of several by rank, then by name.
fn take_in_order(nodes: Vec<Node>, faults: &mut Vec<String>) -> Vec<Node> {
    let mut left: Vec<_> = (0..nodes.len()).collect();
    left.sort_by_key(|at| (nodes[*at].rank, nodes[*at].name));
    let mut order = Vec::new();
    while !left.is_empty() {
        let outer = |at: usize| left.iter().find(|other| nodes[**other].inside.contains(&at)).copied();
        let Some(first) = left.iter().position(|at| outer(*at).is_none()) else {
            faults.push(cycle(&nodes, left[0], outer));
            return Vec::new();
        };
        order.push(left.remove(first));
    }
    let mut nodes: Vec<_> = nodes.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| nodes[at].take()).collect()
}

/// Names a cycle, which the way outwards from any node that is left comes to.
fn cycle(nodes: &[Node], from: usize, outer: impl Fn(usize) -> Option<usize>) -> String {
    let mut path = vec![from];
    while let Some(next) = path.last().and_then(|at| outer(*at)) {
        if let Some(start) = path.iter().position(|at| *at == next) {
            path.drain(..start);
            break;
        }
        path.push(next);
    }
    let shown: Vec<_> = path.iter().rev().map(|at| nodes[*at].shown()).collect();
    format!(
        "interceptors stand before each other in a cycle: {} before `{}` again; take one `before` or `after` away",
        shown.join(" before "),
        path.last().map_or("", |at| nodes[*at].name)
    )
}

#[cfg(test)]
mod tests;
