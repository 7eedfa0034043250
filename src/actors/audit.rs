//! Looking at the journal: who did what, when and why; and whether the chain is whole, walked
//! beside the server's work, one walk at a time.

use super::walk::{self, Walks};
use crate::{
    clock::Clock,
    domain::line::{
        By, Entry, Line,
        difference::{Changed, difference},
        replay,
    },
    store::{
        EventRow, Store, StoreError, Stream,
        audit::{self, Progress, Report},
        record,
    },
};
use serde_json::Value;
use std::sync::Arc;

/// Event rows of one page.
const PAGE: usize = 256;
/// A page of entries ends after so many bytes, so that an answer stays small.
const PAGE_BYTES: usize = 1 << 20;

/// How the last walk of the chain stands.
pub type Stands = walk::Stands<Progress, Report>;

/// Walks the chain where nobody waits for it.
#[derive(Clone)]
pub struct Audits {
    store: Arc<dyn Store>,
    walks: Walks<Progress, Report>,
}

impl Audits {
    /// Nothing was walked yet; `clock` is the host's.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, walks: Walks::new(clock) }
    }

    /// The walks themselves, for whoever has another made.
    pub const fn walks(&self) -> &Walks<Progress, Report> {
        &self.walks
    }

    /// How the last one stands.
    pub fn last(&self) -> Stands {
        self.walks.last()
    }

    /// Begins a walk, or has one follow that is under way; its number. Reads go in pages through the
    /// store's reading threads, like those of any line that wakes.
    pub fn begin(&self) -> u64 {
        let own = Arc::clone(&self.store);
        self.walks.begin("the audit of the journal", move |walks| {
            let store = Arc::clone(&own);
            async move {
                let mut note = |progress| walks.note(progress);
                let report = audit::verify(store.as_ref(), true, &mut note).await;
                if report.is_whole() {
                    tracing::info!(blocks = report.blocks, "the audit found the journal whole");
                } else {
                    let (faults, block) = (report.fault_count, report.first_broken_block());
                    let first = report.faults.first().map(ToString::to_string);
                    tracing::error!(faults, block, first, "the audit found the journal broken");
                }
                report
            }
        })
    }
}

/// One entry of a stream.
#[derive(Debug)]
pub struct Told {
    /// Its sequence number.
    pub seq: u64,
    /// The block that closed it.
    pub block: u64,
    /// The entry, as it stands in the journal: no personal data is in it.
    pub entry: Value,
    /// What an operator changed of a line, before and after; none for everybody else's entries.
    pub changed: Option<Vec<Changed>>,
}

/// A page of a stream's entries.
#[derive(Debug)]
pub struct Page {
    /// The stream's last sequence number.
    pub last: u64,
    /// The entries, in their order.
    pub entries: Vec<Told>,
}

/// Entries of a stream from `from` on, or its last ones; `None` where there is no such stream.
pub async fn entries(
    store: &dyn Store,
    stream: &Stream,
    from: Option<u64>,
    most: u64,
) -> Result<Option<Page>, StoreError> {
    let last = store.last_seq(stream).await?;
    if last == 0 {
        return Ok(None);
    }
    let from = from.unwrap_or((last + 1).saturating_sub(most)).max(1);
    let to = last.min(from.saturating_add(most - 1));
    let mut page = Page { last, entries: Vec::new() };
    // What an operator changed shows between two folds: a line is folded from its first event on.
    let is_line = matches!(stream, Stream::Line(_));
    let mut line: Option<Line> = None;
    let mut seq = if is_line { 0 } else { from - 1 };
    let mut bytes = 0;
    while seq < to {
        let rows = store.events(stream, seq, PAGE).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows.into_iter().take_while(|row| row.seq <= to) {
            seq = row.seq;
            let is_wanted = seq >= from;
            let mut changed = None;
            if is_line {
                (line, changed) = folded(line, stream, &row, is_wanted)?;
            }
            if is_wanted {
                bytes += row.entry.len();
                let place = format!("event {seq} of {stream}");
                let entry = record::from_json(&place, &row.entry)?;
                page.entries.push(Told { seq, block: row.block, entry, changed });
            }
            if bytes >= PAGE_BYTES {
                return Ok(Some(page));
            }
        }
    }
    Ok(Some(page))
}

/// The line after a row, and what an operator's entry changed of it.
fn folded(
    line: Option<Line>,
    stream: &Stream,
    row: &EventRow,
    is_wanted: bool,
) -> Result<(Option<Line>, Option<Vec<Changed>>), StoreError> {
    let place = format!("event {} of {stream}", row.seq);
    let entry: Entry = record::from_json(&place, &row.entry)?;
    let by_operator = is_wanted && matches!(entry.by, By::Operator { .. });
    let before = by_operator.then(|| line.clone());
    let after = replay(line, &entry);
    let changed = before.map(|before| difference(before.as_ref(), after.as_ref()));
    Ok((after, changed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            calendar::Instant,
            line::{Event, event::Barrier},
        },
        store::{Batch, memory::MemoryStore},
    };

    async fn store_with(entries: u64) -> MemoryStore {
        let store = MemoryStore::new();
        for last in 0..entries {
            let at = Instant::from_micros(1_790_000_000_000_000);
            let by = By::Operator { name: "admin".into(), reason: format!("reason {last}") };
            let events = vec![Event::BarrierRaised { barrier: Barrier::CompanyStop }];
            let entry = record::to_json(&Entry { at, by, request_id: None, events });
            store.commit(vec![Batch::event(stream(), last, entry)], at).await.expect("commits");
        }
        store
    }

    fn stream() -> Stream {
        "CAF0000012573".parse().expect("a stream")
    }

    #[tokio::test]
    async fn entries_come_in_pages_the_last_ones_where_nobody_says_from_where() {
        let store = store_with(600).await;
        for (from, most, expected) in [
            (None, 3, 598..=600),
            (None, 1_000, 1..=600),
            (Some(1), 2, 1..=2),
            (Some(255), 4, 255..=258),
            (Some(599), 9, 599..=600),
        ] {
            let page = entries(&store, &stream(), from, most).await.expect("reads").expect("there");
            let seqs: Vec<u64> = page.entries.iter().map(|told| told.seq).collect();
            assert_eq!(seqs, expected.collect::<Vec<_>>(), "{from:?}, {most}");
            assert_eq!(page.last, 600);
        }
        let beyond = entries(&store, &stream(), Some(601), 9).await.expect("reads");
        assert!(beyond.expect("there").entries.is_empty());
        let other = "CAF0000012574".parse().expect("a stream");
        assert!(entries(&store, &other, None, 9).await.expect("reads").is_none());
    }
}
