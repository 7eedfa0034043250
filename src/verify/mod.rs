//! Whether a store keeps what the product promises: nine invariants, each looked at by code of its
//! own, apart from the rules that decided.
//!
//! | | what must hold | where |
//! |---|---|---|
//! | I1 | every purchase and cancellation that was accepted is there, and found both ways | [`lines`], [`index`] |
//! | I2 | nothing is there twice, or by nobody's doing | [`lines`], [`index`] |
//! | I3 | what an ID and its line are charged in a month is within the limits at each acceptance | [`account`] |
//! | I4 | the limits of a line's IDs together are within the line's | [`account`] |
//! | I5 | a line that its customer restricted has no live contract | [`account`] |
//! | I6 | a closed month's itemisation is what its events come to (R-014 to R-033) | [`account`] |
//! | I7 | each event that owes a mail or a webhook owes exactly one, and what waits refers to it | [`told`], [`owed`] |
//! | I8 | the chain of blocks is whole | [`crate::store::audit`] |
//! | I9 | the events from the first on come to each snapshot, and to each line that is awake, and name the keys that stand | [`lines`], [`keys`] |
//!
//! The store is read in pages, and a line at a time is in memory. Beside a server at work all that is
//! looked at is what was durable when the look began; what moved since is looked at again.
//!
//! Rows are taken as they are stored, so that one that is damaged is a fault and no end of the look. A
//! part that cannot be read to its end is told as not looked at, and the others are looked at all the
//! same.
//!
//! What only clients know (that an order was acknowledged) stands in a [`ledger`].

pub mod account;
mod calendar;
mod house;
mod index;
mod keys;
pub mod ledger;
mod lines;
mod owed;
mod report;
mod streams;
mod told;

#[cfg(test)]
mod tests;

pub use report::{Invariant, InvariantName, NotLookedAt, Report};

use crate::{
    domain::{ids::CustomerId, line::Line},
    store::{SnapshotRow, Store, StoreError, audit},
};
use report::Found;
use std::{sync::Arc, time::Duration};

/// So often a server at work is asked again for what it has not told yet.
const ASKED_AGAIN: u32 = 1_000;
/// And so long after the last time, where what is awaited takes its time.
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// What is looked at now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Blocks and the event rows that they name.
    Blocks,
    /// All rows in the order of their streams.
    Rows,
    /// Lines, one after the other.
    Lines,
    /// Rows that lead to what lines did.
    Index,
    /// What waits to be told.
    Outbox,
}

/// How far the look is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is looked at.
    pub step: Step,
    /// So many of them are done.
    pub done: u64,
    /// Of so many; 0 where nobody knows.
    pub of: u64,
}

/// A snapshot, opened by whoever has the key of its MAC.
pub enum Opened {
    /// What it says the line was.
    Line(Box<Line>),
    /// Another version of the fold made it: it is passed over, as on waking.
    AnotherFold,
    /// It is not what was written.
    Wrong(&'static str),
}

/// What only whoever has the master key can do.
pub trait Keyed: Sync {
    /// Opens a line's snapshot.
    fn open(&self, customer: CustomerId, row: &SnapshotRow) -> Opened;

    /// The keyed hash by which a passport ID's string is reserved.
    fn name_hash(&self, name: &str) -> [u8; 32];
}

/// Lines that are awake in a running server.
#[async_trait::async_trait(?Send)]
pub trait AwakeLines {
    /// How the line stands in memory, and after which of its event rows; `None` where it sleeps or
    /// cannot be asked now.
    async fn awake(&self, customer: CustomerId) -> Option<(Option<Arc<Line>>, u64)>;
}

/// How the store is looked at.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Whether somebody may commit meanwhile.
    pub live: bool,
    /// Without it, snapshots and the reservations of passport IDs' strings are only counted.
    pub keyed: Option<&'a dyn Keyed>,
    /// Lines that are held against their replay.
    pub awake: Option<&'a dyn AwakeLines>,
    /// Whether a server at work sends mails: then how far they are is known.
    pub mails: bool,
}

/// Looks at the whole store: every invariant, with what it counted. `progress` hears how far it is.
pub async fn verify(
    store: &dyn Store,
    options: Options<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Report {
    let tip = store.durable_block();
    let mut walk = Walk { store, options, tip, found: Found::default(), events: 0, progress };
    walk.chain().await;
    walk.all().await;
    walk.found.into_report(tip)
}

/// The look as it stands.
struct Walk<'a> {
    store: &'a dyn Store,
    options: Options<'a>,
    /// The last block that is looked at.
    tip: u64,
    found: Found,
    /// Event rows that blocks up to the tip name, for the progress alone.
    events: u64,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

impl Walk<'_> {
    fn told(&mut self, step: Step, done: u64, of: u64) {
        (self.progress)(Progress { step, done, of });
    }

    /// I8.
    async fn chain(&mut self) {
        let progress = &mut *self.progress;
        let mut note = |at: audit::Progress| {
            let step = match at.step {
                audit::Step::Blocks => Step::Blocks,
                audit::Step::Rows => Step::Rows,
            };
            progress(Progress { step, done: at.done, of: at.of });
        };
        let report = audit::verify(self.store, self.options.live, &mut note).await;
        self.events = report.entries;
        self.found.count(InvariantName::I8, report.entries + report.blocks + report.personal_rows);
        for fault in &report.faults {
            self.found.fault(InvariantName::I8, fault.to_string());
        }
        let more = report.fault_count - report.faults.len() as u64;
        self.found.more_faults(InvariantName::I8, more);
    }

    async fn all(&mut self) {
        let house = house::read(self).await;
        let house = self.reached("the system's and the providers' streams", house);
        let mut expected = None;
        if let Some(house) = &house {
            let keys = keys::rows(self, house).await;
            self.reached("keys", keys);
            let looked = lines::lines(self, house).await;
            expected = self.reached("lines", looked);
        } else {
            self.passed_over("keys and lines", "they are held against what was not looked at");
        }
        match &expected {
            Some(expected) => index::rows(self, expected).await,
            None => self.passed_over("rows that lead to events", "not all events were looked at"),
        }
        told::rows(self, house.as_ref()).await;
    }

    /// What a part of the look came to; one that broke off is told as that.
    fn reached<T>(&mut self, what: &'static str, looked: Result<T, StoreError>) -> Option<T> {
        looked.map_err(|error| self.passed_over(what, &error.to_string())).ok()
    }

    fn passed_over(&mut self, what: &'static str, why: &str) {
        self.found.not_looked_at.push(NotLookedAt { what, why: why.to_owned() });
    }
}
