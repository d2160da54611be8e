//! The files of a store in memory, to be damaged there and written out.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// All that is in a folder, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Image(pub(crate) BTreeMap<String, Content>);

/// What is under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    File(Vec<u8>),
    Folder,
    /// A link to another name.
    Link(PathBuf),
}

impl Image {
    /// Reads a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let content = |path: &Path| {
            let kind = fs::symlink_metadata(path).unwrap().file_type();
            if kind.is_symlink() {
                Content::Link(fs::read_link(path).unwrap())
            } else if kind.is_dir() {
                Content::Folder
            } else {
                Content::File(fs::read(path).unwrap())
            }
        };
        Self(
            entries.map(|entry| (entry.file_name().into_string().unwrap(), content(&entry.path()))).collect(),
        )
    }

    /// Makes a folder look like this, whatever is in it.
    pub(crate) fn write(&self, folder: &Path) {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
            _ => fs::create_dir(folder).unwrap(),
        }
        for (name, content) in &self.0 {
            let path = folder.join(name);
            match content {
                Content::File(bytes) => fs::write(path, bytes).unwrap(),
                Content::Folder => fs::create_dir(path).unwrap(),
                Content::Link(to) => std::os::unix::fs::symlink(to, path).unwrap(),
            }
        }
    }

    /// Returns the bytes of a file.
    pub(crate) fn file(&self, name: &str) -> &[u8] {
        match &self.0[name] {
            Content::File(bytes) => bytes,
            Content::Folder | Content::Link(_) => panic!("{name} is no file"),
        }
    }

    pub(crate) fn file_mut(&mut self, name: &str) -> &mut Vec<u8> {
        match self.0.get_mut(name).unwrap() {
            Content::File(bytes) => bytes,
            Content::Folder | Content::Link(_) => panic!("{name} is no file"),
        }
    }

    /// Returns the name of the index of sled, if it has made one.
    pub(crate) fn snapshot(&self) -> Option<String> {
        self.0.keys().find(|name| name.starts_with("snap.")).cloned()
    }

    /// Returns the names under which this is not the same as another one.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let names = self.0.keys().chain(other.0.keys().filter(|name| !self.0.contains_key(*name)));
        names.filter(|name| self.0.get(*name) != other.0.get(*name)).cloned().collect()
    }
}
