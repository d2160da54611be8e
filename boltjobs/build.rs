//! One line, for `links`: two copies of boltjobs in one program would be two registries.

fn main() {}
