//! A line as its actor holds it while it is awake: read from the newest snapshot and the events
//! after it, and kept by what is committed.

use super::{
    line::PrivatePassport,
    personal::committed,
    snapshot::{Due, Opened, Place, Snapshots},
};
use crate::{
    domain::{
        ids::{CustomerId, PassportNumber},
        line::{Entry, Line, Passport, replay},
    },
    store::{
        EventRow, PersonalRow, Store, StoreError, Stream,
        record::{self, Personal},
    },
};
use futures_util::future::{try_join, try_join_all};
use std::{collections::HashMap, sync::Arc};

/// Event rows that one look into the store takes.
const PAGE: usize = 256;

/// One entry of a line.
pub async fn entry(store: &dyn Store, customer: CustomerId, seq: u64) -> Result<Entry, StoreError> {
    let stream = Stream::Line(customer);
    let place = format!("event {seq} of {stream}");
    let rows = store.events(&stream, seq.saturating_sub(1), 1).await?;
    let row = rows.first().filter(|row| row.seq == seq);
    let row = row.ok_or_else(|| StoreError::damaged(&*place, "it is missing"))?;
    record::from_json(&place, &row.entry)
}

/// A line that is awake.
#[derive(Clone)]
pub struct Awake {
    /// The line; `None` where no line has the customer ID.
    pub line: Option<Arc<Line>>,
    /// Where it stands in its stream.
    pub place: Place,
    /// Its live IDs' strings and password hashes.
    pub private: Arc<HashMap<PassportNumber, PrivatePassport>>,
}

impl Awake {
    /// Reads a line: the newest snapshot that holds, the events after it, and its live IDs'
    /// personal rows.
    pub async fn read(
        store: &dyn Store,
        customer: CustomerId,
        snapshots: &Snapshots,
    ) -> Result<Self, StoreError> {
        let (line, place) = read_line(store, customer, snapshots).await?;
        // All at once: whoever waits for the line waits for the slowest of them, not for their sum.
        let ids = line.iter().flat_map(Line::live_passports);
        let private = try_join_all(ids.map(|id| read_private(store, customer, id))).await?;
        let private = Arc::new(private.into_iter().collect());
        Ok(Self { line: line.map(Arc::new), place, private })
    }

    /// Takes over what was committed in `block`, with its personal rows. Gives the snapshot that
    /// is worth writing now, if any; where it will be, [`Place::keeps`] is told.
    pub fn take(
        &mut self,
        entry: &Entry,
        rows: &[(u32, PersonalRow)],
        block: u64,
        snapshots: &Snapshots,
    ) -> Option<Due> {
        let before = self.line.take();
        let opening = before
            .as_deref()
            .and_then(|before| snapshots.at_opening_of_month(before, &self.place, entry.at));
        self.line = replay(before.map(Arc::unwrap_or_clone), entry).map(Arc::new);
        self.place.seq += 1;
        self.place.block = block;
        if !rows.is_empty() {
            self.take_private(rows);
        }
        opening.or_else(|| snapshots.when_due(self.line.as_deref()?, &mut self.place))
    }

    /// A new string or a new hash takes the place of the old one; the other stays.
    fn take_private(&mut self, rows: &[(u32, PersonalRow)]) {
        let Some(line) = self.line.as_deref() else { return };
        let private = Arc::make_mut(&mut self.private);
        private.retain(|number, _| line.live_passport(*number).is_some());
        for passport in line.live_passports() {
            let row = |wanted: u32| rows.iter().find(|(row, _)| *row == wanted).map(|r| &r.1.data);
            let known = private.get(&passport.number);
            let name = match row(passport.rows.name.row) {
                Some(Personal::PassportName { name }) => Some(name.clone()),
                _ => known.map(|known| known.name.clone()),
            };
            let password_hash = match row(passport.rows.credential.row) {
                Some(Personal::Credential { hash }) => Some(hash.clone()),
                _ => known.map(|known| known.password_hash.clone()),
            };
            let both = name.zip(password_hash);
            let fresh = both.map(|(name, password_hash)| PrivatePassport { name, password_hash });
            private.extend(fresh.map(|fresh| (passport.number, fresh)));
        }
    }
}

/// A line as its events tell, without its personal rows.
pub async fn read_line(
    store: &dyn Store,
    customer: CustomerId,
    snapshots: &Snapshots,
) -> Result<(Option<Line>, Place), StoreError> {
    let stream = Stream::Line(customer);
    let from = from_snapshot(store, customer, snapshots).await?;
    let (mut line, mut place, mut rows) = match from {
        Some((Opened { line, place }, rows)) => (Some(line), place, rows),
        None => (None, Place::default(), store.events(&stream, 0, PAGE).await?),
    };
    loop {
        for row in &rows {
            if row.seq != place.seq + 1 {
                let missing = format!("event {} of {stream}", place.seq + 1);
                return Err(StoreError::damaged(missing, "it is missing"));
            }
            (place.seq, place.block) = (row.seq, row.block);
            let what = format!("event {} of {stream}", row.seq);
            let entry: Entry = record::from_json(&what, &row.entry)?;
            line = replay(line, &entry);
        }
        // Less than a page were the last ones; a snapshot's page lacks the row it stands after.
        if rows.len() + 1 < PAGE {
            return Ok((line, place));
        }
        rows = store.events(&stream, place.seq, PAGE).await?;
    }
}

/// The newest snapshot, if it holds, and the first page of what came after it. It must stand after
/// a row that is there: the look at that row is where the rows after it begin.
async fn from_snapshot(
    store: &dyn Store,
    customer: CustomerId,
    snapshots: &Snapshots,
) -> Result<Option<(Opened, Vec<EventRow>)>, StoreError> {
    let stream = Stream::Line(customer);
    let Some(row) = store.newest_snapshot(&stream).await? else { return Ok(None) };
    let passed_over = |reason| {
        tracing::warn!(line = %customer, seq = row.seq, reason, "a snapshot is passed over");
        Ok(None)
    };
    let opened = match snapshots.open(customer, &row) {
        Ok(opened) => opened,
        Err(reason) => return passed_over(reason),
    };
    let mut rows = store.events(&stream, opened.place.seq.saturating_sub(1), PAGE).await?;
    let stands = rows
        .first()
        .is_some_and(|first| (first.seq, first.block) == (opened.place.seq, opened.place.block));
    if !stands {
        return passed_over("the event it stands after is another one");
    }
    rows.remove(0);
    Ok(Some((opened, rows)))
}

async fn read_private(
    store: &dyn Store,
    customer: CustomerId,
    passport: &Passport,
) -> Result<(PassportNumber, PrivatePassport), StoreError> {
    let name = committed(store, customer, passport.rows.name);
    let credential = committed(store, customer, passport.rows.credential);
    let (name, credential) = try_join(name, credential).await?;
    let (Personal::PassportName { name }, Personal::Credential { hash }) =
        (name.data, credential.data)
    else {
        let place = format!("personal rows of passport {} of {customer}", passport.number);
        return Err(StoreError::damaged(place, "they are of another kind"));
    };
    Ok((passport.number, PrivatePassport { name, password_hash: hash }))
}

#[cfg(test)]
#[path = "reading_tests.rs"]
pub(super) mod tests;
