//! What may happen to a file.

use std::path::PathBuf;

use crate::image::{Content, Image};

/// The unit in which disks write.
pub(crate) const SECTOR: usize = 512;
/// The unit in which file systems write.
pub(crate) const PAGE: usize = 4096;

/// Something that happens to one file.
#[derive(Debug, Clone)]
pub(crate) enum Damage {
    Flip {
        bit: usize,
    },
    Cut {
        to: usize,
    },
    Zero {
        at: usize,
        length: usize,
    },
    /// Two parts change places.
    Swap {
        a: usize,
        b: usize,
        length: usize,
    },
    /// A part is written over another one, as by a write that went astray.
    Copy {
        from: usize,
        to: usize,
        length: usize,
    },
    /// The beginning of the file follows its end.
    AppendItself {
        length: usize,
    },
    AppendRubbish {
        length: usize,
    },
    AppendZeros {
        length: usize,
    },
    Rubbish {
        length: usize,
    },
    /// Another file is in its place.
    Replace(&'static str, Vec<u8>),
    Remove,
    Folder,
    LinkToItself,
    LinkToNothing,
}

impl Damage {
    /// Names the kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Flip { .. } => "bit flipped",
            Self::Cut { .. } => "cut off",
            Self::Zero { .. } => "part zeroed",
            Self::Swap { .. } => "parts swapped",
            Self::Copy { .. } => "part overwritten",
            Self::AppendItself { .. } | Self::AppendRubbish { .. } | Self::AppendZeros { .. } => {
                "appended to"
            }
            Self::Rubbish { .. } => "rubbish",
            Self::Replace(by, _) => by,
            Self::Remove => "removed",
            Self::Folder => "a folder",
            Self::LinkToItself => "linked",
            Self::LinkToNothing => "a loose link",
        }
    }

    /// Says where it happens; what would be too long is left out.
    pub(crate) fn place(&self) -> String {
        if matches!(self, Self::Replace(..)) { self.kind().to_owned() } else { format!("{self:?}") }
    }

    /// Does it to a file.
    pub(crate) fn apply(&self, image: &mut Image, name: &str) {
        match self {
            Self::Remove => drop(image.0.remove(name)),
            Self::Folder => drop(image.0.insert(name.to_owned(), Content::Folder)),
            Self::LinkToItself => {
                let moved = format!("moved.{name}");
                let content = image.0.remove(name).unwrap();
                image.0.insert(moved.clone(), content);
                image.0.insert(name.to_owned(), Content::Link(PathBuf::from(moved)));
            }
            Self::LinkToNothing => {
                image.0.insert(name.to_owned(), Content::Link(PathBuf::from("nothing")));
            }
            Self::Flip { .. }
            | Self::Cut { .. }
            | Self::Zero { .. }
            | Self::Swap { .. }
            | Self::Copy { .. }
            | Self::AppendItself { .. }
            | Self::AppendRubbish { .. }
            | Self::AppendZeros { .. }
            | Self::Rubbish { .. }
            | Self::Replace(..) => self.change(image.file_mut(name)),
        }
    }

    fn change(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Flip { bit } => bytes[bit / 8] ^= 1 << (bit % 8),
            Self::Cut { to } => bytes.truncate(*to),
            Self::Zero { at, length } => part(bytes, *at, *length).fill(0),
            Self::Swap { a, b, length } => {
                let (one, other) = (part(bytes, *a, *length).to_vec(), part(bytes, *b, *length).to_vec());
                part(bytes, *a, *length).copy_from_slice(&other);
                part(bytes, *b, *length).copy_from_slice(&one);
            }
            Self::Copy { from, to, length } => bytes.copy_within(*from..from + length, *to),
            Self::AppendItself { length } => bytes.extend_from_within(..(*length).min(bytes.len())),
            Self::AppendRubbish { length } => bytes.extend(rubbish(*length)),
            Self::AppendZeros { length } => bytes.resize(bytes.len() + length, 0),
            Self::Rubbish { length } => *bytes = rubbish(*length),
            Self::Replace(_, by) => bytes.clone_from(by),
            Self::Remove | Self::Folder | Self::LinkToItself | Self::LinkToNothing => {}
        }
    }
}

fn part(bytes: &mut [u8], at: usize, length: usize) -> &mut [u8] {
    let end = bytes.len().min(at + length);
    &mut bytes[at..end]
}

fn rubbish(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(length as u64);
    (0..length).map(|_| random.u8(..)).collect()
}

/// Flips a bit of about so many bytes, in equal steps over the whole file. Each byte of a step has its turn.
pub(crate) fn flips(length: usize, count: usize) -> Vec<Damage> {
    let step = (length / count).max(1);
    (0..length)
        .step_by(step)
        .map(|at| (at + at / step % step).min(length - 1) * 8 + at / step * 5 % 8)
        .map(|bit| Damage::Flip { bit })
        .collect()
}

/// Cuts a file at its ends, and at about so many borders of sectors and other places.
pub(crate) fn cuts(length: usize, count: usize) -> Vec<Damage> {
    let mut random = fastrand::Rng::with_seed(length as u64);
    let step = (length / SECTOR / count).max(1) * SECTOR;
    let borders = (0..length).step_by(step);
    let anywhere: Vec<usize> = (0..count / 2).map(|_| random.usize(..length)).collect();
    let ends = [0, 1, length - 1].into_iter();
    ends.chain(borders).chain(anywhere).map(|to| Damage::Cut { to }).collect()
}

/// Zeroes each page, and a sector of each, or about so many of them.
pub(crate) fn zeros(bytes: &[u8], count: usize) -> Vec<Damage> {
    let step = (bytes.len() / PAGE / count).max(1) * PAGE;
    let pages = (0..bytes.len()).step_by(step);
    let one = |at: usize| {
        let sector = at + at / step % (PAGE / SECTOR) * SECTOR;
        [(at, PAGE), (sector, SECTOR)].map(|(at, length)| Damage::Zero { at, length })
    };
    pages.flat_map(one).filter(|damage| is_real(damage, bytes)).collect()
}

/// Lets sectors and pages change places, or overwrite another.
pub(crate) fn moves(bytes: &[u8], count: usize) -> Vec<Damage> {
    let mut random = fastrand::Rng::with_seed(3);
    let any = |at: usize| {
        let length = if at.is_multiple_of(2) { SECTOR } else { PAGE };
        let places = bytes.len() / length;
        let (a, b) = (random.usize(..places) * length, random.usize(..places) * length);
        if at % 4 < 2 { Damage::Swap { a, b, length } } else { Damage::Copy { from: a, to: b, length } }
    };
    if bytes.len() < 2 * PAGE {
        return Vec::new();
    }
    (0..count).map(any).filter(|damage| is_real(damage, bytes)).collect()
}

/// Says whether it changes anything.
fn is_real(damage: &Damage, bytes: &[u8]) -> bool {
    let mut changed = bytes.to_vec();
    if let Damage::Zero { at, .. } = damage
        && *at >= bytes.len()
    {
        return false;
    }
    damage.change(&mut changed);
    changed != bytes
}

/// Lets a file grow.
pub(crate) fn growth() -> Vec<Damage> {
    let lengths = [1, 20, SECTOR, PAGE, 64 << 10, 100_000];
    let all = |length| {
        [Damage::AppendRubbish { length }, Damage::AppendZeros { length }, Damage::AppendItself { length }]
    };
    lengths.into_iter().flat_map(all).collect()
}

/// Puts something else in the place of a file.
pub(crate) fn replacements() -> Vec<Damage> {
    let rubbish = [1, 48, SECTOR, 4096 + 48, 64 << 10, 200_000].map(|length| Damage::Rubbish { length });
    let other = [Damage::Remove, Damage::Folder, Damage::LinkToItself, Damage::LinkToNothing];
    rubbish.into_iter().chain(other).chain([Damage::Cut { to: 0 }]).collect()
}
