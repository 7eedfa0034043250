//! The actor of one awake line: it reads the line when it wakes, answers questions from the
//! committed state at once, and takes one change after the other to its end.

use super::{
    LineError, Overload,
    change::{self, Change, Prepared},
    committer::{CommitError, Committer},
    directory::Rested,
    orders,
    reading::Awake,
    receipts::{LeaseError, ReceiptNumbers},
    snapshot::Snapshots,
};
use crate::{
    clock::Clock,
    domain::{
        calendar::Instant,
        field::PassportName,
        ids::{CustomerId, PassportNumber, ReceiptNumber},
        line::{Entry, Facts, Line, LineDefaults, Refusal, decide},
        receipt::Completed,
    },
    store::{Batch, Broken, Outcome, PersonalRow, Reservation, Store, StoreError},
};
use actix::prelude::*;
use std::{
    collections::{HashMap, VecDeque},
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

/// A line as it stands, for questions: the rules are asked with it, nothing is changed.
#[derive(Clone)]
pub struct LineView {
    /// The line; `None` where no line has the customer ID.
    pub line: Option<Arc<Line>>,
    /// The last event row that the line is the fold of. It is durable, and whoever reads the
    /// journal beside the line goes no further, so that both tell of the same moment.
    pub seq: u64,
    /// Its IDs' strings and password hashes.
    pub private: Arc<HashMap<PassportNumber, PrivatePassport>>,
}

impl LineView {
    /// The time at which questions about the line are asked, where the clock shows `clock_now`:
    /// never before the line's last event, as for its changes. So a page and the press
    /// that follows it agree on the month.
    pub fn time(&self, clock_now: Instant) -> Instant {
        not_before_last_event(self.line.as_deref(), clock_now)
    }
}

fn not_before_last_event(line: Option<&Line>, clock_now: Instant) -> Instant {
    line.map_or(clock_now, |line| line.last_event_at.max(clock_now))
}

/// What is personal of a passport ID and needed while it is awake.
#[derive(Clone)]
pub struct PrivatePassport {
    /// As entered.
    pub name: PassportName,
    /// The PHC string.
    pub password_hash: String,
}

/// A change that was made, or had been made before by the same press.
#[derive(Debug, Clone)]
pub struct Done {
    /// What happened.
    pub entry: Arc<Entry>,
    /// The completed order, where the change was one.
    pub completed: Option<Completed>,
    /// Whether it had been completed before, or by a press that this one joined.
    pub repeated: bool,
}

/// The answer to a change.
pub type Answer = Result<Done, Arc<LineError>>;

/// A question: how the line stands.
pub struct Look(pub oneshot::Sender<Result<LineView, Arc<LineError>>>);

/// A change to make.
pub struct Make {
    /// What.
    pub change: Box<Change>,
    /// Who waits for the answer.
    pub reply: oneshot::Sender<Answer>,
}

/// One of them.
pub enum Ask {
    /// A question.
    Look(Look),
    /// A change.
    Make(Make),
    /// Somebody changed the line past its actor: it reads itself again, then says so.
    Refresh(oneshot::Sender<()>),
}

/// Asks a line whether it can sleep; it says so to the directory.
pub struct Sleep {
    /// Who asks.
    pub directory: Recipient<Rested>,
}

impl Message for Sleep {
    type Result = ();
}

impl Message for Ask {
    type Result = ();
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

    /// Gathers what the decision needs that is not here, then decides.
    fn attempt(&mut self, ctx: &mut Context<Self>) {
        let Some(current) = &self.current else { return };
        if !current.change.what.takes_receipt() {
            return self.decide(Ok(None), ctx);
        }
        if let Some(receipt) = self.services.receipts.next_at_hand() {
            return self.decide(Ok(Some(receipt)), ctx);
        }
        let services = Arc::clone(&self.services);
        let drawing = async move { services.receipts.next().await };
        ctx.spawn(drawing.into_actor(self).map(|receipt, actor, ctx| actor.decide(receipt, ctx)));
    }

    fn decide(
        &mut self,
        receipt: Result<Option<ReceiptNumber>, LeaseError>,
        ctx: &mut Context<Self>,
    ) {
        let receipt = match receipt {
            Ok(receipt) => receipt,
            Err(LeaseError::Commit(error)) => return self.finish(Err(error.into()), ctx),
            Err(LeaseError::Store(error)) => return self.finish(Err(error.into()), ctx),
        };
        let (Some(current), Phase::Awake(awake)) = (&self.current, &self.phase) else { return };
        let change = &current.change;
        let line = awake.line.as_deref();
        let now = self.now(line);
        let facts = Facts { now, receipt, source: change.source, defaults: self.services.defaults };
        let what = change.what.without_what_stands(&awake.private);
        let Prepared { command, rows } =
            change::prepare(self.customer, line, &what, self.services.draw_salt);
        let events = match decide(line, &command, &facts) {
            Ok(events) => events,
            Err(refusal) => return self.look_for_repetition(refusal, ctx),
        };
        let (by, request_id) = (change.by.clone(), change.request_id.clone());
        let entry = Arc::new(Entry { at: now, by, request_id, events });
        if entry.events.is_empty() {
            return self.finish(Ok(Done { entry, completed: None, repeated: false }), ctx);
        }
        let batch = change::batch(self.customer, line, awake.place.seq, &entry, &what, &rows);
        self.commit(batch, entry, rows, ctx);
    }

    /// The time of the decision, never before the line's last event.
    fn now(&self, line: Option<&Line>) -> Instant {
        let clock_now = self.services.clock.now();
        let now = not_before_last_event(line, clock_now);
        if now > clock_now {
            self.services.committer.figures().clock_clamped.add();
            tracing::warn!(line = %self.customer, "the clock is behind the line's last event");
        }
        now
    }

    fn commit(
        &mut self,
        batch: Batch,
        entry: Arc<Entry>,
        rows: Vec<(u32, PersonalRow)>,
        ctx: &mut Context<Self>,
    ) {
        let services = Arc::clone(&self.services);
        let committing = async move { services.committer.commit(batch).await };
        ctx.spawn(committing.into_actor(self).map(move |outcome, actor, ctx| {
            actor.committed(outcome, entry, &rows, ctx);
        }));
    }

    fn committed(
        &mut self,
        outcome: Result<Outcome, CommitError>,
        entry: Arc<Entry>,
        rows: &[(u32, PersonalRow)],
        ctx: &mut Context<Self>,
    ) {
        match outcome {
            Ok(Outcome::Committed { block }) => {
                self.take(&entry, rows, block);
                let completed = self.completed_by(&entry);
                self.finish(Ok(Done { entry, completed, repeated: false }), ctx);
            }
            Ok(Outcome::Refused(broken)) => match refused(broken) {
                None => self.overtaken(ctx),
                Some(LineError::Refused(refusal)) => self.look_for_repetition(refusal, ctx),
                Some(error) => self.finish(Err(error), ctx),
            },
            Err(error) => self.finish(Err(error.into()), ctx),
        }
    }

    /// Takes over what was committed. A snapshot that is worth writing goes on its own way: nobody
    /// waits for it.
    fn take(&mut self, entry: &Entry, rows: &[(u32, PersonalRow)], block: u64) {
        let Phase::Awake(awake) = &mut self.phase else { return };
        if let Some(due) = awake.take(entry, rows, block, &self.services.snapshots)
            && self.services.committer.offer(due.batch.clone())
        {
            awake.place.keeps(&due);
        }
    }

    fn completed_by(&self, entry: &Entry) -> Option<Completed> {
        let (provider, order, _) = self.current.as_ref()?.change.what.order()?;
        Completed::of(self.customer, entry, provider, order.reference())
    }

    /// The stream has moved on: read again and decide once more. Twice in a row means that
    /// somebody else owns the line.
    fn overtaken(&mut self, ctx: &mut Context<Self>) {
        let Some(mut current) = self.current.take() else { return };
        current.overtaken += 1;
        self.phase = Phase::Waking(Vec::new());
        if current.overtaken > 1 {
            answer(current, Err(Arc::new(LineError::Busy(Overload::Contention))));
        } else {
            self.queue.push_front(current);
        }
        self.wake(ctx);
    }

    /// A refused order may be one that was completed before: then the same press by the same
    /// passport ID is given its receipt and pays nothing more.
    fn look_for_repetition(&mut self, refusal: Refusal, ctx: &mut Context<Self>) {
        let order = self.current.as_ref().and_then(|current| current.change.what.order());
        let Some((provider, order, passport)) = order else {
            return self.finish(Err(LineError::Refused(refusal)), ctx);
        };
        let (services, provider) = (Arc::clone(&self.services), provider.clone());
        let customer = self.customer;
        let looking = async move {
            let store = services.store.as_ref();
            match orders::completed(store, &provider, order.reference()).await? {
                None => Err(LineError::Refused(refusal)),
                Some(completed) => repeated(customer, passport, &order, completed),
            }
        };
        ctx.spawn(looking.into_actor(self).map(|done, actor, ctx| actor.finish(done, ctx)));
    }

    fn finish(&mut self, done: Result<Done, LineError>, ctx: &mut Context<Self>) {
        if let Some(current) = self.current.take() {
            answer(current, done.map_err(Arc::new));
        }
        self.next(ctx);
    }
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

/// What a refused batch means for whoever asked; none where the stream has moved on, and it is to be
/// decided once more.
pub(super) fn refused(broken: Broken) -> Option<LineError> {
    match broken {
        Broken::Sequence(_) => None,
        Broken::Taken(reservation) => Some(LineError::Refused(taken(&reservation))),
        Broken::TooLarge { bytes } => {
            let what = format!("a row of {bytes} bytes is larger than any may be");
            Some(LineError::Store(StoreError::Engine(what)))
        }
    }
}

fn taken(reservation: &Reservation) -> Refusal {
    match reservation {
        Reservation::PassportName(_) => Refusal::PassportIdTaken,
        Reservation::Order { .. } => Refusal::OrderCompleted,
        Reservation::Network(_) => Refusal::NetworkTaken,
    }
}

/// Whoever bought gets the receipt; anybody else, or other content, is refused.
fn repeated(
    customer: CustomerId,
    passport: PassportNumber,
    order: &crate::domain::order::Order,
    completed: Completed,
) -> Result<Done, LineError> {
    if !completed.is_of(order) {
        return Err(LineError::Refused(Refusal::ReferenceUsed));
    }
    if !completed.is_by(customer, passport) {
        return Err(LineError::Refused(Refusal::OrderCompleted));
    }
    let by = crate::domain::line::By::Passport { passport };
    let entry = Entry { at: completed.at(), by, request_id: None, events: Vec::new() };
    Ok(Done { entry: Arc::new(entry), completed: Some(completed), repeated: true })
}
