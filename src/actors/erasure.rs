//! Erasure: personal rows whose term is over are deleted, one commit for each line, and the chain of
//! the journal stays whole.
//!
//! Which rows a line has is told by its whole stream, which nobody keeps in memory; so a sweep reads
//! each line's stream once, line after line.

use super::{
    LineError,
    bulk::Bulk,
    change::{Change, What},
    line::LineView,
};
use crate::{
    domain::{
        calendar::Instant,
        ids::CustomerId,
        line::{By, Command, Entry, Refusal},
        retention::{DataClass, Inventory, Terms},
    },
    store::{Store, Stream, record},
};
use std::{collections::BTreeMap, sync::Arc};

/// Event rows that one look takes.
const PAGE: usize = 256;
/// Rows that one event names at most, so that it fits into a row of the journal.
const MOST_ROWS: usize = 2_000;

/// How many rows of each class.
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

    /// Erases what is due of one line; how many rows of each class.
    pub async fn erase(
        &self,
        customer: CustomerId,
        asked: &Asked,
    ) -> Result<Counts, Arc<LineError>> {
        let due = self.due(customer, asked.now).await?;
        if !asked.dry_run {
            for part in due.chunks(MOST_ROWS) {
                let rows = part.iter().map(|(row, _)| *row).collect();
                let what = What::Plain(Box::new(Command::EraseRows(rows)));
                let (by, request_id) = (asked.by.clone(), asked.request_id.clone());
                let change = Change { what, by, source: None, request_id };
                self.bulk.make(customer, change).await?;
            }
        }
        let mut counts = Counts::new();
        for (_, class) in due {
            *counts.entry(class).or_default() += 1;
        }
        Ok(counts)
    }

    /// The rows of a line whose term is over.
    async fn due(
        &self,
        customer: CustomerId,
        now: Instant,
    ) -> Result<Vec<(u32, DataClass)>, Arc<LineError>> {
        let LineView { line, seq, .. } = self.bulk.look(customer).await?;
        let line = line.ok_or_else(|| Arc::new(LineError::Refused(Refusal::UnknownLine)))?;
        let inventory = self.inventory(customer, seq).await?;
        Ok(inventory.due(&line, self.terms, now))
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
