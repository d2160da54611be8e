use super::*;

#[test]
fn gzip_is_sent_to_those_who_read_it() {
    let takes = |accepted: &'static str| takes_gzip(Some(&HeaderValue::from_static(accepted)));
    for accepted in ["gzip", "gzip, deflate, br", "br;q=1, GZIP ; q=0.5"] {
        assert!(takes(accepted), "{accepted}");
    }
    for accepted in ["", "br", "gzip;q=0", "gzip; q=0.0", "gzip;q=x", "x-gzip"] {
        assert!(!takes(accepted), "{accepted}");
    }
    assert!(!takes_gzip(None));
}

#[test]
fn a_file_is_known_in_every_version_and_by_no_other_name() {
    assert!(STYLE.is(STYLE.path.strip_prefix("/assets/").unwrap()));
    assert!(STYLE.is("style-0123.css"));
    for other in ["style.css", "style-0123.js", "style-css", "script-0123.css", "", "style-"] {
        assert!(!STYLE.is(other), "{other}");
    }
    assert_ne!(hash("a"), hash("b"));
}

#[test]
fn the_script_stays_small_and_never_writes_html() {
    assert!(SCRIPT.zipped.len() <= 12 * 1024, "{} bytes", SCRIPT.zipped.len());
    for part in ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write", "style."] {
        assert!(!SCRIPT.body.contains(part), "{part}");
    }
}
