//! What is committed while somebody copies the store: the rows of each group, in their order. With
//! them a copy that was made page by page, beside commits, comes to what the store was at one block.
//!
//! They are kept in memory and taken away now and then. Where nobody takes them they are dropped at a
//! bound, and whoever comes late learns that they are gone.

use super::group::Tip;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// A row that was put (`Some`) or deleted (`None`).
pub type Change = (Vec<u8>, Option<Vec<u8>>);

/// What a row takes in memory beside its bytes, at most.
const ROW_OVERHEAD_BYTES: usize = 96;

/// What a row takes in memory.
pub fn bytes_of((key, row): &Change) -> usize {
    ROW_OVERHEAD_BYTES + key.len() + row.as_ref().map_or(0, Vec::len)
}

/// What was noted since it was taken last.
#[derive(Debug, Default)]
struct Notes {
    changes: Vec<Change>,
    bytes: usize,
    /// What was taken and is not done with yet counts against the same bound.
    held_bytes: usize,
    most_bytes: usize,
    is_lost: bool,
}

/// Whoever holds this has the store's groups noted; once nobody does, they no longer are.
#[derive(Debug, Clone)]
pub struct NoteBook(Arc<Mutex<Notes>>);

/// Notes that were taken, and the chain's tip of that very moment.
#[derive(Debug, PartialEq, Eq)]
pub struct Noted {
    /// No group is under way, and none after this block was noted.
    pub tip: Tip,
    /// The rows of the groups since the notes were taken last; `None` where some are not to be had:
    /// another began since, or too much came before they were taken.
    pub changes: Option<Vec<Change>>,
}

impl NoteBook {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a group's rows.
    pub fn add(&self, rows: HashMap<Vec<u8>, Option<Vec<u8>>>) {
        let mut notes = self.notes();
        if notes.is_lost {
            return;
        }
        for change in rows {
            notes.bytes += bytes_of(&change);
            notes.changes.push(change);
        }
        if notes.bytes + notes.held_bytes > notes.most_bytes {
            notes.lose();
        }
    }

    /// Takes what was noted; it counts as held until [`Self::hold`] says otherwise.
    pub fn take(&self) -> Option<Vec<Change>> {
        let mut notes = self.notes();
        notes.held_bytes += std::mem::take(&mut notes.bytes);
        (!notes.is_lost).then(|| std::mem::take(&mut notes.changes))
    }
}

impl NoteBook {
    /// So many bytes of what was taken are held now.
    pub fn hold(&self, bytes: usize) {
        self.notes().held_bytes = bytes;
    }
}

impl Notes {
    fn lose(&mut self) {
        self.is_lost = true;
        self.changes = Vec::new();
    }
}

/// A store's side: who has its groups noted, if anybody.
#[derive(Debug, Default)]
pub struct Noting(Weak<Mutex<Notes>>);

impl Noting {
    /// From now on groups are noted, so many bytes of them until they are taken and done with; for
    /// whoever began before they no longer are.
    pub fn begin(&mut self, most_bytes: usize) -> NoteBook {
        if let Some(before) = self.0.upgrade() {
            NoteBook(before).notes().lose();
        }
        let notes = Arc::new(Mutex::new(Notes { most_bytes, ..Notes::default() }));
        self.0 = Arc::downgrade(&notes);
        NoteBook(notes)
    }

    /// Where the next group is noted; `None` where nobody wants it.
    pub fn wanted(&self) -> Option<NoteBook> {
        self.0.upgrade().map(NoteBook).filter(|book| !book.notes().is_lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(number: u8, bytes: usize) -> HashMap<Vec<u8>, Option<Vec<u8>>> {
        HashMap::from([(vec![number], Some(vec![number; bytes]))])
    }

    #[test]
    fn groups_are_taken_in_their_order_and_once() {
        let mut noting = Noting::default();
        assert!(noting.wanted().is_none());
        let book = noting.begin(10_000);
        let wanted = noting.wanted().expect("somebody wants it");
        wanted.add(group(1, 5));
        wanted.add(HashMap::from([(vec![1], None)]));
        assert_eq!(book.take(), Some(vec![(vec![1], Some(vec![1; 5])), (vec![1], None)]));
        assert_eq!(book.take(), Some(Vec::new()));
        drop((book, wanted));
        assert!(noting.wanted().is_none(), "nobody wants it any more");
    }

    #[test]
    fn what_nobody_takes_is_dropped_at_the_bound_and_is_never_taken_for_whole() {
        let mut noting = Noting::default();
        let book = noting.begin(1_000);
        for number in 0..9 {
            book.add(group(number, 100));
        }
        assert!(noting.wanted().is_none() && book.notes().changes.is_empty());
        assert_eq!(book.take(), None);
        book.add(group(9, 1));
        assert_eq!(book.take(), None, "a gap stays one");
    }

    #[test]
    fn what_was_taken_and_is_held_counts_against_the_bound() {
        let mut noting = Noting::default();
        let book = noting.begin(1_000);
        book.add(group(1, 500));
        let taken = book.take().expect("within the bound");
        let held: usize = taken.iter().map(bytes_of).sum();
        book.hold(held);
        book.hold(held - 400);
        book.add(group(2, 500));
        assert_eq!(book.take().map(|changes| changes.len()), Some(1));
        book.add(group(3, 300));
        assert_eq!(book.take(), None);
    }

    #[test]
    fn whoever_began_before_learns_that_the_notes_go_to_another() {
        let mut noting = Noting::default();
        let (first, second) = (noting.begin(1_000), noting.begin(1_000));
        noting.wanted().expect("the second").add(group(1, 1));
        assert_eq!(first.take(), None);
        assert_eq!(second.take().map(|changes| changes.len()), Some(1));
    }
}
