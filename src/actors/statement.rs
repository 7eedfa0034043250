//! What a statement needs beside the awake line: the itemisation of a closed month, and the strings
//! of IDs.
//!
//! A line's decisions stand in the order of their time, and the line remembers when each month was
//! closed. So its itemisation is found by halving the stream: fifteen looks into the store for
//! 20,000 decisions, and then the rows of that close alone. An open month needs no look at all.

use super::{line::LineView, personal};
use crate::{
    domain::{
        calendar::{Instant, Month},
        ids::PassportNumber,
        line::{ClosedMonth, Entry, Event, Line, event::ClosedItem},
        statement::{Row, itemised, open_rows, rows_of_itemisation},
    },
    store::{Store, StoreError, Stream, record, record::Personal},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Event rows that one look takes, once the close is found: one row closes most months.
const PAGE: usize = 8;

/// The rows of one month, in the statement's order. `view` is the line and how far its
/// journal may be read.
pub async fn month_rows(
    store: &dyn Store,
    view: &LineView,
    month: Month,
) -> Result<Vec<Row>, StoreError> {
    let Some(line) = view.line.as_deref() else { return Ok(Vec::new()) };
    let Some(closed) = itemised(line, month) else { return Ok(open_rows(line, month)) };
    let stream = Journal { store, stream: Stream::Line(line.customer), last: view.seq };
    Ok(rows_of_itemisation(&stream.itemisation(month, closed).await?))
}

/// The strings of the IDs with these numbers, and of all that are live. A deleted one's is read
/// from its row; one whose row was erased after its term has none.
pub async fn passport_names(
    store: &dyn Store,
    view: &LineView,
    numbers: BTreeSet<PassportNumber>,
) -> Result<BTreeMap<PassportNumber, String>, StoreError> {
    let Some(line) = view.line.as_deref() else { return Ok(BTreeMap::new()) };
    let known = |number: &PassportNumber| view.private.contains_key(number);
    let mut names: BTreeMap<_, _> =
        view.private.iter().map(|(number, one)| (*number, one.name.as_str().to_owned())).collect();
    for number in numbers.into_iter().filter(|number| !known(number)) {
        if let Some(name) = name_of_deleted(store, line, number).await? {
            names.insert(number, name);
        }
    }
    Ok(names)
}

async fn name_of_deleted(
    store: &dyn Store,
    line: &Line,
    number: PassportNumber,
) -> Result<Option<String>, StoreError> {
    let Some(passport) = line.passports.get(&number) else { return Ok(None) };
    let reference = passport.rows.name;
    if store.personal(line.customer, reference.row).await?.is_none() {
        return Ok(None);
    }
    match personal::committed(store, line.customer, reference).await?.data {
        Personal::PassportName { name } => Ok(Some(name.as_str().to_owned())),
        _ => Err(StoreError::damaged(
            format!("personal row {} of {}", reference.row, line.customer),
            "it is of another kind",
        )),
    }
}

/// When an entry was decided: all that the search reads of it.
#[derive(Deserialize)]
struct Dated {
    at: Instant,
}

/// A line's stream up to the row that its state stands at.
struct Journal<'a> {
    store: &'a dyn Store,
    stream: Stream,
    last: u64,
}

impl Journal<'_> {
    /// The itemisation of a closed month, all its parts.
    async fn itemisation(
        &self,
        month: Month,
        closed: &ClosedMonth,
    ) -> Result<Vec<ClosedItem>, StoreError> {
        let mut seq = self.first_at_or_after(closed.from).await?;
        let mut found = Found { month, next_part: 1, items: Vec::new() };
        while seq <= self.last {
            let rows = self.store.events(&self.stream, seq - 1, PAGE).await?;
            for row in rows.iter().filter(|row| row.seq <= self.last) {
                let entry: Entry = record::from_json(&self.place(row.seq), &row.entry)?;
                if found.take(entry) {
                    return Ok(found.items);
                }
            }
            seq = rows.last().ok_or_else(|| self.missing(seq))?.seq + 1;
        }
        let place = format!("the close of {month} in {}", self.stream);
        Err(StoreError::damaged(place, "it is missing"))
    }

    /// The first row that was decided at `at` or later; one past the last where there is none.
    async fn first_at_or_after(&self, at: Instant) -> Result<u64, StoreError> {
        let (mut from, mut to) = (1, self.last + 1);
        while from < to {
            let middle = from.midpoint(to);
            if self.decided_at(middle).await? < at {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        Ok(from)
    }

    async fn decided_at(&self, seq: u64) -> Result<Instant, StoreError> {
        let rows = self.store.events(&self.stream, seq - 1, 1).await?;
        let row = rows.first().filter(|row| row.seq == seq).ok_or_else(|| self.missing(seq))?;
        let Dated { at } = record::from_json(&self.place(seq), &row.entry)?;
        Ok(at)
    }

    fn place(&self, seq: u64) -> String {
        format!("event {seq} of {}", self.stream)
    }

    fn missing(&self, seq: u64) -> StoreError {
        StoreError::damaged(self.place(seq), "it is missing")
    }
}

/// What was found of a month's itemisation so far.
struct Found {
    month: Month,
    next_part: u32,
    items: Vec<ClosedItem>,
}

impl Found {
    /// Takes the parts that an entry holds; whether the last one was among them. A first part
    /// begins anew, as in the fold: the close before it broke off.
    fn take(&mut self, entry: Entry) -> bool {
        for event in entry.events {
            let Event::MonthClosed { month, part, parts, items, .. } = event else { continue };
            if month != self.month {
                continue;
            }
            if part == 1 {
                self.items.clear();
                self.next_part = 1;
            }
            if part == self.next_part {
                self.items.extend(items);
                self.next_part += 1;
            }
            if part == parts {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
