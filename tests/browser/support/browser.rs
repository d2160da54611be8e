//! A browser of a test's own, and what a test does with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use boltjobs_tests::patiently;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::TimeoutConfiguration;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::{Driver, chromium};
use crate::endpoint::Endpoint;

/// How long a page or a script may take; only a test that has failed waits that long.
const PATIENCE: Duration = Duration::from_mins(4);

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether the system is dark.
    pub dark: bool,
    /// The width of the window in CSS pixels.
    pub width: u32,
    /// Its height in CSS pixels.
    pub height: u32,
}

impl Look {
    /// As on a desk.
    pub const WIDE: Self = Self { dark: false, width: 1_280, height: 800 };
    /// The same at night.
    pub const DARK: Self = Self { dark: true, ..Self::WIDE };
    /// As on a telephone.
    pub const NARROW: Self = Self { dark: false, width: 390, height: 844 };
    /// The same at night.
    pub const NARROW_DARK: Self = Self { dark: true, ..Self::NARROW };
}

/// A headless Chromium with a profile of its own. It ends with the test, however that ends.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // In this order: the folder is removed once the browser is gone.
    _driver: Driver,
    _folder: TempDir,
}

impl Browser {
    /// Starts one that runs scripts.
    pub async fn start() -> Self {
        Self::launch(true).await
    }

    /// Starts one that runs no script of any page.
    pub async fn without_script() -> Self {
        let browser = Self::launch(false).await;
        browser.open("data:text/html,<title>off</title><script>document.title = 'on'</script>").await;
        assert_eq!(browser.client.title().await.expect("it has a title"), "off", "scripts run");
        browser
    }

    async fn launch(script: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let driver = Driver::start(folder.path());
        let data = format!("--user-data-dir={}", folder.path().join("profile").display());
        let mut options = json!({
            "binary": chromium(),
            "args": [
                "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en-US",
                "--force-color-profile=srgb", "--disable-lcd-text", "--font-render-hinting=none",
                // It sees nothing but the pages of a test, and a sandbox is not to be had in every container.
                "--no-sandbox",
                // Chromium ends when this pipe is closed, so also when chromedriver is killed.
                "--remote-debugging-pipe",
                // Nothing has an address but this machine.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--disable-background-networking", "--disable-component-update", "--no-first-run", data,
            ],
        });
        if !script {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let capabilities = json!({
            "browserName": "chrome",
            "unhandledPromptBehavior": "ignore",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let started = builder.capabilities(capabilities).connect(driver.url()).await;
        let client = started.unwrap_or_else(|error| panic!("Chromium does not start: {error}"));
        let browser = Self { client, _driver: driver, _folder: folder };
        // On a busy machine axe-core may take longer than the 30 seconds that a script is given.
        let timeouts = TimeoutConfiguration::new(Some(PATIENCE), Some(PATIENCE), None);
        browser.client.update_timeouts(timeouts).await.expect("it is patient");
        browser.look(Look::WIDE).await;
        browser
    }

    /// Returns the driver's own client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sets the size of the window and what the system prefers.
    pub async fn look(&self, look: Look) {
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        let size =
            json!({ "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Gives a command to the developer tools.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.command(&Endpoint::new("goog/cdp/execute", body)).await
    }

    async fn command(&self, endpoint: &Endpoint) -> Value {
        let answer = self.client.issue_cmd(endpoint.clone()).await;
        answer.unwrap_or_else(|error| panic!("{endpoint:?}: {error}"))
    }

    /// Opens a page.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("`{url}` does not open: {error}"));
        self.complete().await;
    }

    /// Waits until the page is there as a whole, which the driver does not promise after a quick row of pages.
    async fn complete(&self) {
        patiently(async {
            while self.state().await != "complete" {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Returns how far the page is; a page that runs no script tells it, too.
    async fn state(&self) -> Value {
        let mut answer =
            self.devtools("Runtime.evaluate", json!({ "expression": "document.readyState" })).await;
        answer["result"]["value"].take()
    }

    /// Returns the path and the query of the page that is open.
    pub async fn place(&self) -> String {
        let url = self.client.current_url().await.expect("a page is open");
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// Runs a script in the page, whatever its policy says, and returns what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("`{script}`: {error}"))
    }

    /// Returns what there is to read in the page, as it is rendered.
    pub async fn text(&self) -> String {
        patiently(async {
            loop {
                // While a page makes way for another one, there is no body, or one that is gone when it is read.
                let Some(body) = self.all("//body").await.pop() else {
                    tokio::task::yield_now().await;
                    continue;
                };
                match body.text().await {
                    Ok(text) => return text,
                    Err(error) if has_gone(&error) => tokio::task::yield_now().await,
                    Err(error) => panic!("the page can't be read: {error}"),
                }
            }
        })
        .await
    }

    /// Returns everything that an `XPath` finds.
    pub async fn all(&self, path: &str) -> Vec<Element> {
        self.client.find_all(Locator::XPath(path)).await.unwrap_or_else(|error| panic!("`{path}`: {error}"))
    }

    /// Returns the one thing that an `XPath` finds.
    pub async fn the(&self, path: &str) -> Element {
        let mut found = self.all(path).await;
        match (found.pop(), found.len()) {
            (Some(element), 0) => element,
            (_, more) => {
                let source = self.client.source().await.unwrap_or_default();
                panic!("`{path}` finds {}, not one: {source}", if more == 0 { 0 } else { more + 1 })
            }
        }
    }

    /// Follows the one link of this text within what `within` finds.
    pub async fn follow(&self, within: &str, text: &str) {
        self.press(&format!("{within}//a[{}]", says(text))).await;
    }

    /// Presses the one button of this text.
    pub async fn button(&self, text: &str) {
        self.press(&format!("//button[{}]", says(text))).await;
    }

    /// Clicks on the one thing that an `XPath` finds, and waits for the page that comes of it.
    pub async fn press(&self, path: &str) {
        let before = self.the("/html").await;
        self.mark(path).await;
        patiently(async {
            while before.tag_name().await.is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        self.complete().await;
    }

    /// Clicks on the one thing that an `XPath` finds, and stays on the page.
    pub async fn mark(&self, path: &str) {
        let clicked = self.the(path).await.click().await;
        clicked.unwrap_or_else(|error| panic!("`{path}` can't be clicked on: {error}"));
    }

    /// Presses keys where the focus is. What is held, as Control, is held until the last one.
    pub async fn keys(&self, keys: &str) {
        patiently(async {
            loop {
                let active = self.client.active_element().await.expect("something has the focus");
                match active.send_keys(keys).await {
                    Ok(()) => break,
                    // It has gone with the page before, and nothing was pressed.
                    Err(error) if has_gone(&error) => tokio::task::yield_now().await,
                    Err(error) => panic!("`{keys}` can't be pressed: {error}"),
                }
            }
        })
        .await;
    }

    /// Puts a text into a field, in place of what is there.
    pub async fn fill(&self, path: &str, text: &str) {
        let field = self.the(path).await;
        field.clear().await.expect("it can be emptied");
        field.send_keys(text).await.expect("it takes what is typed");
    }

    /// Asks for the page again.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("a page is open");
        self.complete().await;
    }

    /// Waits until a script returns `true`.
    pub async fn until(&self, script: &str) {
        patiently(async {
            while self.run(script).await != true {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Fails unless the page says each of these.
    pub async fn expect(&self, parts: &[&str]) {
        let text = self.text().await;
        for part in parts {
            assert!(text.contains(part), "`{part}` is not said at {}:\n{text}", self.place().await);
        }
    }

    /// Types into the box of every page, and waits for the jobs that are found.
    pub async fn search(&self, query: &str) {
        let form = "//form[@role='search']";
        self.fill(&format!("{form}//input[@name='q']"), query).await;
        self.press(&format!("{form}//button")).await;
    }

    /// Returns what the console was told since it was asked last, as lines.
    pub async fn console(&self) -> String {
        let entries = self.command(&Endpoint::new("se/log", json!({ "type": "browser" }))).await;
        let mut lines = String::new();
        for entry in entries.as_array().expect("a log is a list") {
            // It can't fail for a String.
            let _ = writeln!(lines, "{}: {}", entry["level"], entry["message"]);
        }
        lines
    }

    /// Waits until the console is told this; what it was told before is taken from it.
    pub async fn until_told(&self, text: &str) {
        patiently(async {
            while !self.console().await.contains(text) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Fails if the page has loaded anything from elsewhere than `origin`.
    pub async fn expect_only(&self, origin: &str) {
        let script = "return performance.getEntriesByType('resource').map(entry => entry.name)";
        let loaded = self.run(script).await;
        for name in loaded.as_array().expect("it is a list") {
            let name = name.as_str().unwrap_or_default();
            assert!(name.starts_with(&format!("{origin}/")), "the page loads `{name}`");
        }
    }

    /// Returns by how many pixels the page is wider than its window.
    pub async fn overflow(&self) -> i64 {
        let script = "const root = document.documentElement; return root.scrollWidth - root.clientWidth";
        self.run(script).await.as_i64().expect("it is a whole number")
    }

    /// Returns the text of the dialog that is open, if there is one.
    pub async fn dialog(&self) -> Option<String> {
        match self.client.get_alert_text().await {
            Ok(text) => Some(text),
            Err(error) if error.is_no_such_alert() => None,
            Err(error) => panic!("it does not say whether there is a dialog: {error}"),
        }
    }

    /// Returns the picture of what is in the window, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.expect("there is something to see")
    }

    /// Returns the texts of the rows of a table, by its caption, without its head.
    pub async fn rows(&self, caption: &str) -> Vec<String> {
        let mut rows = Vec::new();
        for row in self.all(&format!("//table[caption[{}]]/tbody/tr", says(caption))).await {
            rows.push(row.text().await.expect("it can be read"));
        }
        rows
    }

    /// Returns the texts of the first row of a table, by the texts of its columns.
    pub async fn first_row(&self, caption: &str) -> BTreeMap<String, String> {
        let table = format!("//table[caption[{}]]", says(caption));
        let mut row = BTreeMap::new();
        let names = self.all(&format!("{table}/thead/tr/th")).await;
        let cells = self.all(&format!("{table}/tbody/tr[1]/*")).await;
        assert_eq!(names.len(), cells.len(), "the first row of `{caption}` has a cell for each column");
        for (name, cell) in names.iter().zip(&cells) {
            let read: Result<_, CmdError> = async { Ok((name.text().await?, cell.text().await?)) }.await;
            let (name, cell) = read.expect("they can be read");
            row.insert(name, cell);
        }
        row
    }
}

/// Returns whether what was asked for has gone with its page. In the moment in which one page makes way for
/// another the driver has no name of its own for that.
fn has_gone(error: &CmdError) -> bool {
    error.is_stale_element_reference() || error.to_string().contains("does not belong to the document")
}

/// A condition of an `XPath`: the text of it is this, whatever white space is around it.
pub fn says(text: &str) -> String {
    assert!(!text.contains('\''), "`{text}` can't be looked for");
    format!("normalize-space(.) = '{text}'")
}
