//! A run from its first phase to its last.
//!
//! | file | what |
//! |---|---|
//! | `plan` | what a run does: how much of what, over time |
//! | `capacity` | the search for what the server does at most |

mod capacity;
mod plan;

pub use plan::{Plan, Shape};

use super::{
    client::{Client, longest_retries},
    host::{Process, thread_time},
    phase::{Load, Phase, Running, Schedule, Starts, Stop, Times},
    prepare::{PrepareError, prepare},
    recorder::{Counts, Second},
    scenario::Scenario,
    world::World,
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinHandle, time::MissedTickBehavior};

/// A second that begins or ends so little beside the measured time is of it.
const SLACK: Duration = Duration::from_millis(50);

/// Why a run ended before it had anything to tell.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What a phase needs could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The timer or the signals of this machine cannot be used.
    #[error("the generator cannot keep time: {0}")]
    Timer(#[from] io::Error),
    /// The search for the capacity found none.
    #[error(
        "the search for the capacity had no success within {0:?}; --capacity N gives one by hand"
    )]
    NoCapacity(Duration),
    /// The search for the capacity had nothing left before it was measured.
    #[error(
        "the search for the capacity used up the {prepared} that were prepared for it before each client \
         had done one in the measured time; --prepare {enough} would do, --capacity N gives one by hand"
    )]
    UsedUp {
        /// How many were prepared.
        prepared: u64,
        /// How many are enough.
        enough: u64,
    },
}

/// What is seen of a run while it goes on.
pub trait Audience {
    /// So many of so many are prepared.
    fn preparing(&self, scenario: Scenario, done: u64, of: u64);
    /// A second is over.
    fn second(&self, phase: &Phase, elapsed: Duration, second: &Second, all: &Counts);
    /// A phase is over.
    fn phase_over(&self, phase: &Phase, achieved_per_s: f64);
    /// The orders of the run are asked for again, or the invariants are verified.
    fn checking(&self, what: &str, done: u64, of: u64);
}

/// A phase that is over.
#[derive(Debug, Clone)]
pub struct PhaseOver {
    /// How it was laid out.
    pub phase: Phase,
    /// How long it was measured; shorter than planned where it was cut or had nothing left to do.
    pub measured: Duration,
    /// How many ended within that time, however they did.
    pub ended: u64,
    /// Whether what was prepared was used up before its end.
    pub is_used_up: bool,
    /// The share of one processor that the generator's thread had.
    pub generator_cpu: f64,
}

impl PhaseOver {
    /// Whether what was prepared was used up before each client had done one in the measured time: that is
    /// no rate.
    pub const fn is_unmeasured(&self) -> bool {
        self.is_used_up && self.ended < self.clients() as u64
    }

    /// How many clients set its pace; none where starts come by themselves.
    pub const fn clients(&self) -> usize {
        match self.phase.load {
            Load::Closed { clients } => clients,
            Load::Open { .. } => 0,
        }
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct RunOver {
    /// Its phases.
    pub phases: Vec<PhaseOver>,
    /// Whether it was ended before its end.
    pub is_cut: bool,
    /// The capacity that a ladder's steps are part of.
    pub capacity_per_s: Option<f64>,
}

/// A run under way.
pub struct Run<'a> {
    world: &'a Rc<World>,
    plan: &'a Plan,
    audience: &'a dyn Audience,
    server: Option<Process>,
    interrupted: watch::Receiver<bool>,
    stop: watch::Sender<Stop>,
    clients: Vec<Client>,
    /// Clients of the phase before that are still answered.
    stragglers: Vec<JoinHandle<Vec<Client>>>,
    began: Instant,
    seen: Seen,
    over: RunOver,
}

/// What comes after a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Nothing, until all that is under way is answered.
    Rest,
    /// The next one, at once.
    GoOn,
}

/// Processor times when a second was last over.
struct Seen {
    at: Instant,
    generator: Duration,
    server: Option<Duration>,
}

impl<'a> Run<'a> {
    /// A run of this plan; what comes from `interrupted` ends it early, with what it has so far.
    pub fn new(
        world: &'a Rc<World>,
        plan: &'a Plan,
        audience: &'a dyn Audience,
        server: Option<Process>,
        interrupted: watch::Receiver<bool>,
    ) -> Self {
        let seen = Seen { at: Instant::now(), generator: thread_time(), server: None };
        Self {
            world,
            plan,
            audience,
            server,
            interrupted,
            stop: watch::Sender::new(Stop::No),
            clients: Vec::new(),
            stragglers: Vec::new(),
            began: Instant::now(),
            seen,
            over: RunOver { phases: Vec::new(), is_cut: false, capacity_per_s: None },
        }
    }

    /// Does all of it.
    pub async fn go(mut self) -> Result<RunOver, RunError> {
        let plan = self.plan;
        let open = |label: String, percent, (from_per_s, to_per_s)| Phase {
            label,
            percent,
            load: Load::Open { from_per_s, to_per_s },
            warmup: plan.warmup,
            duration: plan.duration,
            is_probe: false,
        };
        let mut aftermath = None;
        let phases = match &plan.shape {
            Shape::Rate { per_s } => vec![open(format!("{per_s}/s"), None, (*per_s, *per_s))],
            Shape::Ramp { from_per_s: from, to_per_s: to } => {
                vec![open(format!("{from} to {to}/s"), None, (*from, *to))]
            }
            Shape::Clients { count } => vec![plan.closed(*count)],
            Shape::Ladder { percents, capacity_per_s } => {
                let capacity = match capacity_per_s {
                    Some(capacity) => *capacity,
                    None => self.probe().await?,
                };
                self.over.capacity_per_s = Some(capacity);
                let rate = |percent: u32| capacity * f64::from(percent) / 100.0;
                let step = |percent: &u32| {
                    open(format!("{percent} %"), Some(*percent), (rate(*percent), rate(*percent)))
                };
                let steps: Vec<Phase> = percents.iter().map(step).collect();
                if percents.iter().any(|percent| *percent > 100) {
                    // Whether the server is back at once when less comes (reliability 31): it has no rest in
                    // between, so what is under way is answered beside what comes.
                    let label = "after it, 50 %".to_owned();
                    let after = open(label, Some(50), (rate(50), rate(50)));
                    aftermath = Some(Phase { warmup: Duration::ZERO, ..after });
                }
                steps
            }
        };
        let last = phases.len().saturating_sub(1);
        for (place, phase) in phases.into_iter().enumerate() {
            let goes_on = place == last && aftermath.is_some();
            self.phase(phase, if goes_on { Then::GoOn } else { Then::Rest }).await?;
            if self.over.is_cut {
                return Ok(self.over);
            }
        }
        if let Some(phase) = aftermath {
            self.phase(phase, Then::Rest).await?;
        }
        Ok(self.over)
    }

    /// Does a phase; how many a second ended as they should.
    async fn phase(&mut self, phase: Phase, then: Then) -> Result<f64, RunError> {
        let number = self.over.phases.len();
        if !self.prepare(&phase, number).await? {
            self.over.is_cut = true;
            return Ok(0.0);
        }
        self.clients_for(match phase.load {
            Load::Closed { clients } => clients,
            Load::Open { .. } => self.plan.connections,
        });
        let clients = std::mem::take(&mut self.clients);
        let (mix, stop) = (Rc::clone(&self.plan.mix), self.stop.subscribe());
        self.look_at_processors();
        let cpu_before = thread_time();
        let running = Running::begin(self.world, (&phase, number), clients, &mix, stop);
        let began = running.began;
        let schedule = phase.schedule(&mix, self.plan.spacing, self.plan.seed, number);
        self.pace(&phase, number, &running, schedule).await?;
        let window = running.window();
        let end = running.used_up().unwrap_or_else(Instant::now).min(window.1);
        let ended = running.ended();
        let is_used_up = running.used_up().is_some();
        let generator_cpu = share(thread_time().saturating_sub(cpu_before), began.elapsed());
        running.close();
        match then {
            Then::Rest => self.drain(&phase, number, running).await,
            Then::GoOn => self.stragglers.push(actix_rt::spawn(running.end())),
        }
        let measured = end.saturating_duration_since(window.0);
        // A warm-up that had used its part was shorter than it was meant to be.
        let phase = Phase { warmup: window.0.saturating_duration_since(began), ..phase };
        let achieved = self.achieved(number, measured);
        self.audience.phase_over(&phase, achieved);
        self.over.phases.push(PhaseOver { phase, measured, ended, is_used_up, generator_cpu });
        Ok(achieved)
    }

    fn achieved(&self, number: usize, measured: Duration) -> f64 {
        let mut recorder = self.world.recorder.borrow_mut();
        let scenarios = recorder.phase(number).scenarios.values();
        let done: u64 = scenarios.map(|scenario| scenario.counts.ok_in_window).sum();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
        let done = done as f64;
        if measured.is_zero() { 0.0 } else { done / measured.as_secs_f64() }
    }

    /// Prepares what the phase needs; false where the run was ended meanwhile.
    async fn prepare(&mut self, phase: &Phase, number: usize) -> Result<bool, RunError> {
        let plan = self.plan;
        let starts = match phase.load {
            Load::Open { .. } => phase.starts(&plan.mix, plan.spacing, plan.seed, number),
            // The search for the capacity has all it uses from before its first loop.
            Load::Closed { .. } if phase.is_probe && number > 0 => Starts::new(),
            Load::Closed { .. } => {
                let parts = plan.mix.parts().iter();
                parts.map(|(scenario, _)| (*scenario, plan.prepare)).collect::<Starts>()
            }
        };
        let told = |scenario, done, of| self.audience.preparing(scenario, done, of);
        let mut interrupted = self.interrupted.clone();
        tokio::select! {
            prepared = prepare(self.world, &starts, plan.sessions, &told) => {
                prepared?;
                Ok(true)
            }
            _ = interrupted.wait_for(|interrupted| *interrupted) => Ok(false),
        }
    }

    /// As many clients as a phase needs; those from before keep their connections.
    fn clients_for(&mut self, count: usize) {
        self.clients.truncate(count);
        while self.clients.len() < count {
            let number = self.clients.len() as u64;
            let source = source(self.plan.sources, number);
            self.clients.push(Client::new(self.world, source, number));
        }
    }

    /// Until the phase is over, a second after the other.
    async fn pace(
        &mut self,
        phase: &Phase,
        number: usize,
        running: &Running,
        schedule: Option<Schedule<'_>>,
    ) -> Result<(), RunError> {
        let pace = async {
            if let Some(schedule) = schedule {
                return running.pace(schedule).await;
            }
            running.wait().await;
            Ok(())
        };
        tokio::pin!(pace);
        let mut ticks = ticks();
        let mut interrupted = self.interrupted.clone();
        loop {
            tokio::select! {
                paced = &mut pace => return Ok(paced?),
                _ = ticks.tick() => self.second(phase, number, running.times(), running.waiting()),
                _ = interrupted.wait_for(|interrupted| *interrupted) => {
                    self.over.is_cut = true;
                    self.stop.send_replace(Stop::Interrupted);
                    return Ok(());
                }
            }
            if running.used_up().is_some() {
                return Ok(());
            }
        }
    }

    /// Until what is under way is answered, or the time for that is over.
    async fn drain(&mut self, phase: &Phase, number: usize, running: Running) {
        let times = running.times();
        // Whoever was told to come again is not late.
        let options = &self.world.options;
        let overdue = tokio::time::sleep(options.timeout + longest_retries(options.retry));
        let stragglers = std::mem::take(&mut self.stragglers);
        let ended = async {
            let mut clients = running.end().await;
            for before in stragglers {
                clients.extend(before.await.into_iter().flatten());
            }
            clients
        };
        tokio::pin!(overdue, ended);
        let mut ticks = ticks();
        let mut is_overdue = false;
        self.clients = loop {
            tokio::select! {
                clients = &mut ended => break clients,
                _ = ticks.tick() => self.second(phase, number, times, 0),
                () = &mut overdue, if !is_overdue => {
                    is_overdue = true;
                    self.stop.send_if_modified(|stop| {
                        let changes = *stop == Stop::No;
                        if changes {
                            *stop = Stop::Overdue;
                        }
                        changes
                    });
                }
            }
        };
        self.second(phase, number, times, 0);
        if !self.over.is_cut {
            self.stop.send_replace(Stop::No);
        }
    }

    /// A second is over.
    fn second(&mut self, phase: &Phase, number: usize, times: Times, waiting: u64) {
        let Times { began, window } = times;
        let now = Instant::now();
        let seen = &self.seen;
        let passed = now.saturating_duration_since(seen.at);
        let generator_cpu = share(thread_time().saturating_sub(seen.generator), passed);
        let server = self.server.and_then(Process::time);
        let server_cpu = server
            .zip(seen.server)
            .map(|(time, before)| share(time.saturating_sub(before), passed));
        let at = now.saturating_duration_since(began);
        let known = Second {
            at_s: now.saturating_duration_since(self.began).as_secs_f64(),
            length_s: passed.as_secs_f64(),
            phase: number,
            measured: now + SLACK >= window.0 + passed.min(at) && now <= window.1 + SLACK,
            waiting,
            generator_cpu,
            server_cpu,
            server_rss_bytes: self.server.and_then(Process::resident_bytes),
            ..Second::default()
        };
        self.look_at_processors();
        let mut recorder = self.world.recorder.borrow_mut();
        let second = recorder.second(known).clone();
        self.audience.second(phase, at, &second, &recorder.all);
    }

    fn look_at_processors(&mut self) {
        let server = self.server.and_then(Process::time);
        self.seen = Seen { at: Instant::now(), generator: thread_time(), server };
    }
}

/// The address that a client's connection comes from: 127.0.0.1 and those after it in turn.
fn source(sources: u8, number: u64) -> Option<IpAddr> {
    if sources <= 1 {
        return None;
    }
    let turn = u8::try_from(number % u64::from(sources)).unwrap_or(0);
    Some(Ipv4Addr::new(127, 0, 0, 1 + turn).into())
}

fn ticks() -> tokio::time::Interval {
    let second = Duration::from_secs(1);
    let mut ticks = tokio::time::interval_at((Instant::now() + second).into(), second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn share(of: Duration, whole: Duration) -> f64 {
    let share = of.as_secs_f64() / whole.as_secs_f64().max(1e-9);
    (share * 1_000.0).round() / 1_000.0
}
