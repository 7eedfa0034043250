//! What operators see of the outbox: its figures, and the line of a mail that was parked.

use super::Follower;
use crate::{
    actors::{
        backoff::after,
        outbox::{Failure, desk::PAGE, letter::Letter},
    },
    domain::calendar::Instant,
    store::{MailRow, Shelf, StoreError},
    telemetry::{Decision, Outcome},
};
use std::{sync::atomic::Ordering, time::Duration};

/// How often the rows are counted while there are many.
const COUNT_EVERY: Duration = Duration::from_secs(10);

impl Follower {
    /// Counts rows: after each change of a few, now and then of many.
    pub(super) async fn count(&mut self, now: Instant) -> Result<(), StoreError> {
        let few = self.figures.waiting() + self.figures.parked() < PAGE as u64;
        let waited = now >= after(self.counted_at, COUNT_EVERY);
        let must_count = self.figures.must_count.load(Ordering::Relaxed);
        if !(must_count && (few || waited)) {
            return Ok(());
        }
        // Before the counting: a change while it goes on asks for another.
        self.figures.must_count.store(false, Ordering::Relaxed);
        let (waiting, oldest) = self.count_shelf(Shelf::Waiting).await?;
        let (parked, _) = self.count_shelf(Shelf::Parked).await?;
        self.figures.waiting.store(waiting, Ordering::Relaxed);
        self.figures.parked.store(parked, Ordering::Relaxed);
        self.figures.oldest_us.store(oldest.map_or(0, Instant::micros), Ordering::Relaxed);
        self.counted_at = now;
        Ok(())
    }

    async fn count_shelf(&self, shelf: Shelf) -> Result<(u64, Option<Instant>), StoreError> {
        let (mut count, mut oldest, mut after) = (0, None, None);
        loop {
            let page = self.sources.store.mails(shelf, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok((count, oldest)) };
            after = Some(last.place);
            count += page.len() as u64;
            let in_page = page.iter().map(|row| row.record.accepted_at).min();
            oldest = oldest.into_iter().chain(in_page).min();
        }
    }

    pub(super) fn show_figures(&self) {
        let durable = self.sources.store.durable_block();
        let behind = if self.queue.is_empty() && self.read_block == durable {
            0
        } else {
            durable.saturating_sub(self.done_block())
        };
        self.figures.behind.store(behind, Ordering::Relaxed);
        let silent = self.breaker().is_open();
        if self.figures.silent.swap(silent, Ordering::Relaxed) && !silent {
            tracing::info!("the mail server takes mails again");
            // The oldest is among the rows again.
            self.figures.must_count.store(true, Ordering::Relaxed);
        }
        if let Some(first) = self.queue.front().filter(|_| silent) {
            let known = self.figures.oldest_us.load(Ordering::Relaxed);
            let oldest = if known == 0 { i64::MAX } else { known }.min(first.block_at.micros());
            self.figures.oldest_us.store(oldest, Ordering::Relaxed);
        } else if self.figures.waiting() == 0 {
            self.figures.oldest_us.store(0, Ordering::Relaxed);
        }
    }
}

/// A parked mail has a line in the log; one that waits is told by the figures.
pub(super) fn log(letter: &Letter, row: &MailRow, failure: Failure) {
    if row.place.shelf != Shelf::Parked {
        return;
    }
    let (mail, attempts) = (row.place.mail, row.record.attempts);
    let line = mail.customer.to_string();
    let decision = Decision::new("mail", Outcome::Failed).reason(failure.kind.code()).line(line);
    let decision = match &letter.request_id {
        Some(id) => decision.request_id(id.clone()),
        None => decision,
    };
    let reply = failure.code.map_or_else(String::new, |code| format!(", reply {code}"));
    decision.emit(&format!("mail {mail} was parked after {attempts} tries{reply}"));
}
