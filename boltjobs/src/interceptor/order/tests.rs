use super::*;
use crate::registry::Source;

/// Makes an interceptor that stands as it says; `enqueue` ones have names that begin so.
fn info(name: &'static str, before: &[&'static str], after: &[&'static str]) -> &'static InterceptorInfo {
    let around = if name.starts_with("enqueue") {
        Around::Enqueue(|jobs, next, _| Box::pin(async { Ok(next.run(jobs).await) }))
    } else {
        Around::Handler(|call, next| Box::pin(async { Ok(next.run(call).await) }))
    };
    Box::leak(Box::new(InterceptorInfo {
        name,
        source: Source { module: "school", file: "school.rs", line: 7 },
        before: before.to_vec().leak(),
        after: after.to_vec().leak(),
        only: &[],
        dependencies: |_| {},
        around,
    }))
}

fn names(links: &[Link]) -> String {
    let name = |link: &Link| match link {
        Link::BuiltIn(it) => BUILT_IN[*it as usize].0,
        Link::Program(info) => info.name,
    };
    links.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn order(infos: &[&'static InterceptorInfo], without: &[&str]) -> String {
    let mut faults = Vec::new();
    let without: Vec<_> = without.iter().map(|name| (*name).to_owned()).collect();
    let order = names(&Interceptors::of(infos, &without, &mut faults).handler);
    assert_eq!(faults, [""; 0]);
    order
}

fn faults(infos: &[&'static InterceptorInfo]) -> Vec<String> {
    let mut faults = Vec::new();
    Interceptors::of(infos, &[], &mut faults);
    faults
}

#[test]
fn without_constraints_the_name_decides_between_the_stopwatch_and_the_timeout() {
    assert_eq!(order(&[], &[]), "trace stopwatch timeout panic_guard");
    let both = [info("b", &[], &[]), info("a", &[], &[])];
    assert_eq!(order(&both, &[]), "trace stopwatch a b timeout panic_guard");
}

#[test]
fn constraints_come_first_forwards_and_backwards() {
    // Each is placed right although the name, or the place in the source, says otherwise.
    let backwards = [info("a", &[], &["b"]), info("b", &[], &[]), info("c", &["b"], &[])];
    assert_eq!(order(&backwards, &[]), "trace stopwatch c b a timeout panic_guard");
    let forwards = [info("c", &["a", "b"], &[]), info("b", &[], &[]), info("a", &[], &["b"])];
    assert_eq!(order(&forwards, &[]), "trace stopwatch c b a timeout panic_guard");
}

#[test]
fn they_stand_anywhere_among_the_built_in_ones() {
    let all = [
        info("outermost", &["trace"], &[]),
        info("traced", &["stopwatch"], &[]),
        info("user", &[], &[]),
        info("timed", &[], &["timeout"]),
        info("innermost", &[], &["panic_guard"]),
    ];
    assert_eq!(order(&all, &[]), "outermost trace traced stopwatch user timeout timed panic_guard innermost");
}

#[test]
fn a_neighbour_takes_others_along() {
    // `z` says nothing of the built-in ones, but stands outside of one that does; so does `a`, inside.
    let all = [
        info("m", &["trace"], &[]),
        info("z", &["m"], &[]),
        info("n", &[], &["panic_guard"]),
        info("a", &[], &["n"]),
        info("b", &[], &[]),
    ];
    assert_eq!(order(&all, &[]), "z m trace stopwatch b timeout panic_guard n a");
}

#[test]
fn the_order_is_the_same_however_the_linker_puts_them() {
    let mut all = [
        info("a", &[], &["d"]),
        info("b", &["trace"], &[]),
        info("c", &[], &[]),
        info("d", &[], &["timeout"]),
        info("e", &["c"], &[]),
    ];
    let first = order(&all, &[]);
    for _ in 0..all.len() {
        all.rotate_left(1);
        assert_eq!(order(&all, &[]), first);
        all.swap(0, 2);
        assert_eq!(order(&all, &[]), first);
    }
}

#[test]
fn one_that_is_left_out_still_holds_the_others_in_their_order() {
    let all = [info("a", &[], &["b"]), info("b", &[], &["c"]), info("c", &[], &[])];
    assert_eq!(order(&all, &["b", "trace"]), "stopwatch c a timeout panic_guard");
}

#[test]
fn each_kind_has_its_own_order() {
    let all = [info("enqueue_b", &[], &["enqueue_c"]), info("enqueue_c", &[], &[]), info("a", &[], &[])];
    assert_eq!(order(&all, &[]), "trace stopwatch a timeout panic_guard");
    let order = Interceptors::of(&all, &["enqueue_c".to_owned()], &mut Vec::new());
    assert_eq!(order.around_enqueue().iter().map(|link| link.name).collect::<Vec<_>>(), ["enqueue_b"]);
    let mixed = faults(&[info("enqueue_b", &["trace"], &[])]);
    assert!(
        mixed[0].contains("there is no interceptor `trace`; those that there are: `enqueue_b`;"),
        "{mixed:?}"
    );
}

#[test]
fn a_cycle_is_named_whole() {
    let all =
        [info("a", &["b"], &[]), info("b", &["c"], &[]), info("c", &["a"], &[]), info("d", &[], &["a"])];
    assert_eq!(
        faults(&all),
        [
            "interceptors stand before each other in a cycle: `b` at school.rs:7 before `c` at school.rs:7 before `a` at \
          school.rs:7 before `b` again; take one `before` or `after` away"
        ]
    );
    let built_in = faults(&[info("a", &["trace"], &["timeout"])]);
    assert!(built_in[0].contains("`trace`, which is built in, before"), "{built_in:?}");
    assert_eq!(faults(&[info("a", &["a"], &[])]).len(), 1);
}

#[test]
fn names_that_mean_nothing_or_two_things_are_faults() {
    let unknown = faults(&[info("audit", &["tracing"], &["sudit"]), info("other", &["timeot"], &[])]);
    assert_eq!(unknown.len(), 3);
    assert!(
        unknown[0].starts_with("`before` of the interceptor `audit` at school.rs:7: there is no interceptor")
    );
    assert!(unknown[0].contains("those that there are: `trace`, `stopwatch`"), "{unknown:?}");
    assert!(unknown[1].contains("did you mean `audit`?") && unknown[2].contains("did you mean `timeout`?"));
    let twice = faults(&[info("audit", &[], &[]), info("audit", &[], &[]), info("trace", &[], &[])]);
    assert_eq!(
        twice,
        [
            "two interceptors are named `audit`: school.rs:7 and school.rs:7; give one of the fns another name",
            "two interceptors are named `trace`: built in and school.rs:7; give one of the fns another name"
        ]
    );
}
