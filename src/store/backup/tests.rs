//! A copy that is made beside commits is the store as it was at its block, row by row.

#[cfg(test)]
mod filed;
#[cfg(test)]
mod restoring;

use super::{
    Copy, CopyError, CopySizes, Writer,
    format::{Manifest, Part, PartKind, decode},
};
use crate::{
    domain::{calendar::Instant, ids::CustomerId},
    store::{
        Batch, Delete, Holder, MailId, MailPlace, MailRecord, MailRow, Outcome, PersonalRow, Put,
        RawRow, Reservation, Section, Shelf, Store, StoreError, Stream, WebhookState,
        memory::MemoryStore,
        record::Personal,
        sled_store::{SledOptions, SledStore},
        suite,
    },
};
use proptest::prelude::*;
use std::{collections::BTreeMap, ops::ControlFlow, path::Path, sync::Arc};
use tempfile::TempDir;

const KEY: [u8; 32] = [7; 32];

/// Hears how far it is.
const fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

async fn rows_of(store: &dyn Store) -> Rows {
    let mut rows = Rows::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = store.raw_rows(Section::All, after.as_deref(), 500).await.expect("reads");
        let Some(last) = page.last() else { return rows };
        after = Some(last.key.clone());
        rows.extend(page.into_iter().map(|RawRow { key, row }| (key, row)));
    }
}

/// What a copy's parts come to, read in their order.
fn replayed(parts: &[Part]) -> Rows {
    let mut rows = Rows::new();
    let data = parts.iter().filter(|part| part.kind != PartKind::Manifest);
    for (key, row) in data.flat_map(|part| decode(&part.body).expect("rows")) {
        match row {
            Some(row) => drop(rows.insert(key, row)),
            None => drop(rows.remove(&key)),
        }
    }
    rows
}

fn line(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("a customer ID")
}

/// A batch that writes new rows, writes over others and takes others away, in every section that the
/// product does that in.
fn batch(number: u64, last: &mut BTreeMap<u64, u64>) -> Batch {
    let customer = line(number % 7);
    let stream = Stream::Line(customer);
    let seq = last.entry(number % 7).or_default();
    let mut batch = Batch::event(stream.clone(), *seq, format!("{{\"n\":{number}}}").into_bytes());
    *seq += 1;
    let row = u32::try_from(number % 5).expect("small");
    let body = PersonalRow::new([1; 32], Personal::Credential { hash: format!("h{number}") });
    match number % 3 {
        0 => batch.put.push(Put::Personal { customer, row, body }),
        1 => batch.delete.push(Delete::Personal { customer, row }),
        _ => {
            batch.put.push(Put::Snapshot { stream: stream.clone(), seq: *seq, body: vec![7; 900] });
        }
    }
    if number % 4 == 3 && *seq > 2 {
        batch.delete.push(Delete::Snapshot { stream, seq: *seq - 2 });
    }
    batch.put.push(Put::Cursor { follower: "mail", block: number });
    let network = format!("10.0.{}.0/24", number % 11).parse().expect("a prefix");
    let reservation = Reservation::Network(network);
    if number.is_multiple_of(2) {
        let holder = Holder { customer, passport: None, seq: None };
        batch.put.push(Put::Reservation { reservation, holder });
    } else {
        batch.delete.push(Delete::Reservation(reservation));
    }
    let at = Instant::from_micros(i64::try_from(number % 9).expect("small"));
    let mail: MailId = format!("CAF000000000{}-1-purchased-4", number % 7).parse().expect("a mail");
    let place = MailPlace { shelf: Shelf::Waiting, at, mail };
    if number % 5 < 3 {
        let record = MailRecord {
            accepted_at: at,
            since: at,
            attempts: u32::try_from(number).unwrap_or(u32::MAX),
            reason: "later".into(),
            code: None,
        };
        batch.put.push(Put::Mail(MailRow { place, record }));
    } else {
        batch.delete.push(Delete::Mail(place));
    }
    let provider = "a-sha".parse().expect("a provider");
    batch.put.push(Put::Webhooks { provider, epoch: 0, state: WebhookState::after(number) });
    batch
}

/// Commits batches, each a group of its own.
struct Work {
    number: u64,
    last: BTreeMap<u64, u64>,
}

impl Work {
    const fn new() -> Self {
        Self { number: 0, last: BTreeMap::new() }
    }

    async fn commit(&mut self, store: &dyn Store, groups: u64) {
        for _ in 0..groups {
            let group = (0..2).map(|_| {
                self.number += 1;
                batch(self.number, &mut self.last)
            });
            let outcomes = store.commit(group.collect(), suite::at()).await.expect("commits");
            let all = outcomes.iter().all(|one| matches!(one, Outcome::Committed { .. }));
            assert!(all, "{outcomes:?}");
        }
    }
}

fn manifest_of(parts: &[Part]) -> Manifest {
    let last = parts.last().expect("a manifest");
    assert_eq!(last.kind, PartKind::Manifest);
    serde_json::from_slice(&last.body[..last.body.len() - 32]).expect("JSON")
}

/// Copies beside commits: between its parts as many groups are committed as `between` says.
async fn copied_beside(
    store: &Arc<dyn Store>,
    work: &mut Work,
    mut between: impl FnMut() -> u64,
) -> Vec<Part> {
    let mut copy = Copy::begin(Arc::clone(store), KEY, true).await.expect("begins");
    let mut parts = Vec::new();
    while let Some(part) = copy.next(suite::at()).await.expect("copies") {
        parts.push(part);
        work.commit(store.as_ref(), between()).await;
    }
    parts
}

/// The rows of a store at the block of a copy of it, by committing the same work to another store up
/// to that block.
async fn model_at(block: u64) -> Rows {
    let (store, mut work) = (MemoryStore::new(), Work::new());
    work.commit(&store, block).await;
    assert_eq!(store.durable_block(), block);
    rows_of(&store).await
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_made_beside_commits_is_the_store_at_its_block_row_by_row(
        before in 0_u64..120,
        between in proptest::collection::vec(0_u64..30, 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            let mut work = Work::new();
            work.commit(store.as_ref(), before).await;
            let mut turns = between.iter().copied().cycle();
            let parts =
                copied_beside(&store, &mut work, || turns.next().unwrap_or_default()).await;
            let manifest = manifest_of(&parts);
            assert_eq!(manifest.begun_block, before);
            assert!(manifest.block >= before && manifest.block <= store.durable_block());
            assert_eq!(replayed(&parts), model_at(manifest.block).await);
        });
    }
}

/// Pages of a few rows, so that much is committed between them: the product's pages would take a
/// store of thousands of rows to be more than one.
struct SmallPages(MemoryStore);

macro_rules! as_within {
    ($($(#[$doc:meta])* async fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $answer:ty;)+) => {
        #[async_trait::async_trait]
        impl Store for SmallPages {
            $(async fn $name(&self $(, $arg: $type)*) -> Result<$answer, StoreError> {
                self.0.$name($($arg),*).await
            })+

            fn durable_block(&self) -> u64 {
                self.0.durable_block()
            }

            fn has_room(&self) -> bool {
                true
            }

            async fn raw_rows(
                &self,
                section: Section,
                after: Option<&[u8]>,
                limit: usize,
            ) -> Result<Vec<RawRow>, StoreError> {
                // As where reads have threads of their own: not at once.
                tokio::task::yield_now().await;
                self.0.raw_rows(section, after, limit.min(9)).await
            }
        }
    };
}

as_within! {
    async fn commit(&self, group: Vec<Batch>, at: Instant) -> Vec<Outcome>;
    async fn close(&self) -> ();
    async fn events(&self, stream: &Stream, after: u64, limit: usize) -> Vec<crate::store::EventRow>;
    async fn last_seq(&self, stream: &Stream) -> u64;
    async fn newest_snapshot(&self, stream: &Stream) -> Option<crate::store::SnapshotRow>;
    async fn streams(&self, kind: crate::store::StreamKind, after: Option<&Stream>, limit: usize) -> Vec<Stream>;
    async fn bills(&self, month: crate::domain::calendar::Month, after: Option<crate::store::BillPlace>, limit: usize) -> Vec<(crate::store::BillPlace, u64)>;
    async fn holder(&self, reservation: &Reservation) -> Option<Holder>;
    async fn taken(&self, reservation: &Reservation) -> Option<(Holder, Option<crate::store::EventRow>)>;
    async fn receipt(&self, key: crate::store::ReceiptKey) -> Option<crate::store::ReceiptPlace>;
    async fn owners(&self, network: ipnetwork::IpNetwork) -> Vec<(ipnetwork::IpNetwork, Holder)>;
    async fn personal(&self, customer: CustomerId, row: u32) -> Option<PersonalRow>;
    async fn keys(&self) -> Vec<Vec<u8>>;
    async fn block(&self, number: u64) -> Option<crate::store::Block>;
    async fn cursor(&self, follower: &str) -> Option<u64>;
    async fn mails(&self, shelf: Shelf, after: Option<&MailPlace>, limit: usize) -> Vec<MailRow>;
    async fn webhooks(&self, provider: &crate::domain::ids::ProviderId, epoch: u32) -> Option<WebhookState>;
    async fn head(&self) -> Option<crate::store::group::Tip>;
    async fn raw(&self, keys: Vec<Vec<u8>>) -> Vec<Option<Vec<u8>>>;
    async fn begin_notes(&self, most_bytes: usize) -> (crate::store::notes::NoteBook, u64);
    async fn take_notes(&self, book: &crate::store::notes::NoteBook) -> crate::store::notes::Noted;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_same_where_every_few_rows_many_are_written_over_and_deleted(
        before in 20_u64..60,
        between in proptest::collection::vec(0_u64..6, 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let store: Arc<dyn Store> = Arc::new(SmallPages(MemoryStore::new()));
            let mut work = Work::new();
            work.commit(store.as_ref(), before).await;
            let mut turns = between.iter().copied().chain([0, 0, 0, 0, 0, 0]).cycle();
            let parts =
                copied_beside(&store, &mut work, || turns.next().unwrap_or_default()).await;
            assert!(parts.len() > 10, "{} parts", parts.len());
            let manifest = manifest_of(&parts);
            assert_eq!(replayed(&parts), model_at(manifest.block).await);
        });
    }
}

/// Pages of few rows, parts of few changes.
const SMALL: CopySizes = CopySizes { page_rows: 20, changes_bytes: 4_000, most_bytes: 1 << 20 };

#[tokio::test]
async fn a_copy_ends_though_more_is_committed_than_a_part_of_changes_takes() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut work = Work::new();
    work.commit(store.as_ref(), 60).await;
    // New rows come as well, so there are more pages than there were at the beginning: a group comes
    // to four new rows at most.
    let pages = rows_of(store.as_ref()).await.len() / SMALL.page_rows + 1;
    let mut copy = Copy::sized(Arc::clone(&store), KEY, true, SMALL).await.expect("begins");
    let mut parts = Vec::new();
    while let Some(part) = copy.next(suite::at()).await.expect("copies") {
        // Of what is committed meanwhile a part takes less than comes.
        let is_reading = copy.block().is_none() && part.kind != PartKind::Manifest;
        let kinds = [parts.last().map(|part: &Part| part.kind), Some(part.kind)];
        assert!(
            !is_reading || kinds != [Some(PartKind::Changes); 2],
            "a page is read after changes"
        );
        parts.push(part);
        if is_reading {
            work.commit(store.as_ref(), 2).await;
        }
        assert!(parts.len() < pages * 40, "it does not end");
    }
    let manifest = manifest_of(&parts);
    assert_eq!(replayed(&parts), model_at(manifest.block).await);
}

#[tokio::test]
async fn what_waits_for_its_part_counts_against_the_bound_and_the_copy_fails_there() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut work = Work::new();
    work.commit(store.as_ref(), 200).await;
    let sizes = CopySizes { most_bytes: 20_000, ..SMALL };
    let mut copy = Copy::sized(Arc::clone(&store), KEY, true, sizes).await.expect("begins");
    let mut parts = 0;
    let failed = loop {
        // Never more than a fifth of the bound between two parts.
        work.commit(store.as_ref(), 1).await;
        work.commit(store.as_ref(), 1).await;
        match copy.next(suite::at()).await {
            Ok(Some(_)) => parts += 1,
            Ok(None) => panic!("it ended after {parts} parts"),
            Err(error) => break error,
        }
    };
    assert!(matches!(failed, CopyError::Behind) && parts > 3, "{failed} after {parts} parts");
}

/// A request that is given up while its page is read.
#[tokio::test]
async fn a_copy_goes_on_where_it_was_after_somebody_gave_up_waiting_for_a_page() {
    let store: Arc<dyn Store> = Arc::new(SmallPages(MemoryStore::new()));
    let mut work = Work::new();
    work.commit(store.as_ref(), 40).await;
    let mut copy = Copy::sized(Arc::clone(&store), KEY, true, SMALL).await.expect("begins");
    let mut parts = vec![copy.next(suite::at()).await.expect("copies").expect("a page")];
    let mut given_up = 0;
    loop {
        let once = futures_util::FutureExt::now_or_never(copy.next(suite::at()));
        let next = if let Some(next) = once {
            next
        } else {
            given_up += 1;
            copy.next(suite::at()).await
        };
        let Some(part) = next.expect("copies") else { break };
        parts.push(part);
    }
    assert!(given_up > 10, "{given_up}");
    let rows: u64 = manifest_of(&parts).rows;
    assert_eq!(rows, rows_of(store.as_ref()).await.len() as u64, "no page was read twice");
    assert_eq!(replayed(&parts), rows_of(store.as_ref()).await);
}

#[tokio::test]
async fn a_copy_that_is_not_asked_for_in_time_fails_and_is_never_taken_for_whole() {
    let store: Arc<dyn Store> = Arc::new(SmallPages(MemoryStore::new()));
    let mut work = Work::new();
    work.commit(store.as_ref(), 20).await;
    let mut first = Copy::begin(Arc::clone(&store), KEY, true).await.expect("begins");
    assert!(first.next(suite::at()).await.expect("copies").is_some());
    let _second = Copy::begin(Arc::clone(&store), KEY, true).await.expect("begins");
    assert!(matches!(first.next(suite::at()).await, Err(CopyError::Behind)));
}

#[tokio::test]
async fn an_empty_store_is_copied_too() {
    for is_live in [true, false] {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let mut copy = Copy::begin(store, KEY, is_live).await.expect("begins");
        let part = copy.next(suite::at()).await.expect("copies").expect("a manifest");
        assert_eq!(manifest_of(&[part]).block, 0);
        assert!(copy.next(suite::at()).await.expect("copies").is_none());
    }
}

/// A backup's file of a store with some blocks.
async fn written(folder: &Path) -> (std::path::PathBuf, Rows, Manifest) {
    let store: Arc<dyn Store> = Arc::new(SmallPages(MemoryStore::new()));
    let mut work = Work::new();
    work.commit(store.as_ref(), 6).await;
    let mut turns = [1, 0, 1].into_iter();
    let parts = copied_beside(&store, &mut work, || turns.next().unwrap_or_default()).await;
    assert!(parts.iter().any(|part| part.kind == PartKind::Changes), "{parts:?}");
    let path = folder.join("a.backup");
    let mut writer = Writer::begin(Vec::new()).expect("begins");
    for part in &parts {
        writer.put(part).expect("writes");
    }
    let length = writer.bytes();
    let bytes = writer.end().expect("ends");
    assert_eq!(bytes.len() as u64, length);
    std::fs::write(&path, bytes).expect("writes");
    let manifest = manifest_of(&parts);
    let rows = model_at(manifest.block).await;
    assert_eq!(replayed(&parts), rows);
    (path, rows, manifest)
}

fn options(folder: &TempDir) -> SledOptions {
    suite::options(folder)
}

#[tokio::test]
async fn a_store_on_disk_is_copied_beside_its_commits() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&options(&folder)).expect("opens"));
    let mut work = Work::new();
    work.commit(store.as_ref(), 40).await;
    let mut copy = Copy::begin(Arc::clone(&store), KEY, true).await.expect("begins");
    let mut parts = Vec::new();
    while let Some(part) = copy.next(suite::at()).await.expect("copies") {
        parts.push(part);
        work.commit(store.as_ref(), 3).await;
    }
    let manifest = manifest_of(&parts);
    assert!(manifest.block > manifest.begun_block && manifest.block < store.durable_block());
    assert_eq!(replayed(&parts), model_at(manifest.block).await);
    drop(copy);
    // Of a store that nobody commits to.
    let mut copy = Copy::begin(Arc::clone(&store), KEY, false).await.expect("begins");
    let mut parts = Vec::new();
    while let Some(part) = copy.next(suite::at()).await.expect("copies") {
        parts.push(part);
    }
    assert_eq!(manifest_of(&parts).block, store.durable_block());
    assert_eq!(replayed(&parts), rows_of(store.as_ref()).await);
}
