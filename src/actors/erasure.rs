//! Erasure: personal rows whose term is over are deleted, one commit for each line, and the chain of
//! the journal stays whole.
//!
//! Which rows a line has is told by its whole stream, which nobody keeps in memory; so a sweep reads
//! each line's stream once, line after line.

use super::{
    LineError, Overload,
    bulk::Bulk,
    change::{Change, What},
    line::LineView,
};
use crate::{
    domain::{
        calendar::Instant,
        ids::CustomerId,
        line::{By, Command, Entry, Refusal, command::EraseRows},
        retention::{DataClass, Inventory, Terms},
    },
    store::{
        Batch, Delete, Outcome, PersonalRow, Put, Store, Stream,
        record::{self, Personal, SIGN_INS_ROW},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// Event rows that one look takes.
const PAGE: usize = 256;
/// Rows that one event names at most, so that it fits into a row of the journal.
const MOST_ROWS: usize = 2_000;

/// How often a line that moves on under our hands is looked at again.
const TRIES: u32 = 8;

/// What is due of a line.
struct Due {
    rows: Vec<(u32, DataClass)>,
    of_settled_line: bool,
    has_ended: bool,
}

/// How many rows of each class; of the list of sign-ins, how many of them.
pub type Counts = BTreeMap<DataClass, u64>;

/// Who erases.
#[derive(Clone)]
pub struct Erasure {
    bulk: Bulk,
    store: Arc<dyn Store>,
    terms: Terms,
}

/// An erasure that somebody asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who, and why.
    pub by: By,
    /// The request's ID.
    pub request_id: Option<String>,
    /// The moment that terms are counted to.
    pub now: Instant,
    /// Whether it is only told what would go.
    pub dry_run: bool,
}

impl Erasure {
    /// Over all lines, by these terms.
    pub fn new(bulk: Bulk, store: Arc<dyn Store>, terms: Terms) -> Self {
        Self { bulk, store, terms }
    }

    /// Erases what is due of one line; how many rows of each class. A line that moves on meanwhile
    /// is looked at again: what was due before may not be so now.
    pub async fn erase(
        &self,
        customer: CustomerId,
        asked: &Asked,
    ) -> Result<Counts, Arc<LineError>> {
        let mut counts = Counts::new();
        for _ in 0..TRIES {
            let due = self.due(customer, asked.now).await?;
            if !self.erase_rows(customer, &due, asked, &mut counts).await? {
                continue;
            }
            // The list of a line that ended goes with its rows.
            if !due.has_ended || due.rows.is_empty() {
                let trimmed = self.trim_sign_ins(customer, asked).await?;
                if trimmed > 0 {
                    *counts.entry(DataClass::SignIn).or_default() += trimmed;
                }
            }
            return Ok(counts);
        }
        Err(Arc::new(LineError::Busy(Overload::Contention)))
    }

    /// Whether all of it went; false where the line has moved on since it was looked at.
    async fn erase_rows(
        &self,
        customer: CustomerId,
        due: &Due,
        asked: &Asked,
        counts: &mut Counts,
    ) -> Result<bool, Arc<LineError>> {
        for part in due.rows.chunks(MOST_ROWS) {
            if !asked.dry_run {
                let rows = part.iter().map(|(row, _)| *row).collect();
                let erase = EraseRows { rows, of_settled_line: due.of_settled_line };
                let what = What::Plain(Box::new(Command::EraseRows(erase)));
                let (by, request_id) = (asked.by.clone(), asked.request_id.clone());
                let change = Change { what, by, source: None, request_id };
                if self.bulk.make(customer, change).await?.entry.events.is_empty() {
                    return Ok(false);
                }
            }
            for (_, class) in part {
                *counts.entry(*class).or_default() += 1;
            }
        }
        Ok(true)
    }

    /// Takes the sign-ins whose term is over out of the line's list, which no event names; how many.
    /// A sign-in at the same instant may be left out of the list, as of two at once.
    async fn trim_sign_ins(
        &self,
        customer: CustomerId,
        asked: &Asked,
    ) -> Result<u64, Arc<LineError>> {
        let failed = |error| Arc::new(LineError::Store(error));
        let row = self.store.personal(customer, SIGN_INS_ROW).await.map_err(failed)?;
        let Some(Personal::SignIns { mut recent }) = row.map(|row| row.data) else { return Ok(0) };
        let all = recent.len();
        recent.retain(|one| !self.terms.is_sign_in_over(Instant::from_micros(one.at), asked.now));
        let gone = all - recent.len();
        if gone == 0 || asked.dry_run {
            return Ok(gone as u64);
        }
        let mut batch = Batch::default();
        if recent.is_empty() {
            batch.delete.push(Delete::Personal { customer, row: SIGN_INS_ROW });
        } else {
            let salt = (self.bulk.services.draw_salt)();
            let body = PersonalRow::new(salt, Personal::SignIns { recent });
            batch.put.push(Put::Personal { customer, row: SIGN_INS_ROW, body });
        }
        match self.bulk.services.committer.commit(batch).await {
            Ok(Outcome::Committed { .. }) => Ok(gone as u64),
            Ok(Outcome::Refused(_)) => Err(Arc::new(LineError::Busy(Overload::Contention))),
            Err(error) => Err(Arc::new(error.into())),
        }
    }

    /// The rows of a line whose term is over.
    async fn due(&self, customer: CustomerId, now: Instant) -> Result<Due, Arc<LineError>> {
        let LineView { line, seq, .. } = self.bulk.look(customer).await?;
        let line = line.ok_or_else(|| Arc::new(LineError::Refused(Refusal::UnknownLine)))?;
        let inventory = self.inventory(customer, seq).await?;
        Ok(Due {
            rows: inventory.due(&line, self.terms, now),
            of_settled_line: inventory.is_done_with(&line, self.terms, now),
            has_ended: line.ended.is_some(),
        })
    }

    /// What the line's stream tells of its rows, up to the event that the line was looked at.
    async fn inventory(
        &self,
        customer: CustomerId,
        last: u64,
    ) -> Result<Inventory, Arc<LineError>> {
        let failed = |error| Arc::new(LineError::Store(error));
        let (stream, mut inventory) = (Stream::Line(customer), Inventory::default());
        let mut after = 0;
        while after < last {
            let rows = self.store.events(&stream, after, PAGE).await.map_err(failed)?;
            let Some(end) = rows.last().map(|row| row.seq) else { break };
            for row in rows.iter().filter(|row| row.seq <= last) {
                let place = format!("event {} of {stream}", row.seq);
                let entry: Entry = record::from_json(&place, &row.entry).map_err(failed)?;
                inventory.take(&entry);
            }
            after = end;
        }
        Ok(inventory)
    }
}
