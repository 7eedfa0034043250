//! Which line comes next: few are asked for often, most hardly ever, as in a real network.

use super::random::Random;

/// Ranks 1 to `count`, rank `k` with a share in proportion to `k` to the power of minus `exponent`
/// (Zipf's law). Drawn by rejection-inversion (Hörmann and Derflinger 1996): constant time and no
/// table, also for millions.
#[derive(Debug, Clone)]
pub struct Zipf {
    count: u64,
    exponent: f64,
    /// The integral of the hat up to the first rank, and up to the last.
    ends: (f64, f64),
    /// Ranks so near to the inverse need no second look.
    squeeze: f64,
    /// How ranks are spread over places: a step that shares no factor with the count, and a shift.
    spread: (u64, u64),
}

impl Zipf {
    /// The law over `count` places, 1 at least; 0 as the exponent is all alike. `seed` decides which
    /// places are the popular ones.
    pub fn new(count: usize, exponent: f64, seed: u64) -> Self {
        let count = (count as u64).max(1);
        let mut random = Random::new(seed, 0x5A31);
        let mut zipf = Self {
            count,
            exponent,
            ends: (0.0, 0.0),
            squeeze: 0.0,
            spread: (1, random.below(count)),
        };
        zipf.spread.0 = (0..1_000)
            .map(|_| 1 + random.below(count))
            .find(|step| are_coprime(*step, count))
            .unwrap_or(1);
        if exponent > 0.0 {
            zipf.ends = (zipf.integral(1.5) - 1.0, zipf.integral(as_f64(count) + 0.5));
            zipf.squeeze = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.hat(2.0));
        }
        zipf
    }

    /// A place, from 0.
    pub fn draw(&self, random: &mut Random) -> usize {
        let rank = self.rank(random);
        let (step, shift) = (u128::from(self.spread.0), u128::from(self.spread.1));
        let place = (u128::from(rank - 1) * step + shift) % u128::from(self.count);
        usize::try_from(place).unwrap_or(0)
    }

    /// A rank, from 1.
    pub fn rank(&self, random: &mut Random) -> u64 {
        if self.exponent <= 0.0 {
            return 1 + random.below(self.count);
        }
        loop {
            let (first, last) = self.ends;
            let height = last + random.unit() * (first - last);
            let x = self.inverse(height);
            let nearest = x.round().clamp(1.0, as_f64(self.count));
            if nearest - x <= self.squeeze
                || height >= self.integral(nearest + 0.5) - self.hat(nearest)
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "it was clamped to the ranks"
                )]
                return nearest as u64;
            }
        }
    }

    fn hat(&self, x: f64) -> f64 {
        (-self.exponent * x.ln()).exp()
    }

    fn integral(&self, x: f64) -> f64 {
        let log = x.ln();
        let scaled = (1.0 - self.exponent) * log;
        let factor =
            if scaled.abs() > 1e-8 { scaled.exp_m1() / scaled } else { 1.0 + scaled / 2.0 };
        factor * log
    }

    fn inverse(&self, height: f64) -> f64 {
        let scaled = (height * (1.0 - self.exponent)).max(-1.0);
        let factor = if scaled.abs() > 1e-8 { scaled.ln_1p() / scaled } else { 1.0 - scaled / 2.0 };
        (factor * height).exp()
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are far fewer places than 2^53")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}

const fn are_coprime(mut a: u64, mut b: u64) -> bool {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The shares against the law itself, summed naively.
    #[test]
    fn ranks_come_as_often_as_zipfs_law_says() {
        const DRAWS: u32 = 200_000;
        for exponent in [0.0, 0.5, 0.99, 1.0, 1.3, 2.0] {
            let count = 50_u64;
            let zipf = Zipf::new(50, exponent, 3);
            let mut random = Random::new(11, 0);
            let mut counts = vec![0_u32; 51];
            for _ in 0..DRAWS {
                counts[usize::try_from(zipf.rank(&mut random)).expect("a rank")] += 1;
            }
            let whole: f64 = (1..=count).map(|k| as_f64(k).powf(-exponent)).sum();
            // Pearson's test with 49 degrees of freedom: 94 is passed once in ten thousand.
            let squares: f64 = (1..=count)
                .map(|k| {
                    let expected = f64::from(DRAWS) * as_f64(k).powf(-exponent) / whole;
                    let seen = f64::from(counts[usize::try_from(k).expect("a rank")]);
                    (seen - expected).powi(2) / expected
                })
                .sum();
            assert!(squares < 94.0, "exponent {exponent}: {squares}");
        }
    }

    #[test]
    fn a_million_places_are_all_within_reach_and_the_popular_ones_are_anywhere() {
        let zipf = Zipf::new(1_000_000, 1.0, 9);
        let mut random = Random::new(5, 0);
        let places: BTreeSet<usize> = (0..10_000).map(|_| zipf.draw(&mut random)).collect();
        assert!(places.iter().all(|place| *place < 1_000_000) && places.len() > 4_000);
        assert!(places.iter().any(|place| *place > 900_000));
        let all: BTreeSet<usize> = {
            let zipf = Zipf::new(12, 0.0, 4);
            (0..1_000).map(|_| zipf.draw(&mut random)).collect()
        };
        assert_eq!(all.len(), 12);
        assert_eq!(Zipf::new(1, 1.0, 0).draw(&mut random), 0);
    }
}
