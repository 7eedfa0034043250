//! What operators and households change beside the purchases, and how it must look afterwards.

use super::{
    house::House,
    order::{BUYERS, Buyer, RESTRICTED},
    shot::{Fate, Reply, Shot},
};
use crate::common::{
    Browser,
    portal::{Household, pairs},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of one import.
const IMPORTED_AT_ONCE: u64 = 3;
/// The line whose limit its household changes.
const LIMITED: Buyer = BUYERS[2];
/// The limit of every imported line at first, in yen.
const FIRST_LIMIT_YEN: u64 = 30_000;

/// A change.
#[derive(Debug)]
pub enum What {
    /// New lines.
    Import(Vec<String>),
    /// An imported line's limit.
    LineLimit(String, u64),
    /// A passport ID's limit, by its household.
    PassportLimit(u64),
    /// The customer's restriction.
    Restrict,
    /// Its end.
    Lift,
    /// The close of a month.
    Close(String),
    /// Other keys.
    Rotate(&'static str),
    /// An operator's token.
    Token(String),
    /// A household signs in.
    SignIn(Box<Household>),
}

impl std::fmt::Debug for Household {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Household").field("base", &self.base).finish_non_exhaustive()
    }
}

/// A change that stands before its request.
pub struct Change {
    /// What.
    pub what: What,
    /// Its request.
    pub shot: Shot,
}

/// What may be, after changes of which some were answered and some were not: the last one answered,
/// or any that was sent after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Possible<T>(Vec<T>);

impl<T: Clone + PartialEq + std::fmt::Debug> Possible<T> {
    /// This alone.
    pub fn only(value: T) -> Self {
        Self(vec![value])
    }

    fn after(&mut self, value: T, fate: &Fate, done: impl Fn(&Reply) -> bool) {
        match fate {
            Fate::Unknown => self.0.push(value),
            Fate::Answered(reply) if done(reply) => self.0 = vec![value],
            Fate::Unsent | Fate::Answered(_) => {}
        }
    }

    /// What was seen is one of these; it is the only one from now on.
    #[track_caller]
    pub fn seen(&mut self, value: T, what: &str) {
        assert!(self.0.contains(&value), "{what} is {value:?}, none of {:?}", self.0);
        self.0 = vec![value];
    }
}

/// All that the desk and the households made of the lines.
pub struct Desk {
    imported: BTreeMap<String, Possible<u64>>,
    passport_limit: Possible<u64>,
    restricted: Possible<bool>,
    tokens: BTreeSet<String>,
    next_line: u64,
}

impl Desk {
    /// Before anything.
    pub fn new(house: &House) -> Self {
        let line = house.line(LIMITED.customer);
        let limit = line["passports"][0]["limit_yen"].as_u64().expect("a limit");
        Self {
            imported: BTreeMap::new(),
            passport_limit: Possible::only(limit),
            restricted: Possible::only(false),
            tokens: BTreeSet::new(),
            next_line: 1,
        }
    }

    /// How many lines were imported so far.
    pub fn imported(&self) -> usize {
        self.imported.len()
    }

    /// The changes of one round, in the hands that make them.
    pub fn prepare(
        &mut self,
        house: &House,
        round: usize,
        close: Option<String>,
    ) -> Vec<Vec<Change>> {
        let token = &house.operator.token;
        let mut desk = vec![self.import(token)];
        desk.extend(self.line_limit(token, round));
        desk.extend(close.map(|month| close_of(token, month)));
        let kind = if round.is_multiple_of(2) { "sealing" } else { "signing" };
        let rotation = json!({ "kind": kind, "reason": "yearly rotation" });
        let shot = Shot::operator(token, "POST", "/keys/rotate", &rotation);
        desk.push(Change { what: What::Rotate(kind), shot });
        if round.is_multiple_of(16) {
            desk.push(new_token(token, round));
        }
        let bars = vec![barring(token, true), barring(token, false), barring(token, true)];
        let households = vec![sign_in(house), passport_limit(house, round), sign_in(house)];
        vec![desk, bars, households]
    }

    fn import(&mut self, token: &str) -> Change {
        let numbers = self.next_line..self.next_line + IMPORTED_AT_ONCE;
        self.next_line += IMPORTED_AT_ONCE;
        let customers: Vec<String> = numbers.map(|number| format!("CAF0001{number:06}")).collect();
        let shot = Shot::operator(token, "POST", "/lines/import", &import_of(&customers));
        Change { what: What::Import(customers), shot }
    }

    fn line_limit(&self, token: &str, round: usize) -> Option<Change> {
        let customer = self.imported.keys().nth(round % self.imported.len().max(1))?.clone();
        let yen = 20_000 + u64::try_from(round % 1_000).expect("small");
        let body = json!({ "reason": "form 2026-11-27/31", "line_limit_yen": yen });
        let shot = Shot::operator(token, "PUT", &format!("/lines/{customer}/limit"), &body);
        Some(Change { what: What::LineLimit(customer, yen), shot })
    }

    /// Holds what was told against what is there, and repeats what nobody answered. Afterwards no line
    /// is restricted.
    #[track_caller]
    pub fn settle<'a>(&mut self, house: &House, changes: impl Iterator<Item = &'a Change>) {
        for change in changes {
            let fate = &change.shot.fate;
            if let Fate::Answered(reply) = fate {
                assert_expected(&change.what, reply);
            }
            match &change.what {
                What::Import(customers) => self.settle_import(house, customers, fate),
                What::LineLimit(customer, yen) => {
                    let known = self.imported.get_mut(customer).expect("imported");
                    known.after(*yen, fate, |reply| reply.status == 200);
                    let line = house.line(customer);
                    let yen = line["line_limit_yen"].as_u64().expect("yen");
                    known.seen(yen, "a line's limit");
                }
                What::PassportLimit(yen) => {
                    self.passport_limit.after(*yen, fate, |reply| reply.status == 303);
                }
                What::Restrict => {
                    self.restricted.after(true, fate, |reply| reply.status == 200);
                }
                What::Lift => self.restricted.after(false, fate, |reply| reply.status == 200),
                What::Token(name) => self.settle_token(house, name, fate),
                What::SignIn(household) => still_signed_in(house, household, fate),
                What::Rotate(kind) => rotated(house, kind, fate),
                What::Close(_) => {}
            }
        }
        let line = house.line(LIMITED.customer);
        let limit = line["passports"][0]["limit_yen"].as_u64().expect("a limit");
        self.passport_limit.seen(limit, "a passport ID's limit");
        self.open_again(house);
    }

    #[track_caller]
    fn settle_import(&mut self, house: &House, customers: &[String], fate: &Fate) {
        match fate {
            Fate::Unsent => {
                for customer in customers {
                    let told = house.operator.get(&format!("/lines/{customer}"));
                    assert_eq!(told.status, 404, "a line nobody imported: {told:?}");
                }
                return;
            }
            Fate::Unknown => {
                let told = house.operator.change("POST", "/lines/import", &import_of(customers));
                let sum = told["opened"].as_u64().zip(told["unchanged"].as_u64());
                assert_eq!(sum.map(|(new, old)| new + old), Some(IMPORTED_AT_ONCE), "{told}");
            }
            Fate::Answered(_) => {}
        }
        for customer in customers {
            let line = house.line(customer);
            assert_eq!(line["line_limit_yen"].as_u64(), Some(FIRST_LIMIT_YEN), "{line}");
            self.imported.insert(customer.clone(), Possible::only(FIRST_LIMIT_YEN));
        }
    }

    #[track_caller]
    fn settle_token(&mut self, house: &House, name: &str, fate: &Fate) {
        let listed = house.operator.get("/tokens").json();
        let listed = listed["tokens"].as_array().expect("tokens").iter();
        let names: BTreeSet<&str> = listed.filter_map(|one| one["name"].as_str()).collect();
        if matches!(fate, Fate::Answered(_)) {
            self.tokens.insert(name.to_owned());
        }
        for known in &self.tokens {
            assert!(names.contains(known.as_str()), "the token {known} was lost");
        }
        assert!(*fate != Fate::Unsent || !names.contains(name), "a token that nobody asked for");
    }

    /// The restricted line is as was told, bars what it should (I5), and is opened.
    #[track_caller]
    fn open_again(&mut self, house: &House) {
        let line = house.line(RESTRICTED.customer);
        let is_restricted = line["restriction"].is_string();
        self.restricted.seen(is_restricted, "the restriction");
        if is_restricted {
            assert_eq!(line["live_contracts"], 0, "a restricted line has a live contract: {line}");
            house.operator.lift(RESTRICTED.customer, "customer");
            self.restricted = Possible::only(false);
        }
    }

    /// At the very end: every imported line is as was told last, and none is there that nobody asked
    /// for.
    #[track_caller]
    pub fn check_all(&mut self, house: &House) {
        for (customer, limit) in &mut self.imported {
            let line = house.line(customer);
            limit.seen(line["line_limit_yen"].as_u64().expect("yen"), customer);
        }
    }
}

/// The rows of an import of these lines.
pub fn import_of(customers: &[String]) -> Value {
    let row = |(place, customer): (usize, &String)| {
        let fields = json!({
            "customer_id": customer, "service": "hikari_next", "billing": "telephone",
            "line_limit_yen": FIRST_LIMIT_YEN.to_string(), "access_key": "12345678",
            "contractor": "西日本 花子", "billing_number": "0612345678",
        });
        json!({ "line": place + 1, "fields": fields })
    };
    let rows: Vec<Value> = customers.iter().enumerate().map(row).collect();
    json!({ "reason": "order 118", "rows": rows })
}

fn close_of(token: &str, month: String) -> Change {
    let body = json!({ "reason": "month end" });
    let shot = Shot::operator(token, "POST", &format!("/bills/{month}/close"), &body);
    Change { what: What::Close(month), shot }
}

fn new_token(token: &str, round: usize) -> Change {
    let name = format!("desk-{round}");
    let body = json!({ "name": name, "role": "desk", "reason": "new desk" });
    let shot = Shot::operator(token, "POST", "/tokens", &body);
    Change { what: What::Token(name), shot }
}

fn barring(token: &str, on: bool) -> Change {
    let (what, verb) = if on { (What::Restrict, "restrict") } else { (What::Lift, "lift") };
    let body = json!({ "kind": "customer", "reason": "form 2026-11-27/31" });
    let path = format!("/lines/{}/{verb}", RESTRICTED.customer);
    Change { what, shot: Shot::operator(token, "POST", &path, &body) }
}

fn sign_in(house: &House) -> Change {
    let household = Household::at(&house.issuer);
    let (customer, page) = (BUYERS[0].customer, household.path("login"));
    let hidden = household.hidden("login");
    let typed = [("customer_id", customer), ("access_key", house.access_key(customer))];
    let fields = [&pairs(&hidden)[..], &typed].concat();
    let shot = Shot::form(page, household.browser.cookie_header(), &fields);
    Change { what: What::SignIn(Box::new(household)), shot }
}

fn passport_limit(house: &House, round: usize) -> Change {
    let household = Household::at(&house.issuer);
    household.enter(LIMITED.customer, house.access_key(LIMITED.customer));
    let yen = 8_000 + u64::try_from(round % 1_000).expect("small");
    household.step("limits", &[("limit_1", &yen.to_string())], "limits/confirm");
    let hidden = household.hidden("limits/confirm");
    let page = household.path("limits/confirm");
    let shot = Shot::form(page, household.browser.cookie_header(), &pairs(&hidden));
    Change { what: What::PassportLimit(yen), shot }
}

/// No answer is one that should never come.
#[track_caller]
fn assert_expected(what: &What, reply: &Reply) {
    let allowed: &[u16] = match what {
        What::Import(_) | What::LineLimit(..) | What::Close(_) | What::Token(_) => &[200],
        // Barred already, or not barred, after what nobody answered; rotated lately.
        What::Restrict | What::Lift | What::Rotate(_) => &[200, 409],
        What::PassportLimit(_) | What::SignIn(_) => &[303],
    };
    assert!(allowed.contains(&reply.status), "{what:?}: {reply:?}");
    let leads_to = match what {
        What::PassportLimit(_) => "/limits/done",
        What::SignIn(_) => "/wso/",
        _ => return,
    };
    assert!(reply.location.ends_with(leads_to), "{what:?}: {reply:?}");
}

/// A sign-in that was answered still stands after a restart.
#[track_caller]
fn still_signed_in(house: &House, household: &Household, fate: &Fate) {
    let Fate::Answered(reply) = fate else { return };
    let browser = Browser::new(&house.issuer);
    let mut cookies = household.browser.cookies.borrow().clone();
    for cookie in &reply.cookies {
        let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
        let (name, value) = pair.expect("a cookie");
        cookies.insert(name.to_owned(), value.to_owned());
    }
    *browser.cookies.borrow_mut() = cookies;
    let menu = browser.open(&household.path(""));
    assert_eq!(menu.status, 200, "a sign-in was lost: {menu:?}");
}

/// The signing keys that a rotation told are those that providers see.
#[track_caller]
fn rotated(house: &House, kind: &str, fate: &Fate) {
    let Fate::Answered(reply) = fate else { return };
    if kind != "signing" || reply.status != 200 {
        return;
    }
    // An answer that was cut off tells less; its head was one all the same.
    let Ok(told) = serde_json::from_str::<Value>(&reply.body) else { return };
    let jwks = house.provider.http.get(&format!("{}/oauth/jwks.json", house.issuer), &[]).body;
    for key in told["keys"].as_array().expect("keys") {
        let kid = key["kid"].as_str().expect("a kid");
        assert!(jwks.contains(kid), "the key {kid} was lost: {jwks}");
    }
}
