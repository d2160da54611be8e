//! Marked jobs as text, without a script: as JSON, as Rust and as curl.

use boltjobs::DashboardRole;
use boltjobs_tests::{Bench, patiently};
use serde_json::Value;

use crate::actions::{post, token};
use crate::{HOSTILE, HOUR, address, assert_has, get, pay_with, shown};

/// Returns the text of a page that is to be copied.
fn copied(page: &str, kind: &str) -> String {
    let text = page.split(&format!("<code data-as=\"{kind}\">")).nth(1).expect("it is there");
    let text = text.split("</code>").next().unwrap();
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[tokio::test]
async fn marked_jobs_are_copied_as_json_as_rust_and_as_curl_by_whoever_may_look() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    let [one, failed] = bench
        .scope(async {
            let one = pay_with("one").schedule_in(HOUR).await.unwrap().id();
            let failed = pay_with(HOSTILE).enqueue().await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            [one, failed.id()]
        })
        .await;
    let list = get(at, "/jobs").body;
    assert_has(&list, &["formaction=\"/jobs/copy\"", "Copy as JSON", &format!("value=\"{one}\"")]);
    assert!(!list.contains("value=\"requeue\""), "whoever only looks does no more");

    let gone = "01890a5d-ac96-774b-bcce-b302099a8057";
    let form = |kind| format!("token={}&as={kind}&job={one}&job={failed}&job={gone}", token(at, "/jobs"));
    let page = post(at, "/jobs/copy", "", &form("json"));
    assert_eq!(page.status, 200, "{}", page.body);
    assert_has(&page.body, &["2 jobs as JSON", "1 job more: not there any more"]);
    assert!(!page.body.contains("<script>alert") && !page.body.contains("s3cret"), "{}", page.body);
    let json: Vec<Value> = serde_json::from_str(&copied(&page.body, "json")).unwrap();
    assert_eq!((json.len(), &json[0]["id"]), (2, &one.to_string().into()));
    assert_eq!((&json[1]["payload"]["note"], &json[1]["payload"]["card"]), (&HOSTILE.into(), &"***".into()));

    let rust = copied(&post(at, "/jobs/copy", "", &form("rust")).body, "rust");
    assert_has(&rust, &[&format!("// job {one}\n"), "Pay {", "note: \"one\".into(),", "•••"]);
    let curl = copied(&get(at, &format!("/jobs/copy?as=curl&job={one}&job={failed}")).body, "curl");
    let command = |id| format!("curl 'http://{at}/api/jobs/{id}'");
    assert_eq!(curl, format!("{}\n{}", command(one), command(failed)));

    let file = post(at, "/jobs/copy", "", &format!("{}&file=1", form("curl")));
    assert_has(&file.head, &["attachment; filename=\"jobs.sh\"", "content-type: text/plain"]);
    assert_eq!(file.body, curl);
    for (form, status, why) in [
        (format!("as=json&job={one}"), 403, "not of this run"),
        (format!("token={}&as=xml&job={one}", token(at, "/jobs")), 400, "Nothing is copied as `xml`"),
        (format!("token={}&as=json", token(at, "/jobs")), 400, "0 jobs are chosen"),
        (format!("token={}&as=json&job=7", token(at, "/jobs")), 400, "`7` is not the id of a job"),
    ] {
        let refused = post(at, "/jobs/copy", "", &form);
        assert_eq!(refused.status, status, "{form}");
        assert_has(&refused.body, &[why]);
    }
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await;
    bench.scope(async { pay_with("one").schedule_in(HOUR).await.unwrap() }).await;
    assert_has(&get(address(&bench), "/jobs").body, &["value=\"requeue\"", "Copy as Rust"]);
    let nothing = get(at, "/jobs/copy?as=json");
    assert_eq!(nothing.status, 400);
}
