//! Numbers that one seed gives again and again (`SplitMix64`).

/// A source of drawn numbers.
pub struct Draw(u64);

impl Draw {
    /// From `LINEPASS_CRASH_SEED`, or a seed that is drawn; either is printed, so that a run's draws
    /// can be repeated.
    pub fn seeded() -> Self {
        let given = std::env::var("LINEPASS_CRASH_SEED").ok();
        let seed = given
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| u64::from_le_bytes(linepass::security::random::bytes()));
        println!("LINEPASS_CRASH_SEED={seed}");
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One below the bound.
    pub fn below(&mut self, bound: usize) -> usize {
        let drawn = self.next() % u64::try_from(bound.max(1)).expect("64 bits");
        usize::try_from(drawn).expect("below a usize")
    }

    /// Whether one in so many came up.
    #[allow(dead_code, reason = "each test binary uses a part of it")]
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}
