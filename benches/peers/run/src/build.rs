//! The peers, their programs, and the versions that their lock files name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// Every folder beside this package that holds a peer, in the order of the tables.
pub const PEERS: &[&str] =
    &["boltjobs", "effectum", "apalis", "fang", "persistent-scheduler", "rustqueue", "azums", "aide-de-camp"];

fn folder(peer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(peer)
}

/// Builds a peer and says where its program is. All share one target folder.
pub fn build(peer: &str) -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder("target"), PathBuf::from);
    let target = std::path::absolute(target)?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--manifest-path"]).arg(folder(peer).join("Cargo.toml"));
    if !cargo.arg("--target-dir").arg(&target).status()?.success() {
        return Err(format!("{peer} does not build").into());
    }
    Ok(target.join("release").join(format!("peer-{peer}")))
}

/// The crates of a peer with their versions.
pub fn versions(peer: &str, crates: &[String]) -> Result<Vec<String>> {
    let own = folder(peer).join("Cargo.lock");
    let lock = fs::read_to_string(if own.exists() { own } else { folder("Cargo.lock") })?;
    let version = |name: &String| {
        let (_, package) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", package.split_once('"')?.0))
    };
    Ok(crates.iter().filter_map(version).collect())
}
