use boltjobs::prelude::*;

#[request]
struct LogIn {
    #[request(sensitive)]
    #[serde(flatten)]
    credentials: std::collections::HashMap<String, String>,
}

fn main() {}
