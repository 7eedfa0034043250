//! Rows as they are stored, for whoever checks the store itself and takes nothing for granted.

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
        write!(f, "RawRow({}, {} bytes)", super::key::readable(&self.key), self.row.len())
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
