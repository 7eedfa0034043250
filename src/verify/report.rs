//! What a look at a store found.

use serde::Serialize;
use std::collections::BTreeMap;

/// So many faults of an invariant are told one by one; the others are counted.
const MOST_TOLD: usize = 10;

/// An invariant's name, as reports and scripts have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum InvariantName {
    /// What was accepted is there.
    I1,
    /// What is there is there once.
    I2,
    /// Charges are within the limits at each acceptance.
    I3,
    /// The IDs' limits are within the line's.
    I4,
    /// Nothing goes on after a restriction.
    I5,
    /// Bills are what the events come to.
    I6,
    /// Mails and webhooks.
    I7,
    /// The chain of blocks.
    I8,
    /// Replay is the state.
    I9,
    /// What the ledger has as acknowledged is there.
    #[serde(rename = "I1 ledger")]
    LedgerKept,
    /// What the ledger has as refused, or does not have, is not there.
    #[serde(rename = "I2 ledger")]
    LedgerOnly,
}

impl InvariantName {
    /// Those of the store itself.
    pub const OF_STORE: [Self; 9] =
        [Self::I1, Self::I2, Self::I3, Self::I4, Self::I5, Self::I6, Self::I7, Self::I8, Self::I9];

    /// What must hold, in a sentence.
    pub const fn what(self) -> &'static str {
        match self {
            Self::I1 => {
                "each accepted purchase, cancellation and contract's end is found by its order and \
                 its number, and each such row leads to one"
            }
            Self::I2 => {
                "no order, receipt number, passport ID string or address prefix is there twice, and \
                 each is its holder's"
            }
            Self::I3 => "at each purchase the month's charges of the ID and of the line fit",
            Self::I4 => "the limits of a line's IDs come to no more than the line's",
            Self::I5 => {
                "no contract is live on a line that is restricted, unbillable or ended, or of an ID \
                 that was deleted"
            }
            Self::I6 => "each closed month's bill is what the line's events come to",
            Self::I7 => {
                "each event that owes a mail or a webhook owes exactly one, and what waits refers \
                 to it; whether anything arrived is not looked at"
            }
            Self::I8 => "the chain of blocks, events and personal rows is whole",
            Self::I9 => {
                "replay from the first event comes to each snapshot and each awake line, and the keys \
                 that stand are those that were made"
            }
            Self::LedgerKept => "what was acknowledged is there, exactly as it was told",
            Self::LedgerOnly => "what was refused is not there, nor anything that nobody asked for",
        }
    }
}

/// An invariant with what was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invariant {
    /// Which.
    pub name: InvariantName,
    /// What must hold.
    pub what: &'static str,
    /// How much was looked at.
    pub checked: u64,
    /// How much of it does not hold.
    pub faults: u64,
    /// What does not hold, the first of it.
    pub first: Vec<String>,
}

impl Invariant {
    /// One that was not looked at yet.
    pub const fn new(name: InvariantName) -> Self {
        Self { name, what: name.what(), checked: 0, faults: 0, first: Vec::new() }
    }

    /// Something does not hold.
    pub fn fault(&mut self, text: String) {
        self.faults += 1;
        if self.first.len() < MOST_TOLD {
            self.first.push(text);
        }
    }
}

/// A part of a store that was not looked at to its end: nothing is known of the rest of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotLookedAt {
    /// Which part.
    pub what: &'static str,
    /// Why.
    pub why: String,
}

/// What a look at a store found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Up to this block.
    pub blocks: u64,
    /// Lines that were looked at.
    pub lines: u64,
    /// Their event rows.
    pub events: u64,
    /// Snapshots that the replay was held against.
    pub snapshots: u64,
    /// Awake lines that the replay was held against.
    pub awake_lines: u64,
    /// Each invariant.
    pub invariants: Vec<Invariant>,
    /// Parts that could not be read to their end.
    pub not_looked_at: Vec<NotLookedAt>,
}

impl Report {
    /// Whether all was looked at, and every invariant holds.
    pub fn is_whole(&self) -> bool {
        let holds = self.invariants.iter().all(|invariant| invariant.faults == 0);
        holds && self.not_looked_at.is_empty()
    }

    /// An invariant by its name.
    pub fn of(&self, name: InvariantName) -> Option<&Invariant> {
        self.invariants.iter().find(|invariant| invariant.name == name)
    }
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Found {
    invariants: BTreeMap<InvariantName, Invariant>,
    pub(super) lines: u64,
    pub(super) events: u64,
    pub(super) snapshots: u64,
    pub(super) awake_lines: u64,
    pub(super) not_looked_at: Vec<NotLookedAt>,
}

impl Found {
    fn of(&mut self, name: InvariantName) -> &mut Invariant {
        self.invariants.entry(name).or_insert_with(|| Invariant::new(name))
    }

    /// So much was looked at.
    pub(super) fn count(&mut self, name: InvariantName, checked: u64) {
        self.of(name).checked += checked;
    }

    /// Something does not hold.
    pub(super) fn fault(&mut self, name: InvariantName, text: String) {
        self.of(name).fault(text);
    }

    /// So many more do not hold that are not told one by one.
    pub(super) fn more_faults(&mut self, name: InvariantName, faults: u64) {
        self.of(name).faults += faults;
    }

    pub(super) fn into_report(mut self, blocks: u64) -> Report {
        for name in InvariantName::OF_STORE {
            self.of(name);
        }
        let Self { invariants, lines, events, snapshots, awake_lines, not_looked_at } = self;
        let invariants = invariants.into_values().collect();
        Report { blocks, lines, events, snapshots, awake_lines, invariants, not_looked_at }
    }
}
