//! A process of its own, which can be killed: the program of the test once more, in another role.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

use tokio::sync::Semaphore;

/// Says to a child what it is.
const ROLE: &str = "BOLTJOBS_TEST_ROLE";

/// How often this process was told to go on.
static TOLD: Semaphore = Semaphore::const_new(0);

/// Returns the role of this process, if a test began it.
///
/// Such a process ends with the one that began it, however that ends.
pub fn role() -> Option<String> {
    let role = std::env::var(ROLE).ok()?;
    thread::spawn(|| {
        // It ends when the other process does.
        for _ in io::stdin().lines() {
            TOLD.add_permits(1);
        }
        std::process::exit(1);
    });
    // The test runner may have begun a line.
    say("");
    Some(role)
}

/// Waits until this process is told to go on, by [`Child::proceed`].
pub async fn proceed() {
    TOLD.acquire().await.expect("it is never closed").forget();
}

/// Tells the process that began this one, in one write: a line is there whole or not at all, even after a kill.
pub fn say(line: impl Display) {
    let line = format!("{line}\n");
    io::stdout().lock().write_all(line.as_bytes()).expect("somebody listens");
}

/// A process that this one began.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    said: BufReader<ChildStdout>,
    complaints: Option<JoinHandle<String>>,
    /// The child ends when it is closed.
    orders: ChildStdin,
}

impl Child {
    /// Begins the test of this name in a process of its own, where [`role`] returns `role`.
    pub fn of(test: &str, role: &str, settings: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program is a file"));
        command.args(["--exact", test, "--nocapture"]).env(ROLE, role);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        settings(&mut command);
        let mut process = command.spawn().expect("a process can be begun");
        let said = BufReader::new(process.stdout.take().expect("it is a pipe"));
        let mut stderr = process.stderr.take().expect("it is a pipe");
        let complaints = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map_or_else(|error| error.to_string(), |_| text)
        });
        let orders = process.stdin.take().expect("it is a pipe");
        Self { process, said, complaints: Some(complaints), orders }
    }

    /// Returns what it says next; nothing once it has ended. A line that was cut off is none.
    pub fn next_line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("it says text");
        line.strip_suffix('\n').map(str::to_owned)
    }

    /// Waits until it says this.
    pub fn expect(&mut self, line: &str) {
        while let Some(said) = self.next_line() {
            if said == line {
                return;
            }
        }
        panic!("the child never said `{line}`:\n{}", self.end().1);
    }

    /// Tells it to go on.
    pub fn proceed(&mut self) {
        self.orders.write_all(b"\n").expect("it listens");
    }

    /// Kills it, and returns what it said and nobody has read yet.
    pub fn kill(mut self) -> Vec<String> {
        self.process.kill().expect("it can be killed");
        let rest = std::iter::from_fn(|| self.next_line()).collect();
        let (_, complaints) = self.end();
        assert!(complaints.is_empty(), "the child complained before it was killed:\n{complaints}");
        rest
    }

    /// Waits until it has ended well.
    pub fn finish(mut self) {
        while self.next_line().is_some() {}
        let (status, complaints) = self.end();
        assert!(status.success() && complaints.is_empty(), "the child ended with {status}:\n{complaints}");
    }

    /// Waits for its end, and returns what it complained of.
    pub fn end(&mut self) -> (ExitStatus, String) {
        let status = self.process.wait().expect("it ends");
        let complaints = self.complaints.take().map(JoinHandle::join);
        (status, complaints.map_or_else(String::new, |text| text.expect("its complaints are read")))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
