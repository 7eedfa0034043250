//! Rows as they are stored, for whoever checks the store itself and takes nothing for granted.

use super::{Store, StoreError, key};
use std::collections::VecDeque;

/// A part of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Every row there is.
    All,
    /// Events of all streams.
    Events,
    /// Snapshots of all streams.
    Snapshots,
    /// Personal rows of all lines.
    Personal,
    /// Blocks.
    Blocks,
    /// Who holds which passport ID's string.
    Names,
    /// Who completed which order.
    Orders,
    /// Whose which address prefix is.
    Networks,
    /// Where something with a receipt number stands.
    Receipts,
    /// Where the parts of closed months' bills stand.
    Bills,
    /// Followers' cursors.
    Cursors,
    /// How far providers' webhooks are.
    Webhooks,
    /// Mails that wait or are parked.
    Mails,
    /// Wrapped keys.
    Keys,
}

/// The most bytes of one page of rows, but for its last row.
pub const PAGE_BYTES: usize = 4 << 20;

impl Section {
    /// How the keys of its rows begin.
    pub const fn prefix(self) -> &'static [u8] {
        match self {
            Self::All => b"",
            Self::Events => b"e/",
            Self::Snapshots => b"s/",
            Self::Personal => b"p/",
            Self::Blocks => b"b/",
            Self::Names => b"n/",
            Self::Orders => b"o/",
            Self::Networks => b"w/",
            Self::Receipts => b"r/",
            Self::Bills => b"i/",
            Self::Cursors => b"c/",
            Self::Webhooks => b"h/",
            Self::Mails => b"m/",
            Self::Keys => super::key::KEYS,
        }
    }
}

/// A row as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct RawRow {
    /// Its key.
    pub key: Vec<u8>,
    /// Version, block, body; of a block, its own form.
    pub row: Vec<u8>,
}

impl std::fmt::Debug for RawRow {
    /// Personal data and keys do not print.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawRow({}, {} bytes)", key::readable(&self.key), self.row.len())
    }
}

/// A page of these rows, which come in order.
pub(super) fn page<E>(
    rows: impl Iterator<Item = Result<RawRow, E>>,
    limit: usize,
) -> Result<Vec<RawRow>, E> {
    let mut page = Vec::new();
    let mut bytes = 0;
    for row in rows.take(limit) {
        let row = row?;
        bytes += row.key.len() + row.row.len();
        page.push(row);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(page)
}

/// Rows of one page of [`Rows`].
pub const ROWS_AT_ONCE: usize = 512;

/// Rows of a section, one after the other, a page of them in memory at a time.
pub struct Rows<'a> {
    store: &'a dyn Store,
    section: Section,
    after: Option<Vec<u8>>,
    page: VecDeque<RawRow>,
    ended: bool,
}

impl<'a> Rows<'a> {
    /// The rows after this key, or all of them.
    pub fn of(store: &'a dyn Store, section: Section, after: Option<Vec<u8>>) -> Self {
        Self { store, section, after, page: VecDeque::new(), ended: false }
    }

    /// The next row, which stays the next.
    ///
    /// # Errors
    /// The store cannot be read; then there are no more rows.
    pub async fn peek(&mut self) -> Result<Option<&RawRow>, StoreError> {
        if self.page.is_empty() && !self.ended {
            let page = self.store.raw_rows(self.section, self.after.as_deref(), ROWS_AT_ONCE).await;
            self.ended = page.as_ref().map_or(true, Vec::is_empty);
            self.page = page?.into();
            self.after = self.page.back().map(|row| row.key.clone());
        }
        Ok(self.page.front())
    }

    /// The next row.
    ///
    /// # Errors
    /// The store cannot be read; then there are no more rows.
    pub async fn next(&mut self) -> Result<Option<RawRow>, StoreError> {
        self.peek().await?;
        Ok(self.page.pop_front())
    }

    /// How far the reading is, for errors that name a place.
    pub fn place(&self) -> String {
        self.after.as_deref().map_or_else(|| "the beginning".to_owned(), key::readable)
    }
}
