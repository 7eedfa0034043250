//! A purchase or a cancellation that stands before its press, and what is known of it.

use super::{
    house::{House, MONTHLY},
    shot::Shot,
};
use crate::common::{Answer, Browser, Flow, contracts::cancellation, order, unique};
use serde_json::Value;
use std::collections::BTreeMap;

/// A passport ID of the sample lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Buyer {
    /// The ID.
    pub id: &'static str,
    /// Its line.
    pub customer: &'static str,
    /// Its number there.
    pub passport: u64,
}

/// Two IDs of one line, and one of another.
pub const BUYERS: [Buyer; 3] = [
    Buyer { id: "sakura01", customer: "CAF0000012573", passport: 1 },
    Buyer { id: "sakura02", customer: "CAF0000012573", passport: 2 },
    Buyer { id: "tsubaki1", customer: "CAF0000030202", passport: 1 },
];
/// The ID whose line is restricted and opened again while it buys.
pub const RESTRICTED: Buyer = Buyer { id: "kaede001", customer: "CAF0000040303", passport: 1 };
/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Once, for 1 yen.
    PerUse,
    /// Each month.
    Monthly,
    /// The end of what is charged each month.
    Cancellation,
}

/// What came of an order, once nothing more can come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody was told that it is completed.
    Acknowledged,
    /// Nobody submitted it, or it was refused.
    Refused,
}

/// An order that stands before its press.
pub struct Order {
    /// What is ordered.
    pub kind: Kind,
    /// By whom.
    pub buyer: Buyer,
    /// The provider's own number.
    pub reference: String,
    /// The press.
    pub shot: Shot,
    /// The receipt number, as far as anybody saw it.
    pub number: Option<String>,
    /// The contract that it made or ended.
    pub contract: Option<String>,
    details: String,
    /// The flow's cookies and path: the press can be repeated after a crash.
    cookies: BTreeMap<String, String>,
    flow: Flow,
}

impl Order {
    /// A purchase of 1 yen, up to the confirmation.
    pub fn per_use(house: &House, buyer: Buyer) -> Self {
        let reference = unique();
        let details = order(&reference, "support", 1, 1);
        Self::prepared(house, buyer, Kind::PerUse, reference, details)
    }

    /// A purchase of the monthly service, up to the confirmation.
    pub fn monthly(house: &House, buyer: Buyer) -> Self {
        let reference = unique();
        let details = order(&reference, MONTHLY.0, 1, MONTHLY.1);
        Self::prepared(house, buyer, Kind::Monthly, reference, details)
    }

    /// A cancellation of a contract, up to the confirmation.
    pub fn cancelling(house: &House, buyer: Buyer, contract: &str) -> Self {
        let details = cancellation(contract);
        let read: Value = serde_json::from_str(&details).expect("JSON");
        let reference = read[0]["reference"].as_str().expect("a reference").to_owned();
        let order = Self::prepared(house, buyer, Kind::Cancellation, reference, details);
        Self { contract: Some(contract.to_owned()), ..order }
    }

    fn prepared(
        house: &House,
        buyer: Buyer,
        kind: Kind,
        reference: String,
        details: String,
    ) -> Self {
        let (browser, flow) = house.arrive(buyer.id, &details);
        let page = browser.confirmation(&flow);
        assert_eq!(page.status, 200, "{kind:?} of {}: {page:?}", buyer.id);
        let fields = [("csrf", &*page.csrf()), ("consent", "yes")];
        let shot = Shot::form(format!("{}/confirm", flow.path), browser.cookie_header(), &fields);
        let cookies = browser.cookies.borrow().clone();
        let (number, contract) = (None, None);
        Self { kind, buyer, reference, shot, number, contract, details, cookies, flow }
    }

    /// What it is charged now, in yen.
    pub const fn amount_yen(&self) -> u64 {
        match self.kind {
            Kind::PerUse => 1,
            Kind::Monthly => MONTHLY.1,
            Kind::Cancellation => 0,
        }
    }

    /// The browser as it was, on a server that may have been started again.
    fn browser(&self, house: &House) -> Browser {
        let browser = Browser::new(&house.issuer);
        browser.cookies.borrow_mut().clone_from(&self.cookies);
        browser
    }

    /// What its browser sends of its cookies.
    pub fn cookie_header(&self) -> String {
        let pairs: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// Whether it is completed, as its own flow says.
    #[track_caller]
    pub fn is_there(&self, house: &House) -> bool {
        let answer = self.browser(house).confirmation(&self.flow);
        match answer.status {
            303 if answer.location().ends_with("/complete") => true,
            200 => false,
            _ => panic!(
                "{:?}: neither the confirmation nor the completion: {}",
                self.shot.fate, answer.body
            ),
        }
    }

    /// Whether it is completed, as the same order pushed again says, with a login of its own.
    #[track_caller]
    pub fn is_there_afresh(&self, house: &House) -> bool {
        let (browser, flow, login) = house.log_in(self.buyer.id, &self.details);
        assert_eq!(login.status, 303, "{login:?}");
        is_completed(&browser.confirmation(&flow))
    }

    /// The press again, by the same flow.
    #[track_caller]
    pub fn press_again(&self, house: &House) {
        let browser = self.browser(house);
        let fields = url::form_urlencoded::parse(self.shot.body.as_bytes()).into_owned();
        let fields: Vec<(String, String)> = fields.collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (&**k, &**v)).collect();
        let pressed = browser.post(&self.shot.path, &fields);
        assert!(is_completed(&pressed), "{}: {pressed:?}", self.reference);
    }

    /// Its receipt by its own flow, noted.
    #[track_caller]
    pub fn note_receipt(&mut self, house: &House) {
        let receipt = house.receipt(&self.browser(house), &self.flow);
        self.note(&receipt);
    }

    /// The same order pushed again, with a login of its own: the receipt again, nothing to press.
    #[track_caller]
    pub fn ask_afresh(&mut self, house: &House) {
        let (browser, flow) = house.arrive(self.buyer.id, &self.details);
        let confirmation = browser.confirmation(&flow);
        assert!(is_completed(&confirmation), "{}: {confirmation:?}", self.reference);
        let slip = browser.open(&format!("{}/complete", flow.path));
        assert_eq!(slip.status, 200, "{slip:?}");
        let receipt = house.receipt(&browser, &flow);
        self.note(&receipt);
    }

    /// Bought by a login of its own, where it is not there yet; its receipt is noted.
    #[track_caller]
    pub fn buy_afresh(&mut self, house: &House) {
        let (browser, flow) = house.arrive(self.buyer.id, &self.details);
        if !is_completed(&browser.confirmation(&flow)) {
            let bought = browser.buy(&flow);
            assert!(is_completed(&bought), "{}: {bought:?}", self.reference);
        }
        let receipt = house.receipt(&browser, &flow);
        self.note(&receipt);
    }

    /// Notes its receipt, which must be the one that was seen before.
    #[track_caller]
    pub fn note(&mut self, receipt: &Value) {
        assert_eq!(receipt["reference"], self.reference.as_str(), "{receipt}");
        if self.kind != Kind::Cancellation {
            let told = (receipt["amount"].as_u64(), receipt["quantity"].as_u64());
            assert_eq!(told, (Some(self.amount_yen()), Some(1)), "{receipt}");
        }
        let number = receipt["receipt_number"].as_str().expect("a number").to_owned();
        let before = self.number.get_or_insert_with(|| number.clone());
        assert_eq!(*before, number, "{} has another receipt", self.reference);
        if self.kind != Kind::PerUse {
            let contract = receipt["contract"].as_str().expect("a contract").to_owned();
            let before = self.contract.get_or_insert_with(|| contract.clone());
            assert_eq!(*before, contract, "{} has another contract", self.reference);
        }
    }
}

/// Sent on to the completion page: bought, and not to be pressed again.
fn is_completed(answer: &Answer) -> bool {
    answer.status == 303 && answer.location().ends_with("/complete")
}
