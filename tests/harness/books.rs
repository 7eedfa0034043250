//! All that is known of all rounds: orders, sums, contracts, closed months; and how it is held against
//! the server, its mails and webhooks, and the store while no server has it.

use super::{
    desk::Desk,
    house::{House, MONTHLY},
    order::{BUYERS, Buyer, Kind, Order, Outcome, RESTRICTED},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
};

/// What the clock of the rules says, and how it goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calendar {
    month: u32,
    minute: u32,
}

impl Calendar {
    /// The month that it is.
    pub fn month(self) -> String {
        format!("{}-{:02}", 2027 + self.month / 12, self.month % 12 + 1)
    }

    /// A moment after all before it, for the next start: never the first day of a month, on which a
    /// cancellation is charged otherwise.
    pub fn next(&mut self) -> String {
        self.minute += 1;
        let (day, hour, minute) =
            (2 + self.minute / 1_440, self.minute / 60 % 24, self.minute % 60);
        format!("{}-{day:02}T{hour:02}:{minute:02}:00+09:00", self.month())
    }

    /// On to the next month; the one that ended.
    pub fn turn(&mut self) -> String {
        let ended = self.month();
        self.month += 1;
        self.minute = 0;
        ended
    }
}

/// What is known.
pub struct Books {
    /// The clock of the rules.
    pub calendar: Calendar,
    /// What operators and households changed.
    pub desk: Desk,
    /// The month that ended and is not closed yet.
    pub month_to_close: Option<String>,
    /// Presses that nobody answered and that were made all the same.
    pub unanswered_but_there: usize,
    /// Presses that a restriction refused.
    pub refused: usize,
    /// How the references begin of what was in the store before.
    pub bought_before: Option<&'static str>,
    orders: Vec<Order>,
    /// Orders of the running month, by their place in `orders`.
    of_month: Vec<usize>,
    live: BTreeMap<Buyer, String>,
    charged_monthly: BTreeSet<Buyer>,
    /// Receipt numbers per use of each ended month.
    numbers: BTreeMap<String, BTreeSet<String>>,
    /// Bills of each closed month, as they were told first.
    bills: BTreeMap<String, Vec<Value>>,
}

impl Books {
    /// Of a server on which nothing was bought yet; a monthly service is listed there.
    pub fn new(house: &House, calendar: Calendar) -> Self {
        house.stock();
        Self {
            calendar,
            desk: Desk::new(house),
            month_to_close: None,
            unanswered_but_there: 0,
            refused: 0,
            bought_before: None,
            orders: Vec::new(),
            of_month: Vec::new(),
            live: BTreeMap::new(),
            charged_monthly: BTreeSet::new(),
            numbers: BTreeMap::new(),
            bills: BTreeMap::new(),
        }
    }

    /// All orders so far.
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// A passport ID's live contract.
    pub fn contract(&self, buyer: Buyer) -> Option<&str> {
        self.live.get(&buyer).map(String::as_str)
    }

    /// What a passport ID must have used this month with these orders besides those that are settled.
    pub fn used(&self, buyer: Buyer, besides: &[&Order]) -> u64 {
        let settled = self.of_month.iter().map(|place| &self.orders[*place]);
        let own = settled.chain(besides.iter().copied()).filter(|order| order.buyer == buyer);
        let own: Vec<&Order> = own.filter(|order| is_kept(order, besides)).collect();
        let per_use = own.iter().filter(|order| order.kind == Kind::PerUse).count();
        let monthly = own.iter().any(|order| order.kind == Kind::Monthly);
        // Cancelled and bought again within a month is charged once.
        let monthly = monthly || self.charged_monthly.contains(&buyer);
        u64::try_from(per_use).expect("small") + if monthly { MONTHLY.1 } else { 0 }
    }

    /// Takes over the orders of a round, of which nothing more can come.
    pub fn take(&mut self, settled: Vec<Order>) {
        for order in settled {
            match (order.kind, &order.contract, order.number.is_some()) {
                (Kind::Monthly, Some(contract), true) => {
                    self.live.insert(order.buyer, contract.clone());
                }
                (Kind::Cancellation, _, true) => drop(self.live.remove(&order.buyer)),
                _ => {}
            }
            self.of_month.push(self.orders.len());
            self.orders.push(order);
        }
    }

    /// The sums that the server tells are those of the books; the restricted line's contract is live or
    /// not, as its line says.
    #[track_caller]
    pub fn check_used(&mut self, house: &House) {
        for buyer in BUYERS.into_iter().chain([RESTRICTED]) {
            let told = house.used(buyer.customer, buyer.passport);
            assert_eq!(told, self.used(buyer, &[]), "what {} has used", buyer.id);
        }
        let line = house.line(RESTRICTED.customer);
        let contract = line["contracts"].as_array().and_then(|all| all.first());
        match contract.and_then(|one| one["contract"].as_str()) {
            Some(live) => {
                let known = self.live.get(&RESTRICTED).map(String::as_str);
                assert_eq!(known, Some(live), "a contract that nobody bought");
            }
            None => drop(self.live.remove(&RESTRICTED)),
        }
    }

    /// The clock of the rules goes on to the next month; the ended one is to be closed.
    pub fn turn_month(&mut self) {
        let ended = self.calendar.turn();
        let of_month = std::mem::take(&mut self.of_month);
        let of_month = of_month.into_iter().map(|place| &self.orders[place]);
        let per_use = of_month.filter(|order| order.kind == Kind::PerUse);
        self.numbers.insert(ended.clone(), per_use.filter_map(|one| one.number.clone()).collect());
        self.charged_monthly = self.live.keys().copied().collect();
        self.month_to_close = Some(ended);
    }

    /// The month whose close was asked for is closed now, whatever happened to the one who closed it:
    /// its bills hold exactly what was bought in it, and the bills of all months before are those that
    /// they were (checks/reliability.md 16).
    #[track_caller]
    pub fn close_month(&mut self, house: &House) {
        let Some(month) = self.month_to_close.take() else { return };
        let body = json!({ "reason": "month end" });
        let began = std::time::Instant::now();
        while house.operator.change("POST", &format!("/bills/{month}/close"), &body)["state"]
            != "closed"
        {
            assert!(began.elapsed() < crate::process::PATIENCE, "{month} is never closed");
            std::thread::yield_now();
        }
        let told = bills_of(house, &month);
        let items = told.iter().flat_map(|bill| bill["providers"].as_array().expect("providers"));
        let items = items.flat_map(|line| line["items"].as_array().expect("items"));
        let per_use = items.filter(|item| item["service"] == "support");
        let number = |item: &Value| item["receipt_number"].as_str().expect("a number").to_owned();
        let numbers: Vec<String> = per_use.map(number).collect();
        let distinct: BTreeSet<String> = numbers.iter().cloned().collect();
        assert_eq!(distinct.len(), numbers.len(), "a charge stands twice in the bills of {month}");
        assert_eq!(distinct, self.numbers[&month], "the bills of {month}");
        self.bills.insert(month, told);
    }

    /// Every closed month's bills are what they were told first.
    #[track_caller]
    pub fn check_bills(&self, house: &House) {
        for (month, told) in &self.bills {
            assert!(bills_of(house, month) == *told, "the bills of {month} changed");
        }
    }

    /// At the very end: each order has the receipt that it always had, and no two share a number.
    #[track_caller]
    pub fn check_receipts(&mut self, house: &House) {
        let token = house.provider.own_token();
        let mut by_number = BTreeMap::new();
        for order in &mut self.orders {
            let path = format!("/purchases?reference={}", order.reference);
            let told = house.provider.ask(&token, &path);
            if order.number.is_none() {
                assert_eq!(told.status, 404, "{} was never bought: {told:?}", order.reference);
                continue;
            }
            assert_eq!(told.status, 200, "{}: {told:?}", order.reference);
            order.note(&told.json());
            let number = order.number.clone().expect("noted");
            assert!(number.parse::<linepass::domain::ids::ReceiptNumber>().is_ok(), "{number}");
            if let Some(other) = by_number.insert(number.clone(), order.reference.clone()) {
                panic!("{number} is the receipt of {other} and of {}", order.reference);
            }
        }
    }

    /// The receipt numbers of what was sold.
    pub fn numbers(&self) -> BTreeSet<&str> {
        let sold = self.orders.iter().filter(|order| order.kind != Kind::Cancellation);
        sold.filter_map(|order| order.number.as_deref()).collect()
    }

    /// How many orders of this kind are completed.
    pub fn completed(&self, is: impl Fn(Kind) -> bool) -> usize {
        let completed = self.orders.iter().filter(|order| order.number.is_some());
        completed.filter(|order| is(order.kind)).count()
    }

    /// Writes what clients know, one order a line, for `linepass verify --ledger`.
    pub fn write_ledger(&self, house: &House, file: &Path) {
        let mut text = Vec::new();
        for order in &self.orders {
            let line = json!({
                "order": {
                    "client_id": house.provider.client_id,
                    "reference": order.reference,
                },
                "customer_id": order.buyer.customer,
                "passport_id": order.buyer.id,
                "service": if order.kind == Kind::PerUse { "support" } else { MONTHLY.0 },
                "amount_yen": (order.kind != Kind::Cancellation).then(|| order.amount_yen()),
                "outcome": match outcome(order) {
                    Outcome::Acknowledged => "acknowledged",
                    Outcome::Refused => "refused",
                },
                "receipt_number": order.number,
                "kind": match order.kind {
                    Kind::Cancellation => "cancellation",
                    Kind::PerUse | Kind::Monthly => "purchase",
                },
            });
            writeln!(text, "{line}").expect("into memory");
        }
        std::fs::write(file, text).expect("writes");
    }
}

/// What came of a settled order.
pub fn outcome(order: &Order) -> Outcome {
    if order.number.is_some() { Outcome::Acknowledged } else { Outcome::Refused }
}

/// Those that are not settled yet have no number, and count all the same.
fn is_kept(order: &Order, besides: &[&Order]) -> bool {
    order.number.is_some() || besides.iter().any(|one| std::ptr::eq(*one, order))
}

/// A closed month's bills, page by page.
#[track_caller]
fn bills_of(house: &House, month: &str) -> Vec<Value> {
    let mut bills = Vec::new();
    let mut after = String::new();
    loop {
        let page = house.operator.get(&format!("/bills/{month}/lines?limit=2000{after}"));
        assert_eq!(page.status, 200, "{page:?}");
        let page = page.json();
        bills.extend(page["bills"].as_array().expect("bills").iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return bills,
        }
    }
}
