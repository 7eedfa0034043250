//! The parts of a store's backup, one after the other, beside commits or of a store that nobody has.

use super::format::{Chain, Manifest, Part, PartKind, encode};
use crate::{
    domain::calendar::Instant,
    store::{
        Block, Section, Store, StoreError,
        group::Tip,
        key,
        notes::{Change, NoteBook, Noted, bytes_of},
        raw::RawRow,
    },
};
use std::{collections::VecDeque, sync::Arc};

/// How much of a store a copy takes at once.
#[derive(Debug, Clone, Copy)]
pub struct CopySizes {
    /// Rows of one page.
    pub page_rows: usize,
    /// So many bytes of changes make a part.
    pub changes_bytes: usize,
    /// So much of what is committed meanwhile is in memory at most, until it is in a part; a page's
    /// time of commits is a small part of it.
    pub most_bytes: usize,
}

impl Default for CopySizes {
    fn default() -> Self {
        Self { page_rows: 4_096, changes_bytes: 4 << 20, most_bytes: 128 << 20 }
    }
}

/// Why a copy did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// More was committed than is kept until the next part is asked for, or another copy was begun.
    #[error(
        "what was committed meanwhile is no longer there: the copy was asked for too slowly, or \
         another was begun; begin again"
    )]
    Behind,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A copy that is under way; dropped, nothing is noted for it any more.
pub struct Copy {
    store: Arc<dyn Store>,
    key: [u8; 32],
    sizes: CopySizes,
    /// Where groups are noted meanwhile; none where nobody commits, or once all was read.
    book: Option<NoteBook>,
    chain: Chain,
    begun_block: u64,
    stands: Stands,
    /// What was committed meanwhile and is in no part yet.
    pending: VecDeque<Change>,
    pending_bytes: usize,
    /// The last part was of changes: a page comes next, so that a copy ends however much is committed.
    is_pages_turn: bool,
    rows: u64,
    changes: u64,
}

/// How far it is.
enum Stands {
    /// Rows after this key are read next.
    Reading(Option<Vec<u8>>),
    /// All were read; the copy is of this block.
    Read(Tip),
    /// The manifest was given, of this block.
    Ended(u64),
}

impl Copy {
    /// Begins a copy. `key` is that of its manifest's MAC; `is_live` says that somebody may commit
    /// meanwhile.
    ///
    /// # Errors
    /// The store cannot be read, or cannot be copied while somebody commits.
    pub async fn begin(
        store: Arc<dyn Store>,
        key: [u8; 32],
        is_live: bool,
    ) -> Result<Self, StoreError> {
        Self::sized(store, key, is_live, CopySizes::default()).await
    }

    /// The same in pages and parts of these sizes.
    ///
    /// # Errors
    /// As above.
    pub async fn sized(
        store: Arc<dyn Store>,
        key: [u8; 32],
        is_live: bool,
        sizes: CopySizes,
    ) -> Result<Self, StoreError> {
        let (book, begun_block) = if is_live {
            let (book, block) = store.begin_notes(sizes.most_bytes).await?;
            (Some(book), block)
        } else {
            (None, store.durable_block())
        };
        Ok(Self {
            store,
            key,
            sizes,
            book,
            chain: Chain::default(),
            begun_block,
            stands: Stands::Reading(None),
            pending: VecDeque::new(),
            pending_bytes: 0,
            is_pages_turn: false,
            rows: 0,
            changes: 0,
        })
    }

    /// Rows that were read so far.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The block that it is of, once all was read.
    pub const fn block(&self) -> Option<u64> {
        match self.stands {
            Stands::Read(tip) => Some(tip.number),
            Stands::Ended(block) => Some(block),
            Stands::Reading(_) => None,
        }
    }

    /// The next part; none after the manifest. `at` is when the manifest says that it was made.
    ///
    /// # Errors
    /// The store cannot be read, or the copy was asked for too slowly.
    pub async fn next(&mut self, at: Instant) -> Result<Option<Part>, CopyError> {
        if matches!(self.stands, Stands::Reading(_)) {
            self.take_notes().await?;
            // Changes first, so that they never come to more than a few parts; but never twice before
            // a page was read.
            if self.pending_bytes >= self.sizes.changes_bytes && !self.is_pages_turn {
                return Ok(Some(self.changes_part()));
            }
        }
        if let Stands::Reading(after) = &self.stands {
            // Whoever asks may go away while it is read: how far it is is set once it was.
            let rows = self.store.raw_rows(Section::All, after.as_deref(), self.sizes.page_rows);
            let page = rows.await?;
            if let Some(last) = page.last() {
                self.stands = Stands::Reading(Some(last.key.clone()));
                return Ok(Some(self.rows_part(&page)));
            }
            self.settle().await?;
        }
        if !self.pending.is_empty() {
            return Ok(Some(self.changes_part()));
        }
        let Stands::Read(tip) = self.stands else { return Ok(None) };
        self.stands = Stands::Ended(tip.number);
        let hash = tip.hash.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let manifest = Manifest {
            begun_block: self.begun_block,
            block: tip.number,
            block_hash: hash,
            parts: self.chain.parts(),
            rows: self.rows,
            changes: self.changes,
            made_at: at.micros(),
        };
        Ok(Some(self.chain.manifest(&manifest, &self.key)))
    }

    /// The tip of this moment, where groups are noted.
    async fn take_notes(&mut self) -> Result<Option<Tip>, CopyError> {
        let Some(book) = &self.book else { return Ok(None) };
        let Noted { tip, changes } = self.store.take_notes(book).await?;
        for change in changes.ok_or(CopyError::Behind)? {
            self.pending_bytes += bytes_of(&change);
            self.pending.push_back(change);
        }
        Ok(Some(tip))
    }

    /// All rows were read: from here on the copy is of one block.
    async fn settle(&mut self) -> Result<(), CopyError> {
        let tip = match self.take_notes().await? {
            Some(tip) => tip,
            None => last_block(self.store.as_ref()).await?,
        };
        self.book = None;
        self.stands = Stands::Read(tip);
        Ok(())
    }

    fn rows_part(&mut self, page: &[RawRow]) -> Part {
        self.rows += page.len() as u64;
        self.is_pages_turn = false;
        let rows = page.iter().map(|row| (row.key.as_slice(), Some(row.row.as_slice())));
        self.part(PartKind::Rows, encode(rows))
    }

    fn changes_part(&mut self) -> Part {
        let mut taken: Vec<Change> = Vec::new();
        let mut bytes = 0;
        while bytes < self.sizes.changes_bytes
            && let Some(change) = self.pending.pop_front()
        {
            bytes += bytes_of(&change);
            taken.push(change);
        }
        self.pending_bytes = self.pending_bytes.saturating_sub(bytes);
        self.is_pages_turn = true;
        if let Some(book) = &self.book {
            book.hold(self.pending_bytes);
        }
        self.changes += taken.len() as u64;
        let rows = taken.iter().map(|(key, row)| (key.as_slice(), row.as_deref()));
        self.part(PartKind::Changes, encode(rows))
    }

    fn part(&mut self, kind: PartKind, body: Vec<u8>) -> Part {
        let part = Part { kind, body };
        self.chain.add(&part);
        part
    }
}

/// The last block of a store that nobody has, with its hash.
async fn last_block(store: &dyn Store) -> Result<Tip, StoreError> {
    let number = store.durable_block();
    if number == 0 {
        return Ok(Tip::GENESIS);
    }
    let row = store.raw(vec![key::block(number)]).await?.pop().flatten();
    let row = row.ok_or_else(|| StoreError::damaged(format!("block {number}"), "it is missing"))?;
    Ok(Tip { number, hash: Block::hash(&row) })
}
