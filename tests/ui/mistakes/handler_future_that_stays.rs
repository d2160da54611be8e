use std::rc::Rc;

use boltjobs::prelude::*;

#[request]
struct Greet;

#[handler]
async fn greet(_: Greet) {
    let name = Rc::new("Ada");
    std::future::ready(()).await;
    drop(name);
}

fn main() {}
