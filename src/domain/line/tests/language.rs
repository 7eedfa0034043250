//! `given(events).when(command).at(time).then(events)`, and the words to fill it with.
//!
//! The sample line has the networks `203.0.113.0/24` and `2001:db8:1::/48` and a limit of
//! 20,000 yen; whoever asks does so from `203.0.113.7` unless told otherwise.

use crate::domain::{
    calendar::{Instant, Month},
    charge,
    ids::{ContractNumber, PassportNumber, ReceiptNumber},
    limit::{self, Used},
    line::{
        By, Command, EndReason, Entry, Event, Facts, Line, LineDefaults, LineService, Refusal,
        RowRef,
        command::{Cancel, LoggedIn, OpenLine, Purchase, RegisterPassport},
        decide,
        event::{Barrier, BillingRoute, ClosedItem},
        evolve, replay,
    },
    order::{CancellationOrder, PurchaseOrder},
    provider::{Price, Service},
    yen::Yen,
};

/// When the events of [`given`] happened, Japan time.
pub const START: &str = "2026-11-01T09:00:00";
/// The sample line's limit a month (golden fixture 4).
pub const LINE_LIMIT: u64 = 20_000;
/// An address of the sample line.
pub const OWN: &str = "203.0.113.7";
/// An address of somebody else.
pub const FOREIGN: &str = "198.51.100.7";
/// The serial of the receipt that a decision is given.
pub const NEXT_SERIAL: u64 = 99;

/// An instant by the wall clock in Japan.
pub fn instant(japan: &str) -> Instant {
    format!("{japan}+09:00").parse().expect("a test's instant")
}

/// A month.
pub fn month(text: &str) -> Month {
    text.parse().expect("a test's month")
}

/// So many yen.
pub const fn yen(amount: u64) -> Yen {
    Yen::new(amount)
}

/// The n-th receipt number.
pub fn receipt(serial: u64) -> ReceiptNumber {
    ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + serial).expect("a test's serial")
}

/// The contract that the n-th receipt opened.
pub fn contract(serial: u64) -> ContractNumber {
    ContractNumber(receipt(serial))
}

/// What the configuration says in these tests.
pub const DEFAULTS: LineDefaults =
    LineDefaults { passports_per_line: 5, passport_limit: Yen::new(10_000), activation_delay_s: 0 };

/// What an entry's decision is given: the sample line's own address, receipt [`NEXT_SERIAL`].
pub fn facts(now: Instant) -> Facts {
    Facts {
        now,
        receipt: Some(receipt(NEXT_SERIAL)),
        source: Some(OWN.parse().expect("an address")),
        defaults: DEFAULTS,
    }
}

/// A line with a history.
pub struct Given {
    line: Option<Line>,
    now: Instant,
}

/// A line after these events, all at [`START`].
pub fn given(events: impl IntoIterator<Item = Event>) -> Given {
    Given { line: None, now: instant(START) }.and(events)
}

/// No line at all.
pub fn given_nothing() -> Given {
    given([])
}

impl Given {
    /// Then these events happened at once.
    pub fn and(self, events: impl IntoIterator<Item = Event>) -> Self {
        let entry = Entry {
            at: self.now,
            by: By::System,
            request_id: None,
            events: events.into_iter().collect(),
        };
        Self { line: replay(self.line, &entry), now: self.now }
    }

    /// Then these events happened at this time in Japan.
    pub fn and_at(mut self, japan: &str, events: impl IntoIterator<Item = Event>) -> Self {
        self.now = instant(japan);
        self.and(events)
    }

    /// What is asked, at the time of the last event unless [`When::at`] says otherwise.
    pub fn when(self, command: impl Into<Command>) -> When {
        let facts = facts(self.now);
        When { given: self, command: command.into(), facts }
    }

    /// The line.
    pub fn line(&self) -> &Line {
        self.line.as_ref().expect("a line")
    }

    /// Whether no line came of the events.
    pub const fn is_absent(&self) -> bool {
        self.line.is_none()
    }

    /// What a passport ID and the line are charged in a month.
    pub fn used(&self, passport: u32, in_month: &str) -> Used {
        limit::used(self.line(), PassportNumber(passport), month(in_month))
    }

    /// The serials of the contracts that have not ended.
    pub fn live_contracts(&self) -> Vec<u64> {
        let live = self.line().contracts.values().filter(|contract| contract.is_live());
        live.map(|contract| contract.number.0.serial() - ReceiptNumber::FIRST_SERIAL).collect()
    }
}

/// A question to a line.
pub struct When {
    given: Given,
    command: Command,
    facts: Facts,
}

impl When {
    /// It is asked at this time in Japan.
    pub fn at(mut self, japan: &str) -> Self {
        self.facts.now = instant(japan);
        self
    }

    /// A new ID can be used so many seconds after it was registered.
    pub const fn with_activation_delay_s(mut self, seconds: u64) -> Self {
        self.facts.defaults.activation_delay_s = seconds;
        self
    }

    /// It is asked from this address; from none, as an operator asks, where empty.
    pub fn from(mut self, source: &str) -> Self {
        self.facts.source = (!source.is_empty()).then(|| source.parse().expect("a test's address"));
        self
    }

    /// It is given this receipt.
    pub fn with_receipt(mut self, serial: u64) -> Self {
        self.facts.receipt = Some(receipt(serial));
        self
    }

    /// No receipt number is left.
    pub fn without_receipt(mut self) -> Self {
        self.facts.receipt = None;
        self
    }

    /// The configuration allows so many IDs.
    pub fn with_passports_per_line(mut self, passports_per_line: u32) -> Self {
        self.facts.defaults.passports_per_line = passports_per_line;
        self
    }

    /// The answer itself.
    pub fn answer(&self) -> Result<Vec<Event>, Refusal> {
        decide(self.given.line.as_ref(), &self.command, &self.facts)
    }

    /// Exactly this happens.
    #[track_caller]
    pub fn then(self, events: impl IntoIterator<Item = Event>) -> Given {
        let expected = events.into_iter().map(|event| self.filled_in(event)).collect();
        assert_eq!(self.answer(), Ok(expected), "{:?}", self.command);
        self.happened()
    }

    /// What an ending repeats of its contract, so that a test names only what it is about. The
    /// last month charged is told by the rule that `charge.rs` proves.
    fn filled_in(&self, event: Event) -> Event {
        let Event::ContractEnded { contract, reason, receipt, reference, .. } = event else {
            return event;
        };
        let line = self.given.line.as_ref().expect("a line");
        let ended = &line.contracts[&contract];
        Event::ContractEnded {
            contract,
            passport: ended.passport,
            provider: ended.provider.clone(),
            service: ended.service.clone(),
            reason,
            last_charge_month: charge::last_charged_month(ended.bought_at, self.facts.now),
            receipt,
            reference,
        }
    }

    /// It is accepted, whatever happens.
    #[track_caller]
    pub fn then_accepted(self) -> Given {
        assert!(self.answer().is_ok(), "{:?}: {:?}", self.command, self.answer());
        self.happened()
    }

    /// It is refused for this reason.
    #[track_caller]
    pub fn then_refused(self, refusal: Refusal) -> Given {
        assert_eq!(self.answer(), Err(refusal), "{:?}", self.command);
        self.given
    }

    fn happened(self) -> Given {
        let events = self.answer().expect("accepted");
        let line =
            events.iter().fold(self.given.line, |line, event| evolve(line, event, self.facts.now));
        Given { line, now: self.facts.now }
    }
}

impl From<Purchase> for Command {
    fn from(purchase: Purchase) -> Self {
        Self::Purchase(purchase)
    }
}

impl From<Cancel> for Command {
    fn from(cancel: Cancel) -> Self {
        Self::Cancel(cancel)
    }
}

impl From<RegisterPassport> for Command {
    fn from(registration: RegisterPassport) -> Self {
        Self::RegisterPassport(registration)
    }
}

impl From<OpenLine> for Command {
    fn from(opening: OpenLine) -> Self {
        Self::Open(opening)
    }
}

/// The reference to a personal row.
pub const fn row(row: u32) -> RowRef {
    RowRef { row, commitment: [7; 32] }
}

/// The carrier's command for the sample line.
pub fn opening(service: LineService) -> OpenLine {
    OpenLine {
        customer: "CAF0000012573".parse().expect("a customer ID"),
        service,
        line_limit: yen(LINE_LIMIT),
        billing: BillingRoute::Telephone,
        networks: ["203.0.113.0/24", "2001:db8:1::/48"]
            .map(|network| network.parse().expect("a network"))
            .to_vec(),
        record: row(0),
        access_key: row(1),
    }
}

/// The sample line was opened.
pub fn opened(service: LineService) -> Vec<Event> {
    let opening = opening(service);
    vec![
        Event::LineOpened {
            customer: opening.customer,
            service,
            line_limit: opening.line_limit,
            billing: opening.billing,
            record: opening.record,
            access_key: opening.access_key,
        },
        Event::NetworksSet { networks: opening.networks },
    ]
}

/// The n-th passport ID was registered, with line authentication.
pub fn registered(passport: u32, limit: u64) -> Event {
    Event::PassportRegistered {
        passport: PassportNumber(passport),
        name: row(3 * passport),
        credential: row(3 * passport + 1),
        applicant: row(3 * passport + 2),
        limit: yen(limit),
        line_authentication: true,
        active_from: None,
    }
}

/// 回線認証機能 of the n-th ID was switched.
pub const fn line_authentication(passport: u32, on: bool) -> Event {
    Event::LineAuthenticationSet { passport: PassportNumber(passport), on }
}

/// A 光ネクスト line with the IDs 1 and 2, 10,000 yen each.
pub fn household() -> Given {
    given(opened(LineService::HikariNext)).and([registered(1, 10_000), registered(2, 10_000)])
}

/// A household registers a passport ID; whether its string is free is a reservation's business.
pub const fn registration() -> RegisterPassport {
    RegisterPassport { name: row(30), credential: row(31), applicant: row(32) }
}

/// The n-th ID, logged in before anything ended its logins.
pub const fn logged_in(passport: u32) -> LoggedIn {
    LoggedIn { passport: PassportNumber(passport), epoch: 0 }
}

/// The n-th ID buys a monthly service of provider `a-sha`.
pub fn monthly(passport: u32, service: &str, price: u64) -> Purchase {
    purchase(passport, service, Price::Monthly { unit_price: yen(price) }, price)
}

/// The n-th ID buys one piece of a per-use service of provider `a-sha`.
pub fn once(passport: u32, service: &str, price: u64) -> Purchase {
    purchase(passport, service, Price::PerUse { unit_price: Some(yen(price)) }, price)
}

fn purchase(passport: u32, service: &str, price: Price, amount: u64) -> Purchase {
    Purchase {
        login: logged_in(passport),
        provider: "a-sha".parse().expect("a provider"),
        provider_name: "A社".into(),
        order: PurchaseOrder {
            reference: "order-1".parse().expect("a reference"),
            service: service.parse().expect("a service"),
            quantity: 1,
            amount: yen(amount),
            description: None,
        },
        offer: Some(Service {
            code: service.parse().expect("a service"),
            name: format!("サービス {service}"),
            price,
            usage_period: None,
            terms_url: None,
            offered: true,
        }),
        require_line: false,
        agreed_month: None,
    }
}

/// It was bought with this receipt, from the line itself.
pub fn bought(serial: u64, purchase: &Purchase) -> Event {
    let Purchase { login, provider, provider_name, order, offer, .. } = purchase.clone();
    let offer = offer.expect("an offer");
    Event::Purchased {
        receipt: receipt(serial),
        passport: login.passport,
        provider,
        provider_name,
        reference: order.reference,
        service: order.service,
        service_name: offer.name,
        monthly: offer.price.is_monthly(),
        unit_price: offer.price.unit_price().expect("a fixed price"),
        quantity: order.quantity,
        amount: order.amount,
        usage_period: offer.usage_period,
        description: order.description,
        line_checked: true,
    }
}

/// The n-th ID cancels the contract of a receipt, on the page of provider `a-sha`.
pub fn cancel(passport: u32, serial: u64) -> Cancel {
    Cancel {
        login: logged_in(passport),
        provider: "a-sha".parse().expect("a provider"),
        order: CancellationOrder {
            reference: "cancel-1".parse().expect("a reference"),
            contract: contract(serial),
        },
        require_line: false,
        agreed_last_month: None,
    }
}

/// The household cancelled it; the cancellation's receipt is [`NEXT_SERIAL`].
pub fn cancelled(serial: u64) -> Event {
    ending(serial, EndReason::Customer, Some("cancel-1"))
}

/// An ending; what it repeats of its contract is filled in by `then`, and stands here as of a
/// subscription to `pack` bought in November.
fn ending(serial: u64, reason: EndReason, reference: Option<&str>) -> Event {
    Event::ContractEnded {
        contract: contract(serial),
        passport: PassportNumber(1),
        provider: "a-sha".parse().expect("a provider"),
        service: "pack".parse().expect("a service"),
        reason,
        last_charge_month: "2026-11".parse().expect("a month"),
        receipt: reference.map(|_| receipt(NEXT_SERIAL)),
        reference: reference.map(|text| text.parse().expect("a reference")),
    }
}

/// It ended without an order.
pub fn ended(serial: u64, reason: EndReason) -> Event {
    ending(serial, reason, None)
}

/// New use was barred.
pub const fn raised(barrier: Barrier) -> Event {
    Event::BarrierRaised { barrier }
}

/// A bar was lifted.
pub const fn lifted(barrier: Barrier) -> Event {
    Event::BarrierLifted { barrier }
}

/// An ID was deleted.
pub const fn deleted(passport: u32) -> Event {
    Event::PassportDeleted { passport: PassportNumber(passport) }
}

/// An ID's limit was set.
pub const fn limit_set(passport: u32, limit: u64) -> Event {
    Event::PassportLimitSet { passport: PassportNumber(passport), limit: Yen::new(limit) }
}

/// A month was closed with nothing billed.
pub fn closed(text: &str) -> Event {
    billed(text, 1, 1, Vec::new())
}

/// A part of a month's itemisation; the last one closes the month.
pub fn billed(text: &str, part: u32, parts: u32, items: Vec<ClosedItem>) -> Event {
    Event::MonthClosed {
        month: month(text),
        block: 1,
        billing: BillingRoute::Telephone,
        record: row(0),
        part,
        parts,
        items,
        corrections: Vec::new(),
    }
}

/// What ID 1 is billed for the n-th receipt: one piece, bought on 10 November 2026.
pub fn item(serial: u64, provider: &str, amount: u64) -> ClosedItem {
    ClosedItem {
        receipt: receipt(serial),
        passport: PassportNumber(1),
        provider: provider.parse().expect("a provider"),
        provider_name: format!("㈱{provider}"),
        service: "pack".parse().expect("a service"),
        service_name: "パックサービス".into(),
        quantity: 1,
        amount: yen(amount),
        bought_at: instant("2026-11-10T10:00:00"),
    }
}
