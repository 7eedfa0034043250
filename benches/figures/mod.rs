//! Rates, latencies and processor time.

#![allow(
    dead_code,
    clippy::cast_precision_loss,
    reason = "each benchmark uses a part of it; rates have few digits"
)]

use hdrhistogram::Histogram;
use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

/// What is being counted.
pub struct Rate {
    latency_us: RefCell<Histogram<u64>>,
    turned_away: Cell<u64>,
    /// When it began.
    pub began: Instant,
    cpu_before_us: u64,
}

/// What was counted.
pub struct Figures {
    /// How long each took, in microseconds.
    pub latency_us: Histogram<u64>,
    /// From the first to the last.
    pub took: Duration,
    /// How many were told that there is no room; of the other figures they are in the processor time alone.
    pub turned_away: u64,
    cpu_us: u64,
}

impl Rate {
    /// From now on.
    pub fn begin() -> Self {
        let histogram = Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds");
        Self {
            latency_us: RefCell::new(histogram),
            turned_away: Cell::new(0),
            began: Instant::now(),
            cpu_before_us: cpu_us(),
        }
    }

    /// One more, which took so long.
    pub fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.latency_us.borrow_mut().saturating_record(micros);
    }

    /// So many more were told that there is no room.
    pub fn turned_away(&self, count: u64) {
        self.turned_away.set(self.turned_away.get() + count);
    }

    /// No more.
    pub fn end(self) -> Figures {
        Figures {
            latency_us: self.latency_us.into_inner(),
            took: self.began.elapsed(),
            turned_away: self.turned_away.get(),
            cpu_us: cpu_us() - self.cpu_before_us,
        }
    }
}

impl Figures {
    /// How many a second.
    pub fn per_second(&self) -> f64 {
        self.latency_us.len() as f64 / self.took.as_secs_f64()
    }

    /// How long this part of them took at most, in milliseconds.
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        self.latency_us.value_at_quantile(quantile) as f64 / 1_000.0
    }

    /// And what another turn of the same counted.
    pub fn add(&mut self, other: &Self) {
        self.latency_us.add(&other.latency_us).expect("same bounds");
        self.took += other.took;
        self.turned_away += other.turned_away;
        self.cpu_us += other.cpu_us;
    }

    /// Processor time for each, the generator's included, in microseconds.
    pub fn cpu_us_each(&self) -> f64 {
        self.cpu_us as f64 / self.latency_us.len() as f64
    }
}

/// Processor time this process has used so far: user and kernel time in ticks of 10 ms, the 14th
/// and 15th field of /proc/self/stat (proc(5)).
fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<u64>().expect("a number") * 10_000).sum()
}
