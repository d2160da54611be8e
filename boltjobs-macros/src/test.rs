//! `#[test]` and `#[simulate]`: a fn is run as a test, with jobs of its own.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, FnArg, ItemFn};

use crate::errors::Faults;
use crate::krate::boltjobs;
use crate::options;
use crate::signature::last_segment;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Test,
    Simulate,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Test => "a test with jobs",
            Self::Simulate => "a simulation",
        }
    }
}

/// How many seeds a simulation runs when nobody says.
const RUNS: i64 = 100;

pub(crate) fn run(kind: Kind, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let mut with: Option<Expr> = None;
    let mut runs = RUNS;
    let legal: &[&str] = if kind == Kind::Test { &["with"] } else { &["runs", "with"] };
    options::read(attribute, legal, &mut faults, |option| {
        match option.name() {
            "with" => with = Some(option.expression("|builder| builder.workers(1)")?),
            _ => runs = option.number(1..=i64::from(u32::MAX))?,
        }
        Ok(())
    });
    let expanded = faults
        .collect(syn::parse2::<ItemFn>(item.clone()).map_err(|error| explained(kind, &item, error)))
        .filter(|item| check(kind, item, &mut faults))
        .zip(faults.collect(boltjobs()))
        .map(|(item, krate)| expand(&krate, kind, &item, with.as_ref(), runs));
    let faults = faults.into_tokens();
    let item = expanded.unwrap_or(item);
    quote!(#item #faults)
}

fn check(kind: Kind, item: &ItemFn, faults: &mut Faults) -> bool {
    let argument = if kind == Kind::Test { "jobs: TestJobs" } else { "sim: Sim" };
    let form = format!("async fn {}({argument})", item.sig.ident);
    if item.sig.asyncness.is_none() {
        faults.push(item.sig.fn_token.span, format!("{} is async; write `{form}`", kind.name()));
    } else if let Some(second) = item.sig.inputs.get(1) {
        let fault = format!("{} takes its jobs, and nothing else; write `{form}`", kind.name());
        faults.push(second.span(), fault);
    } else if let Some(FnArg::Typed(jobs)) = item.sig.inputs.first() {
        let name = last_segment(&jobs.ty).map(|last| last.ident.to_string()).unwrap_or_default();
        let fault = match (kind, name.as_str()) {
            (Kind::Test, "Sim") => "a test takes `TestJobs`; `Sim` is for `#[boltjobs::simulate]`",
            (Kind::Simulate, "TestJobs") => "a simulation takes a `Sim`, which has all that `TestJobs` has",
            _ => return faults.is_empty(),
        };
        faults.push(jobs.ty.span(), fault);
    }
    faults.is_empty()
}

/// Says what the attribute belongs on. What is wrong within a fn, syn says better.
fn explained(kind: Kind, item: &TokenStream, error: syn::Error) -> syn::Error {
    if item.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident == "fn")) {
        return error;
    }
    syn::Error::new(error.span(), format!("{} is an `async fn` with a body", kind.name()))
}

fn expand(krate: &TokenStream, kind: Kind, item: &ItemFn, with: Option<&Expr>, runs: i64) -> TokenStream {
    let ItemFn { attrs, vis, sig, block } = item;
    let (ident, inputs, output) = (&sig.ident, &sig.inputs, &sig.output);
    let with = with.map_or_else(|| quote!(|builder| builder), |with| quote!(#with));
    let body = if inputs.is_empty() { quote!(|_| #ident()) } else { quote!(#ident) };
    let call = match kind {
        Kind::Test => quote!(run(#with, #body)),
        Kind::Simulate => {
            let name = ident.to_string();
            quote!(simulate(#name, #runs as u32, #with, #body))
        }
    };
    quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #ident() #output {
            async fn #ident(#inputs) #output #block
            #krate::testing::#call
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(kind: Kind, attribute: TokenStream, item: TokenStream) -> String {
        run(kind, attribute, item).to_string()
    }

    #[test]
    fn a_test_is_an_async_fn_that_takes_its_jobs() {
        let plain = quote!(
            fn a(jobs: TestJobs) {}
        );
        assert!(
            expanded(Kind::Test, quote!(), plain)
                .contains("a test with jobs is async; write `async fn a(jobs: TestJobs)`")
        );
        let two = quote!(
            async fn a(sim: Sim, other: u8) {}
        );
        assert!(expanded(Kind::Simulate, quote!(), two).contains("write `async fn a(sim: Sim)`"));
        let other = quote!(
            async fn a(jobs: testing::TestJobs) {}
        );
        assert!(expanded(Kind::Simulate, quote!(), other).contains("a simulation takes a `Sim`"));
        let item = quote!(
            struct A;
        );
        assert!(
            expanded(Kind::Test, quote!(), item).contains("a test with jobs is an `async fn` with a body")
        );
        let none = syn::parse_quote!(
            async fn a() {}
        );
        let none = expand(&quote!(::boltjobs), Kind::Test, &none, None, RUNS).to_string();
        assert!(none.contains("| _ | a ()"), "{none}");
    }

    #[test]
    fn the_number_of_runs_belongs_to_a_simulation() {
        let item = quote!(
            async fn a(sim: Sim) {}
        );
        let seven = expanded(Kind::Simulate, quote!(runs = 7), item.clone());
        assert!(!seven.contains("`runs`"), "{seven}");
        let of = syn::parse2(item.clone()).unwrap();
        let seven = expand(&quote!(::boltjobs), Kind::Simulate, &of, None, 7).to_string();
        assert!(seven.contains("7i64 as u32"), "{seven}");
        assert!(expanded(Kind::Test, quote!(runs = 7), item.clone()).contains("unknown option `runs`"));
        assert!(expanded(Kind::Simulate, quote!(runs = 0), item).contains("`runs` must be from 1"));
    }
}
