//! The actor of one awake line: it reads the line when it wakes, answers questions from the
//! committed state at once, and takes one change after the other to its end.
//!
//! | file | what |
//! |---|---|
//! | `messages` | what is asked of a line, and what it answers |
//! | `making` | one change, from its turn to its end |

mod making;
mod messages;

pub(super) use making::refused;
pub use messages::{Answer, Ask, Done, LineView, Look, Make, PrivatePassport, Sleep};

use super::{
    LineError, Overload, change::Change, committer::Committer, directory::Rested, reading::Awake,
    receipts::ReceiptNumbers, snapshot::Snapshots,
};
use crate::{
    clock::Clock,
    domain::{
        calendar::Instant,
        ids::CustomerId,
        line::{Line, LineDefaults},
    },
    store::{Store, StoreError},
};
use actix::prelude::*;
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use tokio::sync::oneshot;

/// What all lines use.
pub struct LineServices {
    /// Where lines are read.
    pub store: Arc<dyn Store>,
    /// Where changes go.
    pub committer: Committer,
    /// What time decisions are made at.
    pub clock: Clock,
    /// Receipt numbers.
    pub receipts: ReceiptNumbers,
    /// The rules' configurable numbers.
    pub defaults: LineDefaults,
    /// So many changes of one line may wait.
    pub most_waiting_changes: usize,
    /// How lines are kept short to read.
    pub snapshots: Snapshots,
    /// Where salts come from.
    pub draw_salt: fn() -> [u8; 32],
    /// A line that nobody asks for so long sleeps.
    pub idle_before_sleep: Duration,
    /// How many lines are awake, for metrics.
    pub awake_lines: AtomicUsize,
}

/// The actor.
pub struct LineActor {
    customer: CustomerId,
    services: Arc<LineServices>,
    phase: Phase,
    queue: VecDeque<Pending>,
    /// The change that is being made; its repetitions join it.
    current: Option<Pending>,
    /// Who waits until the line has been read again, from a time after they asked.
    stale: Vec<oneshot::Sender<()>>,
}

enum Phase {
    /// Being read; questions wait.
    Waking(Vec<Look>),
    Awake(Awake),
    /// It could not be read.
    Broken(Arc<LineError>),
}

struct Pending {
    change: Box<Change>,
    replies: Vec<oneshot::Sender<Answer>>,
    /// How often an `expect` on the stream was refused for it.
    overtaken: u32,
}

impl Actor for LineActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Messages are bounded by `most_waiting_changes` and by the door in front of the house.
        ctx.set_mailbox_capacity(64);
        self.wake(ctx);
    }
}

impl Handler<Ask> for LineActor {
    type Result = ();

    fn handle(&mut self, ask: Ask, ctx: &mut Self::Context) {
        match ask {
            Ask::Look(look) => self.look(look),
            Ask::Make(make) => self.enqueue(make, ctx),
            Ask::Refresh(reply) => {
                self.stale.push(reply);
                self.next(ctx);
            }
        }
    }
}

impl Handler<Sleep> for LineActor {
    type Result = ();

    fn handle(&mut self, Sleep { directory }: Sleep, ctx: &mut Self::Context) {
        let asleep = self.is_idle();
        if asleep {
            self.keep_before_sleep();
        }
        directory.do_send(Rested { customer: self.customer, asleep });
        if asleep {
            ctx.stop();
        }
    }
}

impl LineActor {
    /// Nothing is under way and nothing waits: whatever was asked is answered.
    fn is_idle(&self) -> bool {
        let waking = matches!(self.phase, Phase::Waking(_));
        !waking && self.current.is_none() && self.queue.is_empty() && self.stale.is_empty()
    }

    /// Falling asleep with much that is new would make the next waking read it all again.
    fn keep_before_sleep(&mut self) {
        let Phase::Awake(Awake { line: Some(line), place, .. }) = &mut self.phase else { return };
        if let Some(due) = self.services.snapshots.before_sleep(line, place) {
            // The line ends here: whether there was room is known to nobody any more.
            self.services.committer.offer(due.batch);
        }
    }

    /// An actor for a line that is not awake yet.
    pub fn new(customer: CustomerId, services: Arc<LineServices>) -> Self {
        let phase = Phase::Waking(Vec::new());
        let (queue, stale) = (VecDeque::new(), Vec::new());
        Self { customer, services, phase, queue, current: None, stale }
    }

    fn look(&mut self, look: Look) {
        match &mut self.phase {
            Phase::Waking(waiting) => waiting.push(look),
            Phase::Awake(awake) => answer_look(look, awake),
            Phase::Broken(error) => drop(look.0.send(Err(Arc::clone(error)))),
        }
    }

    /// Puts a change behind the others, or joins it to the same press that is under way.
    fn enqueue(&mut self, Make { change, reply }: Make, ctx: &mut Context<Self>) {
        let mut under_way = self.current.iter_mut().chain(&mut self.queue);
        if let Some(same) = under_way.find(|other| other.change.is_same_press(&change)) {
            same.replies.push(reply);
            return;
        }
        if self.queue.len() >= self.services.most_waiting_changes {
            let busy = LineError::Busy(Overload::LineQueue);
            drop(reply.send(Err(Arc::new(busy))));
            return;
        }
        self.queue.push_back(Pending { change, replies: vec![reply], overtaken: 0 });
        self.next(ctx);
    }

    fn wake(&mut self, ctx: &mut Context<Self>) {
        let services = Arc::clone(&self.services);
        let customer = self.customer;
        // Who asked while an earlier reading was under way waits for this one.
        let stale = std::mem::take(&mut self.stale);
        let reading = async move {
            Awake::read(services.store.as_ref(), customer, &services.snapshots).await
        };
        ctx.spawn(reading.into_actor(self).map(|read, actor, ctx| {
            actor.woken(read, ctx);
            // Whoever asked may have gone away.
            for reply in stale {
                let _ = reply.send(());
            }
        }));
    }

    fn woken(&mut self, read: Result<Awake, StoreError>, ctx: &mut Context<Self>) {
        let phase = match read {
            Ok(awake) => Phase::Awake(awake),
            Err(error) => {
                self.services.committer.figures().unreadable_lines.add();
                tracing::error!(line = %self.customer, %error, "a line cannot be read");
                Phase::Broken(Arc::new(LineError::Store(error)))
            }
        };
        if let Phase::Waking(waiting) = std::mem::replace(&mut self.phase, phase) {
            for look in waiting {
                self.look(look);
            }
        }
        self.next(ctx);
    }

    /// Begins the next change, if none is being made and the line is awake; before that, the line is
    /// read again where somebody asked for it.
    fn next(&mut self, ctx: &mut Context<Self>) {
        if self.current.is_some() || matches!(self.phase, Phase::Waking(_)) {
            return;
        }
        if !self.stale.is_empty() {
            self.phase = Phase::Waking(Vec::new());
            return self.wake(ctx);
        }
        let Some(pending) = self.queue.pop_front() else { return };
        if let Phase::Broken(error) = &self.phase {
            let error = Arc::clone(error);
            answer(pending, Err(error));
            return self.next(ctx);
        }
        self.current = Some(pending);
        self.attempt(ctx);
    }
}

/// The time of an answer or a decision: never before the line's last event.
fn not_before_last_event(line: Option<&Line>, clock_now: Instant) -> Instant {
    line.map_or(clock_now, |line| line.last_event_at.max(clock_now))
}

fn answer_look(look: Look, awake: &Awake) {
    let (line, private) = (awake.line.clone(), Arc::clone(&awake.private));
    let view = LineView { line, seq: awake.place.seq, private };
    // Whoever asked may have gone away.
    drop(look.0.send(Ok(view)));
}

/// Whoever pressed first made the change; the presses that joined it made nothing more.
fn answer(pending: Pending, answer: Answer) {
    let joined = answer.clone().map(|done| Done { repeated: true, ..done });
    let answers = std::iter::once(answer).chain(std::iter::repeat(joined));
    for (reply, answer) in pending.replies.into_iter().zip(answers) {
        // Whoever asked may have gone away; what was committed stays committed.
        drop(reply.send(answer));
    }
}
