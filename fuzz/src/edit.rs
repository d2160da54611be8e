//! Spoils what is valid.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What parsers trip over: marks that mean something, numbers that are too large, text that is not what it looks like.
const PIECES: [&str; 44] = [
    "",
    " ",
    "\n",
    "\t",
    "\0",
    "\r\n",
    "\u{1b}[31m",
    "\u{85}",
    "\u{a0}",
    "\u{202e}",
    "\u{2028}",
    "\u{301}",
    "\u{feff}",
    "é",
    "İ",
    "ß",
    "🦀",
    "٣",
    ",",
    ",,",
    "=",
    "(",
    ")",
    "-",
    "+",
    "/",
    "*",
    "#",
    "@",
    ":",
    ".",
    "{",
    "}",
    "`",
    "\"",
    "<",
    ">",
    "&",
    "%",
    "?",
    "NaN",
    "1e999",
    "-0",
    "18446744073709551616",
];

/// A change at some place.
#[derive(Debug, Clone)]
enum Edit<T> {
    Insert(Vec<T>),
    Replace(Vec<T>),
    Remove(usize),
    Repeat(usize),
}

/// Makes what is valid into what is not quite, by one to three changes.
pub fn spoilt(valid: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => select(PIECES.to_vec()).prop_map(str::to_owned),
        1 => crate::numbers(),
        1 => any::<char>().prop_map(String::from),
    ];
    let edits = edits(piece.prop_map(|piece| piece.chars().collect()));
    (valid, edits).prop_map(|(text, edits)| changed(text.chars().collect(), edits).into_iter().collect())
}

/// The same for bytes.
pub fn spoilt_bytes(valid: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    // A byte of 250 and more begins a long number, as of a length that is beyond all bounds.
    let long = (251..=255_u8, any::<[u8; 16]>()).prop_map(|(mark, number)| [&[mark][..], &number].concat());
    let piece = prop_oneof![4 => vec(any::<u8>(), 1..4), 2 => long, 1 => vec(Just(u8::MAX), 1..17)];
    (valid, edits(piece)).prop_map(|(bytes, edits)| changed(bytes, edits))
}

fn edits<T: Clone + std::fmt::Debug + 'static>(
    piece: impl Strategy<Value = Vec<T>> + 'static,
) -> impl Strategy<Value = Vec<(Index, Edit<T>)>> {
    let piece = piece.boxed();
    let edit = prop_oneof![
        piece.clone().prop_map(Edit::Insert),
        piece.prop_map(Edit::Replace),
        (1..8_usize).prop_map(Edit::Remove),
        (1..8_usize).prop_map(Edit::Repeat),
    ];
    vec((any::<Index>(), edit), 1..4)
}

fn changed<T: Clone>(mut all: Vec<T>, edits: Vec<(Index, Edit<T>)>) -> Vec<T> {
    for (place, edit) in edits {
        let at = place.index(all.len() + 1);
        let end = |length: usize| (at + length).min(all.len());
        match edit {
            Edit::Insert(piece) => drop(all.splice(at..at, piece)),
            Edit::Replace(piece) => drop(all.splice(at..end(piece.len()), piece)),
            Edit::Remove(length) => drop(all.drain(at..end(length))),
            Edit::Repeat(length) => {
                let again = all[at..end(length)].to_vec();
                drop(all.splice(at..at, again));
            }
        }
    }
    all
}
