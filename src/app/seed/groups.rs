//! Lines made into groups of commits: a thread makes the next groups while the last one becomes
//! durable, so neither waits for the other longer than it must.

use super::{SeedError, line::Making, resume};
use crate::{
    domain::ids::ReceiptNumber,
    store::{Batch, Broken, Outcome, Reservation, Store},
};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Event rows of one group at most, and so its lines: as many as a server makes of them that is busy.
/// Whoever wakes a line reads the blocks of its rows, so larger ones would make a store that no server
/// leaves.
pub const GROUP_EVENTS: usize = 256;
/// So many groups are made ahead of the disk: some megabytes.
const AHEAD: usize = 4;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Lines become durable.
    Lines,
    /// The store is opened once more, so that later starts are quick.
    Opening,
    /// The file of credentials is written.
    Credentials,
}

impl Step {
    /// Its name on a progress bar.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Opening => "opening",
            Self::Credentials => "file",
        }
    }
}

/// Whole lines that are committed together.
struct Group {
    batches: Vec<Batch>,
    /// How many lines there are after it.
    lines: u64,
}

/// Commits every line from `from` on. A group is there whole or not at all: nothing else has the
/// store, and where something had it before (`is_resumed`) each group is held against it first.
pub async fn write(
    store: &dyn Store,
    making: Arc<Making>,
    from: u64,
    is_resumed: bool,
    told: &mut dyn FnMut(Step, u64, u64),
) -> Result<(), SeedError> {
    let (all, at) = (making.plan.data.lines, making.plan.data.until);
    let (groups, mut made) = mpsc::channel(AHEAD);
    let maker = std::thread::Builder::new().name("seed".into());
    let maker = maker
        .spawn(move || make(&making, from, &groups))
        .map_err(|error| SeedError::App(error.into()))?;
    let mut there = from;
    while let Some(group) = made.recv().await {
        let Group { batches, lines } = group?;
        if !store.has_room() {
            return Err(SeedError::NoRoom { lines: there });
        }
        if is_resumed {
            resume::check_free(store, &batches).await?;
        }
        for outcome in store.commit(batches, at).await? {
            if let Outcome::Refused(broken) = outcome {
                return Err(taken(&broken));
            }
        }
        there = lines;
        told(Step::Lines, there, all);
    }
    maker.join().map_err(|_| SeedError::Thread)
}

/// Makes groups until all lines are in one, or nobody takes them any more.
fn make(making: &Making, from: u64, groups: &mpsc::Sender<Result<Group, SeedError>>) {
    let mut serial = ReceiptNumber::FIRST_SERIAL + making.plan.purchases_before(from);
    let mut group = Group { batches: Vec::new(), lines: from };
    for index in from..making.plan.data.lines {
        let batches = match making.line(index, serial) {
            Ok(batches) => batches,
            Err(error) => return drop(groups.blocking_send(Err(error))),
        };
        serial += u64::from(making.plan.line(index).purchases);
        if group.batches.len() + batches.len() > GROUP_EVENTS {
            let full = std::mem::replace(&mut group, Group { batches: Vec::new(), lines: index });
            if groups.blocking_send(Ok(full)).is_err() {
                return;
            }
        }
        group.batches.extend(batches);
        group.lines = index + 1;
    }
    if !group.batches.is_empty() {
        // Whoever takes them may have met an error of its own.
        let _ = groups.blocking_send(Ok(group));
    }
}

/// What stands where a group was to be.
pub fn taken(broken: &Broken) -> SeedError {
    SeedError::Taken(match broken {
        Broken::Sequence(stream) => format!("the events of {stream} are"),
        Broken::Taken(Reservation::PassportName(_)) => {
            "whose a passport ID's name is, is".to_owned()
        }
        Broken::Taken(Reservation::Order { provider, reference }) => {
            format!("the order {reference} of {provider} is")
        }
        Broken::Taken(Reservation::Network(network)) => format!("whose {network} is, is"),
        Broken::TooLarge { bytes } => format!("a row of {bytes} bytes is"),
    })
}
