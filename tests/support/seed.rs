//! Chance that can be repeated.

/// A source of chance that names its seed when its test fails.
#[derive(Debug)]
pub struct Seed(pub fastrand::Rng, u64);

/// Sets the seed, to repeat what failed.
const VARIABLE: &str = "BOLTJOBS_TEST_SEED";

impl Seed {
    /// Begins with a seed of its own.
    #[expect(clippy::new_without_default, reason = "each one is another")]
    pub fn new() -> Self {
        let given = std::env::var(VARIABLE).ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| fastrand::u64(..));
        Self(fastrand::Rng::with_seed(seed), seed)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat it, set {VARIABLE}={}", self.1);
        }
    }
}
