//! Restores that are stopped, or find another backup than they have checked.

use super::{
    super::{
        format::BackupFault,
        restore::{RestoreError, Staged, check},
    },
    KEY, forged, go_on, options, written,
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
