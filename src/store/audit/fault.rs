//! What a walk found.

use serde::Serialize;
use std::fmt;

/// So many faults are told one by one, those of the first blocks; the others are counted.
pub const MOST_FAULTS: usize = 100;

/// What is wrong, as scripts read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A block is not there.
    BlockMissing,
    /// What stands in a block's place is none, or one of a newer version.
    BlockMalformed,
    /// A block is not what the next one follows from.
    BlockChanged,
    /// The head is missing, has a wrong MAC, or names another block than the one that is there.
    Head,
    /// An event row is not there, though a block closed it.
    RowMissing,
    /// An event row is not the one that its block closed.
    RowChanged,
    /// No block closed an event row.
    RowUnclosed,
    /// A personal row is not there, and no event says why.
    PersonalMissing,
    /// A personal row is not the one that its event committed to.
    PersonalChanged,
    /// No event committed to a personal row.
    PersonalUnknown,
    /// The engine, or this version, cannot read it.
    Unreadable,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The block that it belongs to, where that is known.
    pub block: Option<u64>,
    /// What kind it is.
    pub kind: FaultKind,
    /// Which row, block or file.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, what, .. } = self;
        match self.block.map(|block| format!("block {block}")) {
            Some(block) if block != *place => write!(f, "{block}: {place}: {what}"),
            _ => write!(f, "{place}: {what}"),
        }
    }
}

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Up to this block.
    pub blocks: u64,
    /// Blocks after the one that the head names, where no server has the store: they follow from it,
    /// and nobody vouches for them. A crash may leave the last few; so may whoever adds to the store.
    pub beyond_head: u64,
    /// Event rows that blocks name.
    pub entries: u64,
    /// Streams: lines, providers, the system.
    pub streams: u64,
    /// Personal rows that are what their events committed to.
    pub personal_rows: u64,
    /// Personal rows that are gone, and an event says why.
    pub personal_rows_gone: u64,
    /// How much is wrong.
    pub fault_count: u64,
    /// What is wrong, by block; [`MOST_FAULTS`] at most.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    pub const fn is_whole(&self) -> bool {
        self.fault_count == 0
    }

    /// The first block with something wrong.
    pub fn first_broken_block(&self) -> Option<u64> {
        self.faults.iter().find_map(|fault| fault.block)
    }

    /// Adds a fault in its place: by block, those without one last.
    pub(super) fn add(&mut self, fault: Fault) {
        self.fault_count += 1;
        let order = |fault: &Fault| (fault.block.unwrap_or(u64::MAX), fault.kind);
        let place = self.faults.partition_point(|other| order(other) <= order(&fault));
        self.faults.insert(place, fault);
        self.faults.truncate(MOST_FAULTS);
    }

    /// Whether something is known to be wrong there.
    pub(super) fn names(&self, place: &str) -> bool {
        self.faults.iter().any(|fault| fault.place == place)
    }
}
