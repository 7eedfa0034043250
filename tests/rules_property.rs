//! Random histories of a line against a naive model of the guide (reliability.md 35, I3 to I5,
//! I9): what is accepted and refused, what each month costs, and that a replay is the same line.
//!
//! 256 histories a run; `PROPTEST_CASES=10000 cargo test --test rules_property` asks longer.

mod naive;

use linepass::domain::{
    bill::LineBill,
    calendar::{Instant, Month},
    charge,
    ids::{ContractNumber, PassportNumber, ProviderId, ReceiptNumber, ServiceCode},
    limit,
    line::{
        By, Command, Contract, Entry, Event, Facts, Line, LineDefaults, LineService, RowRef,
        command::{
            Cancel, ChangePassport, CloseMonth, LoggedIn, OpenLine, Purchase, RegisterPassport,
        },
        decide,
        event::{Barrier, BillingRoute},
        may_set_limits, replay,
    },
    order::{CancellationOrder, PurchaseOrder},
    provider::{Price, Service},
    yen::Yen,
};
use naive::{
    Bought, Key, Model, Moment, MonthIndex, Reasons, Visit, month_of, next_first,
    steps::{Catalogue, Step, steps},
};
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, TestCaseResult},
};
use std::collections::BTreeMap;

/// 2026-11-01T00:00:00 in Japan, microseconds since 1970 UTC.
const EPOCH_MICROS: i64 = 1_793_458_800_000_000;
/// Nothing happens after February 2027, so that the months after it can still be asked for.
const LAST_MONTH: MonthIndex = 3;
const MONTHS: [&str; 6] = ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-04"];
const PROVIDERS: [&str; 2] = ["a-sha", "b-sha"];
/// The first two are monthly; the third has a fixed price, the fourth one set at each purchase.
const SERVICES: [&str; 4] = ["pack", "anime", "film", "goods"];
const BARRIERS: [Barrier; 3] =
    [Barrier::CustomerRestriction, Barrier::CompanyStop, Barrier::Unbillable];

const fn row(row: u32) -> RowRef {
    RowRef { row, commitment: [7; 32] }
}

fn instant(moment: Moment) -> Instant {
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
struct Sides {
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
    fn new(kind: LineService, line_limit: u64) -> Self {
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

    fn step(&mut self, step: &Step) -> TestCaseResult {
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

    fn login(&self, visit: Visit) -> LoggedIn {
        let endings = self.model.id(visit.id).map_or(0, |id| id.endings);
        LoggedIn {
            passport: PassportNumber(visit.id),
            epoch: if visit.stale { endings.wrapping_sub(1) } else { endings },
        }
    }

    fn buy(
        &mut self,
        visit: Visit,
        key: Key,
        quantity: u32,
        price: u64,
        catalogue: Catalogue,
    ) -> TestCaseResult {
        let monthly = key.2 < 2;
        let amount = price * u64::from(quantity);
        let order = Bought { key, monthly, price: amount, at: self.now, ended: None };
        // A price that is set at each purchase cannot have changed.
        let dearer = catalogue == Catalogue::Dearer && key.2 != 3;
        let changed = dearer || matches!(catalogue, Catalogue::Retired | Catalogue::Gone);
        let against = self.model.against_buying(visit, &order, changed);
        let command = Command::Purchase(Purchase {
            login: self.login(visit),
            provider: provider(key.1),
            provider_name: "provider".into(),
            order: PurchaseOrder {
                reference: "order".parse().expect("a reference"),
                service: service(key.2),
                quantity,
                amount: Yen::new(amount),
                description: None,
            },
            offer: offer(key.2, price + u64::from(dearer), catalogue),
            require_line: visit.require_line,
            agreed_month: Some(month(month_of(self.now) + usize::from(visit.turned))),
        });
        let number = self.given_out;
        if self.ask(&command, visit.foreign, &against)? {
            self.model.bought.push(order);
            self.receipts.push(number);
            self.within_limits(visit.id)?;
        }
        Ok(())
    }

    /// I3, at the moment of the purchase: on the product's own count.
    fn within_limits(&self, id: u32) -> TestCaseResult {
        let line = self.line();
        let used = limit::used(line, PassportNumber(id), instant(self.now).month());
        prop_assert!(used.by_passport <= line.passports[&PassportNumber(id)].limit);
        prop_assert!(used.by_line <= line.line_limit);
        Ok(())
    }

    fn cancel(
        &mut self,
        mut visit: Visit,
        own: bool,
        which: usize,
        right_provider: bool,
    ) -> TestCaseResult {
        let which = if own { self.one_of_the_live(which) } else { self.counted_back(which) };
        let bought = which.and_then(|which| self.model.bought.get(which));
        let of_provider = bought.map_or(0, |bought| bought.key.1);
        if let Some(bought) = bought.filter(|_| own) {
            visit.id = bought.key.0;
        }
        let asked_by = if right_provider { of_provider } else { 1 - of_provider };
        let which = which.unwrap_or(usize::MAX);
        let against = self.model.against_cancelling(visit, which, asked_by);
        // What the page showed: 最終課金月 by the model's own count.
        let shown = self.model.last_month(which, self.now);
        let shown = shown.map(|last| month(last + usize::from(visit.turned)));
        let command = Command::Cancel(Cancel {
            login: self.login(visit),
            provider: provider(asked_by),
            order: CancellationOrder {
                reference: "cancel".parse().expect("a reference"),
                contract: self.contract(which),
            },
            require_line: visit.require_line,
            agreed_last_month: shown,
        });
        if self.ask(&command, visit.foreign, &against)? {
            self.model.bought[which].ended = Some(self.now);
        }
        Ok(())
    }

    fn one_of_the_live(&self, which: usize) -> Option<usize> {
        let bought = self.model.bought.iter().enumerate();
        let live = bought.filter(|(_, bought)| bought.monthly && bought.ended.is_none());
        let live: Vec<usize> = live.map(|(index, _)| index).collect();
        live.get(which % live.len().max(1)).copied()
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

    /// Closes every month that has ended, part by part; each bill comes to what the model says.
    fn close(&mut self) -> TestCaseResult {
        for index in 0..month_of(self.now) {
            let (_, expected) = self.model.used(1, index);
            let (mut part, mut parts, mut billed_yen) = (1, 1, 0);
            while part <= parts {
                let close = CloseMonth { month: month(index), block: 1, part };
                let decided =
                    decide(self.line.as_ref(), &Command::CloseMonth(close), &self.facts(false));
                let events = decided.map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
                let Some(Event::MonthClosed { parts: of, items, .. }) = events.first() else {
                    let closed = self.line().closed_through >= Some(month(index));
                    prop_assert!(closed || expected == 0, "{} is left open", index);
                    break;
                };
                (parts, part) = (*of, part + 1);
                billed_yen += items.iter().map(|item| item.amount.get()).sum::<u64>();
                self.model.anything_closed = true;
                self.happened(events);
                if part > parts {
                    prop_assert_eq!(billed_yen, expected, "I6, {}", index);
                }
            }
        }
        Ok(())
    }

    /// Whether the ID is known: the one reason against most of what is done to an ID.
    fn against_unknown(&self, id: u32) -> Reasons {
        self.model.id(id).is_none().then_some("unknown_passport").into_iter().collect()
    }

    /// IDs, bars and contracts, as an operator or the household's own pages change them.
    fn administer(&mut self, step: &Step) -> TestCaseResult {
        let now = self.now;
        match step {
            Step::Register => {
                let against = self.model.against_registering();
                let command = Command::RegisterPassport(RegisterPassport {
                    name: row(2),
                    credential: row(3),
                    applicant: row(4),
                });
                if self.ask(&command, false, &against)? {
                    self.model.register();
                }
            }
            Step::Bar(bar) => {
                let already = self.model.bars[*bar].then_some("barred_already");
                let command = Command::RaiseBarrier(BARRIERS[*bar]);
                if self.ask(&command, false, &already.into_iter().collect())? {
                    self.model.bar(*bar, now);
                }
            }
            Step::Lift(bar) => {
                let not = (!self.model.bars[*bar]).then_some("not_barred");
                let command = Command::LiftBarrier(BARRIERS[*bar]);
                if self.ask(&command, false, &not.into_iter().collect())? {
                    self.model.bars[*bar] = false;
                }
            }
            Step::Delete(id) => {
                let against = self.against_unknown(*id);
                let command = Command::DeletePassport(PassportNumber(*id));
                if self.ask(&command, false, &against)? {
                    self.model.delete(*id, now);
                }
            }
            Step::End(which) => {
                let which = self.counted_back(*which).unwrap_or(usize::MAX);
                let against = self.model.against_ending(which);
                let command = Command::EndContract(self.contract(which));
                if self.ask(&command, false, &against)? {
                    self.model.bought[which].ended = Some(now);
                }
            }
            other => return self.set(other),
        }
        Ok(())
    }

    /// Limits and line authentication.
    fn set(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::SetLimits(limits) => {
                let against = self.model.against_limits(limits);
                let wanted = limits.iter().map(|(id, yen)| (PassportNumber(*id), Yen::new(*yen)));
                let wanted: Vec<_> = wanted.collect();
                if against.is_empty() {
                    self.warns(&wanted)?;
                }
                let command = Command::SetPassportLimits(wanted);
                if self.ask(&command, false, &against)? {
                    self.model.set_limits(limits);
                }
            }
            Step::SetLineLimit(line_limit) => {
                let below = self.model.sum_of_limits() > *line_limit;
                let against = below.then_some("limits_over_line").into_iter().collect();
                let command = Command::SetLineLimit(Yen::new(*line_limit));
                if self.ask(&command, false, &against)? {
                    self.model.line_limit = *line_limit;
                }
            }
            Step::SetLineAuthentication(id, on) => {
                let mut against = self.against_unknown(*id);
                if self.model.premium {
                    against.insert("no_line_authentication");
                }
                let passport = PassportNumber(*id);
                let command = Command::SetLineAuthentication { passport, on: *on };
                if self.ask(&command, false, &against)? {
                    self.model.id_mut(*id).expect("an ID").line_authentication = *on;
                }
            }
            Step::Change { id, filled_in, line_authentication } => {
                return self.change(*id, *filled_in, *line_authentication);
            }
            _ => unreachable!("asked elsewhere"),
        }
        Ok(())
    }

    /// the confirm page warns of a new limit below what the model's month costs.
    fn warns(&self, wanted: &[(PassportNumber, Yen)]) -> TestCaseResult {
        let this_month = instant(self.now).month();
        let rows = may_set_limits(self.line(), wanted, this_month);
        for row in rows.map_err(|refusal| TestCaseError::fail(refusal.code()))? {
            let model = self.model.id(row.passport.0).expect("an ID");
            let last = wanted.iter().rfind(|(id, _)| *id == row.passport);
            let limit = last.map_or(model.limit, |(_, limit)| limit.get());
            let used = self.model.used(row.passport.0, month_of(self.now)).0;
            prop_assert_eq!(row.warns(), limit != model.limit && limit < used, "{:?}", row);
        }
        Ok(())
    }

    fn change(
        &mut self,
        id: u32,
        filled_in: [bool; 3],
        line_authentication: Option<bool>,
    ) -> TestCaseResult {
        let against = self.model.against_changing(id, line_authentication.is_some());
        // A row's number that no other form has, so that the form's own row is told apart.
        let first = self.given_out * 3 + 100;
        let [name, credential, applicant] = std::array::from_fn(|at| {
            filled_in[at].then(|| row(u32::try_from(first + at).expect("few")))
        });
        let passport = PassportNumber(id);
        let form = ChangePassport { passport, name, credential, applicant, line_authentication };
        let before = self.line().passports.get(&passport).map(|id| id.rows);
        if self.ask(&Command::ChangePassport(form), false, &against)? {
            self.model.change(id, filled_in[1], line_authentication);
            let (before, after) = (before.expect("an ID"), self.line().passports[&passport].rows);
            prop_assert_eq!(after.name, name.unwrap_or(before.name));
            prop_assert_eq!(after.credential, credential.unwrap_or(before.credential));
            prop_assert_eq!(after.applicant, applicant.unwrap_or(before.applicant));
        }
        Ok(())
    }

    /// I4, I5, and every month that is not closed costs what the model says.
    fn agree(&self) -> TestCaseResult {
        let line = self.line();
        prop_assert!(limit::sum_of_limits(line) <= line.line_limit, "I4");
        let limits: Vec<u64> = line.live_passports().map(|id| id.limit.get()).collect();
        prop_assert_eq!(limits, self.model.live_ids().map(|id| id.limit).collect::<Vec<_>>());
        prop_assert_eq!(line.line_limit, Yen::new(self.model.line_limit));
        for (id, model) in line.live_passports().zip(self.model.live_ids()) {
            let standing = (id.epoch, id.credential_version, id.line_authentication);
            let expected = (model.endings, model.passwords, model.line_authentication);
            prop_assert_eq!(standing, expected, "ID {}", id.number);
        }
        if line.barriers.restriction.is_some() || line.barriers.unbillable.is_some() {
            prop_assert!(!line.contracts.values().any(Contract::is_live), "I5");
        }
        let charges = self.model.monthly_charges();
        for index in 0..MONTHS.len() {
            if line.closed_through.is_none_or(|closed| closed < month(index)) {
                // I6: the bill is what an independent fold makes of what was bought.
                let bill = LineBill::of_open_month(line, month(index));
                let (_, whole_line) = self.model.used(1, index);
                prop_assert_eq!(
                    u64::try_from(bill.total_yen()).ok(),
                    Some(whole_line),
                    "{}",
                    index
                );
                let by_provider: i64 = bill.providers().iter().map(|one| one.amount_yen).sum();
                prop_assert_eq!(by_provider, bill.total_yen());
                self.month_agrees(index, &charges)?;
            }
        }
        Ok(())
    }

    fn month_agrees(
        &self,
        index: MonthIndex,
        charges: &BTreeMap<(MonthIndex, Key), u64>,
    ) -> TestCaseResult {
        let of_month = charges.iter().filter(|((month, _), _)| *month == index);
        let expected: BTreeMap<_, _> = of_month
            .map(|((_, key), price)| {
                ((PassportNumber(key.0), provider(key.1), service(key.2)), Yen::new(*price))
            })
            .collect();
        let found = charge::monthly_charges(self.line().contracts.values(), month(index));
        let found: BTreeMap<_, _> = found
            .into_iter()
            .map(|(key, charge)| ((key.0, key.1.clone(), key.2.clone()), charge.amount))
            .collect();
        prop_assert_eq!(found, expected, "the monthly charges of {}", MONTHS[index]);
        for id in 1..=2 {
            let used = limit::used(self.line(), PassportNumber(id), month(index));
            let used = (used.by_passport.get(), used.by_line.get());
            prop_assert_eq!(used, self.model.used(id, index), "ID {} in {}", id, MONTHS[index]);
        }
        Ok(())
    }

    /// I9: the same line from its entries, as they are and as they are stored.
    fn replays(&self) -> TestCaseResult {
        let again = self.entries.iter().fold(None, replay);
        prop_assert_eq!(&again, &self.line);
        let stored: Vec<String> = self
            .entries
            .iter()
            .map(|entry| serde_json::to_string(entry).expect("writes"))
            .collect();
        let read = stored.iter().map(|json| serde_json::from_str::<Entry>(json).expect("reads"));
        let read: Vec<Entry> = read.collect();
        prop_assert_eq!(&read, &self.entries);
        prop_assert_eq!(&read.iter().fold(None, replay), &self.line);
        let snapshot = serde_json::to_string(self.line()).expect("writes");
        prop_assert_eq!(&serde_json::from_str::<Line>(&snapshot).expect("reads"), self.line());
        Ok(())
    }
}

fn offer(index: u8, unit_price: u64, catalogue: Catalogue) -> Option<Service> {
    let unit_price = Yen::new(unit_price);
    let price = match index {
        0 | 1 => Price::Monthly { unit_price },
        2 => Price::PerUse { unit_price: Some(unit_price) },
        _ => Price::PerUse { unit_price: None },
    };
    (catalogue != Catalogue::Gone).then(|| Service {
        code: service(index),
        name: "サービス".into(),
        price,
        usage_period: None,
        terms_url: None,
        offered: catalogue != Catalogue::Retired,
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/rules_property.txt",
        ))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_line_and_the_guide_agree(
        kind in prop::sample::select(vec![
            LineService::HikariNext, LineService::HikariLight, LineService::HikariPremium,
        ]),
        line_limit in prop::sample::select(vec![5_000_u64, 10_000, 20_000, 30_000]),
        ids in 1..4_usize,
        steps in prop::collection::vec(steps(), 1..100),
    ) {
        let mut sides = Sides::new(kind, line_limit);
        for _ in 0..ids {
            sides.step(&Step::Register)?;
        }
        for step in &steps {
            sides.step(step)?;
            sides.agree()?;
        }
        sides.replays()?;
    }
}

#[test]
fn the_models_calendar_is_japans() {
    assert_eq!(instant(0).rfc3339(), "2026-11-01T00:00:00+09:00");
    let mut moment = 0;
    for text in &MONTHS[..5] {
        assert_eq!(instant(moment).month().to_string(), *text);
        moment = next_first(moment);
        assert!(instant(moment).is_first_of_month() && !instant(moment - 1).is_first_of_month());
    }
}
