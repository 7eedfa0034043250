//! Which personal rows a line's events commit to, and which of them may be gone (R-187, R-188): how
//! whoever checks the journal tells absence from damage.
//!
//! A row may be gone where an event says so: it was erased after its term, a new hash took its
//! place, or the session it told of was ended. Every other row that an event committed to is there.

use super::event::{Entry, Event, RowRef};
use crate::domain::ids::PassportNumber;
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::BTreeMap;

/// A personal row as an event committed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommittedRow {
    /// Its number and its commitment.
    pub reference: RowRef,
    /// The event row that committed to it first.
    pub seq: u64,
    /// Whether a later event explains that it is not there.
    pub may_be_gone: bool,
}

/// The rows of one line, gathered from its entries in their order.
#[derive(Debug, Default)]
pub struct CommittedRows {
    rows: BTreeMap<u32, CommittedRow>,
    origins: BTreeMap<u32, u32>,
    access_key: Option<u32>,
    credentials: BTreeMap<PassportNumber, u32>,
}

impl CommittedRows {
    /// Takes the line's next entry.
    pub fn take(&mut self, seq: u64, entry: &Entry) {
        for event in &entry.events {
            for reference in references(event) {
                let row = CommittedRow { reference, seq, may_be_gone: false };
                self.rows.entry(reference.row).or_insert(row);
            }
            self.let_go(event);
        }
    }

    /// The rows by their numbers.
    pub fn into_rows(self) -> BTreeMap<u32, CommittedRow> {
        self.rows
    }

    /// Notes what the event leaves without use; `actors::change` deletes the same rows with it.
    fn let_go(&mut self, event: &Event) {
        let replaced = match event {
            Event::LineOpened { access_key, .. } | Event::AccessKeySet { access_key } => {
                self.access_key.replace(access_key.row)
            }
            Event::PassportRegistered { passport, credential, .. }
            | Event::PasswordSet { passport, credential, .. } => {
                self.credentials.insert(*passport, credential.row)
            }
            Event::PortalSessionOpened { session, origin: Some(origin), .. } => {
                self.origins.insert(*session, origin.row)
            }
            Event::PortalSessionEnded { session } => self.origins.remove(session),
            Event::PersonalRowsErased { rows } => {
                for row in rows {
                    self.may_be_gone(*row);
                }
                None
            }
            _ => None,
        };
        if let Some(row) = replaced {
            self.may_be_gone(row);
        }
    }

    fn may_be_gone(&mut self, row: u32) {
        if let Some(row) = self.rows.get_mut(&row) {
            row.may_be_gone = true;
        }
    }
}

/// Every reference to a personal row in an event. They are found by their shape in its JSON, so that
/// no kind of event can be forgotten here.
///
/// # Panics
/// Never: an event is JSON in its row too.
pub fn references(event: &Event) -> Vec<RowRef> {
    let mut found = Vec::new();
    // Without the event's JSON its rows would count as nobody's.
    let json = serde_json::to_value(event).expect("our own types are always JSON");
    gather(&json, &mut found);
    found
}

fn gather(value: &Value, found: &mut Vec<RowRef>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| gather(value, found)),
        Value::Object(members) => {
            let reference = members.contains_key("commitment").then(|| RowRef::deserialize(value));
            match reference {
                Some(Ok(reference)) => found.push(reference),
                _ => members.values().for_each(|value| gather(value, found)),
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{calendar::Instant, line::By};

    fn taken(events: &str) -> BTreeMap<u32, CommittedRow> {
        let mut rows = CommittedRows::default();
        for (seq, line) in (1..).zip(events.lines().filter(|line| !line.trim().is_empty())) {
            let event: Event = serde_json::from_str(line.trim()).expect(line);
            let at = Instant::from_micros(1);
            rows.take(seq, &Entry { at, by: By::System, request_id: None, events: vec![event] });
        }
        rows.into_rows()
    }

    fn reference(row: u32) -> String {
        format!(r#"{{"row":{row},"commitment":"{}"}}"#, "ab".repeat(32))
    }

    #[test]
    fn each_event_s_rows_are_found_and_replaced_ones_may_be_gone() {
        let [r0, r1, r2, r3, r4, r5, r6] = [0, 1, 2, 3, 4, 5, 6].map(reference);
        let rows = taken(&format!(
            r#"{{"event":"line_opened","customer":"CAF0000012573","service":"hikari_next","line_limit":30000,"record":{r0},"access_key":{r1}}}
            {{"event":"passport_registered","passport":1,"name":{r2},"credential":{r3},"applicant":{r4},"limit":10000,"line_authentication":true}}
            {{"event":"password_set","passport":1,"credential":{r5},"rehash":false}}
            {{"event":"portal_session_opened","session":1,"expires_at":5,"origin":{r6}}}
            {{"event":"portal_session_ended","session":1}}
            {{"event":"personal_rows_erased","rows":[0,2]}}"#
        ));
        assert_eq!(rows.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        let gone: Vec<u32> =
            rows.values().filter(|row| row.may_be_gone).map(|row| row.reference.row).collect();
        assert_eq!(gone, [0, 2, 3, 6], "erased, the old hash, the ended session's origin");
        assert_eq!((rows[&1].seq, rows[&5].seq), (1, 3));
    }

    #[test]
    fn a_new_access_key_lets_the_old_one_go() {
        let [r0, r1, r2] = [0, 1, 2].map(reference);
        let rows = taken(&format!(
            r#"{{"event":"line_opened","customer":"CAF0000012573","service":"hikari_next","line_limit":30000,"record":{r0},"access_key":{r1}}}
            {{"event":"access_key_set","access_key":{r2}}}"#
        ));
        let gone: Vec<bool> = rows.values().map(|row| row.may_be_gone).collect();
        assert_eq!(gone, [false, true, false]);
    }

    #[test]
    fn every_sample_with_a_commitment_gives_its_rows() {
        let samples = include_str!("tests/event_samples.jsonl");
        for sample in samples.lines().filter(|line| !line.is_empty()) {
            let event: Event = serde_json::from_str(sample).expect(sample);
            assert_eq!(
                references(&event).len(),
                sample.matches("\"commitment\"").count(),
                "{sample}"
            );
        }
    }
}
