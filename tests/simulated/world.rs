//! A world: one disk, several lives of a server on it, clients with random commands in flight, and
//! what goes wrong. Everything follows from the seed.

use super::{
    check::check,
    client::Client,
    disk::{Disk, End, Fault},
    fate::Fate,
    ledger::Ledger,
    process::{Process, Settings},
};
use actix_rt::System;
use futures_util::{
    FutureExt,
    future::{Either, join_all, select},
};
use linepass::{clock::Clock, domain::calendar::Instant};
use std::{
    cell::{Cell, RefCell},
    io::ErrorKind,
    rc::Rc,
    time::Duration,
};

/// 2026-11-10T12:00:00 in Japan.
const BEGIN_MICROS: i64 = 1_794_279_600_000_000;
const CLIENTS: usize = 5;
const ACTIONS: usize = 6;

/// How long a process that has failed goes on, so that whoever it answers is seen.
const AFTER_FAILURE: Duration = Duration::from_millis(20);

/// After this nothing is under way any more, however slow the disk.
const SETTLES: Duration = Duration::from_secs(20);

/// Whoever waited so long waits for ever.
const FOR_EVER: Duration = Duration::from_hours(2);

/// What all lives of a server share.
pub struct World {
    pub fate: Fate,
    pub disk: Disk,
    pub clock: Clock,
    pub ledger: RefCell<Ledger>,
    /// How far the host's clock was moved.
    pub moved_micros: Cell<i64>,
    settings: Settings,
    counts: RefCell<Counts>,
}

/// What a world came to, so that a run of many can be seen to have tried everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub lives: u64,
    pub kills: u64,
    pub power_cuts: u64,
    pub failed_commits: u64,
    pub failed_openings: u64,
    pub purchases: u64,
    pub unknown: u64,
    pub refused: u64,
    pub closes: u64,
    /// Stops in order while clients were in flight.
    pub orderly: u64,
    /// Times in which the disk was full.
    pub fills: u64,
    /// Changes that were turned away because it was.
    pub no_room: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.kills += other.kills;
        self.power_cuts += other.power_cuts;
        self.failed_commits += other.failed_commits;
        self.failed_openings += other.failed_openings;
        self.purchases += other.purchases;
        self.unknown += other.unknown;
        self.refused += other.refused;
        self.closes += other.closes;
        self.orderly += other.orderly;
        self.fills += other.fills;
        self.no_room += other.no_room;
    }
}

/// A world in which something was wrong.
pub struct Broken {
    pub violations: Vec<String>,
    pub trace: Vec<String>,
}

/// A world in which nothing was.
pub struct Whole {
    pub fingerprint: u64,
    pub counts: Counts,
    pub trace: Vec<String>,
}

/// Lets the world of a seed happen; aloud, its trace is printed as it grows.
pub fn run(seed: u64, aloud: bool) -> Result<Whole, Broken> {
    let world = World::of(seed, aloud);
    let lives = 1 + world.fate.below(3);
    for life in 0..lives {
        world.live(|world| async move { world.eventful(life == 0).await });
    }
    // What stood after one good life stands after the next.
    for _ in 0..2 {
        world.live(|world| async move { world.quiet().await });
    }
    world.verdict()
}

/// Lets commands race on a hundred lines, one line after the other, with nothing else going wrong.
pub fn race(seed: u64, aloud: bool) -> Result<Whole, Broken> {
    let world = World::of(seed, aloud);
    world.live(|world| async move { world.races(100).await });
    world.live(|world| async move { world.quiet().await });
    world.verdict()
}

/// Lets operators change lines past their actors and go away before they are answered.
pub fn leave(seed: u64, aloud: bool) -> Result<Whole, Broken> {
    let world = World::with(seed, aloud, |settings| settings.idle_ms = 2_000);
    world.live(|world| async move { world.leaves(20).await });
    world.verdict()
}

/// What is done in one life of a server, from its start to how it ends.
type Lived = End;

impl World {
    fn of(seed: u64, aloud: bool) -> Rc<Self> {
        Self::with(seed, aloud, |_| ())
    }

    fn with(seed: u64, aloud: bool, set: impl FnOnce(&mut Settings)) -> Rc<Self> {
        let fate = Fate::of(seed, aloud);
        let (disk, mut settings) = (Disk::new(&fate), Settings::drawn(&fate));
        set(&mut settings);
        fate.note(format_args!("{settings:?}"));
        let moved_days = i64::try_from(fate.below(20)).expect("small");
        Rc::new(Self {
            clock: Clock::standing_at(Instant::from_micros(BEGIN_MICROS)),
            ledger: RefCell::default(),
            moved_micros: Cell::new(moved_days * 86_400_000_000),
            settings,
            counts: RefCell::default(),
            fate,
            disk,
        })
    }

    /// One process on a runtime of its own, which ends with it.
    fn live<F: Future<Output = Lived> + 'static>(
        self: &Rc<Self>,
        life: impl FnOnce(Rc<Self>) -> F,
    ) {
        if self.is_broken() {
            return;
        }
        let runtime = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_time().start_paused(true).build().expect("a runtime")
        };
        let system = System::with_tokio_rt(runtime);
        let world = Rc::clone(self);
        let end = system.block_on(async move {
            world.fate.begin_process();
            let end = life(Rc::clone(&world)).await;
            world.fate.end_process();
            end
        });
        drop(system);
        self.disk.end(end);
        let mut counts = self.counts.borrow_mut();
        counts.lives += 1;
        counts.kills += u64::from(end == End::Killed);
        counts.power_cuts += u64::from(end == End::PowerCut);
    }

    /// The disk was full for a while, and has room again.
    pub fn filled(&self) {
        self.counts.borrow_mut().fills += 1;
    }

    fn is_broken(&self) -> bool {
        !self.ledger.borrow().violations.is_empty()
    }

    fn verdict(&self) -> Result<Whole, Broken> {
        let ledger = self.ledger.borrow();
        let (violations, trace) = (ledger.violations.clone(), self.fate.trace());
        if !violations.is_empty() {
            return Err(Broken { violations, trace });
        }
        let mut counts = *self.counts.borrow();
        ledger.count(&mut counts);
        Ok(Whole { fingerprint: self.fate.fingerprint(), counts, trace })
    }

    /// The clocks show what time it is.
    pub fn tick(&self) {
        let since = i64::try_from(self.fate.now_ms()).expect("short") * 1_000;
        self.clock.set(Instant::from_micros(BEGIN_MICROS + since + self.moved_micros.get()));
    }

    /// A month was closed to its end.
    pub fn closed(&self) {
        self.counts.borrow_mut().closes += 1;
    }

    pub fn violation(&self, what: String) {
        self.fate.note(format_args!("WRONG {what}"));
        self.ledger.borrow_mut().violation(what);
    }

    /// A server that opened the store and was found whole; none where it could not, for a fault.
    async fn start(&self) -> Option<Process> {
        self.tick();
        let faults = self.disk.faults();
        match Process::start(&self.fate, &self.disk, &self.clock, self.settings).await {
            Ok(process) => Some(process),
            Err(error) => {
                self.fate.note(format_args!("it does not open: {error}"));
                if self.disk.faults() == faults {
                    self.violation(format!("the store does not open: {error}"));
                }
                self.counts.borrow_mut().failed_openings += 1;
                None
            }
        }
    }

    async fn check(&self, process: &Process) {
        let faults = check(process, &self.disk, &self.ledger).await;
        if self.disk.is_gone() || process.has_failed() {
            return;
        }
        for fault in faults {
            self.violation(fault);
        }
    }

    /// Clients, faults, and an end at any moment.
    async fn eventful(self: Rc<Self>, first: bool) -> Lived {
        if !first && self.fate.percent(20) {
            self.go_wrong(8);
        }
        let Some(process) = self.start().await else { return self.abrupt_end() };
        let process = Rc::new(process);
        self.check(&process).await;
        let client = |number| Client::new(&self, &process, number);
        if first {
            client(0).open_lines().await;
        }
        if self.fate.percent(80) {
            self.go_wrong(if first { 120 } else { 80 });
        }
        self.disk.slow_down(self.fate.pick(&[0, 0, 10, 50]));
        let clients = (1..=CLIENTS).map(|number| client(number).act(ACTIONS));
        let mut clients = std::pin::pin!(join_all(clients));
        let (to_the_end, is_orderly) = (self.fate.percent(40), self.fate.percent(50));
        let limit =
            if to_the_end { FOR_EVER } else { Duration::from_millis(self.fate.below(4_000)) };
        let deadline = tokio::time::sleep(limit);
        let over = select(process.ended().boxed_local(), deadline.boxed_local());
        let all_done = matches!(select(&mut clients, over).await, Either::Left(_));
        if to_the_end && !all_done && !self.disk.is_gone() && !process.has_failed() {
            self.violation("somebody was never answered".into());
        }
        if is_orderly && !all_done && !self.disk.is_gone() && !process.has_failed() {
            return self.stop_under_way(&process, clients).await;
        }
        if process.has_failed() {
            // A process that answers anybody now is found out.
            let _ = tokio::time::timeout(AFTER_FAILURE, &mut clients).await;
            self.counts.borrow_mut().failed_commits += 1;
            return self.abrupt_end();
        }
        if all_done && !self.disk.is_gone() {
            // What impatient clients asked for is still under way.
            tokio::time::sleep(SETTLES).await;
            self.check(&process).await;
        }
        if self.disk.is_gone() || process.has_failed() || !all_done || self.fate.percent(50) {
            return self.abrupt_end();
        }
        self.stop(&process).await
    }

    /// Something goes wrong within so many operations.
    fn go_wrong(&self, within: u64) {
        let sticky = self.fate.percent(50);
        let kind = self.fate.pick(&[ErrorKind::Other, ErrorKind::StorageFull]);
        let fails = self.fate.percent(35);
        let fault = |at| {
            if fails { Fault::Fails { at, sticky, kind } } else { Fault::Gone { at } }
        };
        self.disk.plan(fault, self.fate.below(within));
    }

    fn abrupt_end(&self) -> Lived {
        self.fate.pick(&[End::Killed, End::PowerCut, End::PowerCut])
    }

    /// A stop in order while clients are in flight, as the product does it: nobody begins anything any
    /// more, what is under way is answered, what was committed is kept.
    async fn stop_under_way(
        &self,
        process: &Process,
        clients: impl Future<Output = Vec<()>>,
    ) -> Lived {
        self.fate.note("a stop begins");
        process.stopping.set(true);
        let clients = std::pin::pin!(clients);
        let ended = select(process.ended().boxed_local(), clients);
        let answered = tokio::time::timeout(FOR_EVER, ended).await;
        if self.disk.is_gone() || process.has_failed() {
            return self.abrupt_end();
        }
        if !matches!(answered, Ok(Either::Right(_))) {
            self.violation("somebody was not answered by a server that stops in order".into());
        }
        self.counts.borrow_mut().orderly += 1;
        self.stop(process).await
    }

    /// A stop in order: what a power cut after it loses is nothing.
    async fn stop(&self, process: &Process) -> Lived {
        let faults = self.disk.faults();
        match process.close().await {
            Ok(()) => self.fate.pick(&[End::Stopped, End::PowerCut]),
            Err(error) => {
                if self.disk.faults() == faults {
                    self.violation(format!("it does not stop: {error}"));
                }
                self.abrupt_end()
            }
        }
    }

    /// Commands race on one line after the other (reliability.md 22).
    async fn races(self: Rc<Self>, lines: u64) -> Lived {
        let Some(process) = self.start().await else { return End::Killed };
        let process = Rc::new(process);
        for line in 1..=lines {
            Client::new(&self, &process, 0).race(line).await;
        }
        self.check(&process).await;
        self.abrupt_end()
    }

    /// Changes past the actors, whose askers go away.
    async fn leaves(self: Rc<Self>, times: u64) -> Lived {
        let Some(process) = self.start().await else { return End::Killed };
        let process = Rc::new(process);
        let client = Client::new(&self, &process, 1);
        client.open_lines().await;
        for _ in 0..times {
            // All lines sleep, then some wake while they are changed.
            tokio::time::sleep(SETTLES).await;
            client.leave_a_change().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.check(&process).await;
        }
        self.abrupt_end()
    }

    /// Nothing goes wrong: all is whole, every order that nobody knows of is answered, and a stop
    /// keeps everything.
    async fn quiet(self: Rc<Self>) -> Lived {
        let Some(process) = self.start().await else { return End::Killed };
        let process = Rc::new(process);
        self.check(&process).await;
        Client::new(&self, &process, 0).press_again().await;
        self.check(&process).await;
        self.stop(&process).await
    }
}
