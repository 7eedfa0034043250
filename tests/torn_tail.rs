//! The store's files cut and changed byte by byte, opened in process: of a torn tail nothing but what was
//! never acknowledged is lost, and damage further in is refused or named (checks/reliability.md 3, 4).

#[path = "harness/draw.rs"]
mod draw;
#[path = "harness/outcomes.rs"]
mod outcomes;

use draw::Draw;
use linepass::{
    domain::calendar::Instant,
    store::{
        Batch, Store, StoreError, Stream, audit,
        sled_store::{SledOptions, SledStore},
    },
};
use outcomes::Outcomes;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Groups that are acknowledged before the last one.
const ACKNOWLEDGED: u64 = 12;
/// Damaged copies in each of the tests that draw.
const DRAWS: usize = 100;

fn options(folder: &Path) -> SledOptions {
    SledOptions {
        folder: folder.to_owned(),
        head_key: [7; 32],
        cache_bytes: 1 << 20,
        // Nothing is written but what is committed.
        flush_every_ms: 3_600_000,
        min_free_space_bytes: 0,
        read_threads: 1,
    }
}

fn line() -> Stream {
    "CAF0000000001".parse().expect("a stream")
}

fn group(number: u64) -> Vec<Batch> {
    vec![Batch::event(line(), number - 1, format!("{{\"n\":{number}}}").into_bytes())]
}

/// The files of a store at two moments, as a kill leaves them: the last group acknowledged, and the next
/// one written but not yet.
struct Moments {
    acknowledged: tempfile::TempDir,
    written: tempfile::TempDir,
}

impl Moments {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SledStore::open(&options(folder.path())).expect("opens");
        let at = Instant::from_micros(1_790_780_400_000_000);
        for number in 1..=ACKNOWLEDGED {
            store.commit(group(number), at).await.expect("commits");
        }
        // The head names all of them, as it does a second later.
        while store.head().await.expect("reads").map(|head| head.number) != Some(ACKNOWLEDGED) {
            tokio::task::yield_now().await;
        }
        let acknowledged = copied(folder.path());
        store.commit(group(ACKNOWLEDGED + 1), at).await.expect("commits");
        let written = copied(folder.path());
        // The head of the moment before: the newer one is written once a second at most.
        fs::copy(acknowledged.path().join("head"), written.path().join("head")).expect("copies");
        Self { acknowledged, written }
    }

    /// The bytes of the log at both moments, and where they first and last differ.
    fn last_record(&self) -> (Vec<u8>, std::ops::Range<usize>) {
        let read = |folder: &Path| fs::read(folder.join("sled/db")).expect("reads");
        let (before, after) = (read(self.acknowledged.path()), read(self.written.path()));
        let byte = |bytes: &[u8], at: usize| bytes.get(at).copied().unwrap_or(0);
        let differs = |at: &usize| byte(&before, *at) != byte(&after, *at);
        let first = (0..after.len()).find(differs).expect("a record");
        let last = (0..after.len()).rfind(differs).expect("a record");
        (after, first..last + 1)
    }
}

fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    copy_into(folder, copy.path());
    copy
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("reads") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            fs::create_dir_all(&target).expect("creates");
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copies");
        }
    }
}

/// What a store says of itself: how many groups it has, all of them as they were committed; or why it
/// was refused.
async fn look(folder: &Path) -> Result<u64, StoreError> {
    let store = SledStore::open(&options(folder))?;
    let last = store.durable_block();
    let rows = match store.events(&line(), 0, 100).await {
        Ok(rows) => rows,
        Err(error) => {
            let report = audit::verify(&store, false, &mut |_| {}).await;
            assert!(!report.is_whole(), "the audit finds nothing: {error}");
            return Err(error);
        }
    };
    let read: Vec<Vec<u8>> = rows.into_iter().map(|row| row.entry).collect();
    let committed: Vec<Vec<u8>> =
        (1..=last).map(|number| format!("{{\"n\":{number}}}").into_bytes()).collect();
    assert_eq!(read, committed, "rows that nobody committed, or fewer than blocks");
    Ok(last)
}

/// A copy of the written moment with another log.
fn with_log(moments: &Moments, log: &[u8]) -> tempfile::TempDir {
    let copy = copied(moments.written.path());
    fs::write(copy.path().join("sled/db"), log).expect("writes");
    copy
}

#[tokio::test]
async fn a_last_record_that_is_torn_at_any_byte_costs_nothing_that_was_acknowledged() {
    let moments = Moments::new().await;
    let (whole, record) = moments.last_record();
    println!("the last record: {} bytes", record.len());
    assert!((100..4_000).contains(&record.len()), "{record:?}");
    let mut outcomes = Outcomes::default();
    let mut lost = 0;
    for at in record.clone() {
        let mut zeroed = whole.clone();
        zeroed[at..record.end].fill(0);
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        let cut = whole[..at].to_vec();
        for (damage, log) in [("zeros from", zeroed), ("a bit of", changed), ("cut at", cut)] {
            let copy = with_log(&moments, &log);
            let last = look(copy.path()).await;
            let last = last.unwrap_or_else(|error| panic!("{damage} byte {at}: {error}"));
            assert!(last >= ACKNOWLEDGED, "{damage} byte {at}: block {last} is the last");
            let outcome = if last == ACKNOWLEDGED { "without it" } else { "with it" };
            outcomes.note(&format!("{damage} the last record"), &format!("starts {outcome}"));
            lost += u64::from(last == ACKNOWLEDGED);
            if at % 16 == 0 {
                let again = look(copy.path()).await.expect("opens again");
                assert_eq!(again, last, "{damage} byte {at}");
            }
        }
    }
    outcomes.tell();
    assert!(lost > 0, "no damage reached the record");
}

#[tokio::test]
async fn what_is_damaged_before_the_last_record_is_refused_or_named_and_never_dropped() {
    let moments = Moments::new().await;
    let (whole, record) = moments.last_record();
    let mut draw = Draw::seeded();
    let mut outcomes = Outcomes::default();
    let written: Vec<usize> = (0..record.start).filter(|at| whole[*at] != 0).collect();
    for _ in 0..DRAWS {
        let at = written[draw.below(written.len())];
        let mut changed = whole.clone();
        let damage = match draw.below(3) {
            0 => {
                changed[at] ^= 1 << draw.below(8);
                "a bit"
            }
            1 => {
                let end = (at + 512).min(record.start);
                changed[at..end].fill(0);
                "a sector of zeros"
            }
            _ => {
                changed.truncate(at);
                "a cut"
            }
        };
        let copy = with_log(&moments, &changed);
        let outcome = judge(copy.path(), damage, at).await;
        outcomes.note(&format!("{damage} before the last record"), &outcome);
        // A second start must not find the damage healed by what the first one dropped.
        let again = judge(copy.path(), damage, at).await;
        assert_eq!(again == "refused", outcome == "refused", "{damage} at byte {at}");
    }
    outcomes.tell();
}

/// It opens with everything acknowledged, or is refused with a place.
async fn judge(folder: &Path, damage: &str, at: usize) -> String {
    match look(folder).await {
        Ok(last) => {
            assert!(last >= ACKNOWLEDGED, "{damage} at byte {at}: silently lost, last is {last}");
            "opens, everything acknowledged is there".to_owned()
        }
        Err(StoreError::Damaged { place, what }) => {
            assert!(!place.is_empty() && !what.is_empty());
            "refused".to_owned()
        }
        Err(other) => panic!("{damage} at byte {at}: {other}"),
    }
}

/// The head of the second before the kill is older than what was acknowledged since: the log's own
/// bytes tell what the engine would drop.
#[tokio::test]
async fn a_changed_byte_after_the_last_head_is_noticed_by_what_was_written_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(&options(folder.path())).expect("opens");
    let first_head = fs::read(folder.path().join("head")).expect("reads");
    let at = Instant::from_micros(1_790_780_400_000_000);
    let mut ends = Vec::new();
    for number in 1..=ACKNOWLEDGED {
        store.commit(group(number), at).await.expect("commits");
        let log = fs::read(folder.path().join("sled/db")).expect("reads");
        ends.push(log.iter().rposition(|byte| *byte != 0).expect("bytes") + 1);
    }
    let killed = copied(folder.path());
    drop(store);
    // All but the last groups: two whole ones prove that the first of them was durable.
    let provable = ends[ends.len() - 4];
    let mut refused = 0;
    for at in (ends[0]..provable).step_by(23) {
        let copy = copied(killed.path());
        fs::write(copy.path().join("head"), &first_head).expect("writes");
        let log = copy.path().join("sled/db");
        let mut bytes = fs::read(&log).expect("reads");
        bytes[at] ^= 0x10;
        fs::write(&log, bytes).expect("writes");
        for start in [1, 2] {
            match look(copy.path()).await {
                Ok(last) => assert!(last >= ACKNOWLEDGED - 1, "byte {at}, start {start}: {last}"),
                Err(StoreError::Damaged { .. }) => refused += 1,
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
    }
    println!("{refused} starts refused");
    assert!(refused > 5, "{refused}");
}

/// Every file but the log: what the engine and the head keep beside it.
#[tokio::test]
async fn a_changed_bit_of_the_files_beside_the_log_loses_nothing_silently() {
    let moments = Moments::new().await;
    let mut outcomes = Outcomes::default();
    for file in beside_the_log(moments.written.path()) {
        let bytes = fs::read(moments.written.path().join(&file)).expect("reads");
        for at in (0..bytes.len()).step_by(2) {
            let copy = copied(moments.written.path());
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(copy.path().join(&file), changed).expect("writes");
            let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
            let outcome = judge(copy.path(), &name, at).await;
            outcomes.note(&format!("a bit of {name}"), &outcome);
        }
    }
    outcomes.tell();
}

fn beside_the_log(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("head")];
    for entry in fs::read_dir(folder.join("sled")).expect("reads") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a kind").is_file() && entry.file_name() != "db" {
            found.push(PathBuf::from("sled").join(entry.file_name()));
        }
    }
    found
}
