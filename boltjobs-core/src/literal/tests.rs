use serde_json::json;

use super::*;
use crate::shape::Field;

/// Makes a shape of `name: type`.
fn shape(kind: Kind, fields: &[(&str, &str)]) -> Shape {
    let field = |(name, ty): &(&str, &str)| Field {
        name: (*name).to_owned(),
        key: Some((*name).to_owned()),
        ty: (*ty).to_owned(),
        default: None,
    };
    Shape { ident: "SendMail".to_owned(), kind, fields: fields.iter().map(field).collect(), default: false }
}

fn spec(payload: &Value, sensitive: &[&str]) -> JobSpec {
    let mut spec = JobSpec::new("mail.send", payload.to_string().into_bytes());
    spec.sensitive = sensitive.iter().map(ToString::to_string).collect();
    spec
}

/// Writes one field of a type.
fn one(ty: &str, value: &Value) -> String {
    literal(Some(&shape(Kind::Tuple, &[("0", ty)])), &spec(value, &[]))
}

#[test]
fn each_type_of_the_standard_library_is_written_as_people_write_it() {
    for (ty, value, code) in [
        ("String", json!("a \"b\"\n\u{202e}"), r#""a \"b\"\n\u{202e}".into()"#),
        ("std :: path :: PathBuf", json!("/a"), r#""/a".into()"#),
        ("char", json!("é"), "'é'"),
        ("bool", json!(true), "true"),
        ("u8", json!(255), "255"),
        ("i64", json!(-5), "-5"),
        ("u64", json!(u64::MAX), "18446744073709551615"),
        ("f64", json!(1), "1.0"),
        ("f64", json!(0.1), "0.1"),
        ("f64", json!(1e300), "1e+300"),
        ("Option < u8 >", json!(null), "None"),
        ("Option<String>", json!("a"), r#"Some("a".into())"#),
        ("Vec<Option<u8>>", json!([1, null]), "vec![Some(1), None]"),
        ("Vec<Money>", json!([]), "vec![]"),
        ("(u8, String)", json!([1, "a"]), r#"(1, "a".into())"#),
        ("(u8,)", json!([1]), "(1,)"),
        ("()", json!(null), "()"),
        ("[u8; 2]", json!([1, 2]), "[1, 2]"),
        ("Box<u8>", json!(1), "Box::new(1)"),
        ("Arc<u8>", json!(1), "std::sync::Arc::new(1)"),
        ("Duration", json!({"secs": 90, "nanos": 5}), "std::time::Duration::new(90, 5)"),
    ] {
        assert_eq!(one(ty, &value), format!("SendMail({code})"), "{ty}");
    }
}

#[test]
fn what_is_no_value_of_its_type_or_of_none_that_is_known_is_read_from_json() {
    for (ty, value, json) in [
        ("u8", json!(256), "256"),
        ("u8", json!("1"), "\"1\""),
        ("char", json!("ab"), "\"ab\""),
        ("[u8; 3]", json!([1, 2]), "[1, 2]"),
        ("chrono :: Duration", json!({"secs": 1, "nanos": 2}), "{\"nanos\": 2, \"secs\": 1}"),
        ("Duration", json!({"secs": 1, "nanos": 1_000_000_000}), "{\"nanos\": 1000000000, \"secs\": 1}"),
        ("Vec<Money>", json!([{"cents": 1}]), "[{\"cents\": 1}]"),
        ("HashMap<String, u8>", json!({"a": 1}), "{\"a\": 1}"),
        (
            "Big",
            json!([2_147_483_648_u32, -3_000_000_000_i64, 0.5]),
            "[2147483648_i64, -3000000000_i64, 0.5]",
        ),
        ("Huge", json!([u64::MAX, 1]), "[18446744073709551615_u64, 1]"),
    ] {
        let code = one(ty, &value).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            code,
            format!("SendMail(serde_json::from_value(serde_json::json!({json})).unwrap())"),
            "{ty}"
        );
    }
    // Too much for the macro.
    let many: Vec<_> = (0..30).map(|at| if at == 0 { json!("#\"##é\u{202e}") } else { json!(at) }).collect();
    let code = one("Many", &many.into());
    assert!(code.contains(r#"serde_json::from_str(r###"["#), "{code}");
    assert!(code.contains(r###""#\"##é\u202e","###) && code.contains("29\n]\"###).unwrap())"), "{code}");
    // Within the string it would compile.
    let code = literal(Some(&shape(Kind::Tuple, &[("0", "Many")])), &spec(&json!(vec![7; 30]), &["3"]));
    assert!(code.contains("7, •••, 7") && code.contains("\"#…).unwrap())"), "{code}");
}

#[test]
fn fields_stand_one_per_line_and_what_is_left_out_has_its_default() {
    let mut mail =
        shape(Kind::Named, &[("to", "String"), ("type", "u8"), ("cc", "Option<String>"), ("at", "Day")]);
    mail.fields[1].key = Some("kind".to_owned());
    mail.fields[3].default = Some("today()".to_owned());
    let payload = json!({"to": "ada@example.org", "kind": 1});
    let written =
        "SendMail {\n    to: \"ada@example.org\".into(),\n    r#type: 1,\n    cc: None,\n    at: today(),\n}";
    assert_eq!(literal(Some(&mail), &spec(&payload, &[])), written);

    mail.default = true;
    let written = "SendMail {\n    to: \"ada@example.org\".into(),\n    r#type: 1,\n    at: today(),\n    ..Default::default()\n}";
    assert_eq!(literal(Some(&mail), &spec(&payload, &[])), written);

    let short = shape(Kind::Named, &[("a", "u8"), ("b", "u8")]);
    assert_eq!(literal(Some(&short), &spec(&json!({"a": 1, "b": 2}), &[])), "SendMail { a: 1, b: 2 }");
    let unit = shape(Kind::Unit, &[]);
    assert_eq!(literal(Some(&unit), &spec(&json!(null), &[])), "SendMail");
}

#[test]
fn a_payload_that_is_not_that_of_the_type_is_read_from_json_as_a_whole() {
    let mail = shape(Kind::Named, &[("to", "String"), ("n", "u8")]);
    for (payload, json) in [
        (json!({"to": "a"}), "{\"to\": \"a\"}"),
        (json!({"to": "a", "n": 1, "more": 2}), "{\"more\": 2, \"n\": 1, \"to\": \"a\"}"),
        (json!([1]), "[1]"),
    ] {
        let written = literal(Some(&mail), &spec(&payload, &[]));
        assert_eq!(
            written,
            format!("serde_json::from_value::<SendMail>(serde_json::json!({json})).unwrap()")
        );
    }
    let other = shape(Kind::Other, &[]);
    let written = literal(Some(&other), &spec(&json!("Reset"), &[]));
    assert_eq!(written, "serde_json::from_value::<SendMail>(serde_json::json!(\"Reset\")).unwrap()");
}

#[test]
fn what_is_sensitive_is_hidden_wherever_it_is_and_the_code_says_so() {
    let secret = "// What is sensitive is hidden; it compiles once there are values in its place.\n";
    let mail = shape(
        Kind::Named,
        &[("a", "Option<String>"), ("b", "Vec<(u8, u8)>"), ("c", "Card"), ("d", "Duration")],
    );
    let payload =
        json!({"a": "s3cret", "b": [[1, 77]], "c": {"no": 77, "of": 1}, "d": {"secs": 77, "nanos": 0}});
    let written = literal(Some(&mail), &spec(&payload, &["a", "b.0.1", "c.no", "d.secs"]));
    let expected = "SendMail {\n    a: •••,\n    b: vec![(1, •••)],\n    \
        c: serde_json::from_value(serde_json::json!({\"no\": •••, \"of\": 1})).unwrap(),\n    \
        d: serde_json::from_value(serde_json::json!({\"nanos\": 0, \"secs\": •••})).unwrap(),\n}";
    assert_eq!(written, format!("{secret}{expected}"));

    let single = shape(Kind::Tuple, &[("0", "String")]);
    let hidden = spec(&json!("s3cret"), &["0", ""]);
    assert_eq!(literal(Some(&single), &hidden), format!("{secret}SendMail(•••)"));
    assert_eq!(literal(Some(&mail), &hidden), format!("{secret}•••"));
    assert!(literal(None, &hidden).ends_with("MailSend(•••)"));
    assert!(test_code(Some(&mail), &spec(&payload, &["a"])).contains(&format!("    {secret}")));
}

#[test]
fn without_a_shape_the_type_is_guessed_and_the_code_says_so() {
    let guess = "// Guessed from the JSON of `mail.send`, as no server that is there handles it.\n";
    for (payload, code) in [
        (json!({"to": "a", "type": null}), "MailSend {\n    to: \"a\".into(),\n    r#type: None,\n}"),
        (json!({"a-b": 1}), "serde_json::from_value::<MailSend>(serde_json::json!({\"a-b\": 1})).unwrap()"),
        (json!([1, ["a"]]), "MailSend(1, vec![\"a\".into()])"),
        (
            json!({"a": {"b": 0.5}}),
            "MailSend {\n    a: serde_json::from_value(serde_json::json!({\"b\": 0.5})).unwrap(),\n}",
        ),
        (json!(true), "MailSend(true)"),
        (json!(null), "MailSend"),
    ] {
        assert_eq!(literal(None, &spec(&payload, &[])), format!("{guess}{code}"));
    }
}

#[test]
fn what_is_no_json_is_a_comment_and_hidden_whole_where_a_part_is_sensitive() {
    let mut broken = JobSpec::new("a\nb", *b"{x\r\n*/ y\xff");
    for written in [literal(None, &broken), test_code(None, &broken)] {
        assert_eq!(written, "// The payload of `a\\nb` is no JSON:\n// {x\n// */ y\u{fffd}");
    }
    broken.sensitive.push("x".to_owned());
    assert_eq!(literal(None, &broken), "// The payload of `a\\nb` is no JSON:\n// •••");
}

#[test]
fn much_is_cut_with_a_mark_and_costs_little() {
    let text = one("String", &json!("é".repeat(10_003)));
    assert!(text.ends_with("é\"… /* 3 more characters */.into())"), "{}", &text[text.len() - 60..]);
    for (ty, value) in [
        ("Vec<u64>", Value::from(vec![1_234_567; 100_000])),
        ("Vec<String>", Value::from(vec!["a".repeat(9_999); 1_000])),
        (
            "Other",
            (0..100_000).map(|at| (at.to_string(), Value::Null)).collect::<serde_json::Map<_, _>>().into(),
        ),
        ("Other", (0..120).fold(Value::from(vec![1; 50_000]), |inner, _| json!([inner]))),
    ] {
        for shape in [Some(shape(Kind::Tuple, &[("0", ty)])), None] {
            let code = literal(shape.as_ref(), &spec(&value, &[]));
            let length = code.chars().count();
            assert!((40_000..=LONGEST + 1).contains(&length), "{length} characters of {ty}");
            assert!(code.contains('…'));
        }
    }
    let broken = JobSpec::new("a", "\n".repeat(1_000_000).into_bytes());
    assert!(literal(None, &broken).chars().count() <= LONGEST + 1);
}

#[test]
fn a_test_performs_the_request() {
    let mail = shape(Kind::Named, &[("to", "String"), ("cents", "u64")]);
    let code = test_code(Some(&mail), &spec(&json!({"to": "ada@example.org", "cents": 1}), &[]));
    let expected = r#"#[boltjobs::test]
async fn send_mail_succeeds(jobs: boltjobs::testing::TestJobs) {
    let request = SendMail {
        to: "ada@example.org".into(),
        cents: 1,
    };

    let run = jobs.perform(request).await;
    assert!(run.is_success(), "{run:?}");
}
"#;
    assert_eq!(code, expected);
}
