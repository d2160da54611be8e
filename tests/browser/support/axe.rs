//! What axe-core finds wrong with a page.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::{Value, json};

use crate::Browser;

/// Where npm puts it.
const AXE: &str = "node_modules/axe-core/axe.min.js";

/// WCAG 2.2 at level AA, with all that it builds upon, and what is good practice besides.
const RULES: [&str; 7] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/// Runs the rules in the page, and calls back with what they find.
const RUN: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, arguments[0]).then(found => done(found), error => done(String(error)));";

/// The rules of axe-core.
#[derive(Debug)]
pub struct Axe(String);

impl Axe {
    /// Reads what npm has installed.
    pub fn installed() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE);
        let source = fs::read_to_string(&path);
        Self(source.unwrap_or_else(|error| {
            panic!("{}: {error}; install it with `npm ci --ignore-scripts` in tests/browser", path.display())
        }))
    }

    /// Returns what is wrong with the page that is open, a line for each element; empty when nothing is.
    pub async fn faults(&self, browser: &Browser) -> String {
        if browser.run("return typeof window.axe").await == "undefined" {
            // The driver may run what the policy of the page forbids.
            browser.run(&self.0).await;
        }
        let options = json!({
            "runOnly": { "type": "tag", "values": RULES },
            // It is in WCAG 2.2, and yet axe-core leaves it out unless it is asked.
            "rules": { "target-size": { "enabled": true } },
            "resultTypes": ["violations"],
        });
        let found = browser.client().execute_async(RUN, vec![options]).await.expect("axe-core runs");
        let passed = found["passes"].as_array().map_or(0, Vec::len);
        assert!(passed > 10, "axe-core has looked at nothing: {found}");
        let mut faults = String::new();
        for violation in found["violations"].as_array().into_iter().flatten() {
            for node in violation["nodes"].as_array().into_iter().flatten() {
                let line = [
                    &violation["id"],
                    &violation["help"],
                    &node["target"],
                    &node["html"],
                    &node["failureSummary"],
                ];
                let line: Vec<_> = line.into_iter().map(Value::to_string).collect();
                // It can't fail for a String.
                let _ = writeln!(faults, "  {}", line.join(" | "));
            }
        }
        faults
    }
}
