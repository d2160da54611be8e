use boltjobs::prelude::*;

#[request]
union Bits {
    float: f32,
    int: u32,
}

fn main() {}
