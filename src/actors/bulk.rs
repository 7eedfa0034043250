//! What concerns many lines: a month's close, an import, a sweep. Waking each of a million lines
//! would fill the memory with actors that nobody asks again; a line that sleeps is read from the
//! store, decided on and committed right here.
//!
//! That is as correct as through its actor: the batch expects the stream's last sequence number,
//! and of two that decide at once one is refused and decides again. A line that is awake is asked
//! through its actor all the same, so that it knows what happened to it.

use super::{
    LineError, Overload,
    change::{self, Change, Prepared},
    committer::CommitError,
    line::{Answer, Done, LineServices, LineView},
    lines::Lines,
    reading::read_line,
};
use crate::{
    domain::{
        ids::CustomerId,
        line::{Entry, Facts, decide},
    },
    store::{Batch, Outcome, StoreError, Stream, StreamKind},
};
use std::sync::Arc;

/// How often a line that moves on under our hands is decided on again.
const TRIES: u32 = 8;

/// The way to many lines.
#[derive(Clone)]
pub struct Bulk {
    pub(super) services: Arc<LineServices>,
    pub(super) lines: Lines,
    /// Held by whoever takes prefixes from other lines and met another who does.
    pub(super) moving: Arc<tokio::sync::Mutex<()>>,
}

impl Bulk {
    /// Over all lines.
    pub fn new(services: Arc<LineServices>, lines: Lines) -> Self {
        Self { services, lines, moving: Arc::default() }
    }

    /// At most `limit` lines after `after`, by customer ID; those that have ended too.
    pub async fn lines_after(
        &self,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Result<Vec<CustomerId>, StoreError> {
        let after = after.map(Stream::Line);
        let streams = self.services.store.streams(StreamKind::Lines, after.as_ref(), limit).await?;
        let line = |stream| match stream {
            Stream::Line(customer) => Some(customer),
            _ => None,
        };
        Ok(streams.into_iter().filter_map(line).collect())
    }

    /// How a line stands, without waking it. Of one that sleeps nothing personal is read.
    pub async fn look(&self, customer: CustomerId) -> Result<LineView, Arc<LineError>> {
        if self.lines.is_awake(customer).await {
            return self.lines.look(customer).await;
        }
        let (line, place) = self.read(customer).await?;
        Ok(LineView { line: line.map(Arc::new), seq: place.seq, private: Arc::default() })
    }

    /// Makes a change: durable, or refused, when this returns. Not for orders, which need a receipt
    /// number.
    pub async fn make(&self, customer: CustomerId, change: Change) -> Answer {
        for _ in 0..TRIES {
            if self.lines.is_awake(customer).await {
                return self.lines.make(customer, change).await;
            }
            if let Some(answer) = self.try_once(customer, &change).await {
                return answer;
            }
        }
        Err(Arc::new(LineError::Busy(Overload::Contention)))
    }

    /// None where the line moved on meanwhile.
    async fn try_once(&self, customer: CustomerId, change: &Change) -> Option<Answer> {
        let (line, place) = match self.read(customer).await {
            Ok(read) => read,
            Err(error) => return Some(Err(error)),
        };
        let line = line.as_ref();
        let services = &self.services;
        let clock_now = services.clock.now();
        let now = line.map_or(clock_now, |line| line.last_event_at.max(clock_now));
        let facts = Facts { now, receipt: None, source: None, defaults: services.defaults };
        let Prepared { command, rows } =
            change::prepare(customer, line, &change.what, services.draw_salt);
        let events = match decide(line, &command, &facts) {
            Ok(events) => events,
            Err(refusal) => return Some(Err(Arc::new(LineError::Refused(refusal)))),
        };
        let (by, request_id) = (change.by.clone(), change.request_id.clone());
        let entry = Arc::new(Entry { at: now, by, request_id, events });
        let done = Done { entry: Arc::clone(&entry), completed: None, repeated: false };
        if entry.events.is_empty() {
            return Some(Ok(done));
        }
        let batch = change::batch(customer, line, place.seq, &entry, &change.what, &rows);
        // It may wake meanwhile, with what was there before.
        match self.commit(batch, vec![customer]).await {
            Ok(Outcome::Committed { .. }) => Some(Ok(done)),
            Ok(Outcome::Refused(broken)) => {
                super::line::refused(broken).map(|error| Err(Arc::new(error)))
            }
            Err(error) => Some(Err(Arc::new(error.into()))),
        }
    }

    /// Commits a batch, and has the lines that it changes read themselves again. Both go to their
    /// end where whoever asked goes away meanwhile, as a request does whose client does: what was
    /// committed past a line that is awake must not be unknown to it.
    pub(super) async fn commit(
        &self,
        batch: Batch,
        changed: Vec<CustomerId>,
    ) -> Result<Outcome, CommitError> {
        let (committer, lines) = (self.services.committer.clone(), self.lines.clone());
        let committing = tokio::spawn(async move {
            let outcome = committer.commit(batch).await?;
            if matches!(outcome, Outcome::Committed { .. }) {
                for line in changed {
                    lines.refresh(line).await;
                }
            }
            Ok(outcome)
        });
        // It ends before its time with the runtime alone.
        committing.await.unwrap_or(Err(CommitError::Stopped))
    }

    pub(super) async fn read(
        &self,
        customer: CustomerId,
    ) -> Result<(Option<crate::domain::line::Line>, super::snapshot::Place), Arc<LineError>> {
        let services = &self.services;
        let read = read_line(services.store.as_ref(), customer, &services.snapshots).await;
        read.map_err(|error| Arc::new(LineError::Store(error)))
    }
}
