//! What a run does: how much of what, over time.

use crate::load::{
    arrivals::Spacing,
    phase::{Load, Phase},
    scenario::Mix,
};
use serde::Serialize;
use std::{rc::Rc, time::Duration};

/// How much load, over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shape {
    /// One rate.
    Rate {
        /// Starts a second.
        per_s: f64,
    },
    /// A rate that goes evenly from one to another.
    Ramp {
        /// Starts a second at the beginning.
        from_per_s: f64,
        /// Starts a second at the end.
        to_per_s: f64,
    },
    /// One rate after another, in per cent of the capacity.
    Ladder {
        /// The steps.
        percents: Vec<u32>,
        /// The capacity, starts a second; found by short closed loops where it is not given.
        capacity_per_s: Option<f64>,
    },
    /// A closed loop.
    Clients {
        /// Clients that each begin anew when they are answered.
        count: usize,
    },
}

/// What a run does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is done.
    pub mix: Rc<Mix>,
    /// How much of it.
    pub shape: Shape,
    /// How starts of an open loop are spaced.
    pub spacing: Spacing,
    /// The time before each phase is measured.
    pub warmup: Duration,
    /// How long each phase is measured.
    pub duration: Duration,
    /// Connections, each with one request under way.
    pub connections: usize,
    /// Addresses of this machine that connections come from; 1 leaves it to the system.
    pub sources: u8,
    /// Flows or contracts that are prepared for a closed loop.
    pub prepare: u64,
    /// Households that are signed in beforehand for ご利用明細.
    pub sessions: u64,
    /// Where everything that is drawn begins.
    pub seed: u64,
}

impl Plan {
    /// A phase of so many clients that each begin anew when they are answered.
    pub(super) fn closed(&self, clients: usize) -> Phase {
        Phase {
            label: format!("closed loop, {clients} clients"),
            percent: None,
            load: Load::Closed { clients },
            warmup: self.warmup,
            duration: self.duration,
            is_probe: false,
        }
    }
}
