//! Somebody who does the same with the script and without it.

use std::time::Duration;

use boltjobs_tests::patiently;

use crate::{Browser, Office};

/// Somebody at a browser.
#[derive(Debug)]
pub struct Visitor {
    /// What they sit at.
    pub browser: Browser,
    script: bool,
}

impl Visitor {
    /// Comes with a browser that runs the script of the pages.
    pub async fn with_script() -> Self {
        Self { browser: Browser::start().await, script: true }
    }

    /// Comes with one that does not.
    pub async fn without_script() -> Self {
        Self { browser: Browser::without_script().await, script: false }
    }

    /// Presses a button that is not taken back at once, and says yes to the script, or to the page that asks.
    pub async fn means(&self, path: &str) {
        if self.script {
            self.browser.mark(path).await;
            self.browser.press("//dialog//button[contains(@class, 'main')]").await;
        } else {
            self.browser.press(path).await;
            self.browser.expect(&["Nothing has been done yet."]).await;
            self.browser.press("//form[@class='fields']//button[contains(@class, 'main')]").await;
        }
    }

    /// Waits until the page says it, while time passes: by itself, or when it is asked for again.
    pub async fn sees(&self, office: &Office, part: &str) {
        patiently(async {
            while !self.browser.text().await.contains(part) {
                office.bench.clock.advance(Duration::from_millis(500));
                if self.script {
                    tokio::task::yield_now().await;
                } else {
                    self.browser.reload().await;
                }
            }
        })
        .await;
    }
}
