//! Whoever asks the server something: sends it, waits as long as they have patience, and writes down
//! what they were told.

use super::{process::Process, world::World};
use ipnetwork::IpNetwork;
use linepass::{
    actors::{
        LineError,
        change::{Change, What},
        line::{Answer, LineView},
    },
    domain::{
        ids::CustomerId,
        line::{By, command::LoggedIn},
    },
    store::{Stream, key},
};
use std::{net::IpAddr, rc::Rc, time::Duration};

/// A client that waits to the end.
const PATIENT: Duration = Duration::from_hours(1);

/// One of those who ask.
pub struct Client {
    pub world: Rc<World>,
    pub process: Rc<Process>,
    number: usize,
}

/// Which way a change goes.
#[derive(Clone, Copy)]
pub enum Way {
    /// To the line's actor.
    Actor,
    /// Past it, where the line sleeps.
    Bulk,
    /// Past it, with prefixes taken from other lines.
    Taking,
}

impl Client {
    pub fn new(world: &Rc<World>, process: &Rc<Process>, number: usize) -> Self {
        Self { world: Rc::clone(world), process: Rc::clone(process), number }
    }

    /// Who it is, in the trace.
    pub const fn name(&self) -> usize {
        self.number
    }

    /// Asks for a change and writes down what came of it.
    pub async fn submit(
        &self,
        kind: &str,
        line: CustomerId,
        (what, by, source): (What, By, Option<IpAddr>),
        way: Way,
    ) -> Option<Answer> {
        let world = &self.world;
        let of_many = matches!(way, Way::Taking);
        let id = world.ledger.borrow_mut().begin(kind, of_many);
        if let (What::Register(registration), Some(attempt)) =
            (&what, world.ledger.borrow_mut().attempts.get_mut(&id))
        {
            attempt.name = Some(format!("{:?}", registration.name_hash));
        }
        world.fate.note(format_args!("client {} {id} of {line}", self.number));
        let change = Change { what, by, source, request_id: Some(id.clone()) };
        let patience = self.patience();
        let answer = tokio::time::timeout(patience, self.send(line, change, way)).await;
        if world.disk.is_gone() {
            return None;
        }
        let Ok(answer) = answer else {
            world.fate.note(format_args!("{id}: no answer"));
            if patience == PATIENT && !self.process.has_failed() {
                world.violation(format!("{id} was never answered"));
            }
            return None;
        };
        world.fate.note(format_args!("{id}: {}", told(&answer)));
        let has_faults = world.disk.faults() > self.process.faults_before;
        world.ledger.borrow_mut().answered(&id, line, &answer, (&world.disk, has_faults));
        Some(answer)
    }

    pub async fn send(&self, line: CustomerId, change: Change, way: Way) -> Answer {
        match way {
            Way::Actor => self.process.lines.make(line, change).await,
            Way::Bulk => self.process.bulk.make(line, change).await,
            Way::Taking => {
                let moved = self.process.bulk.make_taking(line, &change).await;
                moved.map(|moved| moved.done)
            }
        }
    }

    pub fn patience(&self) -> Duration {
        let impatient = self.number > 0 && self.world.fate.percent(15);
        if impatient { Duration::from_millis(1 + self.world.fate.below(20)) } else { PATIENT }
    }

    /// How a line stands; whoever is told must be told of what is durable.
    pub async fn look(&self, line: CustomerId) -> Option<LineView> {
        let view = self.process.lines.look(line).await;
        if self.world.disk.is_gone() || self.process.has_failed() {
            return None;
        }
        match view {
            Ok(view) => {
                let last = key::event(&Stream::Line(line), view.seq);
                if view.seq > 0 && !self.world.disk.keeps(&last) {
                    self.world.violation(format!("{line} told of event {} too early", view.seq));
                }
                Some(view)
            }
            Err(error) => {
                if matches!(&*error, LineError::Store(_) | LineError::Stopping) {
                    self.world.violation(format!("{line} cannot be looked at: {error}"));
                }
                None
            }
        }
    }

    /// One of the line's live IDs, logged in from the line.
    pub async fn log_in(&self, line: CustomerId) -> Option<(LoggedIn, Option<IpAddr>)> {
        let view = self.look(line).await?;
        let stands = view.line.as_deref()?;
        let live: Vec<LoggedIn> = stands
            .live_passports()
            .map(|id| LoggedIn { passport: id.number, epoch: id.epoch })
            .collect();
        if live.is_empty() {
            return None;
        }
        let source = stands.networks.first().map(IpNetwork::network);
        Some((live[self.world.fate.index(live.len())], source))
    }
}

fn told(answer: &Answer) -> String {
    match answer {
        Ok(done) if done.repeated => "made before".into(),
        Ok(done) if done.entry.events.is_empty() => "nothing to do".into(),
        Ok(_) => "made".into(),
        Err(error) => error.to_string(),
    }
}
