//! Walks the whole chain and says where it is broken, in memory that does not grow with the store.
//!
//! 1. **Blocks**, from the first to the last: each is there and of a block's form, follows from the
//!    one before, and names event rows that are there as they were when it closed them. The head,
//!    whose MAC nobody without the master key can make, names the last.
//! 2. **Rows**, in the order of their streams: a block closed each event row, and each personal row
//!    is what its event committed to. A personal row that is not there is fine where a later event
//!    says why ([`CommittedRows`]); where none does, it is missing. A row that no event committed to
//!    does not belong there.
//!
//! A link that does not hold is one of two blocks' fault. The next link tells which: where that one
//! holds, the later block is as it was and the earlier one was changed.
//!
//! While a server commits, the walk ends at the block that was durable when it began, and looks a
//! second time at a line whose personal rows moved under it.

mod fault;
mod rows;

pub use fault::{Fault, FaultKind, Report};

use super::{
    Store,
    block::{Block, BlockEntry},
    group::Tip,
    key,
    raw::Section,
    record,
};
use crate::domain::line::rows::CommittedRows;
use std::collections::HashSet;

/// Blocks of one page.
const BLOCKS_AT_ONCE: usize = 64;
/// Event rows that are looked up at once.
const ROWS_AT_ONCE: usize = 1_000;

/// How far the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is looked at.
    pub step: Step,
    /// So many of them are done.
    pub done: u64,
    /// Of so many.
    pub of: u64,
}

/// The two parts of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Blocks and the event rows that they name.
    Blocks,
    /// All rows in the order of their streams.
    Rows,
}

/// Walks the whole chain. `live` says that somebody may commit meanwhile.
pub async fn verify(
    store: &dyn Store,
    live: bool,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Report {
    let mut walk = Walk {
        store,
        live,
        tip: 0,
        closed: 0,
        report: Report::default(),
        unusable: Vec::new(),
        damaged: HashSet::new(),
        progress,
    };
    // The head first: it never names a block beyond those that are durable then.
    let head = walk.head().await;
    walk.tip = store.durable_block();
    walk.report.blocks = walk.tip;
    // A server at work writes its head when it has more to do than that.
    if let Some(head) = head.filter(|_| !live) {
        walk.report.beyond_head = walk.tip.saturating_sub(head.number);
    }
    if let Some(head) = head.filter(|head| head.number > walk.tip) {
        let (first, last) = (walk.tip + 1, walk.tip);
        let what = format!(
            "it is missing: the head names block {}, and the last one is {last}: a tail is lost",
            head.number
        );
        walk.fault(Some(first), FaultKind::Head, format!("block {first}"), what);
        walk.unusable.push((first, head.number));
    }
    walk.blocks(head).await;
    walk.rows().await;
    walk.report
}

/// The walk as it stands.
struct Walk<'a> {
    store: &'a dyn Store,
    live: bool,
    /// The last block that is looked at.
    tip: u64,
    /// Event rows that blocks name and that are there.
    closed: u64,
    report: Report,
    /// Numbers of blocks that are missing or cannot be read, from and to.
    unusable: Vec<(u64, u64)>,
    /// Streams with an event row that is missing or was changed: what it said is not known.
    damaged: HashSet<super::Stream>,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

/// What is known of the block before.
#[derive(Default)]
struct Chain {
    /// Number and hash of the block before, where it is known.
    previous: Option<Tip>,
    /// This block or the next one is at fault: the next link will tell.
    doubted: Option<u64>,
}

/// A block's row as it could be read.
enum Found {
    Row(Vec<u8>),
    Missing,
    Unreadable(String),
}

impl Walk<'_> {
    fn fault(
        &mut self,
        block: Option<u64>,
        kind: FaultKind,
        place: impl Into<String>,
        what: impl Into<String>,
    ) {
        self.report.add(Fault { block, kind, place: place.into(), what: what.into() });
    }

    fn told(&mut self, step: Step, done: u64, of: u64) {
        (self.progress)(Progress { step, done, of });
    }

    async fn head(&mut self) -> Option<Tip> {
        match self.store.head().await {
            Ok(Some(head)) => Some(head),
            Ok(None) => {
                if self.store.durable_block() > 0 {
                    self.fault(None, FaultKind::Head, "head", "the head file is missing");
                }
                None
            }
            Err(error) => {
                self.fault(None, FaultKind::Head, "head", error.to_string());
                None
            }
        }
    }

    async fn blocks(&mut self, head: Option<Tip>) {
        let mut chain = Chain { previous: Some(Tip::GENESIS), doubted: None };
        let mut next = 1;
        'walk: while next <= self.tip {
            for (from, to, found) in self.page_of_blocks(next).await {
                self.block(&mut chain, (from, to), found, head).await;
                // A made-up row may carry the last number there is: nothing follows it.
                if to >= self.tip {
                    break 'walk;
                }
                next = to + 1;
            }
            self.told(Step::Blocks, (next - 1).min(self.tip), self.tip);
        }
        self.told(Step::Blocks, self.tip, self.tip);
        // The last link: the head vouches for the block that it names, which was held against it.
        if let Some(doubted) = chain.doubted {
            self.broken_link(doubted);
        }
    }

    /// The next blocks: each with its number twice, those that are missing as a range.
    async fn page_of_blocks(&self, next: u64) -> Vec<(u64, u64, Found)> {
        let after = key::block(next - 1);
        let Ok(rows) = self.store.raw_rows(Section::Blocks, Some(&after), BLOCKS_AT_ONCE).await
        else {
            return self.single_blocks(next).await;
        };
        let mut page = Vec::new();
        let mut next = next;
        for row in rows {
            let Some(number) = key::number_of_block(&row.key) else { continue };
            if number > self.tip {
                break;
            }
            if number > next {
                page.push((next, number - 1, Found::Missing));
            }
            page.push((number, number, Found::Row(row.row)));
            next = number.saturating_add(1);
        }
        if page.is_empty() {
            page.push((next, self.tip, Found::Missing));
        }
        page
    }

    /// Where the engine fails on a page, each block is asked for by itself.
    async fn single_blocks(&self, next: u64) -> Vec<(u64, u64, Found)> {
        let last = self.tip.min(next.saturating_add(BLOCKS_AT_ONCE as u64 - 1));
        let mut page = Vec::new();
        for number in next..=last {
            let read = self.store.raw(vec![key::block(number)]).await;
            let found = match read.map(|mut rows| rows.pop().flatten()) {
                Ok(Some(row)) => Found::Row(row),
                Ok(None) => Found::Missing,
                Err(error) => Found::Unreadable(error.to_string()),
            };
            page.push((number, number, found));
        }
        page
    }

    async fn block(
        &mut self,
        chain: &mut Chain,
        (number, to): (u64, u64),
        found: Found,
        head: Option<Tip>,
    ) {
        let place = format!("block {number}");
        let bytes = match found {
            Found::Row(bytes) => bytes,
            Found::Missing if to > number => {
                let what = format!("it is missing, and so are all up to block {to}");
                return self.unusable(chain, (number, to), FaultKind::BlockMissing, &what);
            }
            Found::Missing => {
                let what = "it is missing";
                return self.unusable(chain, (number, to), FaultKind::BlockMissing, what);
            }
            Found::Unreadable(what) => {
                return self.unusable(chain, (number, to), FaultKind::Unreadable, &what);
            }
        };
        let hash = Block::hash(&bytes);
        let block = match Block::decode(number, &bytes) {
            Ok(block) => block,
            Err(error) => {
                let what = error.to_string();
                return self.unusable(chain, (number, to), FaultKind::BlockMalformed, &what);
            }
        };
        self.link(chain, &block);
        if head.is_some_and(|head| head.number == number && head.hash != hash) {
            let what = "it is not the block that the head names";
            self.fault(Some(number), FaultKind::Head, place, what);
            // It is this block that was changed, and not the one before it.
            chain.doubted = None;
        }
        chain.previous = Some(Tip { number, hash });
        for entries in block.entries.chunks(ROWS_AT_ONCE) {
            self.entries(number, entries).await;
        }
    }

    /// A block of which nothing is known: neither it nor the link after it tells anything.
    fn unusable(&mut self, chain: &mut Chain, range: (u64, u64), kind: FaultKind, what: &str) {
        if let Some(doubted) = chain.doubted.take() {
            self.broken_link(doubted);
        }
        let place = format!("block {}", range.0);
        // The store's own errors name the place as well.
        let what = what.split_once(&format!("damaged at {place}: ")).map_or(what, |(_, what)| what);
        self.fault(Some(range.0), kind, place, what);
        self.unusable.push(range);
        chain.previous = None;
    }

    fn link(&mut self, chain: &mut Chain, block: &Block) {
        let Some(previous) = chain.previous else { return };
        let holds = block.previous == previous.hash;
        match (holds, chain.doubted.take()) {
            (true, None) => {}
            (true, Some(doubted)) => self.broken_link(doubted),
            // Neither link of the block before holds.
            (false, Some(_)) => self.broken_link(previous.number),
            (false, None) if block.number == 1 => {
                let what = "it is the first and yet follows from another block";
                self.fault(Some(1), FaultKind::BlockChanged, "block 1", what);
            }
            (false, None) => chain.doubted = Some(previous.number),
        }
    }

    fn broken_link(&mut self, number: u64) {
        let next = number.saturating_add(1);
        let what = format!("it was changed: block {next} follows from what it was");
        self.fault(Some(number), FaultKind::BlockChanged, format!("block {number}"), what);
    }

    /// The rows that a block names are there as it closed them.
    async fn entries(&mut self, number: u64, entries: &[BlockEntry]) {
        let keys: Vec<_> =
            entries.iter().map(|entry| key::event(&entry.stream, entry.seq)).collect();
        self.report.entries += entries.len() as u64;
        if let Ok(rows) = self.store.raw(keys.clone()).await {
            for (entry, row) in entries.iter().zip(rows) {
                self.entry(number, entry, Ok(row));
            }
            return;
        }
        for (entry, key) in entries.iter().zip(keys) {
            let row = self.store.raw(vec![key]).await;
            self.entry(number, entry, row.map(|mut rows| rows.pop().flatten()));
        }
    }

    fn entry(
        &mut self,
        number: u64,
        entry: &BlockEntry,
        row: Result<Option<Vec<u8>>, super::StoreError>,
    ) {
        let key = key::event(&entry.stream, entry.seq);
        let (kind, what) = match row {
            Ok(Some(row)) => {
                self.closed += 1;
                let says = record::decode(&key, &row).map_or(number, |(block, _)| block);
                if record::sha256(&row) != entry.hash {
                    (FaultKind::RowChanged, format!("it is not the row that block {number} closed"))
                } else if says != number {
                    (FaultKind::RowChanged, format!("it says that block {says} closed it"))
                } else {
                    return;
                }
            }
            Ok(None) => (FaultKind::RowMissing, format!("block {number} closed it; it is missing")),
            Err(error) => (FaultKind::Unreadable, error.to_string()),
        };
        self.damaged.insert(entry.stream.clone());
        self.fault(Some(number), kind, key::readable(&key), what);
    }
}

#[cfg(test)]
#[path = "audit/tests.rs"]
mod tests;
