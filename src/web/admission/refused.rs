//! What was turned away with 503, by what was too much: before any work, and in the midst of it.

use super::{Admission, room::TooMuch};
use crate::{
    actors::{Overload, lines::Lines},
    metrics::lately::Lately,
    security::PasswordPool,
};
use std::collections::BTreeMap;

/// All counts by the reason's word: each place that turns away for it has its own.
pub fn by_reason(
    admission: &Admission,
    lines: &Lines,
    passwords: &PasswordPool,
) -> BTreeMap<&'static str, Vec<Lately>> {
    let before = TooMuch::ALL.map(|why| (why.code(), admission.turned_away_for(why).clone()));
    let of_lines = Overload::ALL.map(|why| (why.code(), lines.turned_away(why).clone()));
    let of_passwords = (TooMuch::HashQueue.code(), passwords.turned_away().clone());
    let mut counts: BTreeMap<_, Vec<Lately>> = BTreeMap::new();
    for (code, count) in before.into_iter().chain(of_lines).chain([of_passwords]) {
        counts.entry(code).or_default().push(count);
    }
    counts
}

/// How many of one reason there ever were.
pub fn total(counts: &[Lately]) -> u64 {
    counts.iter().map(Lately::total).sum()
}

/// How many there were in the last minute.
pub fn last_minute(counts: &[Lately]) -> u64 {
    counts.iter().map(Lately::last_minute).sum()
}
