use boltjobs_fuzz::{cases, texts};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::Timestamp;
use crate::engine::Engine;
use crate::job::{JobSpec, NewJob};

fn job(title: &str, payload: &[u8], sensitive: bool) -> Job {
    let spec = JobSpec {
        title: Some(title.to_owned()),
        sensitive: if sensitive { vec!["token".to_owned()] } else { Vec::new() },
        ..JobSpec::new("mail.send", payload)
    };
    let (mut engine, id) = (Engine::default(), JobId::from_u128(7));
    engine
        .at(Timestamp::EPOCH, &mut ())
        .enqueue(vec![NewJob { id, spec: spec.into(), start_at: None }])
        .unwrap();
    engine.job(id).unwrap().into_owned()
}

fn finds(job: &Job, text: impl Into<String>) -> bool {
    JobFilter { text: Some(text.into()), ..JobFilter::default() }.admits(job)
}

#[test]
fn a_letter_is_found_in_all_of_its_forms() {
    for (title, text) in
        [("Straße", "STRASSE"), ("strasse", "ß"), ("ΟΔΟΣΑ", "οδος"), ("οδος", "ΟΔΟΣ"), ("İzmir", "i\u{307}Z")]
    {
        assert!(finds(&job(title, b"{}", false), text), "{text} in {title}");
    }
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn every_part_of_a_title_finds_its_job_in_upper_and_in_lower_case(
        title in texts("[a-zA-ZåßΣσςéİ 0-9]{1,20}"),
        from: Index,
        length in 1..9_usize,
    ) {
        let job = job(&title, b"{}", false);
        let part: String = title.chars().skip(from.index(title.chars().count() + 1)).take(length).collect();
        for text in [part.clone(), part.to_lowercase(), part.to_uppercase()] {
            prop_assert!(finds(&job, text.as_str()), "{:?} is not found in {:?}", text, title);
        }
        let longer = format!("{title}\u{1}nowhere");
        prop_assert!(!finds(&job, longer));
    }

    #[test]
    fn a_payload_is_searched_unless_something_in_it_is_sensitive(bytes: Vec<u8>, text in "[\u{21}-\u{7e}]{1,9}") {
        let payload = [&bytes, text.as_bytes()].concat();
        prop_assert!(finds(&job("t", &payload, false), text.as_str()));
        // What stands nowhere else.
        let marked = format!("\u{2}{text}");
        prop_assert!(!finds(&job("t", marked.as_bytes(), true), marked.as_str()));
    }

    #[test]
    fn a_value_finds_its_job_by_its_path_unless_it_is_sensitive(
        name in texts("[a-z\"\\\\: é~/]{1,9}"), value in texts("[ -~é]{0,20}"), other in texts("[a-z]{1,9}")
    ) {
        prop_assume!(!other.is_empty());
        prop_assume!(!name.is_empty() && name != "token" && !name.contains('.') && value != "***");
        let payload = serde_json::json!({ &name: value, "token": value }).to_string();
        let args = vec![(name.clone(), value.clone())];
        let filter = JobFilter { args, ..JobFilter::default() };
        let job = job("t", payload.as_bytes(), true);
        prop_assert!(filter.admits(&job));
        prop_assert_eq!(&filter.to_string().parse::<JobFilter>().unwrap(), &filter);
        for path in ["token".to_owned(), format!("{name}.{other}"), format!("{name}{other}")] {
            let filter = JobFilter { args: vec![(path, value.clone())], ..JobFilter::default() };
            prop_assert!(!filter.admits(&job));
        }
    }
}
