//! The rules for `#[interceptor]`.

use proc_macro2::Ident;
use syn::Type;

use super::parse::Options;
use crate::errors::Faults;
use crate::signature::Signature;

/// Everything that is to be generated.
pub(super) struct Model {
    pub(super) ident: Ident,
    /// Whether it runs around enqueueing, and not around handlers.
    pub(super) enqueue: bool,
    /// The type of what it is called with.
    pub(super) call: Type,
    /// The type of what is inside of it.
    pub(super) next: Type,
    /// The types of the other arguments.
    pub(super) arguments: Vec<Type>,
    pub(super) returns: Type,
    pub(super) before: Vec<Ident>,
    pub(super) after: Vec<Ident>,
    pub(super) only: Vec<Type>,
}

impl Model {
    pub(super) fn new(options: Options, signature: Option<Signature>, faults: &mut Faults) -> Option<Self> {
        let Options { enqueue, before, after, only } = options;
        let Signature { ident, is_async, params, returns } = signature?;
        let form = if enqueue {
            format!("async fn {ident}(jobs: Submission, next: NextSubmission) -> boltjobs::Result<Receipt>")
        } else {
            format!("async fn {ident}(call: Call, next: Next) -> Outcome")
        };
        if !is_async {
            faults.push(
                ident.span(),
                format!("an interceptor is async, as it waits for what is inside of it; write `{form}`"),
            );
        }
        let mut params = params.into_iter();
        let (call, next) = (params.next(), params.next());
        if call.is_none() || next.is_none() {
            let fault = format!("an interceptor takes two things before all others; write `{form}`");
            faults.push(ident.span(), fault);
        }
        if returns.is_none() {
            faults.push(
                ident.span(),
                format!("an interceptor says what came of what is inside of it; write `{form}`"),
            );
        }
        let (call, next, returns) = (call?, next?, returns?);
        Some(Self { ident, enqueue, call, next, arguments: params.collect(), returns, before, after, only })
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::super::parse;
    use super::*;
    use crate::signature;

    fn model(attribute: TokenStream, item: TokenStream) -> (Option<Model>, Vec<String>) {
        let mut faults = Faults::default();
        let signature = signature::parse(item, "an interceptor", &mut faults);
        let options = parse::options(attribute, &mut faults);
        let model = Model::new(options, signature, &mut faults);
        (model, faults.messages())
    }

    fn sound() -> TokenStream {
        quote!(
            async fn audit(call: Call, next: Next, log: Data<Log>) -> Outcome {
                next.run(call).await
            }
        )
    }

    #[test]
    fn names_stand_alone_or_in_a_list() {
        let (model, faults) =
            model(quote!(before = timeout, after = [trace, r#type], only = [Enroll, a::B<C>]), sound());
        let model = model.unwrap();
        assert_eq!(faults, [""; 0]);
        assert!(!model.enqueue);
        assert_eq!((model.before[0].to_string(), model.after.len()), ("timeout".to_owned(), 2));
        assert_eq!((model.only.len(), model.arguments.len()), (2, 1));
    }

    #[test]
    fn each_wrong_value_is_told_what_belongs_there() {
        for (attribute, fault) in [
            (quote!(before = "audit"), "`before` takes the names of interceptors without quotes"),
            (quote!(after), "`after` takes the names of interceptors"),
            (quote!(only = Enroll), "`only` takes a list of requests, as in `only = [SendMail]`"),
            (quote!(enqueue = true), "expected `,` between two options"),
            (quote!(befor = audit), "unknown option `befor`; did you mean `before`?"),
        ] {
            let (_, faults) = model(attribute, sound());
            assert!(faults.len() == 1 && faults[0].starts_with(fault), "{faults:?}");
        }
    }

    #[test]
    fn the_form_is_shown_by_whoever_lacks_a_part_of_it() {
        let (_, faults) = model(
            quote!(enqueue),
            quote!(
                fn stamp(jobs: Submission) {}
            ),
        );
        assert_eq!(faults.len(), 3);
        let form =
            "write `async fn stamp(jobs: Submission, next: NextSubmission) -> boltjobs::Result<Receipt>`";
        assert!(faults.iter().all(|fault| fault.ends_with(form)), "{faults:?}");
    }
}
