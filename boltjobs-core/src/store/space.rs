//! How much room a store takes, and how much there is.

/// The least share of a volume that has to be free, as one part of so many.
const SHARE: u64 = 10;

/// The least bytes of a volume that have to be free.
const LEAST: u64 = 1 << 30;

/// How much room a store takes, and how much there is where it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Space {
    /// The bytes that it takes.
    pub bytes: u64,
    /// The bytes that its volume has left, and all that it has, where the system tells.
    pub volume: Option<(u64, u64)>,
}

impl Space {
    /// Says whether it is getting short: less than a tenth of the volume, or than 1 GiB, is free.
    pub fn is_short(&self) -> bool {
        self.volume.is_some_and(|(free, total)| free < LEAST || free < total / SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_short_below_a_tenth_or_a_gibibyte() {
        let short =
            |free: u64, total: u64| Space { bytes: 1, volume: Some((free << 20, total << 20)) }.is_short();
        assert_eq!([short(1_024, 10_240), short(1_023, 5_000), short(9_999, 100_000)], [false, true, true]);
        assert!(!Space::default().is_short(), "nobody can tell");
    }
}
