//! What the server was asked and what it answered, one line for each order: `linepass verify
//! --ledger` holds the store against it (reliability I1, I2).

use super::random::Random;
use serde::Serialize;
use std::{
    cell::RefCell,
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    rc::Rc,
};

/// What is known of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The server said that it is done: it must be there for good.
    Acknowledged,
    /// The server said no: it must not be there.
    Refused,
    /// No answer, or one that leaves it open: it may be there or not.
    Unknown,
}

/// What kind of order it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 購入.
    Purchase,
    /// 解約.
    Cancellation,
}

/// The order's name.
#[derive(Debug, Clone, Serialize)]
pub struct OrderName {
    /// The provider.
    pub client_id: String,
    /// Its reference, unique for good.
    pub reference: String,
}

/// A line of the ledger.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The order's name.
    pub order: OrderName,
    /// The line.
    pub customer_id: String,
    /// The passport ID.
    pub passport_id: String,
    /// The service.
    pub service: String,
    /// Yen; of a purchase alone.
    pub amount_yen: Option<u64>,
    /// What is known of it.
    pub outcome: Outcome,
    /// Its number, where a page or a token's answer told it.
    pub receipt_number: Option<String>,
    /// What kind it is.
    pub kind: Kind,
}

/// The ledger of a run: in memory for the questions at the end, and in a file where one is named.
#[derive(Debug)]
pub struct Ledger {
    file: Option<BufWriter<std::fs::File>>,
    /// The first thing that went wrong with the file.
    failed: Option<io::Error>,
    /// Some of the entries, each with the same chance, to be asked for afterwards.
    sample: Vec<Entry>,
    most: usize,
    seen: u64,
    random: Random,
}

/// A ledger that scenarios under way share.
pub type Shared = Rc<RefCell<Ledger>>;

impl Ledger {
    /// One that is kept in a new file too, readable by its owner alone: it names customers.
    /// `most` entries at most are kept for [`Ledger::sample`].
    pub fn open(file: Option<&Path>, most: usize, seed: u64) -> io::Result<Self> {
        let open =
            |path: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.map(open).transpose()?.map(BufWriter::new);
        let random = Random::new(seed, 0x1ED6);
        Ok(Self { file, failed: None, sample: Vec::new(), most, seen: 0, random })
    }

    fn put(&mut self, entry: Entry) {
        if let Some(file) = &mut self.file {
            let written = serde_json::to_writer(&mut *file, &entry).map_err(io::Error::from);
            if let Err(error) = written.and_then(|()| file.write_all(b"\n")) {
                self.failed.get_or_insert(error);
            }
        }
        self.seen += 1;
        if self.sample.len() < self.most {
            self.sample.push(entry);
        } else if let Ok(place) = usize::try_from(self.random.below(self.seen))
            && let Some(kept) = self.sample.get_mut(place)
        {
            *kept = entry;
        }
    }

    /// How many orders were pressed.
    pub const fn len(&self) -> u64 {
        self.seen
    }

    /// Whether nothing was pressed.
    pub const fn is_empty(&self) -> bool {
        self.seen == 0
    }

    /// Some of the entries, each with the same chance.
    pub fn sample(&self) -> Vec<Entry> {
        self.sample.clone()
    }

    /// Writes out what is still in memory.
    ///
    /// # Errors
    /// The file could not be written, now or before: it is not whole.
    pub fn finish(&mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        match &mut self.file {
            Some(file) => file.flush().and_then(|()| file.get_ref().sync_all()),
            None => Ok(()),
        }
    }
}

/// An order that is being pressed. Whatever becomes of it, it stands in the ledger: as unknown where
/// nobody says anything else, also when the run is cut short.
#[derive(Debug)]
pub struct Pressing {
    ledger: Shared,
    entry: Option<Entry>,
}

impl Pressing {
    /// The press is about to be sent.
    pub const fn begin(ledger: Shared, entry: Entry) -> Self {
        Self { ledger, entry: Some(entry) }
    }

    /// What the server said.
    pub const fn outcome(&mut self, outcome: Outcome) {
        if let Some(entry) = &mut self.entry {
            entry.outcome = outcome;
        }
    }

    /// The number that it told.
    pub fn receipt(&mut self, number: &str) {
        if let Some(entry) = &mut self.entry {
            entry.receipt_number = Some(number.to_owned());
        }
    }
}

impl Drop for Pressing {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.ledger.borrow_mut().put(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(reference: &str) -> Entry {
        Entry {
            order: OrderName { client_id: "c".into(), reference: reference.into() },
            customer_id: "CAF0000000001".into(),
            passport_id: "a".into(),
            service: "x".into(),
            amount_yen: Some(1),
            outcome: Outcome::Unknown,
            receipt_number: None,
            kind: Kind::Purchase,
        }
    }

    #[test]
    fn each_press_stands_in_the_ledger_and_one_that_was_cut_is_unknown() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ledger.jsonl");
        let ledger = Rc::new(RefCell::new(Ledger::open(Some(&file), 9, 1).expect("opens")));
        let mut first = Pressing::begin(Rc::clone(&ledger), entry("r-1"));
        first.outcome(Outcome::Acknowledged);
        first.receipt("100000000016");
        drop(first);
        drop(Pressing::begin(Rc::clone(&ledger), entry("r-2")));
        ledger.borrow_mut().finish().expect("writes");
        let text = std::fs::read_to_string(&file).expect("reads");
        let again = Ledger::open(Some(&file), 9, 1).expect_err("an older ledger stays").kind();
        assert_eq!(again, io::ErrorKind::AlreadyExists);
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["outcome"], "acknowledged");
        assert_eq!(lines[0]["receipt_number"], "100000000016");
        assert_eq!(lines[0]["order"]["reference"], "r-1");
        assert_eq!(lines[1]["outcome"], "unknown");
        assert_eq!(lines[1]["kind"], "purchase");
    }

    #[test]
    fn the_sample_takes_each_entry_with_the_same_chance() {
        let mut from_the_first_half = 0;
        for seed in 0..50 {
            let mut ledger = Ledger::open(None, 20, seed).expect("opens");
            (0..1_000).for_each(|number| ledger.put(entry(&number.to_string())));
            assert_eq!((ledger.len(), ledger.sample().len()), (1_000, 20));
            let early = ledger.sample().into_iter();
            let early = early.filter(|entry| {
                entry.order.reference.len() < 4 && entry.order.reference.as_str() < "500"
            });
            from_the_first_half += early.count();
        }
        // A half of a thousand, give or take five deviations.
        assert!((420..580).contains(&from_the_first_half), "{from_the_first_half}");
    }
}
