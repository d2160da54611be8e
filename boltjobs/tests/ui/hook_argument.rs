use boltjobs::prelude::*;

#[on_start(order = "first")]
async fn warm_up(_ctx: &JobContext) {}

#[on_stop]
fn cool_down(_: u32) {}

fn main() {}
