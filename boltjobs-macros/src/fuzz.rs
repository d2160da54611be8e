//! Any tokens, given to every macro.

use std::str::FromStr as _;

use boltjobs_fuzz::{cases, numbers, reads_well, spoilt, texts};
use proc_macro2::TokenStream;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::errors::Faults;
use crate::{cron, expect, handler, hook, interceptor, observer, options, provider, request, upcast};

const NAMES: &str = "name aliases version display queue priority concurrency_key response tags serde recurring id cron \
                     timezone misfire overlap dst jitter starts_at ends_at retries backoff timeout rate order with runs \
                     concurrency interceptors skip requests sensitive r#type _ self crate";

const TEXTS: &str = "mail|Mail to {to}|{0}|{|30 2 * * *|@every 90s|0 0 31 2 *|Europe/Oslo|fire_all(10)|fire_all(-1)|\
                     skip|allow|elapsed|2026-01-01T00:00:00Z|+262143-12-31T23:59:59+23:59|365d|99999999999999w|100/1m|\
                     exponential(2s, max = 10m)|fixed(1s)";

const ITEMS: [&str; 12] = [
    "struct Mail { to: String, #[request(sensitive)] token: String }",
    "#[serde(rename_all = \"camelCase\")] pub struct Mail(#[request(sensitive)] u8, Vec<u8>);",
    "#[serde(tag = \"t\", content = \"c\")] enum Mail { A { #[request(sensitive)] a: u8 }, B(u8), C }",
    "struct Mail;",
    "union Mail { a: u8 }",
    "#[derive(Debug, Clone)] struct Mail<T: Clone = u8>(T) where T: Copy;",
    "async fn send(mail: Mail, context: &JobContext, db: Db) -> Result<u8, Error> { Ok(1) }",
    "fn send(mail: Mail) {}",
    "pub(crate) async unsafe extern \"C\" fn send<T>(self, &mut mail: &'static Mail, ..) -> impl Sized where T: Copy {}",
    "async fn around(call: Call<'_>, next: Next<'_>) -> Outcome { next.run(call).await }",
    "fn seen(event: &Event) {}",
    "async fn works(jobs: TestJobs) { jobs.run().await; }",
];

fn value() -> impl Strategy<Value = String> {
    let text = texts(select(TEXTS.split('|').map(str::to_owned).collect::<Vec<_>>()));
    let text = text.prop_map(|text| format!("{text:?}")).boxed();
    let word = "Vec<u64> HashMap<u8,(A,B)> crate::slowly |b|b.workers(1) true false -5 1.5 'a' 'a b\"x\" r#\"q\"# [audit] [A,]";
    prop_oneof![
        6 => text.clone(),
        2 => vec(text, 0..3).prop_map(|texts| format!("[{}]", texts.join(", "))),
        2 => numbers(),
        3 => select(word.split(' ').map(str::to_owned).collect::<Vec<_>>()),
    ]
}

fn option() -> impl Strategy<Value = String> {
    let name = || select(NAMES.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let pair = (name(), value()).prop_map(|(name, value)| format!("{name} = {value}")).boxed();
    let inner = vec(pair.clone(), 0..5).prop_map(|pairs| pairs.join(", "));
    prop_oneof![6 => pair, 2 => (name(), inner).prop_map(|(name, inner)| format!("{name}({inner})")), 1 => name()]
}

fn tokens(text: impl Strategy<Value = String> + 'static) -> BoxedStrategy<TokenStream> {
    let text = text.boxed();
    let either = prop_oneof![1 => text.clone(), 2 => spoilt(text)];
    either.prop_map(|text| TokenStream::from_str(&text).unwrap_or_default()).boxed()
}

fn attributes() -> BoxedStrategy<TokenStream> {
    tokens(vec(option(), 0..5).prop_map(|options| options.join(", ")))
}

fn items() -> BoxedStrategy<TokenStream> {
    tokens(select(ITEMS.to_vec()).prop_map(str::to_owned))
}

/// Checks that what a macro wrote for an item is code, with a fault or without.
fn is_code(item: &TokenStream, written: &TokenStream) -> Result<(), TestCaseError> {
    // A type with a `+` and no `dyn` is one to syn, and none to rustc, which says so itself.
    let plus = item.to_string().contains('+');
    let sound = syn::parse2::<syn::Item>(item.clone()).is_ok() && !plus;
    let code = syn::parse2::<syn::File>(written.clone());
    prop_assert!(!sound || code.is_ok(), "no code for `{}`: {}", item, written);
    prop_assert!(sound || plus || written.to_string().contains("compile_error"), "`{}` is taken", item);
    Ok(())
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn every_attribute_on_anything_becomes_code_or_faults(attribute in attributes(), item in items()) {
        let take = || attribute.clone();
        is_code(&item, &request::run(take(), &item))?;
        is_code(&item, &handler::run(take(), &item))?;
        is_code(&item, &interceptor::run(take(), &item))?;
        is_code(&item, &observer::run(take(), &item))?;
        is_code(&item, &provider::run(take(), &item))?;
        is_code(&item, &upcast::run(take(), &item))?;
        for point in [hook::Point::Start, hook::Point::Stop] {
            is_code(&item, &hook::run(point, take(), &item))?;
        }
        for kind in [crate::test::Kind::Test, crate::test::Kind::Simulate] {
            is_code(&item, &crate::test::run(kind, take(), item.clone()))?;
        }
    }

    #[test]
    fn every_call_with_anything_becomes_an_expression(
        call in prop_oneof![
            attributes(),
            tokens(value()),
            tokens((value(), vec(option(), 0..4)).prop_map(|(value, rest)| {
                format!("&jobs, Mail {{ to: {value}, .. }}, {}", rest.join(", "))
            })),
        ],
    ) {
        let assertions = [expect::Assertion::Enqueued, expect::Assertion::Scheduled, expect::Assertion::NotEnqueued];
        let written = assertions.map(|assertion| expect::run(assertion, call.clone()));
        for written in written.into_iter().chain([cron::run(call.clone())]) {
            prop_assert!(syn::parse2::<syn::Expr>(written.clone()).is_ok(), "`{}` for `{}`", written, call);
        }
    }

    #[test]
    fn options_are_read_to_their_end_and_each_fault_reads_well(attribute in attributes()) {
        let (mut faults, mut taken) = (Faults::default(), 0);
        options::read(attribute.clone(), &["name", "tags", "priority", "response", "backoff", "with"], &mut faults, |option| {
            taken += 1;
            match option.name() {
                "name" => option.text().map(drop),
                "tags" => option.texts().map(drop),
                "priority" => option.number(-100..=100).map(drop),
                "response" => option.ty().map(drop),
                "with" => option.options("runs = 1").map(drop),
                _ => option.text_or_path().map(drop),
            }
        });
        let messages = faults.messages();
        prop_assert!(taken + messages.len() > 0 || attribute.is_empty(), "{}", attribute);
        for message in messages {
            reads_well(&message, "")?;
        }
    }
}
