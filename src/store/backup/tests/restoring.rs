//! A restored store is the store at the backup's block; and a restore that is refused or stopped leaves
//! nothing half done.

use super::{
    super::{
        format::BackupFault,
        restore::{RestoreError, Staged, check},
    },
    KEY,
    filed::forged,
    go_on, options, rows_of, written,
};
use crate::store::{
    Store, StoreError,
    sled_store::{SledOptions, SledStore},
};
use std::ops::ControlFlow;

/// Somebody writes over the file between its check and its second reading: with right hashes, and no
/// right MAC.
#[tokio::test]
async fn a_backup_that_is_another_than_was_checked_is_not_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, ..) = written(folder.path()).await;
    let checked = check(&path, &KEY, &mut go_on).expect("whole");
    std::fs::write(&path, forged(&std::fs::read(&path).expect("reads"))).expect("writes");
    let options = options(&folder);
    let refused = Staged::make(&checked, &options, &mut go_on);
    let is_mac = matches!(refused, Err(RestoreError::Backup { fault: BackupFault::Mac, .. }));
    assert!(is_mac && std::fs::read_dir(folder.path()).expect("reads").count() == 1);
}

#[tokio::test]
async fn a_restore_stops_where_it_is_told_to_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, ..) = written(folder.path()).await;
    let options = options(&folder);
    let stopping = |after: u64| {
        let mut parts = 0;
        move |_: u64| {
            parts += 1;
            if parts > after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    };
    let is_stopped = |error: &RestoreError| {
        matches!(error, RestoreError::Backup { fault: BackupFault::Stopped, .. })
    };
    let stopped = check(&path, &KEY, &mut stopping(1)).err().expect("it was stopped");
    assert!(is_stopped(&stopped), "{stopped}");
    let checked = check(&path, &KEY, &mut go_on).expect("whole");
    let stopped = Staged::make(&checked, &options, &mut stopping(1)).err().expect("stopped");
    assert!(is_stopped(&stopped), "{stopped}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 1);
}

#[tokio::test]
async fn a_restored_store_is_the_store_at_the_backups_block_row_by_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, rows, manifest) = written(folder.path()).await;
    let options = options(&folder);
    let checked = check(&path, &KEY, &mut go_on).expect("whole");
    assert_eq!(checked.manifest, manifest);
    let staged = Staged::make(&checked, &options, &mut go_on).expect("makes");
    assert!(!options.folder.exists() && staged.folder().exists());
    staged.keep().expect("keeps");
    let store = SledStore::open(&options).expect("opens, its head and its blocks whole");
    assert_eq!(store.durable_block(), manifest.block);
    assert_eq!(rows_of(&store).await, rows);
    let head = store.head().await.expect("reads").expect("a head");
    assert_eq!(head.number, manifest.block);
    drop(store);
    // Nothing is restored over a store, and the one that is there stays.
    let again = Staged::make(&checked, &options, &mut go_on);
    assert!(matches!(again, Err(RestoreError::NotEmpty(_))));
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("reads").collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn what_is_not_kept_leaves_nothing_and_what_a_cut_off_restore_left_is_taken_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, rows, _) = written(folder.path()).await;
    let options = options(&folder);
    let checked = check(&path, &KEY, &mut go_on).expect("whole");
    let staged = Staged::make(&checked, &options, &mut go_on).expect("makes");
    let stage = staged.folder().to_owned();
    drop(staged);
    assert!(!stage.exists() && !options.folder.exists());
    // As a kill would leave it.
    std::fs::create_dir(&stage).expect("makes");
    std::fs::write(stage.join("rubbish"), b"x").expect("writes");
    // An empty folder may stand at the name.
    std::fs::create_dir(&options.folder).expect("makes");
    let staged = Staged::make(&checked, &options, &mut go_on).expect("makes");
    assert!(!stage.join("rubbish").exists());
    staged.keep().expect("keeps");
    let store = SledStore::open(&options).expect("opens");
    assert_eq!(rows_of(&store).await, rows);
    // One that is under way is not disturbed.
    let other = SledOptions { folder: options.folder.clone(), ..options };
    drop(store);
    std::fs::remove_dir_all(&other.folder).expect("goes");
    let under_way = Staged::make(&checked, &other, &mut go_on).expect("makes");
    // What is made is looked at, and its own lock is free again: the folder is not.
    drop(SledStore::open(&SledOptions { folder: stage.clone(), ..other.clone() }).expect("opens"));
    let refused = Staged::make(&checked, &other, &mut go_on);
    assert!(matches!(refused, Err(RestoreError::Store(StoreError::InUse { .. }))));
    under_way.keep().expect("keeps");
    assert!(other.folder.exists() && !stage.exists());
}

#[tokio::test]
async fn a_missing_file_and_another_key_are_told_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, ..) = written(folder.path()).await;
    let missing = check(&folder.path().join("nowhere"), &KEY, &mut go_on).err().expect("refused");
    assert!(missing.to_string().contains("nowhere"), "{missing}");
    let wrong = check(&path, &[9; 32], &mut go_on).err().expect("refused");
    let said = wrong.to_string();
    assert!(said.contains("a.backup") && said.contains("another master key"), "{said}");
}
