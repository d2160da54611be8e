//! What stands around every page: the rail, the controls, the files that pages ask for.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};

use super::{Answer, Block, address, ask, assert_has, get, overview, pay_with, shown};

/// The most bytes that a first look takes: the page as it is, the files in gzip.
const BUDGET: usize = 60 * 1024;

/// Returns the paths of the files that a page asks for.
fn files(page: &str) -> Vec<String> {
    let quoted = page.split('"').filter(|part| part.contains("/assets/"));
    quoted.map(str::to_owned).collect()
}

fn get_with(at: SocketAddr, path: &str, header: &str) -> Answer {
    ask(at, &format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n{header}"))
}

/// How many bytes a file has in gzip, which is no text.
fn zipped(at: SocketAddr, path: &str) -> usize {
    let head = get_head(at, path);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_has(&head, &["content-encoding: gzip", "vary: accept-encoding"]);
    length.parse().unwrap()
}

fn get_head(at: SocketAddr, path: &str) -> String {
    ask(at, &format!("HEAD {path} HTTP/1.1\r\nHost: {at}\r\nAccept-Encoding: gzip, br")).head
}

#[tokio::test]
async fn files_are_kept_for_good_under_names_that_change_with_them() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    let files = files(&overview(at));
    assert_eq!(files.len(), 3, "{files:?}");
    for path in &files {
        let answer = get(at, path);
        assert_eq!(answer.status, 200, "{path}");
        assert_has(
            &answer.head,
            &["cache-control: public, max-age=31536000, immutable", "default-src 'none'"],
        );
        assert!(!answer.head.contains("content-encoding"), "{}", answer.head);
        assert!(zipped(at, path) < answer.body.len(), "{path}");
        // A page of another version is not left without its looks, and what it gets is not kept.
        let (stem, rest) = path.split_once('-').unwrap();
        let other = get(at, &format!("{stem}-0.{}", rest.split_once('.').unwrap().1));
        assert_eq!((other.status, &other.body), (200, &answer.body));
        assert_has(&other.head, &["cache-control: no-store"]);
    }
    assert_eq!(get(at, "/assets/other-0.css").status, 404);
}

#[tokio::test]
async fn a_first_look_keeps_to_its_budget() {
    let bench = Bench::with(shown).await;
    bench
        .scope(async {
            for number in 0..20 {
                let failed = pay_with(&format!("note {number}")).enqueue().queue(format!("q{number}"));
                failed.await.unwrap();
                Block.recurring(format!("r{number}"), Cron::daily()).await.unwrap();
            }
            patiently(pay_with("no money").enqueue().await.unwrap().wait()).await.unwrap_err();
        })
        .await;
    let at = address(&bench);
    let page = overview(at);
    let files: usize = files(&page).iter().map(|path| zipped(at, path)).sum();
    assert!(page.len() + files <= BUDGET, "{} for the page, {files} for its files", page.len());
}

#[tokio::test]
async fn a_page_comes_in_the_theme_and_the_zone_that_were_chosen() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    let page = get_with(at, "/jobs", "Cookie: boltjobs-theme=dark; boltjobs-zone=browser").body;
    assert_has(&page, &["data-theme=\"dark\"", "data-zone=\"browser\""]);
    let plain = get_with(at, "/jobs", "Cookie: boltjobs-theme=x\"><b>").body;
    assert!(!plain.contains("data-theme") && !plain.contains("<b>"), "{plain}");
}

#[tokio::test]
async fn each_page_says_where_the_program_runs() {
    let of = async |name: &str| {
        let bench = Bench::with(|builder| shown(builder).dashboard_environment(name)).await;
        get(address(&bench), "/queues").body
    };
    assert_has(&of("EU Production").await, &["<span class=\"environment grave\">EU Production</span>"]);
    assert_has(&of("<b>").await, &["<span class=\"environment\">&lt;b&gt;</span>"]);
    assert!(!get(address(&Bench::with(shown).await), "/").body.contains("class=\"environment"));
}

#[tokio::test]
async fn a_stream_of_changes_holds_up_no_shutdown() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET /events HTTP/1.1\r\nHost: {at}\r\n\r\n").unwrap();
    let heard: Vec<_> = BufReader::new(&stream)
        .lines()
        .map(Result::unwrap)
        .take_while(|line| line != "event: change")
        .collect();
    assert_has(&heard.join("\n"), &["content-type: text/event-stream", "cache-control: no-store"]);
    bench.server.shutdown().await.unwrap();
    TcpStream::connect(at).unwrap_err();
}

#[tokio::test]
async fn each_page_names_the_parts_that_the_script_keeps_up_to_date() {
    let bench = Bench::with(shown).await;
    let job = bench.scope(async { pay_with("well").enqueue().await.unwrap() }).await;
    bench.scope(async { Block.recurring("nightly", Cron::daily()).await.unwrap() }).await;
    let at = address(&bench);
    let paths = ["/", "/jobs", "/queues", "/servers", "/recurring", "/recurring/nightly", "/jobs/"];
    for path in paths {
        let path = if path == "/jobs/" { format!("/jobs/{}", job.id()) } else { path.to_owned() };
        let page = get_with(at, &path, "X-Boltjobs-Live: 1").body;
        let ids: Vec<_> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{path} has an id twice: {ids:?}");
        assert!(page.contains("data-live"), "{path}");
        // Without the script there is no control that does nothing.
        let tools = page.split("class=\"tool\"").skip(1).filter_map(|rest| rest.split('>').next());
        let tools: Vec<_> = tools.collect();
        assert_eq!(tools.len(), 5, "{path}");
        assert!(tools.iter().all(|tool| tool.contains(" hidden")), "{path}: {tools:?}");
    }
}
