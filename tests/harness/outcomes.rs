//! What came of damage, counted.

use std::collections::BTreeMap;

/// How often which damage had which outcome.
#[derive(Default)]
pub struct Outcomes(BTreeMap<(String, String), usize>);

impl Outcomes {
    /// One more.
    pub fn note(&mut self, damage: &str, outcome: &str) {
        *self.0.entry((damage.to_owned(), outcome.to_owned())).or_default() += 1;
    }

    /// Prints all of them as a table.
    pub fn tell(&self) {
        println!("| damage | outcome | count |\n|---|---|---|");
        for ((damage, outcome), count) in &self.0 {
            println!("| {damage} | {outcome} | {count} |");
        }
    }
}
