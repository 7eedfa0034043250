//! What operators see of the outbox and ask of it.

use super::MailFigures;
use crate::{
    actors::system::{Asked, SystemChange, SystemError, SystemStream},
    domain::{calendar::Instant, system::SystemEvent},
    store::{Delete, MailId, MailPlace, MailRecord, MailRow, Put, Shelf, Store, StoreError},
};
use std::sync::{Arc, atomic::Ordering};
use tokio::sync::Mutex;

/// Rows that one look into the store takes.
pub(super) const PAGE: usize = 256;

/// Which parked mails are to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    One(MailId),
    /// All of them.
    All,
}

impl Wanted {
    /// Whether it is this one.
    pub fn is(self, mail: MailId) -> bool {
        match self {
            Self::One(wanted) => wanted == mail,
            Self::All => true,
        }
    }
}

/// Why mails are not tried again.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// No parked mail has this name.
    #[error("no such mail is parked")]
    Unknown,
    /// It was not journalled.
    #[error(transparent)]
    System(#[from] SystemError),
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The operators' side of the outbox. It moves parked rows alone, which the task leaves alone.
#[derive(Clone)]
pub struct Desk {
    store: Arc<dyn Store>,
    figures: Arc<MailFigures>,
    /// One wish at a time: two would put one mail into two places.
    moving: Arc<Mutex<()>>,
}

impl Desk {
    pub(super) fn new(store: Arc<dyn Store>, figures: Arc<MailFigures>) -> Self {
        Self { store, figures, moving: Arc::default() }
    }

    /// What monitoring reads too.
    pub fn figures(&self) -> &Arc<MailFigures> {
        &self.figures
    }

    /// At most `limit` rows of a shelf after `after`.
    ///
    /// # Errors
    /// What is stored cannot be read.
    pub async fn list(
        &self,
        shelf: Shelf,
        after: Option<&MailPlace>,
        limit: usize,
    ) -> Result<Vec<MailRow>, StoreError> {
        self.store.mails(shelf, after, limit).await
    }

    /// How many parked mails a wish concerns.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub async fn rehearse(&self, wanted: Wanted) -> Result<u64, DeskError> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.store.mails(Shelf::Parked, after.as_ref(), PAGE).await?;
            count += page.iter().filter(|row| wanted.is(row.place.mail)).count() as u64;
            match page.last() {
                Some(last) => after = Some(last.place),
                None if count == 0 && wanted != Wanted::All => return Err(DeskError::Unknown),
                None => return Ok(count),
            }
        }
    }

    /// Has parked mails tried again, with a new term: journalled with its reason, a page of rows
    /// in each commit. How many.
    ///
    /// # Errors
    /// There are none, or they cannot be moved now.
    pub async fn retry(
        &self,
        system: &SystemStream,
        asked: &Asked,
        wanted: Wanted,
    ) -> Result<u64, DeskError> {
        let _moving = self.moving.lock().await;
        let now = system.clock().now();
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.store.mails(Shelf::Parked, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.place);
            let rows: Vec<MailRow> =
                page.into_iter().filter(|row| wanted.is(row.place.mail)).collect();
            if rows.is_empty() {
                continue;
            }
            count += rows.len() as u64;
            system.change(asked, |_| Ok(taken_up(&rows, now))).await?;
        }
        self.figures.must_count.store(true, Ordering::Relaxed);
        if count == 0 && wanted != Wanted::All {
            return Err(DeskError::Unknown);
        }
        Ok(count)
    }
}

fn taken_up(rows: &[MailRow], now: Instant) -> SystemChange {
    let waiting = |row: &MailRow| {
        let place = MailPlace { shelf: Shelf::Waiting, at: now, ..row.place };
        Put::Mail(MailRow { place, record: MailRecord { since: now, ..row.record.clone() } })
    };
    SystemChange {
        events: vec![SystemEvent::MailsTakenUp { mails: rows.len() as u64 }],
        put: rows.iter().map(waiting).collect(),
        delete: rows.iter().map(|row| Delete::Mail(row.place)).collect(),
    }
}
