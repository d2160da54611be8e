//! The pictures that the documentation shows. `UPDATE_DOCS=1` makes them anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{
    BEGINNING, Browser, FOR_ADMINISTRATORS, LOGIN, Look, Office, PAGES, Page, small,
};

/// The size that no picture may have, in bytes.
const LARGE: usize = 120_000;

const LOOKS: [(&str, Look); 3] = [("light", Look::WIDE), ("dark", Look::DARK), ("narrow", Look::NARROW)];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots")
}

/// Makes the pictures of a page, if they are asked for, and returns their names.
async fn pictures(browser: &Browser, office: &Office, page: &Page) -> Vec<String> {
    browser.open(&office.page(page)).await;
    browser.expect(&[page.says]).await;
    let mut names = Vec::new();
    for (suffix, look) in LOOKS {
        let name = format!("{}-{suffix}.png", page.name);
        if env::var_os("UPDATE_DOCS").is_some() {
            browser.look(look).await;
            let picture = small(&browser.picture().await);
            assert!(picture.len() < LARGE, "{name} has {} bytes", picture.len());
            fs::create_dir_all(folder()).unwrap();
            fs::write(folder().join(&name), picture).unwrap();
        }
        names.push(name);
    }
    assert_eq!(browser.console().await, "", "{} complains", page.path);
    names
}

#[tokio::test]
async fn the_documentation_has_a_picture_of_every_page() {
    let browser = Browser::start().await;
    let (office, new_here) =
        (Office::at_noon(DashboardRole::Operate).await, Office::new_here(DashboardRole::Operate).await);
    let (guarded, _) = Office::guarded().await;
    let mut names = Vec::new();
    for page in PAGES {
        names.extend(pictures(&browser, &office, page).await);
    }
    let administered = Office::at_noon(DashboardRole::Administer).await;
    for page in FOR_ADMINISTRATORS {
        names.extend(pictures(&browser, &administered, page).await);
    }
    names.extend(pictures(&browser, &new_here, &BEGINNING).await);
    names.extend(pictures(&browser, &guarded, &LOGIN).await);
    let mut there: Vec<_> = fs::read_dir(folder())
        .expect("docs/screenshots is there; UPDATE_DOCS=1 makes it")
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    there.sort();
    names.sort();
    assert_eq!(
        there, names,
        "the pictures are not those of the pages; UPDATE_DOCS=1 makes them, and the others can go"
    );
}
