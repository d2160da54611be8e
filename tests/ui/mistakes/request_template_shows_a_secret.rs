use boltjobs::prelude::*;

#[request(concurrency_key = "login:{token}")]
struct LogIn {
    #[request(sensitive)]
    token: String,
}

fn main() {}
