//! What happens to Linepass as a whole: a journal stream of its own, `system`.

use super::calendar::{Instant, Month};
use serde::{Deserialize, Serialize};

/// What happened. The shapes are stored and final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SystemEvent {
    /// A range of receipt numbers was leased to a run of the server. What is left of it when the
    /// run ends is never used.
    ReceiptNumbersLeased {
        /// The first serial of the range.
        first_serial: u64,
        /// How many.
        count: u64,
    },
    /// A key was made; its wrapped bytes stand in a key row of its own.
    KeyMade {
        /// The key's ID.
        kid: String,
    },
    /// A key no longer opens or verifies anything; its row is gone.
    KeyRetired {
        /// The key's ID.
        kid: String,
    },
    /// Maintenance began.
    MaintenanceBegan {
        /// What households read beside the guide's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// When it is expected to end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
    },
    /// Maintenance ended.
    MaintenanceEnded,
    /// A month's close fixed the block up to which it folds.
    MonthCloseFixed {
        /// The month.
        month: Month,
        /// The block.
        block: u64,
    },
    /// Every billed line of the month has its `MonthClosed`.
    MonthCloseFinished {
        /// The month.
        month: Month,
    },
}

/// What the stream comes to: what a starting server must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemState {
    /// The first serial that no range holds; `None` before the first lease.
    pub next_serial: Option<u64>,
    /// Whether maintenance is on.
    pub maintenance: bool,
}

impl SystemState {
    /// The next state.
    #[must_use]
    pub fn evolve(mut self, event: &SystemEvent) -> Self {
        match event {
            SystemEvent::ReceiptNumbersLeased { first_serial, count } => {
                self.next_serial = Some(first_serial + count);
            }
            SystemEvent::MaintenanceBegan { .. } => self.maintenance = true,
            SystemEvent::MaintenanceEnded => self.maintenance = false,
            _ => {}
        }
        self
    }
}
