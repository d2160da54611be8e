use boltjobs_core::access::Host;
use boltjobs_fuzz::{cases, numbers, reads_well, texts};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const VARIABLES: [&str; 10] = [
    "BOLTJOBS_STORE",
    "BOLTJOBS_DURABILITY",
    "BOLTJOBS_QUEUES",
    "BOLTJOBS_WORKERS",
    "BOLTJOBS_DASHBOARD",
    "BOLTJOBS_DASHBOARD_ROLE",
    "BOLTJOBS_DASHBOARD_TOKEN",
    "BOLTJOBS_DASHBOARD_HOSTS",
    "BOLTJOBS_DASHBOARD_ENVIRONMENT",
    "BOLTJOBS_SHUTDOWN_TIMEOUT",
];

/// A value that some variable takes, not always the one that gets it.
fn written() -> impl Strategy<Value = String> {
    let queue = prop_oneof![3 => "[a-z0-9_-]{1,9}", 2 => ("[a-z]{1,3}", numbers()).prop_map(|(q, n)| format!("{q}={n}"))];
    let words = "sled:data memory sled: immediate eventual localhost:4010 127.0.0.1:0 0.0.0.0:80 [::1]:9 15s 1h30m operate \
         jobs.example.org localhost,a.example 0123456789abcdef";
    prop_oneof![
        2 => select(words.split(' ').map(str::to_owned).collect::<Vec<_>>()),
        3 => vec(queue, 1..6).prop_map(|queues| queues.join(", ")),
        2 => numbers(),
        1 => numbers().prop_map(|number| format!("{number}ms")),
        1 => numbers().prop_map(|port| format!("127.0.0.1:{port}")),
    ]
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn any_value_of_a_variable_is_a_setting_in_range_or_a_fault_that_names_the_variable(
        values in vec((select(VARIABLES.to_vec()), texts(written())), 0..4),
    ) {
        let value = |name: &str| values.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.clone());
        match Settings::default().resolve(value) {
            Ok(resolved) => {
                prop_assert!(resolved.workers <= MOST_WORKERS);
                let closed = resolved.dashboard.is_none_or(|shown| {
                    let here = shown.address.ip().is_loopback() && shown.hosts.iter().all(Host::is_loopback);
                    here || !shown.tokens.is_empty()
                });
                prop_assert!(closed);
                let queues: Vec<_> = match resolved.queues {
                    QueueOrder::All => Vec::new(),
                    QueueOrder::Strict(queues) => queues,
                    QueueOrder::Weighted(weighted) => {
                        prop_assert!(weighted.iter().all(|(_, weight)| *weight > 0));
                        weighted.into_iter().map(|(queue, _)| queue).collect()
                    }
                };
                prop_assert!(queues.iter().all(|queue| name::validate_queue(queue).is_ok()), "{:?}", queues);
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    let named = fault.split_once(": ").filter(|(variable, _)| value(variable).is_some());
                    let Some((_, message)) = named else {
                        return Err(TestCaseError::fail(format!("no variable is named: {fault}")));
                    };
                    prop_assert!(message.contains('`'), "no value is named: {}", fault);
                    reads_well(message, "")?;
                }
            }
        }
    }
}
