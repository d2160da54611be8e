//! `assert_enqueued!` and its kin: a request is written as a literal, and each field is compared.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, Path, Token};

use crate::errors::Faults;
use crate::krate::boltjobs;
use crate::options;

/// What is asserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assertion {
    Enqueued,
    Scheduled,
    NotEnqueued,
}

impl Assertion {
    /// The options that it takes.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Enqueued | Self::Scheduled => &["in", "at", "within", "queue", "priority", "tag", "count"],
            Self::NotEnqueued => &["in", "at", "within", "queue", "priority", "tag"],
        }
    }

    fn variant(self) -> Ident {
        let name = match self {
            Self::Enqueued => "Enqueued",
            Self::Scheduled => "Scheduled",
            Self::NotEnqueued => "NotEnqueued",
        };
        Ident::new(name, Span::call_site())
    }
}

pub(crate) fn run(assertion: Assertion, input: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let expanded = faults.collect(read.parse2(input)).and_then(|(jobs, request, rest)| {
        let pattern = faults.collect(pattern(&request))?;
        let setters = setters(assertion, rest, &mut faults);
        let krate = faults.collect(boltjobs())?;
        faults.is_empty().then(|| expand(&krate, assertion, &jobs, &request, &pattern, &setters))
    });
    let faults = faults.into_tokens();
    expanded.unwrap_or_else(|| quote!({ #faults }))
}

/// Reads the jobs, the request, and the options behind them.
fn read(input: ParseStream<'_>) -> syn::Result<(Expr, Expr, TokenStream)> {
    let form = "write the jobs, then the request, as in `assert_enqueued!(jobs, Remind { student: 7, .. })`";
    let at = input.span();
    let wrong = |_| syn::Error::new(at, form);
    let jobs = input.parse().map_err(wrong)?;
    input.parse::<Token![,]>().map_err(wrong)?;
    let at = input.span();
    let request = input.parse().map_err(|_| syn::Error::new(at, form))?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok((jobs, request, input.parse()?))
}

/// A request, as it is matched and compared.
struct Pattern {
    matched: TokenStream,
    comparisons: Vec<Comparison>,
}

struct Comparison {
    field: String,
    bound: Ident,
    expected: Expr,
}

fn pattern(request: &Expr) -> syn::Result<Pattern> {
    let mut comparisons = Vec::new();
    let mut bind = |field: String, expected: &Expr| {
        if let Expr::Infer(any) = expected {
            return any.to_token_stream();
        }
        // What rustc says of the comparison points at the expression.
        let span = Span::mixed_site().located_at(expected.span());
        let bound = format_ident!("__field{}", comparisons.len(), span = span);
        comparisons.push(Comparison { field, bound: bound.clone(), expected: expected.clone() });
        quote!(ref #bound)
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds of expressions are no requests")]
    let matched = match request {
        Expr::Struct(literal) => {
            if let Some(rest) = &literal.rest {
                return Err(syn::Error::new(
                    rest.span(),
                    "write `..` alone: the other fields may be anything",
                ));
            }
            let (path, rest) = (&literal.path, &literal.dot2_token);
            let fields = literal.fields.iter().map(|field| {
                let member = &field.member;
                let bound = bind(member.to_token_stream().to_string(), &field.expr);
                quote!(#member: #bound)
            });
            let fields: Vec<_> = fields.collect();
            let mut matched = path.to_token_stream();
            // In the braces of the user, so that rustc names fields that are missing.
            literal.brace_token.surround(&mut matched, |inner| inner.extend(quote!(#(#fields,)* #rest)));
            matched
        }
        Expr::Call(call) => {
            let path = path(&call.func)?;
            let fields = call.args.iter().enumerate().map(|(number, argument)| {
                let rest =
                    matches!(argument, Expr::Range(rest) if rest.start.is_none() && rest.end.is_none());
                if rest { quote!(..) } else { bind(number.to_string(), argument) }
            });
            let fields: Vec<_> = fields.collect();
            let mut matched = path.to_token_stream();
            call.paren_token.surround(&mut matched, |inner| inner.extend(quote!(#(#fields),*)));
            matched
        }
        other => path(other)?.to_token_stream(),
    };
    Ok(Pattern { matched, comparisons })
}

fn path(of: &Expr) -> syn::Result<&Path> {
    let wrong = || {
        syn::Error::new(
            of.span(),
            "write the request as a literal, as in `Remind { student: 7, .. }`; its fields may have any expression",
        )
    };
    let Expr::Path(path) = of else { return Err(wrong()) };
    let last = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    // A name in small letters is a variable: as a pattern it would match anything.
    if last.starts_with(|first: char| first.is_lowercase()) { Err(wrong()) } else { Ok(&path.path) }
}

/// Writes the calls that say what else is expected.
fn setters(assertion: Assertion, options: TokenStream, faults: &mut Faults) -> TokenStream {
    let mut setters = TokenStream::new();
    options::read(options, assertion.options(), faults, |option| {
        let value = option.expression("..")?;
        setters.extend(match option.name() {
            "in" => quote!(.in_(__jobs, #value)),
            name => {
                let setter = format_ident!("{name}");
                quote!(.#setter(#value))
            }
        });
        Ok(())
    });
    setters
}

fn expand(
    krate: &TokenStream,
    assertion: Assertion,
    jobs: &Expr,
    request: &Expr,
    pattern: &Pattern,
    setters: &TokenStream,
) -> TokenStream {
    let testing = quote!(#krate::testing);
    let (variant, words) = (assertion.variant(), written(request));
    let Pattern { matched, comparisons } = pattern;
    let compared = comparisons.iter().map(|Comparison { field, bound, expected }| {
        quote_spanned!(expected.span()=> #testing::Difference::of(#field, #bound, &(#expected)))
    });
    quote! {{
        let __jobs = &#jobs;
        #testing::expect(
            __jobs,
            #testing::Assertion::#variant,
            #words,
            &#testing::Expected::default()#setters,
            |__actual| match *__actual {
                #matched => ::std::iter::Iterator::collect(::std::iter::Iterator::flatten(
                    <[::core::option::Option<#testing::Difference>; _] as ::std::iter::IntoIterator>::into_iter([#(#compared),*]),
                )),
                #[allow(unreachable_patterns, reason = "a struct has no other form")]
                _ => ::std::vec![#testing::Difference::variant(#words)],
            },
        )
    }}
}

/// Writes a request as people do, without the spaces that tokens have around them.
fn written(request: &Expr) -> String {
    let spaced = request.to_token_stream().to_string();
    [" :: ", " :", " ,", " (", "( ", " )", " !"]
        .iter()
        .fold(spaced, |text, token| text.replace(token, token.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(assertion: Assertion, input: TokenStream) -> String {
        run(assertion, input).to_string()
    }

    #[test]
    fn a_variable_is_no_pattern() {
        for request in [quote!(expected), quote!(7), quote!(make(7))] {
            let fault = fault(Assertion::Enqueued, quote!(jobs, #request));
            assert!(fault.contains("write the request as a literal"), "{fault}");
        }
        assert!(fault(Assertion::Enqueued, quote!(jobs)).contains("write the jobs, then the request"));
        assert!(fault(Assertion::Enqueued, quote!(jobs, Remind { ..other })).contains("write `..` alone"));
    }

    #[test]
    fn each_form_of_a_request_is_matched_by_its_fields() {
        let struct_: Expr = syn::parse_quote!(school::Remind { student: 7, name: _, .. });
        let struct_ = pattern(&struct_).unwrap();
        assert_eq!(
            struct_.matched.to_string(),
            "school :: Remind { student : ref __field0 , name : _ , .. }"
        );
        assert_eq!(struct_.comparisons[0].field, "student");
        let tuple: Expr = syn::parse_quote!(Remind(7, ..));
        assert_eq!(pattern(&tuple).unwrap().matched.to_string(), "Remind (ref __field0 , ..)");
        let unit: Expr = syn::parse_quote!(Ping);
        assert_eq!(pattern(&unit).unwrap().matched.to_string(), "Ping");
    }

    #[test]
    fn what_is_not_there_has_no_number() {
        let fault = fault(Assertion::NotEnqueued, quote!(jobs, Ping, count = 2));
        assert!(fault.contains("unknown option `count`"), "{fault}");
    }
}
