//! The search for the capacity: what the server does at most, which a ladder's steps are part of.

use super::{PhaseOver, Plan, Run, RunError, Then};
use crate::load::phase::{Phase, enough_for};
use std::time::Duration;

/// Each loop of the search for the capacity.
const LONGEST_PROBE: Duration = Duration::from_secs(5);
/// The time before each is measured: connections are opened in it.
const LONGEST_PROBE_WARMUP: Duration = Duration::from_secs(1);
/// Where more clients make less than this of what fewer made, more still make no more.
const PAST_ITS_MOST: f64 = 0.9;

impl Run<'_> {
    /// Short closed loops of ever more clients: the most that the server does. The one with all of them
    /// alone would tell how it turns them away. What they use is prepared once, before the first, and
    /// each may have an equal part of it: a press is over in a millisecond and its flow took a login, so
    /// that to fill up again before each loop would take longer than all loops together.
    pub(super) async fn probe(&mut self) -> Result<f64, RunError> {
        let plan = self.plan;
        let (mut most, mut length) = (0.0_f64, Duration::ZERO);
        let more = |clients: &usize| {
            (*clients < plan.connections).then(|| (clients * 4).min(plan.connections))
        };
        let loops = std::iter::successors(Some(plan.connections.min(4)), more);
        let count = loops.clone().count() as u64;
        let (mut after, part) = (count, plan.prepare / count.max(1));
        // The loop that does most may use its part up before it is measured; a slower one is no capacity then.
        let mut is_unmeasured = false;
        for clients in loops {
            after = after.saturating_sub(1);
            self.world.stock.borrow_mut().kept = part * after;
            let phase = probe_phase(plan, clients);
            length += phase.length();
            let rate = self.phase(phase, Then::Rest).await?;
            // A loop that used up its part was short, and another may still do more.
            let is_used_up = self.over.phases.last().is_some_and(|phase| phase.is_used_up);
            is_unmeasured |= self.over.phases.last().is_some_and(PhaseOver::is_unmeasured);
            if self.over.is_cut || (rate < most * PAST_ITS_MOST && !is_used_up) {
                break;
            }
            most = most.max(rate);
        }
        self.world.stock.borrow_mut().kept = 0;
        match most {
            most if self.over.is_cut => Ok(most),
            _ if is_unmeasured => {
                let enough = count * enough_for(plan.connections);
                Err(RunError::UsedUp { prepared: plan.prepare, enough })
            }
            most if most > 0.0 => Ok(most),
            _ => Err(RunError::NoCapacity(length)),
        }
    }
}

fn probe_phase(plan: &Plan, clients: usize) -> Phase {
    Phase {
        label: format!("probe, {clients} clients"),
        warmup: plan.warmup.min(LONGEST_PROBE_WARMUP),
        duration: plan.duration.min(LONGEST_PROBE),
        is_probe: true,
        ..plan.closed(clients)
    }
}
