//! What is left to tell one provider, and which of it is next. Pure: time, chance and what came of a
//! try are told, so that order and loss can be tried without a receiver.

use super::{
    Failure, FailureKind, WebhookOptions,
    desk::Wanted,
    journal::Found,
    schedule::{self, Next},
};
use crate::{
    actors::backoff::after,
    domain::{calendar::Instant, webhook::MessageId},
    store::{
        KeptMessage, WebhookState,
        webhook::{MOST_PARKED, MOST_WAITING},
    },
};
use std::collections::VecDeque;

/// A refused message that was tried so often makes room for others where too many wait.
const TRIES_BEFORE_MAKING_ROOM: u32 = 3;

/// What is left to tell one provider.
#[derive(Debug)]
pub struct Backlog {
    state: WebhookState,
    /// Messages of the blocks that were read and that were not tried yet, in order.
    queue: VecDeque<KeptMessage>,
    /// The last block that was read into the queue.
    read_block: u64,
    /// Whether more than the cursor changed since it was last asked.
    has_changed: bool,
    /// Messages that were given up and are no longer remembered.
    forgotten: Vec<MessageId>,
    /// Blocks up to this one are read once more, for messages of that instant and later alone.
    read_again: Option<(u64, Instant)>,
}

/// A message to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which.
    pub message: KeptMessage,
    /// Whether it was never tried.
    pub is_new: bool,
}

impl Backlog {
    /// Goes on from what was kept.
    pub fn of(state: WebhookState) -> Self {
        let read_block = state.block;
        Self {
            state,
            queue: VecDeque::new(),
            read_block,
            has_changed: false,
            forgotten: Vec::new(),
            read_again: None,
        }
    }

    /// How far all of it is.
    pub const fn state(&self) -> &WebhookState {
        &self.state
    }

    /// Whether more than the cursor changed since it was last asked.
    pub const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.has_changed, false)
    }

    /// What was given up and is no longer remembered, since it was last asked.
    pub fn take_forgotten(&mut self) -> Vec<MessageId> {
        std::mem::take(&mut self.forgotten)
    }

    /// The last block that was read.
    pub const fn read_block(&self) -> u64 {
        self.read_block
    }

    /// How many messages were read and not tried.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Takes in the next block's messages to this provider.
    pub fn read(&mut self, block: u64, found: impl Iterator<Item = Found>, now: Instant) {
        let again = self.read_again.filter(|(last, _)| block <= *last);
        let is_wanted = |found: &Found| again.is_none_or(|(_, since)| found.at >= since);
        self.queue.extend(found.filter(is_wanted).map(|found| fresh(&found, block, now)));
        self.read_block = block;
        self.move_cursor();
    }

    /// The last block that nothing is left of.
    fn move_cursor(&mut self) {
        let first = self.queue.iter().map(|queued| queued.block).min();
        self.state.block = first.map_or(self.read_block, |first| first.saturating_sub(1));
    }

    /// When the oldest message that was not delivered was accepted.
    pub fn oldest_at(&self) -> Option<Instant> {
        let waiting = self.state.waiting.iter().chain(self.queue.front());
        waiting.map(|message| message.accepted_at).min()
    }

    /// Whether nothing may be sent at all.
    pub fn is_barred(&self, now: Instant) -> bool {
        self.state.gone_at.is_some() || self.state.paused_until.is_some_and(|until| now < until)
    }

    fn waits(&self, id: MessageId) -> bool {
        self.state.waiting.iter().any(|waiting| waiting.id == id)
    }

    /// What is tried now: what is due again, at most half of the room, then what is new. A contract's
    /// end is held until its purchase was delivered or given up. Where `is_probe`, one alone is to see
    /// whether the provider takes anything: one that is due, one that is new, or else any.
    pub fn jobs(&mut self, room: usize, now: Instant, is_probe: bool) -> Vec<Job> {
        if room == 0 || self.is_barred(now) {
            return Vec::new();
        }
        let mut free: Vec<&KeptMessage> = self.state.waiting.iter().collect();
        free.retain(|message| !message.id.follows().is_some_and(|before| self.waits(before)));
        free.sort_by_key(|message| message.at);
        let again = |message: &KeptMessage| Job { message: message.clone(), is_new: false };
        let due = free.iter().filter(|message| message.at <= now);
        let mut jobs: Vec<Job> = due.take(room.div_ceil(2)).map(|due| again(due)).collect();
        let any = free.first().map(|message| again(message));
        self.add_new(&mut jobs, room, now);
        if is_probe {
            jobs.truncate(1);
            jobs.extend(any.filter(|_| jobs.is_empty()));
        }
        jobs
    }

    /// Each that is new may come to wait, so there are no more than places.
    fn add_new(&mut self, jobs: &mut Vec<Job>, room: usize, now: Instant) {
        if !self.queue.is_empty() {
            self.make_room(now);
        }
        let places = MOST_WAITING.saturating_sub(self.state.waiting.len());
        let most = room.saturating_sub(jobs.len()).min(places);
        let mut taken = 0;
        while let Some(queued) = self.queue.get(taken).filter(|_| taken < most) {
            let follows = queued.id.follows();
            if follows.is_some_and(|before| jobs.iter().any(|job| job.message.id == before)) {
                return;
            }
            if let Some(before) = follows.filter(|before| self.waits(*before)) {
                self.put_behind(before, taken);
                return;
            }
            jobs.push(Job { message: queued.clone(), is_new: true });
            taken += 1;
        }
    }

    /// What was refused again and again gives way where no place is left: it must not keep what is
    /// new from being told.
    fn make_room(&mut self, now: Instant) {
        if self.state.waiting.len() < MOST_WAITING {
            return;
        }
        let is_refused = |message: &&KeptMessage| {
            message.reason == FailureKind::Refused.code()
                && message.attempts >= TRIES_BEFORE_MAKING_ROOM
        };
        let refused = self.state.waiting.iter().filter(is_refused);
        let Some(id) = refused.max_by_key(|message| message.attempts).map(|message| message.id)
        else {
            return;
        };
        for message in self.take_waiting(|message| message.id == id) {
            self.park(KeptMessage { at: now, ..message });
        }
    }

    /// It waits behind its purchase, and keeps nothing else waiting.
    fn put_behind(&mut self, before: MessageId, index: usize) {
        let Some(queued) = self.queue.remove(index) else { return };
        let at = self.state.waiting.iter().find(|waiting| waiting.id == before);
        let at = at.map_or(queued.at, |waiting| waiting.at);
        self.state.waiting.push(KeptMessage { at, ..queued });
        self.has_changed = true;
        self.move_cursor();
    }

    fn take_waiting(&mut self, is_it: impl Fn(&KeptMessage) -> bool) -> Vec<KeptMessage> {
        let waiting = std::mem::take(&mut self.state.waiting);
        let (taken, left) = waiting.into_iter().partition(is_it);
        self.state.waiting = left;
        taken
    }

    fn take(&mut self, job: &Job) {
        let id = job.message.id;
        if job.is_new {
            self.queue.retain(|queued| queued.id != id);
        } else {
            self.state.waiting.retain(|waiting| waiting.id != id);
            self.has_changed = true;
        }
        self.move_cursor();
    }

    /// It was delivered.
    pub fn delivered(&mut self, job: &Job) {
        self.take(job);
    }

    /// It was not. Gives it where it is given up now.
    pub fn failed(
        &mut self,
        job: Job,
        failure: Failure,
        now: Instant,
        options: &WebhookOptions,
    ) -> Option<KeptMessage> {
        self.has_changed = true;
        if failure.kind == FailureKind::Gone {
            self.state.gone_at.get_or_insert(now);
            return None;
        }
        self.take(&job);
        if let Some(patience) = failure.retry_after {
            let until = after(now, patience);
            self.state.paused_until = self.state.paused_until.max(Some(until));
        }
        match schedule::failed(job.message, failure, now, options) {
            Next::Waits(waits) => {
                self.state.waiting.push(waits);
                None
            }
            Next::Parked(parked) => {
                self.park(parked.clone());
                Some(parked)
            }
        }
    }

    fn park(&mut self, message: KeptMessage) {
        self.has_changed = true;
        self.state.parked.push(message);
        let over = self.state.parked.len().saturating_sub(MOST_PARKED);
        self.forgotten.extend(self.state.parked.drain(..over).map(|parked| parked.id));
    }

    /// The provider takes messages again: what waits for it waits no longer.
    pub fn is_back(&mut self, now: Instant) {
        self.has_changed |= !self.state.waiting.is_empty();
        for waiting in &mut self.state.waiting {
            waiting.at = waiting.at.min(now);
        }
    }

    /// Another address has done no wrong yet: what waits is tried there, with a term of its own.
    /// Whether it is another.
    pub fn turn_to(&mut self, url: &str, now: Instant) -> bool {
        if self.state.url == url {
            return false;
        }
        url.clone_into(&mut self.state.url);
        self.state.gone_at = None;
        self.state.paused_until = None;
        for waiting in &mut self.state.waiting {
            *waiting = renewed(waiting.clone(), now);
        }
        self.has_changed = true;
        true
    }

    /// How many messages a wish concerns that does not go through the journal.
    pub fn count(state: &WebhookState, wanted: Wanted) -> u64 {
        let (waiting, parked) = (state.waiting.iter(), state.parked.iter());
        let count = match wanted {
            Wanted::One(id) => waiting.chain(parked).filter(|message| message.id == id).count(),
            Wanted::Parked => parked.count(),
            Wanted::Since(_) => 0,
        };
        count as u64
    }

    /// Has messages tried now, with a new term. How many.
    pub fn take_up(&mut self, wanted: Wanted, now: Instant) -> u64 {
        let is_wanted = |message: &KeptMessage| match wanted {
            Wanted::One(id) => message.id == id,
            Wanted::Parked => true,
            Wanted::Since(_) => false,
        };
        let (taken, left) = std::mem::take(&mut self.state.parked).into_iter().partition(is_wanted);
        let mut taken: Vec<KeptMessage> = taken;
        self.state.parked = left;
        if let Wanted::One(_) = wanted {
            taken.extend(self.take_waiting(is_wanted));
        }
        let count = taken.len() as u64;
        let taken = taken.into_iter().map(|message| renewed(message, now));
        self.state.waiting.extend(taken);
        self.forgive();
        count
    }

    /// Goes back to just after this block, as far as the provider was ever told anything: what was
    /// accepted since then is read and told again. The block that it goes on after.
    pub fn go_back(&mut self, block: u64, since: Instant) -> u64 {
        let block = block.max(self.state.begins_after);
        if block < self.read_block {
            let stays = |kept: &KeptMessage| kept.block <= block || kept.accepted_at < since;
            self.queue.retain(stays);
            self.state.waiting.retain(stays);
            self.state.parked.retain(stays);
            // What an earlier wish has not come to yet is still to be told.
            self.read_again = Some(match self.read_again {
                Some((last, before)) if self.read_block < last => (last, before.min(since)),
                _ => (self.read_block, since),
            });
            self.read_block = block;
            self.move_cursor();
        }
        self.forgive();
        block
    }

    fn forgive(&mut self) {
        self.state.gone_at = None;
        self.state.paused_until = None;
        self.has_changed = true;
    }
}

/// With a new term, as if it had never been tried.
fn renewed(message: KeptMessage, now: Instant) -> KeptMessage {
    let reason = String::new();
    KeptMessage { at: now, since: now, attempts: 0, reason, status: None, ..message }
}

fn fresh(found: &Found, block: u64, now: Instant) -> KeptMessage {
    KeptMessage {
        id: found.id,
        line: found.line,
        seq: found.seq,
        block,
        accepted_at: found.at,
        since: now,
        attempts: 0,
        at: now,
        reason: String::new(),
        status: None,
    }
}

#[cfg(test)]
#[path = "backlog_tests.rs"]
mod tests;
