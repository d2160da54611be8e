#[boltjobs::test]
struct Greet;

fn main() {}
