//! Event rows of one stream as they are stored: a row that is damaged ends no look at the others.

use super::Walk;
use crate::{
    domain::{ids::CustomerId, line::Entry},
    store::{RawRow, Section, StoreError, Stream, key, raw::Rows, record},
};

/// Rows of a stream after one of its events, one after the other.
pub(super) struct StreamRows<'a> {
    stream: Stream,
    rows: Rows<'a>,
}

impl<'a> StreamRows<'a> {
    pub(super) fn after(walk: &Walk<'a>, stream: Stream, seq: u64) -> Self {
        let after = key::event(&stream, seq);
        Self { stream, rows: Rows::of(walk.store, Section::Events, Some(after)) }
    }

    /// The next row.
    pub(super) async fn next(&mut self) -> Result<Option<RawRow>, StoreError> {
        let row = self.rows.next().await?;
        Ok(row.filter(|row| key::stream_of_event(&row.key).as_ref() == Some(&self.stream)))
    }
}

/// A line's row as an entry, with its number; `None` where it cannot be read.
pub(super) fn entry_of(row: &RawRow) -> Option<(u64, Entry)> {
    let (_, body) = record::decode(&row.key, &row.row).ok()?;
    Some((key::seq_of_event(&row.key)?, serde_json::from_slice(body).ok()?))
}

/// The rows of a line after one of its events.
pub(super) fn of_line<'a>(walk: &Walk<'a>, customer: CustomerId, seq: u64) -> StreamRows<'a> {
    StreamRows::after(walk, Stream::Line(customer), seq)
}

/// Whether something happened in a stream after the look began.
pub(super) async fn has_moved(walk: &Walk<'_>, stream: Stream) -> Result<bool, StoreError> {
    let mut rows = StreamRows::after(walk, stream, 0);
    while let Some(row) = rows.next().await? {
        if record::decode(&row.key, &row.row).is_ok_and(|(block, _)| block > walk.tip) {
            return Ok(true);
        }
    }
    Ok(false)
}
