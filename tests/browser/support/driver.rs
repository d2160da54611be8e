//! The program that drives browsers, for as long as a test runs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

/// How to get what is missing.
const MEND: &str = "install them with `apt-get install -y --no-install-recommends chromium chromium-driver`, or name them by \
                    CHROMIUM and CHROMEDRIVER";

/// What chromedriver says once it listens, before the port.
const STARTED: &str = "started successfully on port ";

/// Ends chromedriver when the pipe from the test is closed, which the system does however the test ends.
const KEEPER: &str = r#""$0" --port=0 & driver=$!; read -r _; kill "$driver"; wait "$driver""#;

/// A chromedriver of its own.
#[derive(Debug)]
pub(crate) struct Driver {
    keeper: Child,
    url: String,
}

impl Driver {
    /// Starts chromedriver on a free port of loopback. What it and its browser leave behind is in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let program = found("CHROMEDRIVER", &["chromedriver"]);
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEPER, &program])
            .env("TMPDIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let keeper = command.spawn().expect("a shell can be started");
        // From here on it is waited for, also when the test fails.
        let mut driver = Self { keeper, url: String::new() };
        let said = BufReader::new(driver.keeper.stdout.take().expect("it is a pipe"));
        let mut all = String::new();
        for line in said.lines().map_while(Result::ok) {
            if let Some((_, port)) = line.split_once(STARTED) {
                driver.url = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                return driver;
            }
            all.push_str(&line);
            all.push('\n');
        }
        panic!("`{program}` did not start; {MEND}. It said:\n{all}");
    }

    /// Returns where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It ends as soon as chromedriver has; there is nothing to be done about a failure.
        let _ = self.keeper.wait();
    }
}

/// Returns the path of the browser.
pub(crate) fn chromium() -> String {
    found("CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])
}

/// Finds a program by an environment variable or in PATH.
fn found(variable: &str, names: &[&str]) -> String {
    if let Ok(path) = env::var(variable) {
        assert!(
            fs::exists(&path).unwrap_or_default(),
            "{variable} names `{path}`, which is not there; {MEND}"
        );
        return path;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = names
        .iter()
        .find_map(|name| env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file()));
    let found = found.unwrap_or_else(|| panic!("there is no `{}` in PATH; {MEND}", names[0]));
    found.to_string_lossy().into_owned()
}
