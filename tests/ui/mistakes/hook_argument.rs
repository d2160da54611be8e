use boltjobs::prelude::*;

#[on_start(order = "first")]
async fn warm_up(_pool: &Data<String>) {}

#[on_stop]
fn cool_down(_: u32) {}

fn main() {}
