//! Reads the options of an attribute: `retries = 5, backoff = "fixed(10s)"`.
//!
//! Not through `syn::Meta`, as `response = Vec<u64>` is none. A fault in one option does not hide the next.

use std::fmt::Display;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::token::Paren;
use syn::{ExprPath, LitStr, Token, bracketed, parenthesized};

use crate::errors::{Faults, unknown};

/// One option, read up to its name.
pub(crate) struct Opt<'a> {
    name: String,
    ident: Ident,
    input: ParseStream<'a>,
}

/// Reads each option once with `take`, which knows what values the legal ones have.
pub(crate) fn read(
    tokens: TokenStream,
    legal: &[&str],
    faults: &mut Faults,
    mut take: impl FnMut(&Opt<'_>) -> syn::Result<()>,
) {
    let all = |input: ParseStream<'_>| {
        let mut seen: Vec<String> = Vec::new();
        while !input.is_empty() {
            if let Err(error) = one(input, legal, &mut seen, &mut take) {
                faults.push_error(error);
                skip(input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = all.parse2(tokens) {
        faults.push_error(error);
    }
}

fn one(
    input: ParseStream<'_>,
    legal: &[&str],
    seen: &mut Vec<String>,
    take: &mut impl FnMut(&Opt<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    if !input.peek(Ident::peek_any) {
        return Err(syn::Error::new(input.span(), "expected the name of an option, as in `name = value`"));
    }
    let ident = Ident::parse_any(input)?;
    let name = ident.unraw().to_string();
    if !legal.contains(&name.as_str()) {
        return Err(syn::Error::new(ident.span(), unknown("option", &name, legal)));
    }
    // What stands in parentheses may come several times, as in `recurring(..), recurring(..)`.
    if seen.contains(&name) && !input.peek(Paren) {
        return Err(syn::Error::new(ident.span(), format!("`{name}` is given twice; keep one of them")));
    }
    seen.push(name.clone());
    take(&Opt { name, ident, input })?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(syn::Error::new(input.span(), "expected `,` between two options"))
}

/// Goes on to the comma before the next option; a comma inside of `HashMap<K, V>` is not one.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !at_next_option(input) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn at_next_option(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    if ahead.parse::<Token![,]>().is_err() {
        return false;
    }
    ahead.is_empty()
        || Ident::parse_any(&ahead).is_ok()
            && (ahead.is_empty() || ahead.peek(Token![=]) || ahead.peek(Token![,]) || ahead.peek(Paren))
}

impl Opt<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn span(&self) -> Span {
        self.ident.span()
    }

    /// Reads a text in quotes.
    pub(crate) fn text(&self) -> syn::Result<LitStr> {
        self.value("a text in quotes", r#""..""#)
    }

    /// Reads a list of texts.
    pub(crate) fn texts(&self) -> syn::Result<Vec<LitStr>> {
        struct Texts(Vec<LitStr>);
        impl Parse for Texts {
            fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
                let inner;
                bracketed!(inner in input);
                let texts = Punctuated::<LitStr, Token![,]>::parse_terminated(&inner)?;
                Ok(Self(texts.into_iter().collect()))
            }
        }
        self.value::<Texts>("a list of texts", r#"["..", ".."]"#).map(|texts| texts.0)
    }

    /// Reads names without quotes: one, or a list of them.
    pub(crate) fn names(&self) -> syn::Result<Vec<Ident>> {
        struct Names(Vec<Ident>);
        impl Parse for Names {
            fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
                if !input.peek(syn::token::Bracket) {
                    return Ok(Self(vec![input.parse()?]));
                }
                let inner;
                bracketed!(inner in input);
                let names = Punctuated::<Ident, Token![,]>::parse_terminated(&inner)?;
                Ok(Self(names.into_iter().collect()))
            }
        }
        self.value::<Names>("the names of interceptors without quotes", "[audit, timeout]")
            .map(|names| names.0)
    }

    /// Reads a list of types.
    pub(crate) fn types(&self) -> syn::Result<Vec<syn::Type>> {
        struct Types(Vec<syn::Type>);
        impl Parse for Types {
            fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
                let inner;
                bracketed!(inner in input);
                let types = Punctuated::<syn::Type, Token![,]>::parse_terminated(&inner)?;
                Ok(Self(types.into_iter().collect()))
            }
        }
        self.value::<Types>("a list of requests", "[SendMail]").map(|types| types.0)
    }

    /// Reads a whole number, which may be negative, within `legal`.
    pub(crate) fn number(&self, legal: std::ops::RangeInclusive<i64>) -> syn::Result<i64> {
        self.number_at(legal).map(|(number, _)| number)
    }

    /// Reads a whole number, and where it stands.
    pub(crate) fn number_at(&self, legal: std::ops::RangeInclusive<i64>) -> syn::Result<(i64, Span)> {
        struct Number(i128, Span);
        impl Parse for Number {
            fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
                let negative = input.parse::<Option<Token![-]>>()?.is_some();
                let literal: syn::LitInt = input.parse()?;
                // What does not even fit into this is out of every range.
                let number = literal.base10_parse::<i128>().unwrap_or(i128::MAX);
                Ok(Self(if negative { -number } else { number }, literal.span()))
            }
        }
        let (low, high) = legal.into_inner();
        let Number(number, span) = self.value("a whole number", "1")?;
        match i64::try_from(number) {
            Ok(number) if (low..=high).contains(&number) => Ok((number, span)),
            _ => Err(syn::Error::new(span, format!("`{}` must be from {low} to {high}", self.name))),
        }
    }

    /// Reads the options in parentheses behind it; `example` shows some.
    pub(crate) fn options(&self, example: &str) -> syn::Result<TokenStream> {
        if !self.input.peek(Paren) {
            let name = &self.name;
            let fault = format!("`{name}` takes options in parentheses, as in `{name}({example})`");
            return Err(syn::Error::new(self.span(), fault));
        }
        let inner;
        parenthesized!(inner in self.input);
        inner.parse()
    }

    /// Reads `true` or `false`.
    pub(crate) fn truth(&self) -> syn::Result<bool> {
        self.value::<syn::LitBool>("`true` or `false`", "true").map(|literal| literal.value)
    }

    /// Reads a type.
    pub(crate) fn ty(&self) -> syn::Result<syn::Type> {
        self.value("a type", "Vec<u64>")
    }

    /// Reads a text in quotes, or the path of a fn.
    pub(crate) fn text_or_path(&self) -> syn::Result<TextOrPath> {
        self.value("a text in quotes, or the path of a fn without quotes", r#""..""#)
    }

    /// Reads any expression.
    pub(crate) fn expression(&self, example: &str) -> syn::Result<syn::Expr> {
        self.value("an expression", example)
    }

    fn value<T: Parse>(&self, what: &str, example: &str) -> syn::Result<T> {
        let fault = |span| {
            let name = &self.name;
            syn::Error::new(span, format!("`{name}` takes {what}, as in `{name} = {example}`"))
        };
        if !self.input.peek(Token![=]) {
            return Err(fault(self.span()));
        }
        self.input.parse::<Token![=]>()?;
        if self.input.is_empty() {
            return Err(fault(self.span()));
        }
        let span = self.input.span();
        self.input.parse().map_err(|_| fault(span))
    }
}

/// Checks what stands in quotes, and reports a fault there.
pub(crate) fn checked<T, E: Display>(
    text: &LitStr,
    check: impl FnOnce(&str) -> Result<T, E>,
) -> syn::Result<T> {
    check(&text.value()).map_err(|error| syn::Error::new(text.span(), error))
}

/// A text in quotes, or the path of a fn.
pub(crate) enum TextOrPath {
    Text(LitStr),
    Path(ExprPath),
}

impl Parse for TextOrPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) { input.parse().map(Self::Text) } else { input.parse().map(Self::Path) }
    }
}

#[cfg(test)]
mod tests;
