//! When starts are intended: the clock of an open loop, which no slow answer holds back.

use super::random::Random;
use clap::ValueEnum;
use std::time::Duration;

/// How starts are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// As independent households come: exponential pauses
    Poisson,
    /// All pauses alike
    Even,
}

/// The intended starts of a phase, as times since its beginning.
#[derive(Debug, Clone)]
pub struct Arrivals {
    random: Random,
    spacing: Spacing,
    from_per_s: f64,
    to_per_s: f64,
    length_s: f64,
    /// How many starts were due so far, as the integral of the rate.
    due: f64,
    is_first: bool,
}

impl Arrivals {
    /// Starts at a rate that goes evenly from one to the other over `length`.
    pub fn new(
        (from_per_s, to_per_s): (f64, f64),
        length: Duration,
        spacing: Spacing,
        random: Random,
    ) -> Self {
        let length_s = length.as_secs_f64();
        Self { random, spacing, from_per_s, to_per_s, length_s, due: 0.0, is_first: true }
    }

    /// When the integral of the rate reaches what is due: t of `k·t² + from·t = due`.
    fn time_s(&self) -> Option<f64> {
        let k = (self.to_per_s - self.from_per_s) / (2.0 * self.length_s);
        let under_root = self.from_per_s.mul_add(self.from_per_s, 4.0 * k * self.due);
        let below = self.from_per_s + under_root.max(0.0).sqrt();
        // This form of the root loses no digits where the rate hardly changes.
        (under_root >= 0.0 && below > 0.0).then(|| 2.0 * self.due / below)
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.due += match self.spacing {
            Spacing::Poisson => self.random.exponential(),
            // The first of even starts is at once, unless nothing is due yet.
            Spacing::Even if self.is_first && self.from_per_s > 0.0 => 0.0,
            Spacing::Even => 1.0,
        };
        self.is_first = false;
        let time_s = self.time_s().filter(|time_s| *time_s < self.length_s)?;
        Some(Duration::from_secs_f64(time_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(rates: (f64, f64), seconds: u64, spacing: Spacing) -> Vec<f64> {
        let random = Random::new(3, 0);
        let all = Arrivals::new(rates, Duration::from_secs(seconds), spacing, random);
        all.map(|at| at.as_secs_f64()).collect()
    }

    #[test]
    fn even_starts_are_one_pause_apart() {
        let all = arrivals((4.0, 4.0), 2, Spacing::Even);
        assert_eq!(all, [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]);
    }

    #[test]
    fn a_ramp_has_as_many_starts_as_its_mean_and_more_of_them_late() {
        for (rates, late_share) in
            [((0.0, 200.0), 0.75), ((200.0, 0.0), 0.25), ((100.0, 100.0), 0.5)]
        {
            for spacing in [Spacing::Even, Spacing::Poisson] {
                let all = arrivals(rates, 100, spacing);
                #[expect(clippy::cast_precision_loss, reason = "ten thousand")]
                let (count, late) =
                    (all.len() as f64, all.iter().filter(|at| **at > 50.0).count() as f64);
                assert!((count - 10_000.0).abs() < 400.0, "{rates:?} {spacing:?}: {count}");
                assert!((late / count - late_share).abs() < 0.03, "{rates:?} {spacing:?}: {late}");
                assert!(all.is_sorted());
            }
        }
    }

    /// The pauses of a Poisson process vary as much as they are long.
    #[test]
    fn poisson_pauses_have_their_mean_as_their_deviation() {
        let all = arrivals((1_000.0, 1_000.0), 30, Spacing::Poisson);
        let pauses: Vec<f64> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
        #[expect(clippy::cast_precision_loss, reason = "thirty thousand")]
        let count = pauses.len() as f64;
        let mean = pauses.iter().sum::<f64>() / count;
        let variance = pauses.iter().map(|pause| (pause - mean).powi(2)).sum::<f64>() / count;
        assert!((mean * 1_000.0 - 1.0).abs() < 0.03, "{mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "{variance}");
    }
}
