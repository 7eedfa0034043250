//! Backups that are kept, given up, and taken where the disk is short of room.

use super::*;
use crate::{
    actors::committer::{Committer, CommitterOptions},
    domain::{line::Entry, system::SystemState},
    store::{Stream, memory::MemoryStore, record},
};
use tokio::task::LocalSet;

struct House {
    store: Arc<MemoryStore>,
    backups: Backups,
}

/// Must be called where local tasks can be spawned.
async fn house() -> House {
    let store = Arc::new(MemoryStore::new());
    let (own, clock): (Arc<dyn Store>, _) = (Arc::clone(&store) as _, Clock::host());
    let options = CommitterOptions { group_max_events: 10, most_waiting: 10 };
    let fatal = |error: &StoreError| panic!("{error}");
    let (committer, work) = Committer::with(Arc::clone(&own), clock.clone(), options, fatal);
    tokio::task::spawn_local(work);
    let system = SystemStream::new(Arc::clone(&own), committer, clock.clone());
    let backups = Backups::load(own, system, clock, [7; 32]).await.expect("reads");
    House { store, backups }
}

fn asked() -> Asked {
    Asked { by: By::Operator { name: "first".into(), reason: "a test".into() }, request_id: None }
}

impl House {
    async fn begin(&self) -> Result<String, BackupError> {
        self.backups.begin(&asked()).await
    }

    /// Takes all parts that are still given.
    async fn take(&self, name: &str) {
        for number in 0.. {
            let part = match self.backups.part(name, number).await {
                Err(BackupError::OutOfTurn(end)) if number + 1 < end => continue,
                part => part.expect("a part"),
            };
            if part.kind == PartKind::Manifest {
                return;
            }
        }
    }

    async fn end(&self, name: &str, is_kept: bool) -> Result<(), BackupError> {
        self.backups.end(name, is_kept, &asked()).await
    }

    /// Whether its manifest is in memory still.
    async fn knows(&self, name: &str) -> bool {
        self.backups.runs.lock().await.given(name).is_some()
    }

    async fn journalled(&self) -> Vec<SystemEvent> {
        let rows = self.store.events(&Stream::System, 0, 99).await.expect("reads");
        let entries = rows.iter().map(|row| {
            record::from_json::<Entry<SystemEvent>>("an event", &row.entry).expect("an entry")
        });
        entries.flat_map(|entry| entry.events).collect()
    }
}

#[tokio::test]
async fn a_backup_was_taken_once_its_file_has_its_name_and_no_earlier() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let first = house.begin().await.expect("begins");
            assert!(matches!(house.end(&first, true).await, Err(BackupError::NotGiven)));
            house.take(&first).await;
            assert_eq!(house.journalled().await, [SystemEvent::BackupBegun]);
            assert_eq!(house.backups.figures().last_s(), 0);
            // A drill, or a file that could not be written.
            house.end(&first, false).await.expect("ends");
            assert!(matches!(house.end(&first, true).await, Err(BackupError::Unknown)));
            let second = house.begin().await.expect("begins");
            house.take(&second).await;
            for _ in 0..2 {
                house.end(&second, true).await.expect("ends, and again where the answer was lost");
            }
            let events = house.journalled().await;
            let begun = SystemEvent::BackupBegun;
            let [one, two, SystemEvent::BackupTaken(last)] = &events[..] else {
                panic!("{events:?}")
            };
            assert!([one, two] == [&begun; 2] && last.bytes > 0, "{events:?}");
            assert!(house.backups.figures().last_s() > 0);
            assert_eq!(house.backups.figures().last_bytes(), last.bytes);
        })
        .await;
}

#[tokio::test]
async fn each_backup_is_confirmed_by_its_own_name_whatever_was_begun_since() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let first = house.begin().await.expect("begins");
            house.take(&first).await;
            let second = house.begin().await.expect("begins before the first is confirmed");
            assert!(matches!(house.end(&second, true).await, Err(BackupError::NotGiven)));
            house.take(&second).await;
            house.end(&second, true).await.expect("ends");
            let after_second = house.backups.figures().last_bytes();
            let third = house.begin().await.expect("begins");
            // Its last part once more, where the answer was lost, and then its confirmation.
            house.backups.part(&first, 999).await.expect_err("it has no such part");
            house.take(&first).await;
            house.end(&first, true).await.expect("it is known still");
            house.backups.part(&third, 0).await.expect("the one under way goes on");
            let events = house.journalled().await;
            let taken: Vec<LastBackup> = events
                .iter()
                .filter_map(|event| match event {
                    SystemEvent::BackupTaken(last) => Some(*last),
                    _ => None,
                })
                .collect();
            // The second was confirmed first, and stays the last: its copy is the later one.
            let [of_second, of_first] = taken[..] else { panic!("{events:?}") };
            assert!(of_first.block < of_second.block, "{events:?}");
            assert_eq!(
                (house.backups.figures().last_bytes(), of_second.bytes),
                (after_second, after_second)
            );
            let state = events.iter().fold(SystemState::default(), SystemState::evolve);
            assert_eq!(state.last_backup, Some(of_second));
        })
        .await;
}

/// What waits for its confirmation is bounded; whoever comes too late is told.
#[tokio::test]
async fn of_many_backups_that_nobody_confirms_the_first_is_forgotten() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let mut names = Vec::new();
            for _ in 0..=MOST_GIVEN {
                let name = house.begin().await.expect("begins");
                house.take(&name).await;
                names.push(name);
            }
            assert!(matches!(house.end(&names[0], true).await, Err(BackupError::Unknown)));
            house.end(&names[3], true).await.expect("ends");
            house.end(&names[2], true).await.expect("ends");
            // One that was confirmed goes before one that was not, and of two the one that was first.
            for (forgotten, known) in [(3, 2), (2, 1)] {
                let more = house.begin().await.expect("begins");
                house.take(&more).await;
                let answer = house.end(&names[forgotten], true).await;
                assert!(matches!(answer, Err(BackupError::Unknown)), "{forgotten}: {answer:?}");
                assert!(house.knows(&names[known]).await, "{known}");
            }
            house.end(&names[1], true).await.expect("ends");
        })
        .await;
}

/// Its manifest stays in memory no longer than somebody may still ask for it.
#[tokio::test(start_paused = true)]
async fn a_backup_that_was_given_is_forgotten_in_time_and_sooner_once_it_was_confirmed() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let mut names = Vec::new();
            for _ in 0..2 {
                let name = house.begin().await.expect("begins");
                house.take(&name).await;
                names.push(name);
            }
            let [confirmed, other] = &names[..] else { panic!("{names:?}") };
            // Hours are as long as they are: a wait that has begun ends no later for a confirmation.
            tokio::time::sleep(PATIENCE / 2).await;
            house.end(confirmed, true).await.expect("ends");
            tokio::time::sleep(SAID_AGAIN_WITHIN * 3 / 4).await;
            house.end(confirmed, true).await.expect("and again where the answer was lost");
            // That it was said again makes it no younger.
            tokio::time::sleep(SAID_AGAIN_WITHIN / 4 + PATIENCE * 2).await;
            assert!(!house.knows(confirmed).await && house.knows(other).await);
            let said = house.end(confirmed, true).await;
            assert!(matches!(said, Err(BackupError::Unknown)), "{said:?}");
            tokio::time::sleep(CONFIRMED_WITHIN).await;
            assert!(!house.knows(other).await);
        })
        .await;
}

/// What is committed meanwhile is noted for nobody after a minute, and the next may begin.
#[tokio::test(start_paused = true)]
async fn a_backup_that_nobody_asks_for_is_given_up_by_itself() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let first = house.begin().await.expect("begins");
            tokio::time::sleep(PATIENCE / 2).await;
            house.backups.part(&first, 0).await.expect("a part");
            tokio::time::sleep(PATIENCE * 3 / 4).await;
            assert!(matches!(house.begin().await, Err(BackupError::UnderWay)));
            assert!(house.store.is_noting());
            tokio::time::sleep(PATIENCE / 2).await;
            assert!(!house.store.is_noting(), "its groups are noted no longer");
            assert!(matches!(house.backups.part(&first, 1).await, Err(BackupError::Unknown)));
            house.begin().await.expect("begins");
        })
        .await;
}

#[tokio::test]
async fn a_backup_that_was_cancelled_makes_room_for_the_next_at_once() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let first = house.begin().await.expect("begins");
            assert!(matches!(house.begin().await, Err(BackupError::UnderWay)));
            house.end(&first, false).await.expect("ends");
            assert!(!house.store.is_noting());
            house.begin().await.expect("begins");
        })
        .await;
}

/// The disk is short of room: nothing is committed, and the store is copied all the same.
#[tokio::test]
async fn a_disk_that_is_short_of_room_keeps_no_backup_from_being_taken() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            house.store.fill_up();
            let name = house.begin().await.expect("begins");
            house.take(&name).await;
            house.end(&name, true).await.expect("ends");
            assert!(house.journalled().await.is_empty());
            assert!(house.backups.figures().last_s() > 0);
        })
        .await;
}
