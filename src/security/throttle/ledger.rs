//! All counts of the throttle. Pure: the time comes with each call.

use std::num::NonZeroUsize;
use std::time::Duration;

use ipnetwork::IpNetwork;
use lru::LruCache;

use super::tally::{Forget, Rule, Tally};
use super::{Attempt, CommittedHold, FailureOutcome, Held, ThrottlePolicy};

type IdKey = [u8; 32];

pub(super) struct Ledger {
    pair_rule: Rule,
    id_rule: Rule,
    source_rule: Rule,
    aggregate_rule: Rule,
    password_rule: Rule,
    pairs: LruCache<(IdKey, IpNetwork), Pair>,
    ids: LruCache<IdKey, Tally>,
    sources: LruCache<IpNetwork, Tally>,
    aggregates: LruCache<IpNetwork, Tally>,
    passwords: LruCache<[u8; 32], Spray>,
    /// IDs whose committed holds were put back.
    looked_at: LruCache<IdKey, ()>,
}

/// One ID from one source.
#[derive(Default)]
struct Pair {
    tally: Tally,
    /// How many of its failures were counted for the ID as well.
    counted_elsewhere: u32,
}

/// One password over many IDs.
#[derive(Default)]
struct Spray {
    tally: Tally,
    /// The IDs that were counted, by the first 8 bytes of their keys; no more than the limit.
    ids: Vec<[u8; 8]>,
}

impl Ledger {
    pub(super) fn new(policy: ThrottlePolicy) -> Self {
        let rule = |limit: u32, forget| Rule {
            limit: limit.max(1),
            first_wait: policy.first_wait,
            longest_wait: policy.longest_wait.max(policy.first_wait),
            forget,
        };
        let in_a_row = Forget::AfterLast(policy.forget_after);
        let in_a_window = Forget::AfterFirst(policy.window);
        let capacity = NonZeroUsize::new(policy.max_tracked).unwrap_or(NonZeroUsize::MIN);
        // A spray's entry is some ten times as large as the others.
        let sprays = NonZeroUsize::new(policy.max_tracked / 10).unwrap_or(NonZeroUsize::MIN);
        Self {
            pair_rule: rule(policy.failures_before_wait, in_a_row),
            id_rule: rule(policy.id_failures_elsewhere, in_a_row),
            source_rule: rule(policy.source_failures, in_a_window),
            aggregate_rule: rule(policy.aggregate_failures, in_a_window),
            password_rule: rule(policy.password_ids, in_a_window),
            pairs: LruCache::sparse(capacity),
            ids: LruCache::sparse(capacity),
            sources: LruCache::sparse(capacity),
            aggregates: LruCache::sparse(capacity),
            passwords: LruCache::sparse(sprays),
            looked_at: LruCache::sparse(capacity),
        }
    }

    /// Whether any scope holds this attempt, and for how long the longest of them does.
    pub(super) fn check(&self, attempt: &Attempt, now: Duration) -> Result<(), Held> {
        let elsewhere = !attempt.own_line;
        let held = [
            self.pairs.peek(&attempt.pair()).map(|pair| &pair.tally),
            self.ids.peek(&attempt.id_key).filter(|_| elsewhere),
            self.sources.peek(&attempt.source.throttle_prefix()),
            elsewhere.then(|| self.aggregates.peek(&attempt.source.aggregate_prefix())).flatten(),
            attempt.password_fingerprint.filter(|_| elsewhere).and_then(|key| self.spray(&key)),
        ];
        let longest = held.into_iter().flatten().filter_map(|tally| tally.held_for(now)).max();
        longest.map_or(Ok(()), |left| Err(left.into()))
    }

    /// How many attempts from elsewhere may be under way for this ID at once: as many as are left
    /// to its limit, and one when none is left and the hold is over.
    pub(super) fn id_allowance(&self, id_key: &IdKey, now: Duration) -> u32 {
        let failures = self.ids.peek(id_key).map_or(0, |tally| tally.failures(&self.id_rule, now));
        self.id_rule.limit.saturating_sub(failures).max(1)
    }

    pub(super) fn fail(&mut self, attempt: &Attempt, now: Duration) -> FailureOutcome {
        let pair = self.pairs.get_or_insert_mut(attempt.pair(), Pair::default);
        if pair.tally.failures(&self.pair_rule, now) == 0 {
            pair.counted_elsewhere = 0;
        }
        let source_hold = pair.tally.fail(&self.pair_rule, now);
        let mut id_hold = None;
        if !attempt.own_line {
            pair.counted_elsewhere = pair.counted_elsewhere.saturating_add(1);
            let id = self.ids.get_or_insert_mut(attempt.id_key, Tally::default);
            id_hold = id.fail(&self.id_rule, now);
        }
        FailureOutcome {
            crossed_threshold: source_hold.is_some() || id_hold.is_some(),
            source_hold,
            id_hold,
            aggregate_hold: self.fail_over_all_ids(attempt, now),
        }
    }

    /// Counts for the (ID, source) alone.
    pub(super) fn fail_here(&mut self, attempt: &Attempt, now: Duration) -> FailureOutcome {
        let pair = self.pairs.get_or_insert_mut(attempt.pair(), Pair::default);
        let source_hold = pair.tally.fail(&self.pair_rule, now);
        let crossed_threshold = source_hold.is_some();
        FailureOutcome { crossed_threshold, source_hold, ..FailureOutcome::default() }
    }

    pub(super) fn forgive(&mut self, attempt: &Attempt) {
        let Some(pair) = self.pairs.pop(&attempt.pair()) else { return };
        if let Some(id) = self.ids.peek_mut(&attempt.id_key) {
            id.forgive(pair.counted_elsewhere);
        }
    }

    pub(super) fn is_pair_held(&self, pair: &(IdKey, IpNetwork), now: Duration) -> bool {
        self.pairs.peek(pair).is_some_and(|pair| pair.tally.held_for(now).is_some())
    }

    /// Whether nobody asked this of the ID before. An ID that was forgotten since is new again; its
    /// holds are then put back at most until the time that was committed.
    pub(super) fn is_first_look(&mut self, id_key: IdKey) -> bool {
        self.looked_at.put(id_key, ()).is_none()
    }

    pub(super) fn restore(&mut self, id_key: IdKey, hold: CommittedHold, now: Duration) {
        let CommittedHold { source_prefix, failures, remaining } = hold;
        if let Some(prefix) = source_prefix {
            let tally = Tally::restored(&self.pair_rule, failures, remaining, now);
            let pair = self.pairs.get_or_insert_mut((id_key, prefix), Pair::default);
            pair.tally.lengthen(tally);
        } else {
            let tally = Tally::restored(&self.id_rule, failures, remaining, now);
            self.ids.get_or_insert_mut(id_key, Tally::default).lengthen(tally);
        }
    }

    pub(super) fn release(&mut self, id_key: IdKey) {
        self.ids.pop(&id_key);
        let sources: Vec<_> =
            self.pairs.iter().map(|(pair, _)| *pair).filter(|pair| pair.0 == id_key).collect();
        for pair in sources {
            self.pairs.pop(&pair);
        }
    }

    /// A desk's question: it looks at every pair, since none is found by its ID alone.
    pub(super) fn holds_of(&self, id_key: IdKey, now: Duration) -> Vec<CommittedHold> {
        let hold = |source_prefix, tally: &Tally, rule: &Rule| {
            let remaining = tally.held_for(now)?;
            let failures = tally.failures(rule, now);
            Some(CommittedHold { source_prefix, failures, remaining })
        };
        let id = self.ids.peek(&id_key);
        let everywhere = id.and_then(|tally| hold(None, tally, &self.id_rule));
        let pairs = self.pairs.iter().filter(|((id, _), _)| *id == id_key);
        let pairs = pairs
            .filter_map(|((_, prefix), pair)| hold(Some(*prefix), &pair.tally, &self.pair_rule));
        everywhere.into_iter().chain(pairs).collect()
    }

    pub(super) fn tracked_pairs(&self) -> usize {
        self.pairs.len()
    }

    fn spray(&self, fingerprint: &[u8; 32]) -> Option<&Tally> {
        self.passwords.peek(fingerprint).map(|spray| &spray.tally)
    }

    fn fail_over_all_ids(&mut self, attempt: &Attempt, now: Duration) -> bool {
        let prefix = attempt.source.throttle_prefix();
        let source = self.sources.get_or_insert_mut(prefix, Tally::default);
        let by_source = source.fail(&self.source_rule, now);
        let prefix = attempt.source.aggregate_prefix();
        let aggregate = self.aggregates.get_or_insert_mut(prefix, Tally::default);
        let by_aggregate = aggregate.fail(&self.aggregate_rule, now);
        let by_password = attempt.password_fingerprint.is_some_and(|fingerprint| {
            let spray = self.passwords.get_or_insert_mut(fingerprint, Spray::default);
            spray.fail(&attempt.id_key, &self.password_rule, now)
        });
        by_source.is_some() || by_aggregate.is_some() || by_password
    }
}

impl Spray {
    /// Counts an ID once. Once as many IDs as the limit are known, every further failure counts.
    fn fail(&mut self, id_key: &IdKey, rule: &Rule, now: Duration) -> bool {
        if self.tally.failures(rule, now) == 0 {
            self.ids.clear();
        }
        let id: [u8; 8] = std::array::from_fn(|at| id_key[at]);
        let room = u32::try_from(self.ids.len()).is_ok_and(|known| known < rule.limit);
        if room && self.ids.contains(&id) {
            return false;
        }
        if room {
            self.ids.push(id);
        }
        self.tally.fail(rule, now).is_some()
    }
}
