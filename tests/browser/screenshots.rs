//! The pictures that the documentation shows. `UPDATE_DOCS=1` makes them anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Browser, Look, Office, PAGES, small};

/// The size that no picture may have, in bytes.
const LARGE: usize = 120_000;

const LOOKS: [(&str, Look); 3] = [("light", Look::WIDE), ("dark", Look::DARK), ("narrow", Look::NARROW)];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots")
}

#[tokio::test]
async fn the_documentation_has_a_picture_of_every_page() {
    let update = env::var_os("UPDATE_DOCS").is_some();
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    let mut pictures = Vec::new();
    for page in PAGES {
        browser.open(&office.page(page)).await;
        browser.expect(&[page.says]).await;
        for (suffix, look) in LOOKS {
            let name = format!("{}-{suffix}.png", page.name);
            if update {
                browser.look(look).await;
                let picture = small(&browser.picture().await);
                assert!(picture.len() < LARGE, "{name} has {} bytes", picture.len());
                fs::create_dir_all(folder()).unwrap();
                fs::write(folder().join(&name), picture).unwrap();
            }
            pictures.push(name);
        }
        assert_eq!(browser.console().await, "", "{} complains", page.path);
    }
    let mut there: Vec<_> = fs::read_dir(folder())
        .expect("docs/screenshots is there; UPDATE_DOCS=1 makes it")
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    there.sort();
    pictures.sort();
    assert_eq!(
        there, pictures,
        "the pictures are not those of the pages; UPDATE_DOCS=1 makes them, and the others can go"
    );
}
