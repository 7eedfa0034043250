//! A running server as buyers, providers and operators see it.

use crate::common::{
    Answer, Browser, Flow, Http, Provider, REDIRECT_URI, operator::Operator, order, unique,
};
use serde_json::{Value, json};
use std::{collections::HashMap, path::Path};

/// The monthly service that [`House::stock`] lists, and its price in yen.
pub const MONTHLY: (&str, u64) = ("box", 525);

/// A running server.
#[derive(Clone)]
pub struct House {
    /// Its address.
    pub issuer: String,
    /// Its operator.
    pub operator: Operator,
    /// Who sells: the second sample provider, whose redirect address is the same at each start.
    pub provider: Provider,
    passwords: HashMap<String, String>,
    access_keys: HashMap<String, String>,
}

impl House {
    /// From what a demo printed.
    pub fn new(said: &Value) -> Self {
        let text = |pointer: &str| {
            let found = said.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_else(|| panic!("{pointer}")).to_owned()
        };
        let lines = said["lines"].as_array().expect("lines");
        let word = |value: &Value| value.as_str().expect("a text").to_owned();
        let ids = lines.iter().flat_map(|line| line["passport_ids"].as_array().expect("IDs"));
        let provider = Provider {
            issuer: text("/issuer"),
            client_id: text("/providers/1/client_id"),
            client_secret: text("/providers/1/client_secret"),
            redirect_uri: REDIRECT_URI.to_owned(),
            http: Http::new(),
        };
        let token_file = text("/operator_token_file");
        Self {
            issuer: text("/issuer"),
            operator: Operator::at(text("/operator"), Path::new(&token_file)),
            provider,
            passwords: ids.map(|id| (word(&id["passport_id"]), word(&id["password"]))).collect(),
            access_keys: lines
                .iter()
                .map(|line| (word(&line["customer_id"]), word(&line["access_key"])))
                .collect(),
        }
    }

    /// The access key of a sample line.
    pub fn access_key(&self, customer: &str) -> &str {
        &self.access_keys[customer]
    }

    /// Lists a monthly service of the provider's, once.
    pub fn stock(&self) {
        let (service, yen) = MONTHLY;
        let entry = json!({
            "service": service, "name": "見放題", "kind": "monthly", "unit_price_yen": yen,
        });
        let body = json!({ "reason": "contract 118", "services": [entry] });
        self.operator.change("POST", "/providers/b-sha/services", &body);
    }

    /// Logs in to a flow for this order; the browser, its flow, and what the login led to.
    pub fn log_in(&self, buyer: &str, details: &str) -> (Browser, Flow, Answer) {
        let browser = Browser::new(&self.issuer);
        let flow = browser.arrive(&self.provider.push(Some(details)));
        let login = browser.log_in(&flow, buyer, &self.passwords[buyer]);
        (browser, flow, login)
    }

    /// A flow that stands at the confirmation, logged in.
    #[track_caller]
    pub fn arrive(&self, buyer: &str, details: &str) -> (Browser, Flow) {
        let (browser, flow, login) = self.log_in(buyer, details);
        assert_eq!(login.status, 303, "{login:?}");
        assert!(login.location().ends_with("/success"), "{login:?}");
        (browser, flow)
    }

    /// The receipt of a completed flow, by way of the provider.
    #[track_caller]
    pub fn receipt(&self, browser: &Browser, flow: &Flow) -> Value {
        let back = browser.go_back(flow);
        let code = back.parameter("code").unwrap_or_else(|| panic!("no code: {back:?}"));
        let exchanged = self.provider.exchange(&code);
        assert_eq!(exchanged.status, 200, "{exchanged:?}");
        exchanged.json()["authorization_details"][0].clone()
    }

    /// How a line stands, as operators see it.
    #[track_caller]
    pub fn line(&self, customer: &str) -> Value {
        let told = self.operator.get(&format!("/lines/{customer}"));
        assert_eq!(told.status, 200, "{told:?}");
        told.json()
    }

    /// What the n-th passport ID of a line has used this month, in yen.
    #[track_caller]
    pub fn used(&self, customer: &str, passport: u64) -> u64 {
        let line = self.line(customer);
        let mut passports = line["passports"].as_array().expect("passports").iter();
        let found = passports.find(|one| one["passport"] == passport);
        found.and_then(|one| one["used_yen"].as_u64()).unwrap_or_else(|| panic!("{line}"))
    }

    /// One purchase of 1 yen, whole; that the server does all it should.
    #[track_caller]
    pub fn buys(&self, buyer: &str) {
        let (browser, flow) = self.arrive(buyer, &order(&unique(), "support", 1, 1));
        let bought = browser.buy(&flow);
        assert!(bought.status == 303 && bought.location().ends_with("/complete"), "{bought:?}");
    }
}
