//! How much room the files take, and how much there is.

use std::fs;
use std::path::Path;

use boltjobs_core::store::Space;

/// How deep below the directory files are counted; sled's are in it and one below.
const DEEP: usize = 3;

/// Measures a directory; `None` when it can't be read.
pub(crate) fn measure(directory: &Path) -> Option<Space> {
    let free = fs2::available_space(directory).ok();
    let volume = free.and_then(|free| Some((free, fs2::total_space(directory).ok()?)));
    Some(Space { bytes: bytes(directory, DEEP)?, volume })
}

fn bytes(directory: &Path, deep: usize) -> Option<u64> {
    let entries = fs::read_dir(directory).ok()?;
    // What is removed meanwhile takes no room.
    let each = entries.flatten().filter_map(|entry| {
        let about = entry.metadata().ok()?;
        if about.is_dir() && deep > 0 { bytes(&entry.path(), deep - 1) } else { Some(about.len()) }
    });
    Some(each.sum())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_and_the_volume_is_told() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a"), [0; 1_000]).unwrap();
        fs::create_dir(directory.path().join("below")).unwrap();
        fs::write(directory.path().join("below/b"), [0; 234]).unwrap();
        let space = measure(directory.path()).unwrap();
        assert_eq!(space.bytes, 1_234);
        let (free, total) = space.volume.unwrap();
        assert!(0 < free && free <= total, "{free} of {total}");
        assert_eq!(measure(&directory.path().join("nowhere")), None);
    }
}
