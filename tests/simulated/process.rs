//! The server below the web, its parts put together as `app::start` does, on a simulated disk and one thread:
//! lines, committer, bulk, closer, erasure, receipts, snapshots and the system's stream. Mails, webhooks,
//! providers, keys and backups are not in it; tests of the real binary kill those.

use super::{
    disk::{Disk, MIN_FREE_BYTES},
    engine::{SimEngine, SimReaders},
    fate::Fate,
    files::SimFiles,
};
use actix_rt::System;
use linepass::{
    actors::{
        bulk::Bulk,
        closing::MonthCloser,
        committer::{Committer, CommitterOptions},
        erasure::Erasure,
        line::LineServices,
        lines::Lines,
        receipts::ReceiptNumbers,
        snapshot::Snapshots,
        system::SystemStream,
    },
    clock::{Clock, Floor},
    domain::{line::LineDefaults, retention::Terms, yen::Yen},
    store::{
        Store, StoreError,
        journal::{Journal, JournalStore, Place, Purpose},
    },
};
use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

thread_local! {
    /// Where salts come from; set anew with each process.
    static SALTS: Cell<u64> = const { Cell::new(0) };
}

fn draw_salt() -> [u8; 32] {
    let number = SALTS.get();
    SALTS.set(number + 1);
    let mut salt = [0; 32];
    salt[..8].copy_from_slice(&number.to_be_bytes());
    salt
}

/// How a simulated server is configured: small, so that what is rare in the field happens often.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub idle_ms: u64,
    pub group_max_events: usize,
    pub most_waiting: usize,
    pub most_waiting_changes: usize,
    pub snapshot_every_events: u64,
}

impl Settings {
    pub fn drawn(fate: &Fate) -> Self {
        Self {
            idle_ms: fate.pick(&[5, 20, 100, 1_000, 60_000]),
            group_max_events: fate.pick(&[1, 3, 1_000]),
            most_waiting: fate.pick(&[2, 1_000, 1_000]),
            most_waiting_changes: fate.pick(&[1, 16, 16]),
            snapshot_every_events: fate.pick(&[1, 3, 8]),
        }
    }
}

/// A server under way.
pub struct Process {
    pub lines: Lines,
    pub bulk: Bulk,
    pub closer: MonthCloser,
    pub erasure: Erasure,
    pub store: Arc<dyn Store>,
    /// Opens them.
    pub snapshots: Snapshots,
    /// A stop in order was begun: nobody begins anything any more.
    pub stopping: Cell<bool>,
    /// Faults of the disk before this process.
    pub faults_before: u64,
    committer: Committer,
    journal: Arc<Journal<SimEngine, SimFiles>>,
    /// The store has failed: nobody may be answered any more.
    failed: Arc<AtomicBool>,
    /// Told when it has.
    ended: Arc<Notify>,
}

impl Process {
    /// Starts one; must be called inside an actix `System`.
    pub async fn start(
        fate: &Fate,
        disk: &Disk,
        clock: &Clock,
        settings: Settings,
    ) -> Result<Self, StoreError> {
        SALTS.set(fate.now_ms() << 20);
        let faults_before = disk.faults();
        let journal = Arc::new(open(fate, disk)?);
        let store: Arc<dyn Store> =
            Arc::new(JournalStore::new(Arc::clone(&journal), SimReaders(fate.clone())));
        keep(&journal);
        let (failed, ended) = (Arc::<AtomicBool>::default(), disk.ended());
        let committer = committing(&store, clock, settings, (fate, &failed, &ended));
        let (services, floor) = services(&store, committer.clone(), clock, settings);
        let lines = Lines::start(&services, &[System::current().arbiter().clone()], 40);
        let bulk = Bulk::new(Arc::clone(&services), lines.clone());
        let system = SystemStream::new(Arc::clone(&store), committer.clone(), clock.clone());
        let decisions = services.clock.clone();
        let closer = MonthCloser::load(system, &bulk, &store, (decisions, floor)).await?;
        let erasure = Erasure::new(bulk.clone(), Arc::clone(&store), TERMS);
        let snapshots = services.snapshots.clone();
        let stopping = Cell::new(false);
        Ok(Self {
            lines,
            bulk,
            closer,
            erasure,
            store,
            snapshots,
            stopping,
            faults_before,
            committer,
            journal,
            failed,
            ended,
        })
    }

    /// Whether a commit has failed, so that this process may answer nobody.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Waits until the process is gone or has failed.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// The end of a stop in order: what the committer was given is committed, then the store closes.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.committed().await;
        self.store.close().await
    }

    /// Waits until the committer has nothing left to do.
    pub async fn committed(&self) {
        while self.committer.waiting() > 0 && !self.has_failed() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The free space is looked at, as it is once a second.
    pub fn look_around(&self) {
        self.journal.keep();
    }
}

/// Opens the store on a disk.
pub fn open(fate: &Fate, disk: &Disk) -> Result<Journal<SimEngine, SimFiles>, StoreError> {
    let place = Place {
        files: SimFiles(disk.clone()),
        head_key: [1; 32],
        min_free_space_bytes: MIN_FREE_BYTES,
    };
    Journal::open(SimEngine { disk: disk.clone(), fate: fate.clone() }, place, Purpose::Use)
}

/// Short terms, so that something is due.
const TERMS: Terms =
    Terms { ended_line_days: 1, replaced_days: 1, sign_in_days: 1, inquiry_days: 1 };

/// What the store's own thread does.
fn keep(journal: &Arc<Journal<SimEngine, SimFiles>>) {
    let journal = Arc::clone(journal);
    actix_rt::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            journal.keep();
        }
    });
}

fn committing(
    store: &Arc<dyn Store>,
    clock: &Clock,
    settings: Settings,
    (fate, failed, ended): (&Fate, &Arc<AtomicBool>, &Arc<Notify>),
) -> Committer {
    let options = CommitterOptions {
        group_max_events: settings.group_max_events,
        most_waiting: settings.most_waiting,
    };
    let (fate, failed, ended) = (fate.clone(), Arc::clone(failed), Arc::clone(ended));
    let fatal = move |error: &StoreError| {
        fate.note(format_args!("a commit failed: {error}"));
        failed.store(true, Ordering::Relaxed);
        ended.notify_one();
    };
    let (committer, committing) = Committer::with(Arc::clone(store), clock.clone(), options, fatal);
    actix_rt::spawn(committing);
    committer
}

fn services(
    store: &Arc<dyn Store>,
    committer: Committer,
    clock: &Clock,
    settings: Settings,
) -> (Arc<LineServices>, Floor) {
    let floor = Floor::default();
    let receipts = ReceiptNumbers::new(Arc::clone(store), committer.clone(), clock.clone());
    let services = LineServices {
        store: Arc::clone(store),
        committer,
        clock: clock.clone().above(floor.clone()),
        receipts,
        defaults: LineDefaults {
            passports_per_line: 5,
            passport_limit: Yen::new(10_000),
            activation_delay_s: 0,
        },
        most_waiting_changes: settings.most_waiting_changes,
        snapshots: Snapshots { key: [2; 32], every_events: settings.snapshot_every_events },
        draw_salt,
        idle_before_sleep: Duration::from_millis(settings.idle_ms),
        awake_lines: AtomicUsize::new(0),
    };
    (Arc::new(services), floor)
}
