use pollster::block_on;

use super::*;
use crate::memory::MemoryStore;

fn limit(request: &str, kind: LimitKind, text: &str) -> HandlerLimit {
    let limit = Limit::parse(kind, text).unwrap();
    HandlerLimit { request: request.into(), limit, actor: "ada".to_owned(), at: Timestamp::EPOCH }
}

#[test]
fn a_limit_is_read_back_and_nothing_else_is_taken_for_one() {
    let texts = ["5", "1", "100/1m, burst = 10", "5/1s"];
    for (kind, text) in LimitKind::ALL.into_iter().zip(texts) {
        let set = limit("crate/mail.send", kind, text);
        let written = set.document();
        assert_eq!(&*written.key, format!("limit/handler/{kind}/crate/mail.send"));
        assert_eq!(HandlerLimit::of(&written.key, &written.text), Some(set));
        assert_eq!(HandlerLimit::of("limit/handler/speed/crate/mail.send", &written.text), None);
        for text in ["", "{}", "5", &written.text.replace(text, "0"), &written.text.replace(text, "x/y")] {
            assert_eq!(HandlerLimit::of(&written.key, text), None, "{text}");
        }
    }
}

#[test]
fn what_can_not_be_set_says_why() {
    let why = |kind, text| Limit::parse(kind, text).unwrap_err().to_string();
    assert_eq!(
        why(LimitKind::Concurrency, "0"),
        "`0` is no number of jobs; use 1 to 100000, or pause the queue"
    );
    assert!(why(LimitKind::RateLimit, "0/s").contains("lets nothing start"));
    assert_eq!(
        "speed".parse::<LimitKind>().unwrap_err().to_string(),
        "`speed` is no limit of a handler; use `concurrency`, `concurrency_per_key`, `rate_limit`, `rate_limit_per_key`"
    );
    let store = MemoryStore::new();
    let none =
        HandlerLimit { limit: Limit::Concurrency(0), ..limit("mail.send", LimitKind::Concurrency, "1") };
    assert!(matches!(block_on(set(&store, &none)), Err(HandlerLimitError::Number(_))));
    let nobody = limit("mail send", LimitKind::Concurrency, "1");
    assert!(matches!(block_on(set(&store, &nobody)), Err(HandlerLimitError::Name(_))));
}

#[test]
fn each_limit_of_each_handler_is_kept_by_itself() {
    let store = MemoryStore::new();
    let put = |request, kind, text| block_on(set(&store, &limit(request, kind, text))).unwrap();
    assert!(put("mail", LimitKind::Concurrency, "4"));
    assert!(!put("mail", LimitKind::Concurrency, "4"));
    assert!(put("mail", LimitKind::Concurrency, "5") && put("mail", LimitKind::RateLimit, "1/s"));
    assert!(put("mailing", LimitKind::Concurrency, "3"), "its name only begins alike");
    let known = |request| block_on(of(&store, request)).unwrap();
    assert_eq!(known("mail").iter().map(|it| it.limit.to_string()).collect::<Vec<_>>(), ["5", "1/1s"]);
    let code = Limits { concurrency: Some(9), per_key: Some(2), ..Limits::of("mail") };
    let all = over(code, &known("mail"));
    assert_eq!(
        (all.concurrency, all.per_key, all.rate),
        (Some(5), Some(2), Some(Rate::parse("1/s").unwrap()))
    );
    let take = |request, kind| block_on(remove(&store, request, kind, Timestamp::EPOCH)).unwrap();
    assert!(take("mail", LimitKind::Concurrency) && !take("mail", LimitKind::Concurrency));
    assert_eq!((known("mail").len(), known("mailing").len()), (1, 1));
}
