//! Power cuts under the real binary and the real engine: of every file only what was synced is sure to be
//! there, and any sectors of the rest. What was acknowledged is there afterwards, and the next start finds
//! a store that it can open (checks/reliability.md 2, 5).
//!
//! `tests/shim/faults.c` writes down each change and each sync below the store's folder, and
//! `harness::power` makes of it what a disk may have. `LINEPASS_POWER_CUTS` says how many;
//! `tests/mutations/power_cut` shows that the store without its own sync does not pass.

mod common;
mod harness;
mod process;

use harness::{
    books::{Books, Calendar},
    count,
    draw::Draw,
    faults::Faults,
    order::{BUYERS, Order},
    outcomes::Outcomes,
    power::{Disk, Unsynced},
    round::Round,
    server::{Server, Start, kill_while_starting, refusal},
    shot::Gun,
    store,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Power cuts where nobody says how many.
const CUTS: usize = 12;

/// A folder whose store is on a disk that may lose what was not synced.
struct Machine {
    folder: tempfile::TempDir,
    beside: tempfile::TempDir,
    /// Starts so far: each writes its changes down in a log of its own, because a kill may cut off the
    /// last record of one.
    logs: usize,
    /// The logs that the disk does not know yet.
    unread: Vec<PathBuf>,
    disk: Option<Disk>,
}

impl Machine {
    /// One that was started once and stopped in order.
    fn new() -> Self {
        let (folder, beside) = (tempfile::tempdir(), tempfile::tempdir());
        let (folder, beside) = (folder.expect("a folder"), beside.expect("a folder"));
        Server::start(folder.path(), &Start::generous()).terminate();
        Self { folder, beside, logs: 0, unread: Vec::new(), disk: None }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn store(&self) -> PathBuf {
        self.folder().canonicalize().expect("a folder").join("store")
    }

    /// The power is on: what is on the disk now is all there is.
    fn on(&mut self) {
        self.disk = Some(Disk::of(&self.store()));
    }

    fn start_at(&mut self, now: String) -> Start {
        self.logs += 1;
        let log = self.beside.path().join(format!("{}.log", self.logs));
        // There also when the kill comes before the process has opened it.
        std::fs::File::create(&log).expect("creates");
        self.unread.push(log.clone());
        let start = Start { now: Some(now), ..Start::generous() };
        Faults::none(self.beside.path(), &self.store()).logging(log).below(start)
    }

    /// The power is cut: how many writes were not synced.
    fn cut(&mut self, draw: &mut Draw, unsynced: Unsynced) -> usize {
        let mut disk = self.disk.take().expect("the power is on");
        for log in self.unread.drain(..) {
            disk.replay(&log);
            std::fs::remove_file(log).expect("removes");
        }
        disk.cut(draw, unsynced)
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_power_cut_whatever_else_the_disk_has() {
    let mut draw = Draw::seeded();
    let mut machine = Machine::new();
    let mut outcomes = Outcomes::default();
    machine.on();
    let mut calendar = Calendar::default();
    let start = machine.start_at(calendar.next());
    let mut server = Server::start(machine.folder(), &start);
    let mut books = Books::new(&server.house, calendar);
    for number in 0..count("LINEPASS_POWER_CUTS", CUTS) {
        let mut round = Round::prepare(&server.house, &mut books, number);
        let answers = draw.below(round.len());
        let house = server.house.clone();
        round.fire(&house, |acks| {
            for _ in 0..answers {
                if acks.recv_timeout(process::PATIENCE).is_err() {
                    break;
                }
            }
            server.kill();
        });
        // The power may also be cut in the middle of a start after a crash.
        let mut starts = 0;
        while draw.one_in(2) {
            let after = Duration::from_millis(draw.below(120).try_into().expect("small"));
            let start = machine.start_at(books.calendar.next());
            kill_while_starting(machine.folder(), &start, after);
            starts += 1;
        }
        let unsynced = [Unsynced::Lost, Unsynced::Torn, Unsynced::Drawn][draw.below(3)];
        let writes = machine.cut(&mut draw, unsynced);
        println!("cut {number}: {writes} writes not synced, {unsynced:?}, {starts} starts before");
        let damage = format!("{unsynced:?}, after {} starts", starts.min(2));
        outcomes.note(&damage, if writes == 0 { "nothing was unsynced" } else { "some was" });
        machine.on();
        let start = machine.start_at(books.calendar.next());
        server = Server::start(machine.folder(), &start);
        round.settle(&server.house, &mut books);
    }
    books.check_receipts(&server.house);
    let house = server.house.clone();
    server.kill();
    let copy = store::copy(machine.folder());
    store::check_journal(copy.path(), &books);
    store::assert_whole(copy.path());
    store::verify(copy.path(), &house, &books);
    outcomes.tell();
}

/// The first start makes folders and files: a power cut leaves a store that opens, or none.
#[test]
fn a_power_cut_during_the_first_start_leaves_a_folder_that_the_next_one_starts_on() {
    let mut draw = Draw::seeded();
    for _ in 0..count("LINEPASS_POWER_CUTS", CUTS) / 2 {
        let mut machine = Machine::new();
        std::fs::remove_dir_all(machine.store()).expect("removes");
        std::fs::create_dir(machine.store()).expect("creates");
        machine.on();
        let start = machine.start_at(Calendar::default().next());
        let after = Duration::from_millis(draw.below(300).try_into().expect("small"));
        kill_while_starting(machine.folder(), &start, after);
        let unsynced = [Unsynced::Lost, Unsynced::Torn, Unsynced::Drawn][draw.below(3)];
        let writes = machine.cut(&mut draw, unsynced);
        println!("{writes} writes not synced after {after:?}, {unsynced:?}");
        let server = Server::start(machine.folder(), &Start::generous());
        server.house.buys("sakura01");
        server.terminate();
    }
}

/// These tests can fail: with a disk that hears no sync of the engine's log, as if the store asked for
/// none, what was acknowledged is gone or the start is refused.
#[test]
fn a_store_whose_log_is_never_synced_does_not_survive_a_power_cut() {
    let mut draw = Draw::seeded();
    let mut machine = Machine::new();
    machine.on();
    machine.disk = machine.disk.take().map(|disk| disk.deaf_to("sled/db"));
    let start = machine.start_at(Calendar::default().next());
    let server = Server::start(machine.folder(), &start);
    let gun = Gun::at(&server.house);
    let mut orders: Vec<Order> =
        BUYERS.into_iter().map(|buyer| Order::per_use(&server.house, buyer)).collect();
    for order in &mut orders {
        gun.send(&mut order.shot);
        assert!(order.shot.completed());
    }
    server.kill();
    machine.cut(&mut draw, Unsynced::Lost);
    match Server::try_start(machine.folder(), &Start::generous()) {
        Ok(server) => {
            let lost = orders.iter().filter(|order| !order.is_there_afresh(&server.house)).count();
            println!("{lost} acknowledged orders are gone");
            assert!(lost > 0, "a disk that heard no sync lost nothing");
        }
        Err(ended) => println!("{}", refusal(&ended)),
    }
}
