//! Snapshots of lines: a shortcut for waking, never the truth.
//!
//! One is written every so many events, when a line falls asleep with enough that is new, and one
//! at the opening of each month, which stays: the line as the month before left it. A newer one
//! replaces the last, except for those. It is a row of two lines of JSON: what it is, under a MAC,
//! and the line. Whoever reads takes it only if the MAC is right, the fold is the one that made it,
//! and the event row it stands after is there, in the same block; otherwise all events are read.

use crate::{
    domain::{
        calendar::{Instant, Month},
        ids::CustomerId,
        line::{FOLD_VERSION, Line, uses::Uses},
    },
    security::mac,
    store::{Batch, Delete, MOST_ROW_BYTES, Put, SnapshotRow, Stream, record::to_json},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// A line that is too large is told once in so long, in microseconds: a day.
const TOLD_AGAIN_US: i64 = 24 * 3_600 * 1_000_000;
/// Of so many lines it is remembered that they were told.
const MOST_TOLD: usize = 10_000;

/// How snapshots are made.
#[derive(Clone)]
pub struct Snapshots {
    /// The key of their MACs, derived from the master key: a row somebody else wrote is not taken.
    pub key: [u8; 32],
    /// So many new events are worth a snapshot; a quarter of them are when the line falls asleep.
    pub every_events: u64,
}

/// Which were told already; the process has one, as it has one log.
static TOO_LARGE: TooLarge = TooLarge::new();

/// Lines that are too large for a snapshot, by the event after which it was told last.
struct TooLarge(Mutex<BTreeMap<CustomerId, Instant>>);

impl TooLarge {
    const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Whether it is to be told after the event of this time: a line that wakes for each purchase is
    /// tried at each.
    fn is_news(&self, customer: CustomerId, at: Instant) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |before: &Instant| at.micros() - before.micros() < TOLD_AGAIN_US;
        if told.get(&customer).is_some_and(is_recent) {
            return false;
        }
        if told.len() >= MOST_TOLD {
            // Rather told twice than remembered without an end.
            told.clear();
        }
        told.insert(customer, at);
        true
    }
}

/// Where in its stream a line stands, and which snapshots it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Its last event row; 0 before the first.
    pub seq: u64,
    /// The block that closed that row's group.
    pub block: u64,
    /// The event row that the newest snapshot stands after; 0 where there is none.
    pub newest: u64,
    /// Whether that one stays, since it opens a month.
    pub newest_stays: bool,
    /// Where a snapshot was last made, written or not.
    pub tried: u64,
}

/// A snapshot to write.
#[derive(Debug, Clone)]
pub struct Due {
    /// The batch that writes it and takes away the one that it replaces.
    pub batch: Batch,
    seq: u64,
    stays: bool,
}

impl Place {
    /// The snapshot was taken to be written.
    pub fn keeps(&mut self, due: &Due) {
        (self.newest, self.newest_stays) = (due.seq, due.stays);
    }
}

/// What a snapshot is, before the line itself.
#[derive(Serialize, Deserialize)]
struct Head {
    fold: u32,
    block: u64,
    /// The month it opens, where it was made for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opens: Option<Month>,
    mac: String,
}

/// Why a snapshot is of no use that is no fault: it is made anew.
pub const ANOTHER_FOLD: &str = "another version of the fold made it";

/// A snapshot that was opened.
pub struct Opened {
    /// The line.
    pub line: Line,
    /// Where it stands.
    pub place: Place,
}

impl Snapshots {
    /// The batch that keeps the line as the month before left it, where the entry dated `at` is
    /// the first of its month.
    pub fn at_opening_of_month(&self, before: &Line, place: &Place, at: Instant) -> Option<Due> {
        let month = at.month();
        let opens = month > before.last_event_at.month();
        opens.then(|| self.make(before, place, Some(month))).flatten()
    }

    /// The batch of a snapshot, where enough is new.
    pub fn when_due(&self, line: &Line, place: &mut Place) -> Option<Due> {
        self.when_newer_by(self.every_events, line, place)
    }

    /// The same for a line that falls asleep.
    pub fn before_sleep(&self, line: &Line, place: &mut Place) -> Option<Due> {
        self.when_newer_by(self.every_events.div_ceil(4), line, place)
    }

    fn when_newer_by(&self, events: u64, line: &Line, place: &mut Place) -> Option<Due> {
        if place.seq - place.newest.max(place.tried) < events.max(1) {
            return None;
        }
        place.tried = place.seq;
        self.make(line, place, None)
    }

    /// None where the line is too large for a row: a household that bought many hundred things in
    /// months that are not closed is read from its events.
    fn make(&self, line: &Line, place: &Place, opens: Option<Month>) -> Option<Due> {
        let stream = Stream::Line(line.customer);
        let least_bytes = line.uses.len() * Uses::LEAST_JSON_BYTES;
        // Not written out to find that it does not fit: a line that bought much is tried often.
        let body = (least_bytes <= MOST_ROW_BYTES).then(|| self.seal(line, place, opens));
        let bytes = body.as_ref().map_or(least_bytes, Vec::len);
        let Some(body) = body.filter(|body| body.len() <= MOST_ROW_BYTES) else {
            if TOO_LARGE.is_news(line.customer, line.last_event_at) {
                tracing::info!(
                    line = %line.customer,
                    at_least_bytes = bytes,
                    limit_bytes = MOST_ROW_BYTES,
                    "too large for a snapshot: the line is read from its events when it wakes; nothing \
                     is lost"
                );
            }
            return None;
        };
        // Whatever was read from is kept until the new one stands in the same group's block.
        let replaced = place.newest > 0 && !place.newest_stays && place.newest != place.seq;
        let replaced =
            replaced.then(|| Delete::Snapshot { stream: stream.clone(), seq: place.newest });
        let batch = Batch {
            expect: Vec::new(),
            put: vec![Put::Snapshot { stream, seq: place.seq, body }],
            delete: replaced.into_iter().collect(),
        };
        Some(Due { batch, seq: place.seq, stays: opens.is_some() })
    }

    fn seal(&self, line: &Line, place: &Place, opens: Option<Month>) -> Vec<u8> {
        let line_json = to_json(line);
        let mut head = Head { fold: FOLD_VERSION, block: place.block, opens, mac: String::new() };
        head.mac = self.mac(line.customer, place.seq, &head, &line_json);
        let mut body = to_json(&head);
        body.push(b'\n');
        body.extend_from_slice(&line_json);
        body
    }

    /// Opens a snapshot, or says why it is of no use.
    pub fn open(&self, customer: CustomerId, row: &SnapshotRow) -> Result<Opened, &'static str> {
        const UNREADABLE: &str = "it cannot be read";
        let at = row.body.iter().position(|byte| *byte == b'\n').ok_or(UNREADABLE)?;
        let (head, line_json) = (&row.body[..at], &row.body[at + 1..]);
        let head: Head = serde_json::from_slice(head).map_err(|_| UNREADABLE)?;
        if head.mac != self.mac(customer, row.seq, &head, line_json) {
            return Err("it is not what was written");
        }
        if head.fold != FOLD_VERSION {
            return Err(ANOTHER_FOLD);
        }
        let line = serde_json::from_slice(line_json).map_err(|_| UNREADABLE)?;
        let newest_stays = head.opens.is_some();
        let (seq, block) = (row.seq, head.block);
        let place = Place { seq, block, newest: seq, newest_stays, tried: 0 };
        Ok(Opened { line, place })
    }

    fn mac(&self, customer: CustomerId, seq: u64, head: &Head, line_json: &[u8]) -> String {
        let opens = head.opens.map(|month| month.to_string()).unwrap_or_default();
        let fields = [
            customer.as_str().as_bytes(),
            &seq.to_be_bytes(),
            &head.block.to_be_bytes(),
            &head.fold.to_be_bytes(),
            opens.as_bytes(),
            line_json,
        ];
        let tag = mac::tag(&self.key, "snapshot", &fields);
        tag.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }
}

/// Which version of the fold made a snapshot, as it says; believed for throwing it away alone.
pub fn fold_of(body: &[u8]) -> Option<u32> {
    let at = body.iter().position(|byte| *byte == b'\n')?;
    Some(serde_json::from_slice::<Head>(&body[..at]).ok()?.fold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::line::{Event, evolve};

    /// What the samples of all events come to, as it is written into a snapshot.
    fn fold_of_samples() -> Vec<u8> {
        let samples = include_str!("../domain/line/tests/event_samples.jsonl");
        let at = Instant::from_micros(1_790_000_000_000_000);
        let events = samples.lines().filter(|line| !line.is_empty());
        let line = events.fold(None, |line, sample| {
            let event: Event = serde_json::from_str(sample).expect("a sample");
            evolve(line, &event, at)
        });
        to_json(&line.expect("opened"))
    }

    #[test]
    fn another_fold_needs_another_version() {
        let hash = mac::sha256(&fold_of_samples());
        let hex = hash[..8].iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(
            (FOLD_VERSION, hex.as_str()),
            (4, "21bac9373d5a7b9f"),
            "the same events come to another state: raise FOLD_VERSION and write both down here"
        );
    }

    #[test]
    fn a_line_that_is_too_large_is_told_once_a_day() {
        let told = TooLarge::new();
        let [one, other] = ["CAF0000012573", "CAF0000020101"].map(|id| id.parse().expect("an ID"));
        let at = |hours: i64| Instant::from_micros(1_790_000_000_000_000 + hours * 3_600_000_000);
        let news = [(one, 0), (one, 1), (other, 1), (one, 23), (one, 24), (other, 24), (one, 25)]
            .map(|(customer, hours)| told.is_news(customer, at(hours)));
        assert_eq!(news, [true, false, true, false, true, false, false]);
        for number in 0..MOST_TOLD {
            let customer = format!("CAF1{number:09}").parse().expect("an ID");
            assert!(told.is_news(customer, at(25)));
        }
        assert!(told.0.lock().expect("held").len() <= MOST_TOLD);
    }

    #[test]
    fn one_of_another_fold_is_of_no_use() {
        let line: Line = serde_json::from_slice(&fold_of_samples()).expect("reads back");
        let snapshots = Snapshots { key: [1; 32], every_events: 1 };
        let head = |fold| {
            let mut head = Head { fold, block: 3, opens: None, mac: String::new() };
            head.mac = snapshots.mac(line.customer, 5, &head, &to_json(&line));
            [to_json(&head), to_json(&line)].join(&b'\n')
        };
        let open = |fold| snapshots.open(line.customer, &SnapshotRow { seq: 5, body: head(fold) });
        assert!(open(FOLD_VERSION).is_ok_and(|opened| opened.line == line));
        assert_eq!(open(FOLD_VERSION + 1).err(), Some(ANOTHER_FOLD));
    }
}
