use quote::quote;

use super::*;

const LEGAL: &[&str] = &["queue", "priority", "response", "tags", "backoff"];

fn faults(tokens: TokenStream) -> Vec<String> {
    let mut faults = Faults::default();
    read(tokens, LEGAL, &mut faults, |option| match option.name() {
        "queue" => option.text().map(drop),
        "priority" => option.number(-100..=100).map(drop),
        "response" => option.ty().map(drop),
        "tags" => option.texts().map(drop),
        _ => option.text_or_path().map(drop),
    });
    faults.messages()
}

#[test]
fn values_of_every_kind_are_read() {
    assert_eq!(faults(quote!()), [""; 0]);
    let all = quote!(queue = "mail", priority = -100, response = HashMap<String, u64>, tags = ["a", "b",],);
    assert_eq!(faults(all), [""; 0]);
    assert_eq!(faults(quote!(backoff = crate::slowly, tags = [])), [""; 0]);
}

#[test]
fn a_fault_does_not_hide_the_next_one() {
    assert_eq!(
        faults(quote!(quue = HashMap<String, u64>, priority = 101, tags = "a", queue, backoff = 7,)),
        [
            "unknown option `quue`; did you mean `queue`? \
             the options are `queue`, `priority`, `response`, `tags` and `backoff`",
            "`priority` must be from -100 to 100",
            r#"`tags` takes a list of texts, as in `tags = ["..", ".."]`"#,
            r#"`queue` takes a text in quotes, as in `queue = ".."`"#,
            r#"`backoff` takes a text in quotes, or the path of a fn without quotes, as in `backoff = ".."`"#,
        ]
    );
}

#[test]
fn an_option_stands_once() {
    assert_eq!(faults(quote!(priority = 1, priority = 2)), ["`priority` is given twice; keep one of them"]);
}

#[test]
fn what_is_no_option_is_refused() {
    assert_eq!(
        faults(quote!("mail", priority = 1 queue = "mail")),
        ["expected the name of an option, as in `name = value`", "expected `,` between two options"]
    );
}

#[test]
fn a_number_may_be_larger_than_any_number() {
    let huge = quote!(priority = 999999999999999999999999999999999999999999);
    assert_eq!(faults(huge), ["`priority` must be from -100 to 100"]);
    assert_eq!(faults(quote!(priority = -101)), ["`priority` must be from -100 to 100"]);
    assert_eq!(faults(quote!(priority = "5")), ["`priority` takes a whole number, as in `priority = 1`"]);
}
