//! One change of a line, from its turn to its end: a receipt number where it takes one, the decision,
//! the commit, and what a refusal means.

use super::{Done, LineActor, Phase, answer, not_before_last_event};
use crate::{
    actors::{
        LineError, Overload,
        change::{self, Prepared},
        committer::CommitError,
        orders,
        receipts::LeaseError,
    },
    domain::{
        calendar::Instant,
        ids::{CustomerId, PassportNumber, ReceiptNumber},
        line::{By, Entry, Facts, Line, Refusal, decide},
        order::Order,
        receipt::Completed,
    },
    store::{Batch, Broken, Outcome, PersonalRow, Reservation, StoreError},
};
use actix::prelude::*;
use std::sync::Arc;

impl LineActor {
    /// Gathers what the decision needs that is not here, then decides.
    pub(super) fn attempt(&mut self, ctx: &mut Context<Self>) {
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

/// What a refused batch means for whoever asked; none where the stream has moved on, and it is to be
/// decided once more.
pub(in crate::actors) fn refused(broken: Broken) -> Option<LineError> {
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
    order: &Order,
    completed: Completed,
) -> Result<Done, LineError> {
    if !completed.is_of(order) {
        return Err(LineError::Refused(Refusal::ReferenceUsed));
    }
    if !completed.is_by(customer, passport) {
        return Err(LineError::Refused(Refusal::OrderCompleted));
    }
    let by = By::Passport { passport };
    let entry = Entry { at: completed.at(), by, request_id: None, events: Vec::new() };
    Ok(Done { entry: Arc::new(entry), completed: Some(completed), repeated: true })
}
