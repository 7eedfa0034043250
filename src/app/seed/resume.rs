//! Where an interrupted run goes on. Between the two runs a server may have had the store: what was put
//! there then must not be taken for lines of this command, nor stand in the way of some of a line's
//! rows. So whatever is there is held against the plan before anything is written, and a store in which
//! something stands in the way is refused each time, as it is.

use super::{
    SeedError,
    groups::{GROUP_EVENTS, taken},
    line::Making,
    plan::Plan,
};
use crate::{
    domain::ids::ReceiptNumber,
    store::{Batch, Broken, Expect, Put, Reservation, Store, StoreError, Stream, StreamKind, key},
};

/// How many lines are there: they were committed in their order, so the first that is missing is
/// found by halving.
pub async fn lines_there(store: &dyn Store, plan: &Plan) -> Result<u64, StoreError> {
    let (mut there, mut missing) = (0, plan.data.lines);
    while there < missing {
        let middle = there.midpoint(missing);
        let stream = Stream::Line(plan.customer(middle));
        if store.last_seq(&stream).await? > 0 {
            there = middle + 1;
        } else {
            missing = middle;
        }
    }
    Ok(there)
}

/// The lines of the last group are as this command makes them, and none comes after them.
///
/// # Errors
/// [`SeedError::Taken`] where one is not, or one does.
pub async fn check_lines(store: &dyn Store, making: &Making, there: u64) -> Result<(), SeedError> {
    let plan = &making.plan;
    let first = there.saturating_sub(GROUP_EVENTS as u64);
    let mut serial = ReceiptNumber::FIRST_SERIAL + plan.purchases_before(first);
    for index in first..there {
        check_line(store, &making.line(index, serial)?, plan, index).await?;
        serial += u64::from(plan.line(index).purchases);
    }
    let last = there.checked_sub(1).map_or_else(|| plan.before_first(), |last| plan.customer(last));
    let next = store.streams(StreamKind::Lines, Some(&Stream::Line(last)), 1).await?.pop();
    let end = plan.customer(plan.data.lines - 1);
    match next {
        Some(Stream::Line(customer)) if customer <= end => {
            Err(taken(&Broken::Sequence(Stream::Line(customer))))
        }
        _ => Ok(()),
    }
}

/// The line began as it is made; what happened to it since is its own business.
async fn check_line(
    store: &dyn Store,
    batches: &[Batch],
    plan: &Plan,
    index: u64,
) -> Result<(), SeedError> {
    let stream = Stream::Line(plan.customer(index));
    let made = batches.iter().flat_map(|batch| &batch.put).filter_map(|put| match put {
        Put::Event { seq, entry, .. } => Some((*seq, entry)),
        _ => None,
    });
    let stands = store.events(&stream, 0, batches.len()).await?;
    let stands = stands.iter().map(|row| (row.seq, &row.entry));
    if made.eq(stands) { Ok(()) } else { Err(taken(&Broken::Sequence(stream))) }
}

/// Nobody has what a group is to reserve; that its lines are not there is known by then.
///
/// # Errors
/// [`SeedError::Taken`] where somebody has.
pub async fn check_free(store: &dyn Store, group: &[Batch]) -> Result<(), SeedError> {
    let expected = || group.iter().flat_map(|batch| &batch.expect);
    let wanted: Vec<&Reservation> = expected()
        .filter_map(|expected| match expected {
            Expect::Free(reservation) => Some(reservation),
            Expect::Last { .. } | Expect::Unowned(_) => None,
        })
        .collect();
    // One read for all names and orders of the group.
    let rows = store.raw(wanted.iter().map(|wanted| key::reservation(wanted)).collect()).await?;
    let held = wanted.iter().zip(rows).find(|(_, row)| row.is_some());
    if let Some((reservation, _)) = held {
        return Err(taken(&Broken::Taken((*reservation).clone())));
    }
    for expected in expected() {
        let Expect::Unowned(network) = expected else { continue };
        if let Some((owned, _)) = store.owners(*network).await?.into_iter().next() {
            return Err(taken(&Broken::Taken(Reservation::Network(owned))));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "resume_tests.rs"]
mod tests;
