//! What a new version does before its server starts: it sees whether it reads everything that
//! stands in the store, takes away the shortcuts that another version of the fold made, and adds
//! the rows by which receipts are found, which earlier versions did not write.
//!
//! Nothing of what happened is ever written anew. Each group of changes is a commit like any
//! other, so whatever ends the process in between, the rest is done by the next run.

use crate::{
    actors::{orders, snapshot},
    domain::{
        calendar::Instant,
        line::{Entry, Event, FOLD_VERSION},
        provider::ProviderEvent,
        system::SystemEvent,
    },
    store::{
        Batch, Delete, Outcome, PersonalRow, Put, RawRow, ReceiptKey, ReceiptPlace, Section, Store,
        StoreError, Stream, block, key, record,
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// Rows of one page.
const PAGE: usize = 512;
/// Rows that one commit takes away or adds.
const CHANGED_AT_ONCE: usize = 500;

/// Why this version does not work on the store.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// A newer version wrote what this one cannot read.
    #[error(
        "{place}: {what}; a newer Linepass wrote it: install that version again, or restore a \
         backup from before it. Nothing was changed"
    )]
    Newer {
        /// Which row.
        place: String,
        /// What this version does not know.
        what: String,
    },
    /// A row is of no form that any version wrote.
    #[error("{place}: {what}; linepass audit verify --offline tells more. Nothing was changed")]
    Damaged {
        /// Which row.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// The store did not take the deletion of snapshots.
    #[error(
        "snapshots of another version cannot be taken away: {what}; {gone} of them are gone, and the \
         same command goes on from there"
    )]
    Kept {
        /// What did not hold.
        what: String,
        /// How many went before.
        gone: u64,
    },
    /// The store did not take the rows by which receipts are found.
    #[error(
        "rows by which receipts are found cannot be added: {what}; {added} of them are there, and \
         the same command goes on from there"
    )]
    NotIndexed {
        /// What did not hold.
        what: String,
        /// How many were added before.
        added: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What stands in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Rows that were read, and that this version knows.
    pub rows: u64,
    /// Blocks among them.
    pub blocks: u64,
    /// Event rows among them.
    pub events: u64,
    /// Personal rows among them.
    pub personal_rows: u64,
    /// Snapshots of this version of the fold.
    pub snapshots: u64,
    /// Snapshots that another version made: they go.
    #[serde(skip)]
    pub foreign: Vec<Foreign>,
    /// Purchases, cancellations and ends of contracts that are not found by their number yet, or
    /// whose row leads elsewhere.
    #[serde(skip)]
    pub not_indexed: u64,
}

/// A snapshot that another version of the fold made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    stream: Stream,
    seq: u64,
}

/// Reads every row; the first that this version does not know ends it.
pub async fn look(store: &dyn Store) -> Result<Findings, UpgradeError> {
    let mut findings = Findings::default();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = store.raw_rows(Section::All, after.as_deref(), PAGE).await?;
        let Some(last) = rows.last() else { return Ok(findings) };
        after = Some(last.key.clone());
        let mut indexed = Vec::new();
        for row in &rows {
            indexed.extend(findings.take(row)?);
        }
        findings.not_indexed += missing(store, indexed).await?.len() as u64;
    }
}

/// Adds the missing rows by which receipts are found; `told` hears how many there are so far.
///
/// All ends come before all orders: wherever this stops, a contract that is found is found with its
/// end, and never told as live once it has ended.
pub async fn index_receipts(
    store: &dyn Store,
    at: Instant,
    told: &mut dyn FnMut(u64),
) -> Result<(), UpgradeError> {
    let mut added = 0;
    for ends in [true, false] {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = store.raw_rows(Section::Events, after.as_deref(), PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key.clone());
            let mut indexed = Vec::new();
            for row in &rows {
                indexed.extend(Findings::default().take(row)?);
            }
            indexed.retain(|put| is_end(put) == ends);
            for group in missing(store, indexed).await?.chunks(CHANGED_AT_ONCE) {
                let batch = Batch { put: group.to_vec(), ..Batch::default() };
                all_committed(&store.commit(vec![batch], at).await?)
                    .map_err(|what| UpgradeError::NotIndexed { what, added })?;
                added += group.len() as u64;
                told(added);
            }
        }
    }
    Ok(())
}

const fn is_end(put: &Put) -> bool {
    matches!(put, Put::Receipt { key: ReceiptKey::End(_), .. })
}

/// Those of these rows that are not stored as they are here.
async fn missing(store: &dyn Store, rows: Vec<Put>) -> Result<Vec<Put>, StoreError> {
    let wanted = rows.into_iter().filter_map(|put| match &put {
        Put::Receipt { key, place } => Some((key::receipt(*key), place.clone(), put)),
        _ => None,
    });
    let wanted: Vec<_> = wanted.collect();
    let stored = store.raw(wanted.iter().map(|(key, ..)| key.clone()).collect()).await?;
    let missing = wanted.into_iter().zip(stored).filter(|((key, place, _), stored)| {
        let stored = stored.as_deref().and_then(|row| place_in(key, row));
        stored.as_ref() != Some(place)
    });
    Ok(missing.map(|((_, _, put), _)| put).collect())
}

/// Where a stored row leads, if it can be read.
fn place_in(key: &[u8], row: &[u8]) -> Option<ReceiptPlace> {
    let (_, body) = record::decode(key, row).ok()?;
    serde_json::from_slice(body).ok()
}

/// Takes the foreign snapshots away; `told` hears how many are gone so far.
pub async fn drop_foreign(
    store: &dyn Store,
    foreign: &[Foreign],
    at: Instant,
    told: &mut dyn FnMut(u64),
) -> Result<(), UpgradeError> {
    let mut gone = 0;
    for group in foreign.chunks(CHANGED_AT_ONCE) {
        let delete = |one: &Foreign| Delete::Snapshot { stream: one.stream.clone(), seq: one.seq };
        let delete = group.iter().map(delete).collect();
        let outcomes = store.commit(vec![Batch { delete, ..Batch::default() }], at).await?;
        all_committed(&outcomes).map_err(|what| UpgradeError::Kept { what, gone })?;
        gone += group.len() as u64;
        told(gone);
    }
    Ok(())
}

/// A group that was refused changed nothing: what did not hold.
fn all_committed(outcomes: &[Outcome]) -> Result<(), String> {
    match outcomes {
        [Outcome::Committed { .. }] => Ok(()),
        [Outcome::Refused(broken)] => Err(format!("{broken:?} did not hold")),
        others => Err(format!("the store told {} outcomes of one", others.len())),
    }
}

impl Findings {
    /// Counts a row that this version reads, and gives the rows by which what it holds is found.
    fn take(&mut self, RawRow { key, row }: &RawRow) -> Result<Vec<Put>, UpgradeError> {
        self.rows += 1;
        let place = || key::readable(key);
        if let Some(number) = key::number_of_block(key) {
            self.blocks += 1;
            of_version(row.first(), block::VERSION, &place())?;
            block::Block::decode(number, row).map_err(|error| damaged(&place(), &error))?;
            return Ok(Vec::new());
        }
        of_version(row.first(), record::VERSION, &place())?;
        let (_, body) = record::decode(key, row).map_err(|error| damaged(&place(), &error))?;
        match key.first() {
            Some(b'e') => {
                self.events += 1;
                match key::stream_of_event(key) {
                    Some(Stream::Line(customer)) => {
                        let entry: Entry<Event> = readable(body, &place())?;
                        let seq = key::seq_of_event(key).unwrap_or_default();
                        return Ok(orders::index_rows(customer, seq, &entry.events));
                    }
                    Some(Stream::Provider(_)) => {
                        readable::<Entry<ProviderEvent>>(body, &place())?;
                    }
                    Some(Stream::System) => {
                        readable::<Entry<SystemEvent>>(body, &place())?;
                    }
                    None => {
                        let what = "its key names no stream".to_owned();
                        return Err(UpgradeError::Damaged { place: place(), what });
                    }
                }
            }
            Some(b'p') => {
                self.personal_rows += 1;
                readable::<PersonalRow>(body, &place())?;
            }
            Some(b'r') => {
                readable::<ReceiptPlace>(body, &place())?;
            }
            Some(b's') => match key::place_of_snapshot(key) {
                Some((stream, seq)) if snapshot::fold_of(body) != Some(FOLD_VERSION) => {
                    self.foreign.push(Foreign { stream, seq });
                }
                _ => self.snapshots += 1,
            },
            _ => {}
        }
        Ok(Vec::new())
    }
}

fn damaged(place: &str, error: &StoreError) -> UpgradeError {
    UpgradeError::Damaged { place: place.to_owned(), what: error.to_string() }
}

fn of_version(found: Option<&u8>, known: u8, place: &str) -> Result<(), UpgradeError> {
    let place = place.to_owned();
    match found {
        Some(version) if *version == known => Ok(()),
        Some(version) if *version > known => {
            let what = format!("its version is {version}; this program reads version {known}");
            Err(UpgradeError::Newer { place, what })
        }
        _ => Err(UpgradeError::Damaged { place, what: "it is of no version".to_owned() }),
    }
}

/// A row of this version whose shape is not known has an event or a field of a newer program's.
fn readable<T: DeserializeOwned>(body: &[u8], place: &str) -> Result<T, UpgradeError> {
    serde_json::from_slice(body).map_err(|error| {
        let (place, what) = (place.to_owned(), error.to_string());
        if error.is_data() {
            UpgradeError::Newer { place, what }
        } else {
            UpgradeError::Damaged { place, what }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::ids::ContractNumber,
        store::{Broken, memory::MemoryStore},
    };

    fn line() -> Stream {
        "CAF0000012573".parse().expect("a stream")
    }

    async fn commit(store: &MemoryStore, put: Vec<Put>) {
        let batch = Batch { put, ..Batch::default() };
        store.commit(vec![batch], Instant::from_micros(1)).await.expect("commits");
    }

    fn snapshot(seq: u64, body: &str) -> Put {
        Put::Snapshot { stream: line(), seq, body: body.as_bytes().to_vec() }
    }

    #[tokio::test]
    async fn foreign_snapshots_go_and_the_rest_stays_also_in_two_runs() {
        let store = MemoryStore::new();
        let own = format!("{{\"fold\":{FOLD_VERSION},\"block\":1,\"mac\":\"\"}}\n{{}}");
        let foreign = "{\"fold\":1,\"block\":1,\"mac\":\"\"}\n{}";
        commit(&store, vec![snapshot(1, &own), snapshot(2, foreign), snapshot(3, "rubbish")]).await;
        let found = look(&store).await.expect("reads");
        assert_eq!((found.snapshots, found.foreign.len(), found.blocks), (1, 2, 1));
        // The first run ends after one of two.
        let at = Instant::from_micros(2);
        drop_foreign(&store, &found.foreign[..1], at, &mut |_| {}).await.expect("commits");
        let found = look(&store).await.expect("reads");
        assert_eq!((found.snapshots, found.foreign.len()), (1, 1));
        let mut told = Vec::new();
        drop_foreign(&store, &found.foreign, at, &mut |gone| told.push(gone)).await.expect("ok");
        let found = look(&store).await.expect("reads");
        assert_eq!((found.snapshots, found.foreign.len(), told), (1, 0, vec![1]));
    }

    #[test]
    fn a_group_that_was_refused_is_not_taken_for_done() {
        assert_eq!(all_committed(&[Outcome::Committed { block: 9 }]), Ok(()));
        let broken = Broken::Sequence(line());
        for outcomes in [&[Outcome::Refused(broken)][..], &[]] {
            assert!(all_committed(outcomes).is_err(), "{outcomes:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_it_was_about() {
        let what = || "x did not hold".to_owned();
        let kept = UpgradeError::Kept { what: what(), gone: 500 }.to_string();
        assert!(kept.starts_with("snapshots ") && kept.contains("500 of them are gone"), "{kept}");
        let rows = UpgradeError::NotIndexed { what: what(), added: 500 }.to_string();
        assert!(rows.starts_with("rows by which receipts are found "), "{rows}");
        assert!(rows.contains("500 of them are there") && !rows.contains("snapshot"), "{rows}");
    }

    /// A purchase of a contract, and its end, as an earlier version stored them.
    fn bought_and_ended() -> Vec<Put> {
        let bought = r#"{"at":1,"by":{"who":"passport","passport":1},"events":[{"event":"purchased",
            "receipt":"100000000016","passport":1,"provider":"a-sha","provider_name":"A","reference":
            "order-1","service":"pack","service_name":"P","monthly":true,"unit_price":525,
            "quantity":1,"amount":525,"line_checked":true}]}"#;
        let ended = r#"{"at":2,"by":{"who":"passport","passport":1},"events":[{"event":
            "contract_ended","contract":"K-100000000016","passport":1,"provider":"a-sha","service":
            "pack","reason":"customer","last_charge_month":"2026-11","receipt":"100000000024",
            "reference":"cancel-1"}]}"#;
        let event = |(seq, entry): (u64, &str)| Put::Event {
            stream: line(),
            seq,
            entry: entry.as_bytes().to_vec(),
        };
        [(1, bought), (2, ended)].map(event).to_vec()
    }

    #[tokio::test]
    async fn receipts_of_an_earlier_version_are_found_after_it_and_none_is_written_twice() {
        let store = MemoryStore::new();
        commit(&store, bought_and_ended()).await;
        let found = look(&store).await.expect("reads");
        assert_eq!((found.events, found.not_indexed), (2, 3));
        let contract: ContractNumber = "K-100000000016".parse().expect("a contract");
        let cancelled = "100000000024".parse().expect("a number");
        let keys = [
            (ReceiptKey::Order(contract.0), 1),
            (ReceiptKey::End(contract), 2),
            (ReceiptKey::Order(cancelled), 2),
        ];
        // An earlier run was ended after one of three.
        let at = Instant::from_micros(3);
        let entry: Entry = record::from_json(
            "event 1",
            &store.events(&line(), 0, 1).await.expect("reads")[0].entry,
        )
        .expect("reads");
        let customer = "CAF0000012573".parse().expect("a line");
        commit(&store, orders::index_rows(customer, 1, &entry.events)).await;
        assert_eq!(look(&store).await.expect("reads").not_indexed, 2);
        let mut told = Vec::new();
        index_receipts(&store, at, &mut |added| told.push(added)).await.expect("adds");
        assert_eq!(told, [1, 2], "the end, then the order");
        for (key, seq) in keys {
            let place = store.receipt(key).await.expect("reads").expect("there");
            assert_eq!((place.provider.as_str(), place.seq), ("a-sha", seq), "{key:?}");
        }
        let blocks = store.durable_block();
        index_receipts(&store, at, &mut |_| panic!("there was nothing left")).await.expect("ok");
        assert_eq!(store.durable_block(), blocks);
    }

    #[tokio::test]
    async fn wherever_it_stops_a_contract_that_is_found_is_found_with_its_end() {
        let store = MemoryStore::new();
        commit(&store, bought_and_ended()).await;
        index_receipts(&store, Instant::from_micros(3), &mut |_| ()).await.expect("adds");
        let contract: ContractNumber = "K-100000000016".parse().expect("a contract");
        let written = async |key| {
            let key = key::receipt(key);
            let row = store.raw(vec![key.clone()]).await.expect("reads").remove(0);
            record::decode(&key, &row.expect("there")).expect("a row").0
        };
        let end = written(ReceiptKey::End(contract)).await;
        let order = written(ReceiptKey::Order(contract.0)).await;
        assert!(end < order, "the end in block {end}, the order in block {order}");
    }

    #[tokio::test]
    async fn a_row_that_leads_elsewhere_is_put_again_and_one_of_a_newer_version_is_refused() {
        let store = MemoryStore::new();
        commit(&store, bought_and_ended()).await;
        let at = Instant::from_micros(3);
        index_receipts(&store, at, &mut |_| ()).await.expect("adds");
        let contract: ContractNumber = "K-100000000016".parse().expect("a contract");
        let key = ReceiptKey::End(contract);
        let wanted = store.receipt(key).await.expect("reads").expect("there");
        for wrong in [
            ReceiptPlace { seq: 1, ..wanted.clone() },
            ReceiptPlace { provider: "b-sha".parse().expect("one"), ..wanted.clone() },
            ReceiptPlace { customer: "CAF0000012581".parse().expect("one"), ..wanted.clone() },
        ] {
            commit(&store, vec![Put::Receipt { key, place: wrong }]).await;
            assert_eq!(look(&store).await.expect("reads").not_indexed, 1);
            index_receipts(&store, at, &mut |_| ()).await.expect("adds");
            assert_eq!(store.receipt(key).await.expect("reads").as_ref(), Some(&wanted));
        }
        let row =
            |body: &str| RawRow { key: key::receipt(key), row: record::encode(1, body.as_bytes()) };
        let newer = Findings::default().take(&row(r#"{"shelf":7}"#));
        assert!(matches!(newer, Err(UpgradeError::Newer { .. })), "{newer:?}");
        let damaged = Findings::default().take(&row("{"));
        assert!(matches!(damaged, Err(UpgradeError::Damaged { .. })), "{damaged:?}");
    }

    #[tokio::test]
    async fn what_a_newer_version_wrote_is_refused_with_its_place() {
        let events =
            |entry: &str| Put::Event { stream: line(), seq: 1, entry: entry.as_bytes().to_vec() };
        let told = async |entry: &str| {
            let store = MemoryStore::new();
            commit(&store, vec![events(entry)]).await;
            look(&store).await.map(drop).expect_err("refused").to_string()
        };
        let newer = told(r#"{"at":1,"by":{"who":"system"},"events":[{"event":"teleported"}]}"#);
        let newer = newer.await;
        assert!(newer.starts_with("event 1 of CAF0000012573: unknown variant"), "{newer}");
        assert!(newer.contains("a newer Linepass wrote it"), "{newer}");
        assert!(told("{").await.contains("audit verify"));
        assert!(of_version(Some(&2), 1, "row x").is_err_and(|error| {
            error.to_string().starts_with("row x: its version is 2; this program reads version 1")
        }));
        assert!(matches!(of_version(None, 1, "x"), Err(UpgradeError::Damaged { .. })));
    }
}
