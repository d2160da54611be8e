//! Keeps the pages, the sources and the tests in step. It reads files and runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rows of `docs/guarantees.md`: everything that is promised.
const ROWS: &str = "D1 D2 D3 D4 D5 D6 D7 D8 S1 S2 S3 S4 R1 R2 R3 R4 R5 R6 T1 T2 C1 C2 C3 C4 C5 C6 C7 C8 N1 N2 N3 N4 \
                    U1 U2 U3 Q1 Q2 Q3 W1 W2 W3 W4 W5 B1 B2 B3 B4 B5 E1 E2 E3 E4 E5 E6";

/// The most lines of a source file.
const LONGEST: usize = 400;

/// Files that are longer, and why.
const LONG: &[(&str, &str)] = &[];

/// The page that the rows stand on.
const PAGE: &str = "docs/guarantees.md";

/// Another page that names tests, in tables.
const TABLES: &str = "docs/hangfire.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file that people write, by its path below the root.
fn files() -> BTreeMap<String, String> {
    let (root, mut files) = (root(), BTreeMap::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let hidden = name.starts_with('.') && ![".ci", ".github"].contains(&name.as_str());
            if hidden || ["target", "boltjobs-data", "node_modules"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path)
                && name != "Cargo.lock"
            {
                let below = path.strip_prefix(&root).unwrap_or(&path);
                files.insert(below.to_string_lossy().replace('\\', "/"), text);
            }
        }
    }
    files
}

fn sources() -> BTreeMap<String, String> {
    files().into_iter().filter(|(path, _)| has_extension(path, "rs")).collect()
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of the page: the id, and what stands behind `Tests:`.
fn rows(page: &str) -> Vec<(String, Vec<String>)> {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            let id = title.split('.').next().unwrap_or_default();
            rows.push((id.to_owned(), Vec::new()));
        } else if let Some(tests) = line.strip_prefix("Tests: ")
            && let Some((_, row)) = rows.last_mut()
        {
            row.extend(listed(tests));
        }
    }
    rows
}

/// The rows of the tables whose last column is `tests`: what each says, and the tests that it names.
fn table_rows(page: &str) -> Vec<(String, Vec<String>)> {
    let (mut rows, mut of_tests) = (Vec::new(), false);
    for line in page.lines() {
        let cells = line.trim_matches(['|', ' ']).rsplit_once(" | ").filter(|_| line.starts_with('|'));
        match cells {
            Some((_, "tests")) => of_tests = true,
            Some((says, tests)) if of_tests => rows.push((says.to_owned(), listed(tests).collect())),
            Some(_) => {}
            None => of_tests = of_tests && line.starts_with('|'),
        }
    }
    rows
}

fn listed(tests: &str) -> impl Iterator<Item = String> {
    tests.split(", ").map(|test| test.trim_matches('`').to_owned())
}

/// The names of all tests and laws.
fn tests_in(path: &str, source: &str) -> Vec<String> {
    let (mut found, mut marked) = (Vec::new(), false);
    for line in source.lines().map(str::trim) {
        let name = line.strip_prefix("pub ").unwrap_or(line);
        let name = name.strip_prefix("async ").unwrap_or(name).strip_prefix("fn ");
        if let Some(name) = name.and_then(|name| name.split(['(', '<']).next()) {
            let law = path.contains("/conformance/") && line.starts_with("pub fn ");
            if marked || law {
                found.push(name.to_owned());
            }
            marked = false;
        } else if line.starts_with("#[test]")
            || line.starts_with("#[tokio::test")
            || line.starts_with("#[boltjobs::test")
            || line.starts_with("#[boltjobs::simulate")
        {
            marked = true;
        } else if !line.starts_with(['#', '/', ')']) && !line.is_empty() && line.ends_with(['{', '}', ';']) {
            marked = false;
        }
    }
    found
}

fn fail_with(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

#[test]
fn every_row_is_held_by_a_test() {
    let rows = rows(&page(PAGE));
    let bare = rows.iter().filter(|(_, tests)| tests.iter().all(String::is_empty));
    fail_with("rows that no test holds", &bare.map(|(id, _)| id.clone()).collect::<Vec<_>>());
    let ids: Vec<_> = rows.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ROWS.split_whitespace().collect::<Vec<_>>(), "the rows of {PAGE}");
}

/// The tests that rows name and that do not exist.
fn missing(rows: Vec<(String, Vec<String>)>) -> Vec<String> {
    let known: BTreeSet<_> = sources().iter().flat_map(|(path, source)| tests_in(path, source)).collect();
    let mut missing = Vec::new();
    for (row, tests) in rows {
        let named = tests.into_iter().filter(|test| !known.contains(test));
        missing.extend(named.map(|test| format!("{row}: {test}")));
    }
    missing
}

#[test]
fn every_test_that_a_row_names_exists() {
    fail_with("rows that name a test which does not exist", &missing(rows(&page(PAGE))));
}

#[test]
fn every_test_that_a_table_names_exists() {
    let rows = table_rows(&page(TABLES));
    assert!(rows.len() > 40, "{TABLES} has {} rows with tests; has its form changed?", rows.len());
    fail_with("tables that name a test which does not exist", &missing(rows));
}

/// Says whether `word` stands in `line` by itself, and not as the end of another word or path.
fn stands_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}'))
    })
}

#[test]
fn nothing_is_left_to_do_and_no_path_of_one_machine_is_named() {
    // Put together here, so that this file does not hold them.
    let words = [["TO", "DO"], ["FIX", "ME"], ["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/tm", "p/"]];
    let words = words.map(|word| word.concat());
    let mut found = Vec::new();
    for (path, text) in files() {
        for (number, line) in (1..).zip(text.lines()) {
            let word = words.iter().find(|word| stands_in(line, word));
            found.extend(word.map(|word| format!("{path}:{number}: `{word}`")));
        }
    }
    fail_with("words that belong into nobody's checkout", &found);
}

#[test]
fn every_mistake_of_the_ui_tests_has_its_answer() {
    let files = files();
    let mistakes =
        files.keys().filter(|path| path.starts_with("tests/ui/mistakes/") && has_extension(path, "rs"));
    let bare = mistakes.filter(|path| !files.contains_key(&path.replace(".rs", ".stderr")));
    fail_with("mistakes without a .stderr", &bare.cloned().collect::<Vec<_>>());
}

#[test]
fn every_public_async_fn_says_whether_it_can_be_cancelled() {
    let mut bare = Vec::new();
    for (path, source) in sources().iter().filter(|(path, _)| path.starts_with("boltjobs/src/")) {
        let lines: Vec<_> = source.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("pub async fn ")) {
            let above =
                lines[..at].iter().rev().take_while(|line| line.starts_with("///") || line.starts_with("#["));
            if !above.clone().any(|line| *line == "/// # Cancel safety") {
                bare.push(format!("{path}:{}: {line}", at + 1));
            }
        }
    }
    fail_with("public async fns without `# Cancel safety`", &bare);
}

#[test]
fn no_source_file_is_too_long() {
    let sources = sources();
    let length = |path: &str| sources.get(path).map_or(0, |source| source.lines().count());
    let allowed = |path: &str| LONG.iter().any(|(long, _)| *long == path);
    let long = sources.keys().filter(|path| length(path) > LONGEST && !allowed(path));
    let mut faults: Vec<_> =
        long.map(|path| format!("{path} has {} lines; what is its second idea?", length(path))).collect();
    let needless = LONG.iter().filter(|(path, _)| length(path) <= LONGEST);
    faults.extend(needless.map(|(path, _)| format!("{path} need not be allowed any more")));
    fail_with("files of more than 400 lines", &faults);
}
