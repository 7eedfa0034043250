//! A line read from a snapshot is the line read from all its events, and never anything else.

use super::*;
use crate::{
    actors::change::{self, Changes, Opening, Prepared, Registration, What},
    domain::{
        calendar::{Instant, Month},
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::ProviderId,
        line::{
            By, Command, Facts, LineDefaults, LineService, decide, event::BillingRoute, uses::Uses,
        },
        yen::Yen,
    },
    store::{
        Batch, BillPlace, Holder, MailPlace, MailRow, Outcome, Put, ReceiptKey, ReceiptPlace,
        Reservation, Shelf, SnapshotRow, StreamKind, WebhookState,
        block::Block,
        memory::MemoryStore,
        sled_store::{SledOptions, SledStore},
    },
};
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

const HOUR_US: i64 = 3_600_000_000;

fn snapshots(every_events: u64) -> Snapshots {
    Snapshots { key: [7; 32], every_events }
}

fn customer() -> CustomerId {
    "CAF0000012573".parse().expect("an ID")
}

/// A line that is written as its actor would write it.
struct Written<'a> {
    store: &'a dyn Store,
    snapshots: Snapshots,
    awake: Awake,
    now: Instant,
}

impl<'a> Written<'a> {
    async fn opened(store: &'a dyn Store, every_events: u64) -> Self {
        let awake = Awake { line: None, place: Place::default(), private: Arc::default() };
        let now = Instant::from_micros(1_790_000_000_000_000);
        let mut line = Self { store, snapshots: snapshots(every_events), awake, now };
        line.make(&What::Open(Box::new(opening()))).await;
        line.make(&What::Register(Box::new(registration()))).await;
        line
    }

    async fn make(&mut self, what: &What) {
        let Awake { line, place, .. } = &self.awake;
        let Prepared { command, rows } =
            change::prepare(customer(), line.as_deref(), what, || [9; 32]);
        let defaults = LineDefaults {
            passports_per_line: 5,
            passport_limit: Yen::new(10_000),
            activation_delay_s: 0,
        };
        let facts = Facts { now: self.now, receipt: None, source: None, defaults };
        let events = decide(line.as_deref(), &command, &facts).expect("allowed");
        let entry = Entry { at: self.now, by: By::System, request_id: None, events };
        let batch = change::batch(customer(), line.as_deref(), place.seq, &entry, what, &rows);
        let outcomes = self.store.commit(vec![batch], self.now).await.expect("commits");
        let [Outcome::Committed { block }] = outcomes[..] else { panic!("{outcomes:?}") };
        if let Some(due) = self.awake.take(&entry, &rows, block, &self.snapshots) {
            self.awake.place.keeps(&due);
            self.store.commit(vec![due.batch], self.now).await.expect("commits");
        }
    }

    /// One event more: line authentication the other way.
    async fn switch(&mut self) {
        let number = PassportNumber(1);
        let on = !self.awake.line.as_deref().expect("open").passports[&number].line_authentication;
        let command = Command::SetLineAuthentication { passport: number, on };
        self.make(&What::Plain(Box::new(command))).await;
    }

    fn later(&mut self, hours: i64) {
        self.now = Instant::from_micros(self.now.micros() + hours * HOUR_US);
    }
}

fn opening() -> Opening {
    Opening {
        service: LineService::HikariNext,
        line_limit: Yen::new(30_000),
        billing: BillingRoute::Telephone,
        networks: Vec::new(),
        record: std::collections::BTreeMap::new(),
        access_key_hash: "-".into(),
    }
}

fn registration() -> Registration {
    Registration {
        name: PassportName::parse("sakura01").expect("a name"),
        name_hash: [1; 32],
        password_hash: "first".into(),
        applicant: PersonName::parse("西日本 太郎").expect("a name"),
        phone: PhoneNumber::parse("03-1234-5678").expect("a phone"),
        mail: MailAddress::parse("taro@example.jp").expect("an address"),
        is_contractor: true,
        language: crate::domain::language::Language::Ja,
    }
}

/// Reads with the snapshots, and without any.
async fn both(store: &dyn Store) -> (Awake, Awake) {
    let with = Awake::read(store, customer(), &snapshots(1)).await.expect("reads");
    let other_key = Snapshots { key: [8; 32], every_events: 1 };
    let without = Awake::read(store, customer(), &other_key).await.expect("reads");
    (with, without)
}

fn assert_same(one: &Awake, other: &Awake) {
    assert_eq!(one.line, other.line);
    assert_eq!((one.place.seq, one.place.block), (other.place.seq, other.place.block));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_snapshot_and_the_events_after_it_are_all_events(
        steps in prop::collection::vec(0_i64..400, 0..60),
        every_events in 1_u64..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let store = MemoryStore::new();
            let mut line = Written::opened(&store, every_events).await;
            for hours in steps {
                line.later(hours);
                line.switch().await;
            }
            let (with, without) = both(&store).await;
            assert_same(&with, &without);
            assert_same(&with, &line.awake);
            // What is remembered of the snapshots while awake is what reading finds.
            let found = |place: Place| (place.newest, place.newest_stays);
            assert_eq!(found(with.place), found(line.awake.place));
        });
    }
}

#[tokio::test]
async fn snapshots_are_read_after_the_store_was_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SledOptions {
        folder: folder.path().join("store"),
        head_key: [1; 32],
        cache_bytes: 16 << 20,
        flush_every_ms: 500,
        min_free_space_bytes: 0,
        read_threads: 1,
    };
    let store = SledStore::open(&options).expect("opens");
    let mut line = Written::opened(&store, 5).await;
    for _ in 0..23 {
        line.later(40);
        line.switch().await;
    }
    let before = line.awake.clone();
    drop(store);
    let store = SledStore::open(&options).expect("opens again");
    let (with, without) = both(&store).await;
    assert_same(&with, &without);
    assert_eq!(with.place.newest, before.place.newest);
    assert!(with.place.newest > 0);
}

#[tokio::test]
async fn a_long_line_wakes_by_few_rows() {
    let store = Counting::default();
    let mut line = Written::opened(&store, 100).await;
    for _ in 0..10_000 {
        line.switch().await;
    }
    store.rows.store(0, Ordering::Relaxed);
    let (with, without) = both(&store).await;
    assert_same(&with, &without);
    let rows = store.rows.load(Ordering::Relaxed);
    // The second reading, without snapshots, takes them all.
    assert!((10_002..10_002 + 102).contains(&rows), "{rows} event rows");
}

#[tokio::test]
async fn one_that_opens_a_month_stays_and_others_give_way() {
    let store = Counting::default();
    let mut line = Written::opened(&store, 3).await;
    let mut kept = Vec::new();
    for _ in 0..4 {
        for _ in 0..10 {
            line.switch().await;
        }
        // 31 days on is another month; the state that stays is the one before its first event.
        kept.push(line.awake.place.seq);
        line.later(31 * 24);
        line.switch().await;
    }
    let left: Vec<u64> =
        (0..=line.awake.place.seq).filter(|seq| store.has_snapshot(*seq)).collect();
    let newest = line.awake.place.newest;
    let lazy = (!kept.contains(&newest)).then_some(newest);
    assert_eq!(left, kept.into_iter().chain(lazy).collect::<Vec<_>>());
    let (with, without) = both(&store).await;
    assert_same(&with, &without);
}

#[tokio::test]
async fn what_does_not_hold_is_passed_over() {
    let store = MemoryStore::new();
    let mut line = Written::opened(&store, 4).await;
    for _ in 0..6 {
        line.switch().await;
    }
    let stream = Stream::Line(customer());
    let whole = store.newest_snapshot(&stream).await.expect("reads").expect("written");
    let keeper = snapshots(4);
    assert!(keeper.open(customer(), &whole).is_ok());
    let refused = |row: &SnapshotRow| keeper.open(customer(), row).err();
    for at in [2, whole.body.len() / 2, whole.body.len() - 2] {
        let mut damaged = whole.clone();
        damaged.body[at] ^= 1;
        assert!(refused(&damaged).is_some(), "byte {at}");
    }
    let moved = SnapshotRow { seq: whole.seq + 1, ..whole.clone() };
    assert_eq!(refused(&moved), Some("it is not what was written"));
    let other = "CAF0000000001".parse().expect("an ID");
    assert!(keeper.open(other, &whole).is_err());
    // One that stands after an event that is not there, or is another one.
    for place in
        [Place { seq: 99, block: 1, ..Place::default() }, Place { block: 1, ..line.awake.place }]
    {
        let current = line.awake.line.as_deref().expect("open");
        let mut far = Place { newest: 0, tried: 0, ..place };
        let due = Snapshots { every_events: 1, ..keeper.clone() }.when_due(current, &mut far);
        store.commit(vec![due.expect("due").batch], line.now).await.expect("commits");
        let (with, without) = both(&store).await;
        assert_same(&with, &without);
        assert_eq!(with.place.newest, 0, "passed over");
    }
}

#[tokio::test]
async fn a_new_password_alone_takes_the_place_of_the_old_one() {
    let store = MemoryStore::new();
    let mut line = Written::opened(&store, 100).await;
    let changes = Changes {
        passport: PassportNumber(1),
        name: None,
        password_hash: Some("second".into()),
        applicant: None,
        line_authentication: None,
    };
    line.make(&What::ChangePassport(Box::new(changes))).await;
    let read = Awake::read(&store, customer(), &snapshots(1)).await.expect("reads");
    for awake in [&line.awake, &read] {
        let private = &awake.private[&PassportNumber(1)];
        assert_eq!((private.name.as_str(), private.password_hash.as_str()), ("sakura01", "second"));
    }
}

/// A store that counts the looks at events and the rows it hands out.
#[derive(Default)]
pub(crate) struct Counting {
    inner: MemoryStore,
    pub(crate) looks: AtomicUsize,
    pub(crate) rows: AtomicUsize,
    snapshots: std::sync::Mutex<std::collections::BTreeSet<u64>>,
}

impl Counting {
    fn has_snapshot(&self, seq: u64) -> bool {
        self.snapshots.lock().expect("not poisoned").contains(&seq)
    }
}

#[async_trait::async_trait]
impl Store for Counting {
    async fn commit(&self, group: Vec<Batch>, at: Instant) -> Result<Vec<Outcome>, StoreError> {
        for batch in &group {
            let mut kept = self.snapshots.lock().expect("not poisoned");
            for delete in &batch.delete {
                if let crate::store::Delete::Snapshot { seq, .. } = delete {
                    assert!(kept.remove(seq), "{seq} was there");
                }
            }
            for put in &batch.put {
                if let Put::Snapshot { seq, .. } = put {
                    kept.insert(*seq);
                }
            }
        }
        self.inner.commit(group, at).await
    }
    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
    fn durable_block(&self) -> u64 {
        self.inner.durable_block()
    }
    fn has_room(&self) -> bool {
        true
    }
    async fn events(
        &self,
        stream: &Stream,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRow>, StoreError> {
        let rows = self.inner.events(stream, after, limit).await?;
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows.len(), Ordering::Relaxed);
        Ok(rows)
    }
    async fn newest_snapshot(&self, stream: &Stream) -> Result<Option<SnapshotRow>, StoreError> {
        self.inner.newest_snapshot(stream).await
    }
    async fn streams(
        &self,
        kind: StreamKind,
        after: Option<&Stream>,
        limit: usize,
    ) -> Result<Vec<Stream>, StoreError> {
        self.inner.streams(kind, after, limit).await
    }

    async fn bills(
        &self,
        month: Month,
        after: Option<BillPlace>,
        limit: usize,
    ) -> Result<Vec<(BillPlace, u64)>, StoreError> {
        self.inner.bills(month, after, limit).await
    }
    async fn holder(&self, reservation: &Reservation) -> Result<Option<Holder>, StoreError> {
        self.inner.holder(reservation).await
    }
    async fn taken(
        &self,
        reservation: &Reservation,
    ) -> Result<Option<(Holder, Option<EventRow>)>, StoreError> {
        self.inner.taken(reservation).await
    }
    async fn receipt(&self, key: ReceiptKey) -> Result<Option<ReceiptPlace>, StoreError> {
        self.inner.receipt(key).await
    }

    async fn owners(
        &self,
        network: ipnetwork::IpNetwork,
    ) -> Result<Vec<(ipnetwork::IpNetwork, Holder)>, StoreError> {
        self.inner.owners(network).await
    }
    async fn personal(
        &self,
        customer: CustomerId,
        row: u32,
    ) -> Result<Option<PersonalRow>, StoreError> {
        self.inner.personal(customer, row).await
    }
    async fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.keys().await
    }
    async fn cursor(&self, follower: &str) -> Result<Option<u64>, StoreError> {
        self.inner.cursor(follower).await
    }

    async fn webhooks(
        &self,
        provider: &ProviderId,
        epoch: u32,
    ) -> Result<Option<WebhookState>, StoreError> {
        self.inner.webhooks(provider, epoch).await
    }

    async fn mails(
        &self,
        shelf: Shelf,
        after: Option<&MailPlace>,
        limit: usize,
    ) -> Result<Vec<MailRow>, StoreError> {
        self.inner.mails(shelf, after, limit).await
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, StoreError> {
        self.inner.block(number).await
    }

    async fn last_seq(&self, stream: &Stream) -> Result<u64, StoreError> {
        self.inner.last_seq(stream).await
    }

    async fn head(&self) -> Result<Option<crate::store::group::Tip>, StoreError> {
        self.inner.head().await
    }

    async fn raw_rows(
        &self,
        section: crate::store::Section,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<crate::store::RawRow>, StoreError> {
        self.inner.raw_rows(section, after, limit).await
    }

    async fn raw(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.inner.raw(keys).await
    }
}

#[tokio::test]
async fn one_that_is_too_large_is_not_tried_at_every_event() {
    let keeper = snapshots(10);
    let store = MemoryStore::new();
    let line = Written::opened(&store, 100).await;
    let mut large = Line::clone(line.awake.line.as_deref().expect("open"));
    let sold = crate::domain::line::Sold {
        provider: "b-sha".parse().expect("a provider"),
        provider_name: "B社".into(),
        service: "anime-1".parse().expect("a service"),
        service_name: "名作アニメ1".into(),
        unit_price: Yen::new(0),
    };
    let charge = crate::domain::line::PerUseCharge {
        receipt: "100000000016".parse().expect("a receipt"),
        passport: PassportNumber(1),
        sold: Arc::new(sold),
        quantity: 1,
        amount: Yen::new(0),
        at: line.now,
    };
    large.uses = std::iter::repeat_n(charge, 2_000).collect();
    let mut place = Place { seq: 50, block: 1, ..Place::default() };
    assert!(keeper.when_due(&large, &mut place).is_none());
    assert_eq!((place.newest, place.tried), (0, 50), "not again before ten more");
    large.uses = Uses::default();
    place.seq = 59;
    assert!(keeper.when_due(&large, &mut place).is_none());
    place.seq = 60;
    let due = keeper.when_due(&large, &mut place).expect("due");
    // What nobody took is not believed to be there.
    assert_eq!(place.newest, 0);
    place.keeps(&due);
    assert_eq!(place.newest, 60);
}
