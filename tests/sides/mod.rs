//! A line and its naive model, side by side: each thing that happens is asked of both, and both must answer
//! alike.

mod administered;
mod agreement;
mod presses;

use crate::naive::{Model, Moment, MonthIndex, Reasons, Visit, month_of, next_first, steps::Step};
use linepass::domain::{
    calendar::{Instant, Month},
    ids::{ContractNumber, ProviderId, ReceiptNumber, ServiceCode},
    line::{
        By, Command, Entry, Event, Facts, Line, LineDefaults, LineService, RowRef,
        command::OpenLine, decide, event::BillingRoute, replay,
    },
    yen::Yen,
};
use proptest::{prelude::*, test_runner::TestCaseResult};

/// 2026-11-01T00:00:00 in Japan, microseconds since 1970 UTC.
const EPOCH_MICROS: i64 = 1_793_458_800_000_000;
/// Nothing happens after February 2027, so that the months after it can still be asked for.
const LAST_MONTH: MonthIndex = 3;
pub const MONTHS: [&str; 6] = ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-04"];
const PROVIDERS: [&str; 2] = ["a-sha", "b-sha"];
/// The first two are monthly; the third has a fixed price, the fourth one set at each purchase.
const SERVICES: [&str; 4] = ["pack", "anime", "film", "goods"];

const fn row(row: u32) -> RowRef {
    RowRef { row, commitment: [7; 32] }
}

pub fn instant(moment: Moment) -> Instant {
    Instant::from_micros(EPOCH_MICROS + i64::from(moment) * 1_000_000)
}

fn provider(index: u8) -> ProviderId {
    PROVIDERS[usize::from(index)].parse().expect("a provider")
}

fn service(index: u8) -> ServiceCode {
    SERVICES[usize::from(index)].parse().expect("a service")
}

fn month(index: MonthIndex) -> Month {
    MONTHS[index].parse().expect("a month")
}

fn receipt(index: usize) -> ReceiptNumber {
    ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + index as u64).expect("a serial")
}

/// The line and its model, side by side.
pub struct Sides {
    model: Model,
    line: Option<Line>,
    entries: Vec<Entry>,
    now: Moment,
    /// Which receipt each purchase of the model was given.
    receipts: Vec<usize>,
    /// Receipts given out.
    given_out: usize,
}

impl Sides {
    pub fn new(kind: LineService, line_limit: u64) -> Self {
        let mut sides = Self {
            model: Model::new(kind == LineService::HikariPremium, line_limit),
            line: None,
            entries: Vec::new(),
            now: 0,
            receipts: Vec::new(),
            given_out: 0,
        };
        let opening = Command::Open(OpenLine {
            customer: "CAF0000012573".parse().expect("a customer ID"),
            service: kind,
            line_limit: Yen::new(line_limit),
            billing: BillingRoute::Telephone,
            networks: vec!["203.0.113.0/24".parse().expect("a network")],
            record: row(0),
            access_key: row(1),
        });
        sides.ask(&opening, false, &Reasons::new()).expect("a line is opened");
        sides
    }

    fn line(&self) -> &Line {
        self.line.as_ref().expect("an open line")
    }

    /// Asks the line and compares its answer with the reasons the model has against it. Whether
    /// it was accepted.
    fn ask(
        &mut self,
        command: &Command,
        foreign: bool,
        against: &Reasons,
    ) -> Result<bool, TestCaseError> {
        let facts = self.facts(foreign);
        match decide(self.line.as_ref(), command, &facts) {
            Ok(events) => {
                prop_assert!(against.is_empty(), "accepted against {against:?}: {command:?}");
                self.happened(events);
                self.given_out += 1;
                Ok(true)
            }
            Err(refusal) => {
                let known = against.contains(refusal.code());
                prop_assert!(known, "{} is none of {against:?}: {command:?}", refusal.code());
                Ok(false)
            }
        }
    }

    fn happened(&mut self, events: Vec<Event>) {
        let entry = Entry { at: instant(self.now), by: By::System, request_id: None, events };
        self.line = replay(self.line.take(), &entry);
        self.entries.push(entry);
    }

    pub fn step(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::Wait(seconds) => self.pass_to(self.now + seconds),
            Step::Turn { last_second } => {
                self.pass_to(next_first(self.now) - Moment::from(*last_second));
            }
            Step::Buy { visit, provider, service, quantity, price, catalogue } => {
                let visit = self.mostly_known(*visit);
                let key = (visit.id, *provider, *service);
                return self.buy(visit, key, *quantity, *price, *catalogue);
            }
            Step::Cancel { visit, own, which, right_provider } => {
                return self.cancel(self.mostly_known(*visit), *own, *which, *right_provider);
            }
            Step::Close => return self.close(),
            other => return self.administer(other),
        }
        Ok(())
    }

    /// Mostly an ID that is not deleted, and mostly the same few; the numbers above stay what
    /// they are, known or not.
    fn mostly_known(&self, mut visit: Visit) -> Visit {
        let live: Vec<u32> = (1..=20).filter(|id| self.model.id(*id).is_some()).collect();
        if let Some(id) = live.get(visit.id as usize % live.len().clamp(1, 3)) {
            visit.id = if visit.id <= 18 { *id } else { visit.id - 17 };
        }
        visit
    }

    fn pass_to(&mut self, moment: Moment) {
        if month_of(moment) <= LAST_MONTH {
            self.now = self.now.max(moment);
        }
    }

    fn counted_back(&self, which: usize) -> Option<usize> {
        self.model.bought.len().checked_sub(which + 1)
    }

    fn contract(&self, which: usize) -> ContractNumber {
        let never_given_out = 1_000_000;
        ContractNumber(receipt(self.receipts.get(which).copied().unwrap_or(never_given_out)))
    }

    fn facts(&self, foreign: bool) -> Facts {
        let source = if foreign { "198.51.100.7" } else { "203.0.113.7" };
        Facts {
            now: instant(self.now),
            receipt: Some(receipt(self.given_out)),
            source: Some(source.parse().expect("an address")),
            defaults: LineDefaults {
                passports_per_line: 5,
                passport_limit: Yen::new(10_000),
                activation_delay_s: 0,
            },
        }
    }
}
