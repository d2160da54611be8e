use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use super::*;
use crate::handler::parse;
use crate::signature;

fn read(attribute: TokenStream, item: TokenStream) -> (Option<Model>, Vec<String>) {
    let mut faults = Faults::default();
    let signature = signature::parse(item, "a handler", &mut faults);
    let options = parse::options(attribute, &mut faults);
    (Model::new(options, signature, &mut faults), faults.messages())
}

fn faults(attribute: TokenStream) -> Vec<String> {
    read(
        attribute,
        quote!(
            fn a(_: A) {}
        ),
    )
    .1
}

#[test]
fn every_option_reaches_the_model() {
    let attribute = quote!(
        retries = 0,
        backoff = "exponential(2s, max = 10m)",
        timeout = "1m30s",
        on_exhausted = "delete",
        concurrency = 16,
        concurrency_per_key = 4,
        rate_limit = "100/1m",
        rate_limit_per_key = "5/s, burst = 2",
    );
    let (model, faults) = read(
        attribute,
        quote!(
            async fn a(_: A, ctx: JobContext) -> JobResult {}
        ),
    );
    assert_eq!(faults, [""; 0]);
    let model = model.unwrap();
    assert_eq!(model.retries, Some(0));
    assert!(
        matches!(&model.backoff, Some(Backoff::Text(text)) if text.value() == "exponential(2s, max = 10m)")
    );
    assert_eq!(model.timeout, Some(Duration::from_secs(90)));
    assert!(model.delete_exhausted && model.is_async);
    assert_eq!((model.concurrency, model.concurrency_per_key), (Some(16), Some(4)));
    assert_eq!(model.rate_limit.as_ref().map(LitStr::value).as_deref(), Some("100/1m"));
    assert_eq!(model.rate_limit_per_key.as_ref().map(LitStr::value).as_deref(), Some("5/s, burst = 2"));
    let Model { request, arguments, .. } = model;
    assert_eq!(quote!(#request #(#arguments)*).to_string(), quote!(A JobContext).to_string());
}

#[test]
fn a_backoff_may_be_a_fn_but_not_the_text_of_one() {
    let (model, _) = read(
        quote!(backoff = crate::slowly),
        quote!(
            fn a(_: A) {}
        ),
    );
    assert!(matches!(model.unwrap().backoff, Some(Backoff::Function(_))));
    let faults = faults(quote!(backoff = "crate::slowly"));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].ends_with("; the path of a fn is written without quotes: `backoff = crate::slowly`"));
}

#[test]
fn all_faults_are_found() {
    let attribute = quote!(retires = 5, backoff = "fixed(", timeout = "soon", on_exhausted = "delte");
    let (model, faults) = read(
        attribute,
        quote!(
            fn a() {}
        ),
    );
    assert!(model.is_none());
    assert_eq!(faults.len(), 5, "{faults:#?}");
    assert!(faults[4].starts_with("a handler takes its request first; write `a(request: MyRequest)`"));
}

#[test]
fn a_timeout_of_zero_is_refused() {
    assert!(faults(quote!(timeout = "0s"))[0].starts_with("a timeout of zero would stop every attempt"));
    assert_eq!(faults(quote!(retries = -1)), ["`retries` must be from 0 to 4294967295"]);
}

#[test]
fn a_limit_of_zero_is_refused() {
    let zero = "a limit of zero would keep every job waiting; write 1 or more, or pause the queue";
    assert_eq!(faults(quote!(concurrency = 0, concurrency_per_key = 0)), [zero, zero]);
    assert_eq!(
        faults(quote!(concurrency_per_key = -1)),
        ["`concurrency_per_key` must be from 0 to 4294967295"]
    );
}

#[test]
fn a_rate_is_checked() {
    let faults = faults(quote!(rate_limit = "0/1m", rate_limit_per_key = "often"));
    assert!(faults[0].starts_with("rate `0/1m` lets nothing start"), "{faults:?}");
    assert!(faults[1].starts_with("invalid rate `often`"), "{faults:?}");
}
