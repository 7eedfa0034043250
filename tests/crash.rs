//! The real binary killed again and again under mixed work: what was acknowledged is there afterwards
//! exactly as it was told, and nothing is there twice or that nobody asked for (R-113, R-115;
//! checks/reliability.md 1, 11, 16).
//!
//! `LINEPASS_CRASH_ROUNDS` says how many rounds, `LINEPASS_CRASH_SEED` repeats the draws of one run;
//! what the machine does between them cannot be repeated. docs/crash-testing.md tells more.

mod common;
#[path = "../benches/fill/mod.rs"]
mod fill;
mod harness;
mod process;

use common::receiver::Receiver;
use harness::{
    books::{Books, Calendar},
    count,
    draw::Draw,
    house::House,
    order::Kind,
    round::Round,
    server::{Server, Start, kill_while_starting},
    store,
};
use linepass::store::Store;
use std::{
    collections::BTreeSet,
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};

/// Rounds where nobody says how many.
const ROUNDS: usize = 16;
/// Rounds of one month of the rules' clock.
const ROUNDS_OF_A_MONTH: usize = 8;
/// Rounds after which the store is looked at while no server has it.
const ROUNDS_BETWEEN_AUDITS: usize = 50;
/// How long a start may take (checks/reliability.md 1). Half of them are held to it: a machine that does
/// other work may keep any single one waiting for its disk. The longest is printed.
const USUAL_START: Duration = Duration::from_secs(5);

/// A server that is killed, and all that is known of it.
struct Trial {
    folder: tempfile::TempDir,
    receiver: Receiver,
    draw: Draw,
    starts: Vec<Duration>,
    killed_while_starting: usize,
    stopped: usize,
}

impl Trial {
    fn new(folder: tempfile::TempDir) -> Self {
        let (receiver, draw) = (Receiver::taking(), Draw::seeded());
        let (starts, killed_while_starting, stopped) = (Vec::new(), 0, 0);
        Self { folder, receiver, draw, starts, killed_while_starting, stopped }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn start_at(&self, now: String) -> Start {
        let arguments = vec!["--webhook-url".to_owned(), self.receiver.url()];
        Start { now: Some(now), arguments, ..Start::generous() }
    }

    fn start(&mut self, now: String) -> Server {
        let server = Server::start(self.folder(), &self.start_at(now));
        self.starts.push(server.took);
        server
    }

    /// Work, ended at a drawn moment: killed as a rule, sometimes asked to stop; after that it may be
    /// killed while it starts, more than once.
    fn disturb(&mut self, server: Server, round: &mut Round, books: &mut Books) {
        let answers = self.draw.below(round.len());
        let after = Duration::from_micros(self.draw.below(3_000).try_into().expect("small"));
        let stops = self.draw.one_in(8);
        let house = server.house.clone();
        let mut server = Some(server);
        round.fire(&house, |acks| {
            wait(&acks, answers, after);
            let server = server.take().expect("once");
            if stops { drop(server.terminate()) } else { server.kill() }
        });
        self.stopped += usize::from(stops);
        while self.draw.one_in(3) {
            let usual = self.starts.last().copied().unwrap_or(Duration::from_millis(100));
            let usual = usize::try_from(usual.as_micros()).expect("small");
            let after = self.draw.below(usual).try_into().expect("small");
            let start = self.start_at(books.calendar.next());
            kill_while_starting(self.folder(), &start, Duration::from_micros(after));
            self.killed_while_starting += 1;
        }
    }

    /// The store as the crash left it, held against the books while no server has it.
    fn audit(&self, house: &House, books: &Books) {
        let copy = store::copy(self.folder());
        store::check_journal(copy.path(), books);
        store::assert_chain_whole(copy.path());
        // What the harness put into a store before it was started is no server's work: it has none of the
        // rows beside its events.
        if books.bought_before.is_none() {
            store::assert_whole(copy.path());
            store::verify(copy.path(), house, books);
        }
    }

    /// Each event has its webhook and its mail, however often the one who sends them was killed (I7).
    fn check_messages(&self, books: &Books) {
        let bought = books.numbers();
        let began = Instant::now();
        loop {
            let ids = self.receiver.ids();
            let told: BTreeSet<&str> =
                ids.iter().filter_map(|id| id.strip_prefix("purchase-")).collect();
            assert!(told.is_subset(&bought), "a webhook of what nobody bought");
            let mails = ["purchased", "cancelled"].map(|kind| self.mails(kind));
            let orders = [
                books.completed(|kind| kind != Kind::Cancellation),
                books.completed(|kind| kind == Kind::Cancellation),
            ];
            if told.len() == bought.len() && mails == orders {
                return;
            }
            let missing: Vec<_> = bought.difference(&told).take(5).collect();
            assert!(
                began.elapsed() < process::PATIENCE,
                "webhooks missing: {missing:?}; mails {mails:?} of {orders:?}"
            );
            std::thread::yield_now();
        }
    }

    fn mails(&self, kind: &str) -> usize {
        let files = std::fs::read_dir(self.folder().join("mails")).expect("a folder");
        let names =
            files.map(|file| file.expect("a file").file_name().into_string().expect("text"));
        names
            .filter(|name| {
                name.strip_suffix(".eml").is_some() && name.contains(&format!("-{kind}-"))
            })
            .count()
    }

    fn tell(&mut self, books: &Books, cut: usize, rounds: usize) {
        self.starts.sort();
        let at = |percent: usize| self.starts[(self.starts.len() - 1) * percent / 100];
        println!("| what | count |\n|---|---|");
        println!("| rounds | {rounds}, {} of them stopped in order |", self.stopped);
        println!("| killed while starting | {} |", self.killed_while_starting);
        println!("| orders | {} |", books.orders().len());
        println!("| lines imported | {} |", books.desk.imported());
        println!("| requests that nobody answered | {cut} |");
        println!(
            "| presses among them that counted all the same | {} |",
            books.unanswered_but_there
        );
        println!("| presses refused by a restriction | {} |", books.refused);
        println!(
            "| from start to ready | p50 {:?}, p90 {:?}, p99 {:?}, longest {:?} |",
            at(50),
            at(90),
            at(99),
            at(100)
        );
        assert!(at(50) < USUAL_START, "ready after {:?} only", at(50));
    }
}

/// Waits for so many answers, and then so long.
fn wait(acks: &mpsc::Receiver<()>, answers: usize, after: Duration) {
    for _ in 0..answers {
        if acks.recv_timeout(process::PATIENCE).is_err() {
            break;
        }
    }
    let until = Instant::now() + after;
    while let Some(rest) = until.checked_duration_since(Instant::now()) {
        if acks.recv_timeout(rest).is_err() {
            std::thread::yield_now();
        }
    }
}

/// Rounds of work on a folder, each disturbed and settled.
fn run(folder: tempfile::TempDir, rounds: usize, bought_before: Option<&'static str>) {
    let mut trial = Trial::new(folder);
    let mut calendar = Calendar::default();
    let mut server = trial.start(calendar.next());
    let mut books = Books::new(&server.house, calendar);
    books.bought_before = bought_before;
    let mut cut = 0;
    for number in 0..rounds {
        if number > 0 && number.is_multiple_of(ROUNDS_OF_A_MONTH) {
            server.kill();
            books.turn_month();
            server = trial.start(books.calendar.next());
        }
        let mut round = Round::prepare(&server.house, &mut books, number);
        let stopped = trial.stopped;
        trial.disturb(server, &mut round, &mut books);
        if trial.stopped > stopped {
            round.was_stopped_in_order();
        }
        cut += round.cut();
        server = trial.start(books.calendar.next());
        round.settle(&server.house, &mut books);
        books.close_month(&server.house);
        if number % ROUNDS_BETWEEN_AUDITS == ROUNDS_BETWEEN_AUDITS - 1 {
            let house = server.house.clone();
            server.kill();
            trial.audit(&house, &books);
            server = trial.start(books.calendar.next());
            println!("{} rounds", number + 1);
        }
    }
    let house = server.house.clone();
    check_at_the_end(&house, &mut books);
    trial.check_messages(&books);
    server.kill();
    trial.audit(&house, &books);
    trial.tell(&books, cut, rounds);
    let presses = books.orders().len();
    assert!(0 < cut && cut < presses * 2, "the kills hit nothing: {cut} of {presses}");
}

fn check_at_the_end(house: &House, books: &mut Books) {
    books.check_receipts(house);
    books.check_bills(house);
    books.desk.check_all(house);
    books.check_used(house);
}

#[test]
fn what_was_acknowledged_is_there_once_however_often_the_process_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder, count("LINEPASS_CRASH_ROUNDS", ROUNDS), None);
}

/// checks/reliability.md 1: ready in less than five seconds with a hundred thousand purchases.
#[test]
fn a_store_with_100_000_purchases_is_ready_in_seconds_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = fill::open(folder.path());
        fill::fill(&store, 10_000, 10).await;
        store.close().await.expect("closes");
    });
    run(folder, count("LINEPASS_CRASH_ROUNDS_100K", 2), Some("order-"));
}
