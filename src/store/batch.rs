//! The write unit: a value that can be logged, retried and sent to another engine.

use super::{
    key::Stream,
    mail::{MailPlace, MailRow},
    record::{Holder, PersonalRow, to_json},
    webhook::WebhookState,
};
use crate::domain::{
    calendar::Month,
    ids::{ContractNumber, CustomerId, ProviderId, ReceiptNumber, Reference},
};
use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What must hold, what is put, what is deleted: all of it or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// What must hold, in the store and the earlier batches of the same group.
    pub expect: Vec<Expect>,
    /// The rows to put.
    pub put: Vec<Put>,
    /// The rows to delete.
    pub delete: Vec<Delete>,
}

/// Something that must hold for a batch to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The stream's last event row has this sequence number; 0 for a stream that does not exist.
    Last {
        /// The stream.
        stream: Stream,
        /// Its last sequence number.
        seq: u64,
    },
    /// Nobody holds the reservation.
    Free(Reservation),
    /// No address of the prefix belongs to anybody: prefixes never overlap (security.md 57).
    Unowned(IpNetwork),
}

/// Something that exists once in the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// A passport ID's string, as the keyed hash of its small letters.
    PassportName([u8; 32]),
    /// A provider's reference for an order, unique for good.
    Order {
        /// The provider.
        provider: ProviderId,
        /// Its number.
        reference: Reference,
    },
    /// An address prefix, which one line owns at a time.
    Network(IpNetwork),
}

/// A row to put.
#[derive(Clone, PartialEq, Eq)]
pub enum Put {
    /// The events of one decision, as JSON.
    Event {
        /// The stream.
        stream: Stream,
        /// The next sequence number.
        seq: u64,
        /// The entry, JSON.
        entry: Vec<u8>,
    },
    /// Who holds a reservation from now on.
    Reservation {
        /// Which.
        reservation: Reservation,
        /// Who.
        holder: Holder,
    },
    /// A personal row.
    Personal {
        /// Of which line.
        customer: CustomerId,
        /// Its number.
        row: u32,
        /// The row.
        body: PersonalRow,
    },
    /// A shortcut for whoever reads the stream: its state after an event row. No event, and nothing
    /// is lost where it is missing.
    Snapshot {
        /// The stream.
        stream: Stream,
        /// The event row it stands after.
        seq: u64,
        /// The state, sealed by whoever made it.
        body: Vec<u8>,
    },
    /// A wrapped key.
    Key {
        /// Its ID.
        kid: String,
        /// The record, JSON.
        record: Vec<u8>,
    },
    /// How far a follower of the blocks has done its work.
    Cursor {
        /// Its name.
        follower: &'static str,
        /// The last block that it is done with.
        block: u64,
    },
    /// A mail that waits or is parked.
    Mail(MailRow),
    /// How far a provider's webhooks are.
    Webhooks {
        /// Whose.
        provider: ProviderId,
        /// After how many stops.
        epoch: u32,
        /// How far.
        state: WebhookState,
    },
    /// Where a part of a line's bill stands, so that a month's bills are found in order.
    Bill {
        /// The month.
        month: Month,
        /// Whose, and which part.
        place: BillPlace,
        /// The line's event row that holds it.
        seq: u64,
    },
    /// Where what a receipt number names stands, so that its provider finds it without the line.
    Receipt {
        /// What is looked for.
        key: ReceiptKey,
        /// Where it stands.
        place: ReceiptPlace,
    },
}

/// What providers look for by a receipt number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReceiptKey {
    /// The purchase or cancellation that has this receipt number.
    Order(ReceiptNumber),
    /// The end of this contract, whoever ended it.
    End(ContractNumber),
}

/// Where something with a receipt number stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPlace {
    /// Whose it is: for others it does not exist, and their question ends here.
    pub provider: ProviderId,
    /// The line.
    pub customer: CustomerId,
    /// The line's event row that holds it.
    pub seq: u64,
}

/// A part of a line's bill of some month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BillPlace {
    /// Whose.
    pub customer: CustomerId,
    /// Which part, from 1.
    pub part: u32,
}

/// The largest body of a row: the engine keeps small rows well and large ones not.
pub const MOST_ROW_BYTES: usize = 60 * 1024;

impl Put {
    /// How large its row's body is.
    pub fn body_bytes(&self) -> usize {
        match self {
            Self::Event { entry, .. } => entry.len(),
            Self::Reservation { .. }
            | Self::Cursor { .. }
            | Self::Bill { .. }
            | Self::Receipt { .. } => 0,
            Self::Personal { body, .. } => body.to_bytes().len(),
            Self::Snapshot { body, .. } => body.len(),
            Self::Key { record, .. } => record.len(),
            Self::Mail(row) => to_json(&row.record).len(),
            Self::Webhooks { state, .. } => to_json(state).len(),
        }
    }
}

impl fmt::Debug for Put {
    /// Personal data and keys do not print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { stream, seq, entry } => {
                write!(f, "Event({stream}, {seq}, {} bytes)", entry.len())
            }
            Self::Reservation { reservation, holder } => {
                write!(f, "Reservation({reservation:?}, {holder:?})")
            }
            Self::Personal { customer, row, .. } => write!(f, "Personal({customer}, {row}, ***)"),
            Self::Snapshot { stream, seq, body } => {
                write!(f, "Snapshot({stream}, {seq}, {} bytes)", body.len())
            }
            Self::Key { kid, .. } => write!(f, "Key({kid}, ***)"),
            Self::Cursor { follower, block } => write!(f, "Cursor({follower}, {block})"),
            Self::Mail(row) => write!(f, "Mail({row:?})"),
            Self::Webhooks { provider, epoch, state } => {
                write!(f, "Webhooks({provider}, {epoch}, {state:?})")
            }
            Self::Bill { month, place, seq } => write!(f, "Bill({month}, {place:?}, {seq})"),
            Self::Receipt { key, place } => write!(f, "Receipt({key:?}, {place:?})"),
        }
    }
}

/// A row to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delete {
    /// A reservation that somebody gives up.
    Reservation(Reservation),
    /// A personal row that is erased.
    Personal {
        /// Of which line.
        customer: CustomerId,
        /// Its number.
        row: u32,
    },
    /// A snapshot that a newer one replaces.
    Snapshot {
        /// The stream.
        stream: Stream,
        /// The event row it stands after.
        seq: u64,
    },
    /// A key that opens nothing any more.
    Key {
        /// Its ID.
        kid: String,
    },
    /// The cursor of a follower that is switched off.
    Cursor {
        /// Its name.
        follower: &'static str,
    },
    /// A mail that went out, or that stands elsewhere now.
    Mail(MailPlace),
    /// How far the webhooks of a provider were that wants none any more.
    Webhooks {
        /// Whose.
        provider: ProviderId,
        /// After how many stops.
        epoch: u32,
    },
}

impl Batch {
    /// The events of one decision as the stream's next row, expecting that `last` is its last.
    pub fn event(stream: Stream, last: u64, entry: Vec<u8>) -> Self {
        Self::events(stream, last, vec![entry])
    }

    /// The events of one decision as the stream's next rows, all of them or none.
    pub fn events(stream: Stream, last: u64, entries: Vec<Vec<u8>>) -> Self {
        let put = |(entry, seq)| Put::Event { stream: stream.clone(), seq, entry };
        let put = entries.into_iter().zip(last + 1..).map(put).collect();
        Self { expect: vec![Expect::Last { stream, seq: last }], put, delete: Vec::new() }
    }

    /// Takes a reservation that must be free; of a prefix every address must be.
    pub fn reserve(&mut self, reservation: Reservation, holder: Holder) {
        self.expect.push(match &reservation {
            Reservation::Network(network) => Expect::Unowned(*network),
            other => Expect::Free(other.clone()),
        });
        self.put.push(Put::Reservation { reservation, holder });
    }

    /// How many event rows it puts.
    pub fn event_count(&self) -> usize {
        self.put.iter().filter(|put| matches!(put, Put::Event { .. })).count()
    }
}

/// How a batch ended. Unknown is the error of the whole group ([`super::Store::commit`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Durable.
    Committed {
        /// The block that closed its group.
        block: u64,
    },
    /// Nothing was written: this did not hold. No failure; read again and decide once more.
    Refused(Broken),
}

/// What did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// The stream has moved on.
    Sequence(Stream),
    /// Somebody holds the reservation.
    Taken(Reservation),
    /// A row is larger than any may be.
    TooLarge {
        /// Its length.
        bytes: usize,
    },
}
