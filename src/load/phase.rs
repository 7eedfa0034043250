//! A part of a run with one load: how it is laid out, and how it is done.

use super::{
    arrivals::{Arrivals, Spacing},
    client::{Client, Trouble},
    fault::Fault,
    http::Broken,
    random::Random,
    recorder::Place,
    scenario::{
        Mix, Scenario,
        attack::{AttackKind, AttackersTab},
    },
    timer::Timer,
    world::World,
};
use serde::Serialize;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    io,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

/// Slow clients at once at most; each of them has a connection of its own.
const MOST_SLOW: usize = 256;
/// A warm-up has no more than one part of so many of what a closed loop may use.
const WARMUP_PART: u64 = 4;
/// So many turns of each client are enough for a rate.
const ENOUGH_TURNS: u64 = 10;

/// How starts come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Load {
    /// Whatever the server does: at a rate that goes evenly from one to the other.
    Open {
        /// Starts a second at the beginning.
        from_per_s: f64,
        /// Starts a second at the end.
        to_per_s: f64,
    },
    /// As fast as so many clients are answered, each with one request under way.
    Closed {
        /// How many.
        clients: usize,
    },
}

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phase {
    /// Its name, for people.
    pub label: String,
    /// Its load in per cent of the capacity, on a ladder.
    pub percent: Option<u32>,
    /// How starts come.
    pub load: Load,
    /// The time before anything is measured.
    #[serde(rename = "warmup_s", serialize_with = "seconds")]
    pub warmup: Duration,
    /// The measured time.
    #[serde(rename = "duration_s", serialize_with = "seconds")]
    pub duration: Duration,
    /// Whether it was the search for the capacity, which is no result.
    pub is_probe: bool,
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// An intended start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// When, after the phase's beginning.
    pub at: Duration,
    /// What.
    pub scenario: Scenario,
}

/// The intended starts of a phase with an open loop: the same for the same seed.
pub struct Schedule<'a> {
    arrivals: Arrivals,
    mix: &'a Mix,
    random: Random,
}

impl Iterator for Schedule<'_> {
    type Item = Start;

    fn next(&mut self) -> Option<Start> {
        let at = self.arrivals.next()?;
        let scenario = self.mix.at(self.random.below(self.mix.weight()));
        Some(Start { at, scenario })
    }
}

/// How many of what is prepared are enough to measure a closed loop of so many clients.
pub const fn enough_for(clients: usize) -> u64 {
    clients as u64 * ENOUGH_TURNS
}

impl Phase {
    /// The whole time of the phase.
    pub fn length(&self) -> Duration {
        self.warmup + self.duration
    }

    /// Its intended starts; none where clients set the pace. `number` is the phase's place in the run.
    pub fn schedule<'a>(
        &self,
        mix: &'a Mix,
        spacing: Spacing,
        seed: u64,
        number: usize,
    ) -> Option<Schedule<'a>> {
        let Load::Open { from_per_s, to_per_s } = self.load else { return None };
        let stream = number as u64 * 2;
        let random = Random::new(seed, 0xA000 + stream);
        let arrivals = Arrivals::new((from_per_s, to_per_s), self.length(), spacing, random);
        Some(Schedule { arrivals, mix, random: Random::new(seed, 0xA001 + stream) })
    }

    /// How many starts of each scenario there will be.
    pub fn starts(&self, mix: &Mix, spacing: Spacing, seed: u64, number: usize) -> Starts {
        let mut starts = Starts::new();
        for start in self.schedule(mix, spacing, seed, number).into_iter().flatten() {
            *starts.entry(start.scenario).or_default() += 1;
        }
        starts
    }
}

/// How many starts of each scenario.
pub type Starts = BTreeMap<Scenario, u64>;

/// What ends a phase before all is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Nothing.
    No,
    /// The time for what is under way is over.
    Overdue,
    /// Somebody ended the run.
    Interrupted,
}

/// An intended start that is due.
#[derive(Clone, Copy)]
struct Job {
    due: Instant,
    /// When the generator noticed that it is due.
    noticed: Instant,
    place: Place,
}

/// Intended starts that wait for a free client.
#[derive(Default)]
struct Queue {
    jobs: RefCell<VecDeque<Job>>,
    more: Notify,
    is_over: Cell<bool>,
}

/// What a phase's clients share.
struct Stage {
    queue: Queue,
    number: usize,
    /// When what is measured begins and ends; sooner where the warm-up has used its part.
    window: Cell<(Instant, Instant)>,
    /// Told when it begins sooner.
    sooner: Notify,
    /// What a closed loop may use of each scenario that needs something prepared.
    shares: Starts,
    stop: watch::Receiver<Stop>,
    /// Slow clients, each beside the others.
    slow: RefCell<Vec<JoinHandle<()>>>,
    /// When what was prepared for the phase was used up, if it was.
    used_up: Cell<Option<Instant>>,
    /// How many ended within the measured time.
    ended: Cell<u64>,
    world: Rc<World>,
}

/// When a phase begins, and its measured time.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// When it began.
    pub began: Instant,
    /// When what is measured begins and ends.
    pub window: (Instant, Instant),
}

/// A phase under way.
pub struct Running {
    /// When it began.
    pub began: Instant,
    stage: Rc<Stage>,
    workers: Vec<JoinHandle<Client>>,
}

impl Running {
    /// Begins a phase, the clients waiting for work.
    pub fn begin(
        world: &Rc<World>,
        (phase, number): (&Phase, usize),
        clients: Vec<Client>,
        mix: &Rc<Mix>,
        stop: watch::Receiver<Stop>,
    ) -> Self {
        let began = Instant::now();
        let is_closed = matches!(phase.load, Load::Closed { .. });
        let shares = [Scenario::Press, Scenario::Cancellation].into_iter();
        let shares = shares.filter(|_| is_closed).filter_map(|one| Some((one, left(world, one)?)));
        let stage = Rc::new(Stage {
            queue: Queue::default(),
            number,
            window: Cell::new((began + phase.warmup, began + phase.length())),
            sooner: Notify::new(),
            shares: shares.collect(),
            stop,
            slow: RefCell::default(),
            used_up: Cell::new(None),
            ended: Cell::new(0),
            world: Rc::clone(world),
        });
        let work = |client| {
            let (stage, mix) = (Rc::clone(&stage), Rc::clone(mix));
            actix_rt::spawn(async move {
                if is_closed {
                    pull(client, &stage, &mix).await
                } else {
                    serve(client, &stage).await
                }
            })
        };
        let workers = clients.into_iter().map(work).collect();
        Self { began, stage, workers }
    }

    /// Makes each intended start known when it is due, until the phase is over.
    pub async fn pace(&self, schedule: Schedule<'_>) -> io::Result<()> {
        let timer = Timer::new()?;
        for start in schedule {
            let due = self.began + start.at;
            timer.until(due).await?;
            self.stage.ask(due, start.scenario);
        }
        timer.until(self.window().1).await
    }

    /// Waits for the end of a phase whose clients set the pace; also where what was prepared for it is
    /// used up.
    pub async fn wait(&self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(self.window().1.into()) => return,
                () = self.stage.sooner.notified() => {}
            }
        }
    }

    /// How many intended starts wait for a client.
    pub fn waiting(&self) -> u64 {
        self.stage.queue.jobs.borrow().len() as u64
    }

    /// When what was prepared was used up, if it was: nothing is begun from then on.
    pub fn used_up(&self) -> Option<Instant> {
        self.stage.used_up.get()
    }

    /// How many ended within the measured time so far, however they did.
    pub fn ended(&self) -> u64 {
        self.stage.ended.get()
    }

    /// When what is measured begins and ends.
    pub fn window(&self) -> (Instant, Instant) {
        self.stage.window.get()
    }

    /// When it began and what of it is measured, as far as is known.
    pub fn times(&self) -> Times {
        Times { began: self.began, window: self.window() }
    }

    /// No more is begun; what waits is told as not begun.
    pub fn close(&self) {
        let queue = &self.stage.queue;
        queue.is_over.set(true);
        let mut recorder = self.stage.world.recorder.borrow_mut();
        queue.jobs.borrow_mut().drain(..).for_each(|job| recorder.not_begun(job.place));
        drop(recorder);
        queue.more.notify_waiters();
    }

    /// Gives the clients back once they have ended what they do.
    pub async fn end(self) -> Vec<Client> {
        let mut clients = Vec::with_capacity(self.workers.len());
        for worker in self.workers {
            // A client that panicked is lost; its job stands in the record as under way.
            clients.extend(worker.await);
        }
        let slow = self.stage.slow.take();
        for client in slow {
            let _ = client.await;
        }
        clients
    }
}

impl Stage {
    fn ask(&self, due: Instant, scenario: Scenario) {
        let measured = due >= self.window.get().0;
        let place = Place { phase: self.number, scenario, measured };
        let noticed = Instant::now();
        let lag = noticed.saturating_duration_since(due);
        self.world.recorder.borrow_mut().asked(place, lag);
        self.queue.jobs.borrow_mut().push_back(Job { due, noticed, place });
        // The connection that was used last is taken first, as pools of HTTP clients do: so there are as
        // many warm ones as are needed, and the others rest.
        self.queue.more.notify_last();
    }

    /// Whether one more slow client may begin; those that have ended are forgotten.
    fn has_room_for_slow(&self) -> bool {
        let mut slow = self.slow.borrow_mut();
        if slow.len() >= MOST_SLOW {
            slow.retain(|client| !client.is_finished());
        }
        slow.len() < MOST_SLOW
    }

    /// Whether a moment is of the measured time, which is over where what was prepared is used up.
    fn is_in_window(&self, now: Instant) -> bool {
        let (begins, ends) = self.window.get();
        let end = self.used_up.get().unwrap_or(ends).min(ends);
        (begins..=end).contains(&now)
    }

    /// Ends the warm-up where one more start in it would take more than its part of what was prepared: the
    /// rest is there to be measured, for as long as was meant.
    fn spare(&self, scenario: Scenario, now: Instant) {
        let (begins, ends) = self.window.get();
        let share = self.shares.get(&scenario).copied().filter(|_| now < begins);
        let Some((share, left)) = share.zip(left(&self.world, scenario)) else { return };
        let used = share.saturating_sub(left);
        if (used + 1) * WARMUP_PART > share {
            self.window.set((now, now + ends.saturating_duration_since(begins)));
            self.sooner.notify_one();
        }
    }
}

/// Takes what is due until nothing more is.
async fn serve(mut client: Client, stage: &Rc<Stage>) -> Client {
    let mut open = None;
    loop {
        let job = stage.queue.jobs.borrow_mut().pop_front();
        match job {
            Some(job) => run(&mut client, stage, &job, &mut open).await,
            None if stage.queue.is_over.get() => return client,
            None => {
                let more = stage.queue.more.notified();
                tokio::pin!(more);
                // Who waits from here on misses no end.
                more.as_mut().enable();
                if !stage.queue.is_over.get() && stage.queue.jobs.borrow().is_empty() {
                    more.await;
                }
            }
        }
    }
}

/// Begins the next as soon as the last is done.
async fn pull(mut client: Client, stage: &Rc<Stage>, mix: &Mix) -> Client {
    let mut open = None;
    loop {
        let due = Instant::now();
        if stage.queue.is_over.get() || due >= stage.window.get().1 {
            return client;
        }
        let scenario = mix.at(client.random.below(mix.weight()));
        if left(&stage.world, scenario) == Some(0) {
            stage.used_up.set(stage.used_up.get().or(Some(due)));
            return client;
        }
        stage.spare(scenario, due);
        let measured = due >= stage.window.get().0;
        let place = Place { phase: stage.number, scenario, measured };
        stage.world.recorder.borrow_mut().asked(place, Duration::ZERO);
        run(&mut client, stage, &Job { due, noticed: due, place }, &mut open).await;
    }
}

/// How many that were prepared are left for this phase; none of a scenario that needs nothing.
fn left(world: &World, scenario: Scenario) -> Option<u64> {
    let stock = world.stock.borrow();
    let there = match scenario {
        Scenario::Press => stock.confirmable.len(),
        Scenario::Cancellation => stock.contracts.len(),
        _ => return None,
    };
    Some((there as u64).saturating_sub(stock.kept))
}

async fn run(client: &mut Client, stage: &Rc<Stage>, job: &Job, open: &mut Option<AttackersTab>) {
    let Job { due, noticed, place } = *job;
    stage.world.recorder.borrow_mut().begun(place, noticed.elapsed());
    (client.place, client.due) = (Some(place), due);
    let attack = (place.scenario == Scenario::Attack).then(|| client.next_attack());
    if attack == Some(AttackKind::Slow) && stage.has_room_for_slow() {
        begin_slow(client, stage, *job);
    } else {
        watched(client, stage, job, attack, open).await;
    }
}

/// Does it, unless the run is stopped meanwhile, and writes down how it ended.
async fn watched(
    client: &mut Client,
    stage: &Stage,
    job: &Job,
    attack: Option<AttackKind>,
    open: &mut Option<AttackersTab>,
) {
    let mut stop = stage.stop.clone();
    let ended = tokio::select! {
        ended = act(client, job.place.scenario, attack, open) => Ok(ended),
        stopped = stop.wait_for(|stop| *stop != Stop::No) => {
            Err(stopped.map_or(Stop::Overdue, |stop| *stop))
        }
    };
    note(client, stage, job, ended);
}

async fn act(
    client: &mut Client,
    scenario: Scenario,
    attack: Option<AttackKind>,
    open: &mut Option<AttackersTab>,
) -> Result<(), Trouble> {
    match scenario {
        Scenario::Login => client.login().await,
        Scenario::Purchase => client.purchase().await,
        Scenario::Press => client.press_ready().await,
        Scenario::Cancellation => client.cancel().await,
        Scenario::Statement => client.statement().await,
        Scenario::Portal => client.portal().await,
        Scenario::Attack => client.attack(attack.unwrap_or(AttackKind::Guess), open).await,
    }
}

/// A slow client holds a connection of its own for seconds, and nobody waits for it.
fn begin_slow(client: &mut Client, stage: &Rc<Stage>, job: Job) {
    let mut slow = Client::new(&stage.world, None, client.random.bits());
    (slow.place, slow.due) = (Some(job.place), job.due);
    let shared = Rc::clone(stage);
    let task = actix_rt::spawn(async move {
        watched(&mut slow, &shared, &job, Some(AttackKind::Slow), &mut None).await;
    });
    stage.slow.borrow_mut().push(task);
}

/// Writes down how it ended.
fn note(client: &mut Client, stage: &Stage, job: &Job, ended: Result<Result<(), Trouble>, Stop>) {
    let Job { due, place, .. } = *job;
    let now = Instant::now();
    let took = now.saturating_duration_since(due);
    let in_window = stage.is_in_window(now);
    stage.ended.set(stage.ended.get() + u64::from(in_window));
    let mut recorder = stage.world.recorder.borrow_mut();
    match ended {
        Ok(Ok(())) => recorder.ok(place, took, in_window),
        Ok(Err(Trouble { step, fault })) => recorder.not_ok(place, step, &fault, took),
        Err(stop) => {
            // Half an answer may still come.
            client.connection.close();
            match stop {
                Stop::Interrupted | Stop::No => recorder.cut(place),
                Stop::Overdue => {
                    recorder.not_ok(place, client.at, &Fault::Broken(Broken::Timeout), took);
                }
            }
        }
    }
}
