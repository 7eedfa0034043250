//! What only a store on disk can get wrong: two processes, lost tails, damaged blocks, leftovers.

use super::super::suite::{at, event, line, options};
use super::super::{Outcome, Store, Stream, group::Tip, head::HeadFile, key, record};
use super::*;
use std::fs;
use tempfile::TempDir;

async fn filled(folder: &TempDir) {
    let store = SledStore::open(&options(folder)).expect("opens");
    for last in 0..3 {
        store.commit(vec![event(&line(1), last)], at()).await.expect("commits");
    }
}

fn raw(folder: &TempDir) -> sled::Db {
    let config = sled::Config::new().path(folder.path().join("store/sled"));
    config.segment_size(SEGMENT_BYTES).open().expect("opens")
}

fn refusal(folder: &TempDir) -> String {
    match SledStore::open(&options(folder)) {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_reopened_store_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    let store = SledStore::open(&options(&folder)).expect("opens");
    assert_eq!(store.durable_block(), 3);
    let outcomes = store.commit(vec![event(&line(1), 3)], at()).await.expect("commits");
    assert_eq!(outcomes, [Outcome::Committed { block: 4 }]);
}

#[tokio::test]
async fn a_second_opening_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let _first = SledStore::open(&options(&folder)).expect("opens");
    assert!(refusal(&folder).contains("in use by another process"));
}

#[tokio::test]
async fn a_lost_tail_is_noticed_by_the_head() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    raw(&folder).remove(key::block(3)).expect("removes");
    assert!(refusal(&folder).contains("block 3: the head names it"), "{}", refusal(&folder));
}

#[tokio::test]
async fn a_missing_head_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    fs::remove_file(folder.path().join("store/head")).expect("removes");
    assert!(refusal(&folder).contains("the head file is missing"));
}

#[tokio::test]
async fn a_changed_event_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    raw(&folder).insert(key::event(&line(1), 2), record::encode(2, b"{\"n\":9}")).expect("puts");
    assert!(refusal(&folder).contains("event 2 of CAF0000000001"), "{}", refusal(&folder));
}

#[tokio::test]
async fn a_changed_block_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    let db = raw(&folder);
    let mut block = db.get(key::block(2)).expect("reads").expect("there").to_vec();
    block[60] ^= 1;
    db.insert(key::block(2), block).expect("puts");
    drop(db);
    assert!(refusal(&folder).contains("block 2"), "{}", refusal(&folder));
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    let other = SledOptions { head_key: [2; 32], ..options(&folder) };
    assert!(SledStore::open(&other).is_err());
}

#[tokio::test]
async fn leftovers_of_a_crash_while_opening_do_not_matter() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    let leftover = folder.path().join("store/sled/snap.0000000000000010.generating");
    fs::write(&leftover, b"half").expect("writes");
    SledStore::open(&options(&folder)).expect("opens");
    assert!(!leftover.exists());
}

#[tokio::test]
async fn rows_of_a_group_that_is_not_durable_are_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(&options(&folder)).expect("opens");
    store.commit(vec![event(&line(1), 0)], at()).await.expect("commits");
    // As a row looks that is applied while its group's sync is still under way.
    let row = record::encode(2, b"{\"n\":1}");
    store.journal.engine.db.insert(key::event(&line(1), 2), row).expect("puts");
    assert_eq!(store.events(&line(1), 0, 10).await.expect("reads").len(), 1);
}

#[tokio::test]
async fn garbage_files_are_an_error_and_no_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    let db = folder.path().join("store/sled/db");
    let mut bytes = fs::read(&db).expect("reads");
    let length = bytes.len().min(1 << 16);
    bytes[..length].fill(0xA5);
    fs::write(&db, bytes).expect("writes");
    assert!(refusal(&folder).starts_with("the store is damaged at"), "{}", refusal(&folder));
}

#[tokio::test]
async fn no_room_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = SledOptions { min_free_space_bytes: u64::MAX, ..options(&folder) };
    assert!(!SledStore::open(&full).expect("opens").has_room());
    let roomy =
        SledStore::open(&SledOptions { folder: folder.path().join("other"), ..options(&folder) });
    assert!(roomy.expect("opens").has_room());
}

#[tokio::test]
async fn a_closed_store_has_its_last_block_in_the_head_before_anybody_drops_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(&options(&folder)).expect("opens");
    store.commit(vec![event(&line(1), 0)], at()).await.expect("commits");
    store.close().await.expect("closes");
    let files = Folder::new(&options(&folder).folder);
    let head = HeadFile::new(files, &options(&folder).head_key);
    assert_eq!(head.read().expect("reads").map(|tip| tip.number), Some(store.durable_block()));
}

#[tokio::test]
async fn full_groups_leave_no_files_that_are_never_synced() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(&options(&folder)).expect("opens");
    for last in 0..40 {
        let group = (0..1_000).map(|number| event(&line(number), last)).collect();
        store.commit(group, at()).await.expect("commits");
    }
    let blobs = fs::read_dir(folder.path().join("store/sled/blobs"));
    assert_eq!(blobs.map_or(0, Iterator::count), 0);
}

#[tokio::test]
async fn damage_older_than_the_checked_blocks_is_found_by_whoever_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(&options(&folder)).expect("opens");
    for last in 0..3 {
        store.commit(vec![event(&line(1), last)], at()).await.expect("commits");
    }
    let row = record::encode(2, b"{\"n\":9}");
    store.journal.engine.db.insert(key::event(&line(1), 2), row).expect("puts");
    let refused = store.events(&line(1), 0, 10).await.expect_err("damaged").to_string();
    assert!(refused.contains("event 2 of CAF0000000001"), "{refused}");
}

async fn looked(folder: &TempDir) -> Vec<String> {
    let store = SledStore::open_to_look(&options(folder)).expect("opens");
    let report = crate::store::audit::verify(&store, false, &mut |_| {}).await;
    report.faults.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_damaged_store_opens_to_look_at_it_and_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(&options(&folder)).expect("opens");
    for last in 0..3 {
        store.commit(vec![event(&Stream::System, last)], at()).await.expect("commits");
    }
    drop(store);
    assert_eq!(looked(&folder).await, [] as [&str; 0]);
    let head = fs::read(folder.path().join("store/head")).expect("reads");
    raw(&folder).remove(key::block(2)).expect("removes");
    assert!(refusal(&folder).contains("block 2"));
    assert_eq!(looked(&folder).await, ["block 2: it is missing"]);
    raw(&folder).remove(key::block(3)).expect("removes");
    let lost =
        "block 2: it is missing: the head names block 3, and the last one is 1: a tail is lost";
    assert_eq!(looked(&folder).await, [lost]);
    let store = SledStore::open_to_look(&options(&folder)).expect("opens");
    assert!(store.commit(vec![event(&Stream::System, 9)], at()).await.is_err());
    store.close().await.expect("closes");
    drop(store);
    assert_eq!(fs::read(folder.path().join("store/head")).expect("reads"), head);
    fs::remove_file(folder.path().join("store/head")).expect("removes");
    assert!(looked(&folder).await.contains(&"head: the head file is missing".to_owned()));
    assert!(!folder.path().join("store/head").exists());
}

#[tokio::test]
async fn a_store_that_was_looked_at_is_taken_into_use_if_it_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    let store = SledStore::open_to_look(&options(&folder)).expect("opens");
    assert!(store.commit(vec![event(&line(1), 3)], at()).await.is_err());
    store.begin_use().await.expect("whole");
    let outcomes = store.commit(vec![event(&line(1), 3)], at()).await.expect("commits");
    assert_eq!(outcomes, [Outcome::Committed { block: 4 }]);
    store.journal.engine.db.remove(key::block(2)).expect("removes");
    assert!(store.begin_use().await.is_err());
}

/// Opening lets the engine write over what tells it; the head is the only one that remembers.
#[tokio::test]
async fn a_look_raises_the_head_to_what_the_log_proves_and_no_further() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(&folder).await;
    let head = HeadFile::new(Folder::new(&folder.path().join("store")), &[1; 32]);
    let last = head.read().expect("reads").expect("a head");
    let store = SledStore::open_to_look(&options(&folder)).expect("opens");
    let hash = |row: Option<Vec<u8>>| crate::store::Block::hash(&row.expect("a block"));
    let rows = store.raw(vec![key::block(1), key::block(2)]).await.expect("reads");
    let [first, second] = <[_; 2]>::try_from(rows).expect("two").map(hash);
    drop(store);
    assert_eq!(head.read().expect("reads"), Some(last), "nothing is proven beyond it");
    // As a kill within a second of the commits leaves it.
    head.write(Tip { number: 1, hash: first }).expect("writes");
    drop(SledStore::open_to_look(&options(&folder)).expect("opens"));
    // The third names the second; nothing names the third.
    assert_eq!(head.read().expect("reads"), Some(Tip { number: 2, hash: second }));
}

/// Whoever starts the server may not read the folder above: nothing was made there, so nothing of it
/// is to be synced.
#[test]
fn a_folder_that_is_there_asks_nothing_of_the_folder_above() {
    use std::os::unix::fs::PermissionsExt;
    let around = tempfile::tempdir().expect("a folder");
    let (above, folder) = (around.path().join("above"), around.path().join("above/store"));
    assert!(opening::create_private_folder(&folder).expect("makes"));
    fs::set_permissions(&above, fs::Permissions::from_mode(0o300)).expect("sets");
    // For root, who may read everything, this alone tells that nothing was synced.
    assert!(!opening::create_private_folder(&folder).expect("is there"));
}

#[tokio::test]
async fn a_store_that_is_not_there_is_not_made_by_looking() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = SledStore::open_to_look(&options(&folder)).map(drop).expect_err("nothing there");
    assert!(refused.to_string().contains("store/sled/db"), "{refused}");
    assert!(!folder.path().join("store").exists());
    let _open = SledStore::open(&options(&folder)).expect("opens");
    let refused = SledStore::open_to_look(&options(&folder)).map(drop).expect_err("in use");
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
}

#[tokio::test]
async fn the_time_that_the_disk_takes_for_a_group_is_told_and_is_no_more_than_the_groups() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(&options(&folder)).expect("opens");
    let sync_time = store.sync_time();
    assert!(sync_time.lasts().is_zero(), "nothing was committed yet");
    let mut was_timed = false;
    for last in 0..100 {
        let began = std::time::Instant::now();
        store.commit(vec![event(&line(1), last)], at()).await.expect("commits");
        let lasted = sync_time.lasts();
        assert!(lasted <= began.elapsed() + std::time::Duration::from_micros(1), "{lasted:?}");
        was_timed |= !lasted.is_zero();
    }
    assert!(was_timed);
}
