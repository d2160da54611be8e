//! Stores whose files were damaged, in every region of every file: each is refused with a clear error, or holds all
//! that it held.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod damage;
mod forged;
mod image;
mod sample;
mod verdict;

use damage::{Damage, cuts, flips, growth, moves, replacements, zeros};
use image::Image;
use sample::{Sample, be_killed, stranger};
use verdict::{Case, judge};

const FILES: [&str; 4] = ["db", "conf", "head", "lock"];

/// Returns the stores to be damaged.
fn samples() -> [Sample; 3] {
    [Sample::closed(), Sample::open(), Sample::killed(KILLED)]
}

/// Makes cases of each file of a store that is not empty.
fn cases(sample: &Sample, damages: impl Fn(&str, &[u8]) -> Vec<Damage>) -> Vec<Case> {
    let files = FILES.map(str::to_owned).into_iter().chain(sample.image.snapshot());
    let cases = |file: String| {
        let damages = damages(&file, sample.image.file(&file));
        damages.into_iter().map(move |damage| Case { file: file.clone(), damage })
    };
    files.flat_map(cases).collect()
}

/// Judges damage of what a file holds. In the data of a store that was closed all of it is noticed.
#[allow(clippy::print_stdout, reason = "the tests tell what they found")]
fn check(sample: &Sample, cases: &[Case]) {
    let table = judge(sample, cases);
    println!("{table}");
    let (good, noticed) = (table.of("db", "good"), table.of("db", "Corrupt"));
    assert!(noticed > 100, "only {noticed} cases were noticed");
    assert!(!sample.closed || good == 0, "{good} cases were not noticed");
}

const KILLED: &str = "a_process_that_was_killed_leaves_what_one_that_is_open_holds";

#[test]
fn a_process_that_was_killed_leaves_what_one_that_is_open_holds() {
    be_killed();
    let [closed, open, killed] = samples();
    assert_eq!(closed.content, open.content);
    assert_eq!(killed.content, open.content);
}

#[test]
fn a_flipped_bit_anywhere_is_noticed_or_harmless() {
    for sample in samples() {
        let cases = cases(&sample, |file, bytes| match file {
            "lock" => Vec::new(),
            "db" => flips(bytes.len(), 500),
            _ => flips(bytes.len(), 200),
        });
        check(&sample, &cases);
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_noticed_or_harmless() {
    for sample in samples() {
        let cases = cases(&sample, |file, bytes| match file {
            "lock" => Vec::new(),
            "db" => cuts(bytes.len(), 120),
            _ => cuts(bytes.len(), 16),
        });
        check(&sample, &cases);
    }
}

#[test]
fn sectors_that_are_lost_or_astray_are_noticed_or_harmless() {
    for sample in samples() {
        let cases = cases(&sample, |_, bytes| [zeros(bytes, 130), moves(bytes, 150)].concat());
        check(&sample, &cases);
    }
}

#[test]
fn files_that_grew_or_were_replaced_are_noticed_or_harmless() {
    for sample in samples() {
        let mut cases = cases(&sample, |_, _| [growth(), replacements()].concat());
        let folder = [Damage::Remove, Damage::LinkToItself, Damage::LinkToNothing];
        cases.extend(folder.map(|damage| Case { file: "blobs".to_owned(), damage }));
        println!("{}", judge(&sample, &cases));
    }
}

/// Other files of the same name, each whole in itself.
fn others(sample: &Sample, file: &str) -> Vec<Damage> {
    let [closed, open] = &sample.earlier;
    let stranger = stranger();
    let of = |image: &Image| {
        let name = if file.starts_with("snap.") { image.snapshot() } else { Some(file.to_owned()) };
        name.map(|name| image.file(&name).to_vec())
    };
    let all = [("of earlier, closed", closed), ("of earlier, open", open), ("of another store", &stranger)];
    all.into_iter().filter_map(|(by, image)| Some(Damage::Replace(by, of(image)?))).collect()
}

#[test]
fn a_file_of_another_time_or_store_is_noticed_or_harmless() {
    for sample in [Sample::closed(), Sample::open()] {
        let cases = cases(&sample, |file, _| others(&sample, file));
        let table = judge(&sample, &cases);
        println!("{table}");
        assert_eq!(table.of("db", "Corrupt"), 3);
    }
}

#[test]
fn a_file_with_a_right_checksum_and_a_wrong_content_is_noticed_or_harmless() {
    for sample in [Sample::closed(), Sample::open()] {
        let cases = cases(&sample, |file, bytes| match file {
            "head" => forged::heads(bytes),
            "conf" => forged::settings(bytes),
            file if file.starts_with("snap.") => forged::snapshots(bytes),
            _ => Vec::new(),
        });
        println!("{}", judge(&sample, &cases));
    }
}
