use std::cell::RefCell;

use boltjobs::prelude::*;

#[provider]
fn pool() -> RefCell<u32> {
    RefCell::new(0)
}

fn main() {}
