//! Which lines of this Arbiter are awake. A line wakes when it is first asked something, and sleeps
//! when nobody has asked it for a while: a sleeping line costs no memory.
//!
//! ```text
//!            ask                      sleep?                    asleep, nothing came
//! (asleep) ───────▶ Active ───────────────────▶ Stopping ──────────────────────────▶ (asleep)
//!                     ▲    still busy, or asked    │ what comes meanwhile is kept
//!                     └────────────────────────────┘ and handed on: no message is lost
//! ```
//!
//! Messages to one actor arrive in order, so when a line is asked to sleep everything that was
//! handed to it before has arrived.

use super::line::{Ask, LineActor, LineServices, Sleep};
use crate::domain::ids::CustomerId;
use actix::prelude::*;
use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};

/// The directory of one Arbiter. That two activations of one line cannot both commit is the
/// store's business (`expect`), never this one's.
pub struct Directory {
    services: Arc<LineServices>,
    awake: HashMap<CustomerId, Entry>,
}

struct Entry {
    line: Addr<LineActor>,
    last_asked: Instant,
    /// What came since the line was asked to sleep; `None` while it is not.
    stopping: Option<Vec<Ask>>,
}

impl Directory {
    /// An empty directory.
    pub fn new(services: Arc<LineServices>) -> Self {
        Self { services, awake: HashMap::new() }
    }

    /// Asks lines that nobody has asked for a while whether they can sleep.
    fn put_to_sleep(&mut self, ctx: &mut Context<Self>) {
        let idle = self.services.idle_before_sleep;
        let directory = ctx.address().recipient();
        let now = Instant::now();
        let is_due = |entry: &Entry| {
            let can_be_asked = entry.stopping.is_none() && entry.line.connected();
            can_be_asked && now.duration_since(entry.last_asked) >= idle
        };
        let mut due: Vec<_> = self.awake.iter_mut().filter(|(_, entry)| is_due(entry)).collect();
        // In an order that the map's own hashing has no part in: a schedule can be made again.
        due.sort_unstable_by_key(|(customer, _)| **customer);
        for (_, entry) in due {
            entry.stopping = Some(Vec::new());
            entry.line.do_send(Sleep { directory: directory.clone() });
        }
    }

    /// The line's entry, woken if it sleeps. An actor that ended by a panic is replaced: what it
    /// had taken is lost with it, what comes from now on is not.
    fn wake(&mut self, customer: CustomerId) -> &mut Entry {
        if self.awake.get(&customer).is_some_and(|entry| !entry.line.connected()) {
            self.awake.remove(&customer);
            self.services.awake_lines.fetch_sub(1, Ordering::Relaxed);
            tracing::error!(line = %customer, "the line's actor had ended; it is woken again");
        }
        let services = &self.services;
        self.awake.entry(customer).or_insert_with(|| {
            services.awake_lines.fetch_add(1, Ordering::Relaxed);
            let line = LineActor::new(customer, Arc::clone(services)).start();
            Entry { line, last_asked: Instant::now(), stopping: None }
        })
    }
}

impl Actor for Directory {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        const SHORTEST: Duration = Duration::from_millis(1);
        let every = (self.services.idle_before_sleep / 2).max(SHORTEST);
        ctx.run_interval(every, Self::put_to_sleep);
    }
}

/// Something to ask a line.
pub struct Route {
    /// Which line.
    pub customer: CustomerId,
    /// What.
    pub ask: Ask,
}

impl Message for Route {
    type Result = ();
}

impl Handler<Route> for Directory {
    type Result = ();

    fn handle(&mut self, Route { customer, ask }: Route, _: &mut Self::Context) {
        let entry = self.wake(customer);
        entry.last_asked = Instant::now();
        match &mut entry.stopping {
            Some(kept) => kept.push(ask),
            // The sender's bound is the door's counter; `do_send` passes no mailbox by that matters.
            None => entry.line.do_send(ask),
        }
    }
}

/// Whether a line is awake now, for whoever would otherwise go past its actor.
pub struct IsAwake {
    /// Which line.
    pub customer: CustomerId,
    /// Who waits for the answer.
    pub reply: oneshot::Sender<bool>,
}

impl Message for IsAwake {
    type Result = ();
}

impl Handler<IsAwake> for Directory {
    type Result = ();

    fn handle(&mut self, IsAwake { customer, reply }: IsAwake, _: &mut Self::Context) {
        // Whoever asked may have gone away.
        let _ = reply.send(self.awake.contains_key(&customer));
    }
}

/// Has a line read itself again, where it is awake: one that sleeps reads itself when it wakes.
pub struct Refresh {
    /// Which line.
    pub customer: CustomerId,
    /// Who waits until it has.
    pub reply: oneshot::Sender<()>,
}

impl Message for Refresh {
    type Result = ();
}

impl Handler<Refresh> for Directory {
    type Result = ();

    fn handle(&mut self, Refresh { customer, reply }: Refresh, _: &mut Self::Context) {
        let Some(entry) = self.awake.get_mut(&customer) else {
            // Whoever asked may have gone away.
            let _ = reply.send(());
            return;
        };
        let ask = Ask::Refresh(reply);
        match &mut entry.stopping {
            Some(kept) => kept.push(ask),
            None => entry.line.do_send(ask),
        }
    }
}

/// A line's answer to [`Sleep`].
pub struct Rested {
    /// Which line.
    pub customer: CustomerId,
    /// Whether it sleeps now; otherwise it had something to do.
    pub asleep: bool,
}

impl Message for Rested {
    type Result = ();
}

impl Handler<Rested> for Directory {
    type Result = ();

    fn handle(&mut self, Rested { customer, asleep }: Rested, _: &mut Self::Context) {
        let Some(entry) = self.awake.get_mut(&customer) else { return };
        let kept = entry.stopping.take().unwrap_or_default();
        if asleep {
            self.awake.remove(&customer);
            self.services.awake_lines.fetch_sub(1, Ordering::Relaxed);
        }
        if kept.is_empty() {
            return;
        }
        let entry = self.wake(customer);
        for ask in kept {
            entry.line.do_send(ask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actors::{line::Look, networks::tests::services},
        store::{Store, memory::MemoryStore},
    };

    #[actix_rt::test]
    async fn what_comes_while_a_line_falls_asleep_is_answered_whether_it_does_or_not() {
        for asleep in [true, false] {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            let (services, customer) = (services(&store), "CAF0000000001".parse().expect("an ID"));
            let (reply, answer) = oneshot::channel();
            let directory = Directory::create(|ctx| {
                let mut directory = Directory::new(Arc::clone(&services));
                directory.wake(customer).stopping = Some(Vec::new());
                directory.handle(Route { customer, ask: Ask::Look(Look(reply)) }, ctx);
                directory.handle(Rested { customer, asleep }, ctx);
                directory
            });
            let view = answer.await.expect("it was handed on").expect("the line is read");
            assert!(view.line.is_none(), "nobody opened it");
            assert_eq!(services.awake_lines.load(Ordering::Relaxed), 1, "asleep: {asleep}");
            drop(directory);
        }
    }
}
