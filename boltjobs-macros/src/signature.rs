//! The rules that every fn of ours keeps: handlers, providers and hooks.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{FnArg, GenericArgument, ItemFn, Pat, PathArguments, ReturnType, Type};

use crate::errors::Faults;

/// What is left of a fn once it keeps the rules.
pub(crate) struct Signature {
    pub(crate) ident: Ident,
    pub(crate) is_async: bool,
    /// The types of its parameters; how they are taken apart is the fn's own business.
    pub(crate) params: Vec<Type>,
    /// What it returns, unless that is `()` by silence.
    pub(crate) returns: Option<Type>,
}

/// Reads the fn below an attribute. `what` is the word for it, as in "a handler".
pub(crate) fn parse(item: TokenStream, what: &str, faults: &mut Faults) -> Option<Signature> {
    match syn::parse2::<ItemFn>(item) {
        Ok(item) => check(&item.sig, what, faults),
        Err(error) => {
            faults.push(error.span(), format!("{what} is a free fn with a body: `async fn` or `fn`"));
            None
        }
    }
}

/// Quiets lints that would ask for what an attribute forbids: arguments by reference, another return type,
/// a plain fn where the author chose a task. To stand above the user's fn.
pub(crate) fn allowances() -> TokenStream {
    quote! {
        #[allow(
            clippy::needless_pass_by_value,
            clippy::unnecessary_wraps,
            clippy::unused_async,
            reason = "boltjobs calls this fn, and says what it takes and returns"
        )]
    }
}

/// Returns what a fn gives when all is well, and whether it may fail: both `T` and `Result<T, E>` give a `T`.
pub(crate) fn success(returns: &Type) -> (Option<Type>, bool) {
    let Some(last) = last_segment(returns).filter(|last| last.ident == "Result" || last.ident == "JobResult")
    else {
        return (Some(returns.clone()), false);
    };
    let given = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(first)) => Some(first.clone()),
            _ => None,
        },
        PathArguments::None | PathArguments::Parenthesized(_) => None,
    };
    (given, true)
}

pub(crate) fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last()
}

fn check(signature: &syn::Signature, what: &str, faults: &mut Faults) -> Option<Signature> {
    let sound_so_far = faults.is_empty();
    if let Some(unsafety) = &signature.unsafety {
        faults.push(unsafety.span, format!("{what} can't be `unsafe`; put an unsafe block into its body"));
    }
    if let Some(abi) = &signature.abi {
        faults.push(abi.extern_token.span, format!("{what} can't be `extern`; remove it"));
    }
    if let Some(variadic) = &signature.variadic {
        faults.push(variadic.span(), format!("{what} can't be variadic; remove `...`"));
    }
    if let Some(parameter) = signature.generics.params.first() {
        faults.push(
            parameter.span(),
            format!("{what} can't be generic, as it is called by the type it takes; name the types"),
        );
    } else if let Some(clause) = &signature.generics.where_clause {
        faults.push(clause.where_token.span, format!("{what} can't have a `where` clause; remove it"));
    }
    let params = signature.inputs.iter().filter_map(|input| parameter(input, what, faults)).collect();
    let returns = match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => {
            if let Some(span) = impl_trait(ty) {
                faults.push(span, format!("{what} can't return `impl Trait`; name the type"));
            }
            Some(Type::clone(ty))
        }
    };
    let is_async = signature.asyncness.is_some();
    (sound_so_far && faults.is_empty()).then(|| Signature {
        ident: signature.ident.clone(),
        is_async,
        params,
        returns,
    })
}

fn parameter(input: &FnArg, what: &str, faults: &mut Faults) -> Option<Type> {
    let typed = match input {
        FnArg::Receiver(receiver) => {
            faults.push(
                receiver.self_token.span,
                format!("{what} can't be a method; move the fn out of the `impl` and take shared state as `Data<T>`"),
            );
            return None;
        }
        FnArg::Typed(typed) => typed,
    };
    for attribute in typed.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        faults.push(
            attribute.span(),
            format!("a parameter of {what} can't come and go; put `#[cfg]` on the fn"),
        );
    }
    if let Type::Reference(reference) = &*typed.ty {
        let wanted = &reference.elem;
        let (name, wanted) = (name(&typed.pat), written(wanted));
        faults.push(
            reference.and_token.span,
            format!("{what} takes its arguments by value; write `{name}: {wanted}`"),
        );
        return None;
    }
    if let Some(span) = impl_trait(&typed.ty) {
        faults.push(
            span,
            format!("{what} can't be generic, as it is called by the type it takes; name the type"),
        );
        return None;
    }
    Some(Type::clone(&typed.ty))
}

fn name(pattern: &Pat) -> String {
    if let Pat::Ident(ident) = pattern { ident.ident.to_string() } else { quote!(#pattern).to_string() }
}

/// Writes a type as people do, without the spaces that tokens have around them.
fn written(ty: &Type) -> String {
    let spaced = quote!(#ty).to_string();
    [" :: ", " <", "< ", " >", " ,"].iter().fold(spaced, |text, token| text.replace(token, token.trim()))
}

fn impl_trait(ty: &Type) -> Option<proc_macro2::Span> {
    struct Find(Option<proc_macro2::Span>);
    impl VisitMut for Find {
        fn visit_type_impl_trait_mut(&mut self, found: &mut syn::TypeImplTrait) {
            self.0.get_or_insert(found.impl_token.span);
        }
    }
    let mut find = Find(None);
    find.visit_type_mut(&mut ty.clone());
    find.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(item: TokenStream) -> Vec<String> {
        let mut faults = Faults::default();
        let signature = parse(item, "a handler", &mut faults);
        assert_eq!(signature.is_some(), faults.is_empty());
        faults.messages()
    }

    #[test]
    fn any_free_fn_that_names_its_types_will_do() {
        for item in [
            quote!(
                fn a() {}
            ),
            quote!(
                async fn a(_: Enroll, ctx: JobContext) -> JobResult<Vec<u64>> {
                    Ok(vec![])
                }
            ),
            quote!(
                pub(crate) async fn r#type(Enroll { student, .. }: Enroll) {}
            ),
        ] {
            assert_eq!(faults(item), [""; 0]);
        }
    }

    #[test]
    fn a_method_is_told_where_to_go() {
        let method = quote!(
            async fn run(&self, request: Enroll) {}
        );
        assert_eq!(
            faults(method),
            ["a handler can't be a method; move the fn out of the `impl` and take shared state as `Data<T>`"]
        );
    }

    #[test]
    fn a_reference_is_told_how_to_be_a_value() {
        let faults = faults(quote!(
            fn a(request: &school::Enroll, mut ctx: &mut Data<JobContext>) {}
        ));
        assert_eq!(
            faults,
            [
                "a handler takes its arguments by value; write `request: school::Enroll`",
                "a handler takes its arguments by value; write `ctx: Data<JobContext>`"
            ]
        );
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let all = quote!(
            unsafe extern "C" fn a<T>(x: impl Fn(), y: Vec<impl Fn()>) -> impl Fn()
            where
                T: Copy,
            {
            }
        );
        assert_eq!(faults(all).len(), 6);
        assert_eq!(
            faults(quote!(
                struct A;
            )),
            ["a handler is a free fn with a body: `async fn` or `fn`"]
        );
    }
}
