//! What was turned away with 503, by what was too much: before any work, and in the midst of it.

use super::{Admission, room::TooMuch};
use crate::{
    actors::{Overload, lines::Lines},
    metrics::lately::Lately,
    security::PasswordPool,
};
use std::{collections::BTreeMap, time::Duration};

/// The counts of one reason: each place that turns away for it has its own.
pub type Counts = Vec<Lately>;

/// All of them, by the reason's word.
pub fn by_reason(
    admission: &Admission,
    lines: &Lines,
    passwords: &PasswordPool,
) -> BTreeMap<&'static str, Counts> {
    let before = TooMuch::ALL.map(|why| (why.code(), admission.turned_away_for(why).clone()));
    let of_lines = Overload::ALL.map(|why| (why.code(), lines.turned_away(why).clone()));
    let of_passwords = (TooMuch::HashQueue.code(), passwords.turned_away().clone());
    let mut counts: BTreeMap<_, Counts> = BTreeMap::new();
    for (code, count) in before.into_iter().chain(of_lines).chain([of_passwords]) {
        counts.entry(code).or_default().push(count);
    }
    counts
}

/// How many there ever were.
pub fn total(counts: &Counts) -> u64 {
    counts.iter().map(Lately::total).sum()
}

/// How many there were in the last minute.
pub fn last_minute(counts: &Counts) -> u64 {
    counts.iter().map(Lately::last_minute).sum()
}

/// For how long it has gone on, without a pause of ten seconds; none where it does not now.
pub fn goes_on(counts: &Counts) -> Option<Duration> {
    counts.iter().filter_map(Lately::goes_on).max()
}
