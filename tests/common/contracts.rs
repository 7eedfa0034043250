//! Contracts of A社, from the provider's order to its receipt.

use super::{Answer, Browser, Demo, Flow, Provider, order, unique};
use serde_json::{Value, json};

/// An order to cancel a contract.
pub fn cancellation(contract: &str) -> String {
    json!([{"type": "cancellation", "reference": unique(), "contract": contract}]).to_string()
}

/// A receipt that the token endpoint told.
pub struct Receipt(pub Value);

impl Receipt {
    /// A text of it.
    pub fn text(&self, field: &str) -> String {
        let text = self.0[field].as_str();
        text.unwrap_or_else(|| panic!("no {field} in {}", self.0)).to_owned()
    }

    /// The contract's number.
    pub fn contract(&self) -> String {
        self.text("contract")
    }
}

/// Goes back to the provider, which exchanges the code: the receipt.
pub fn receipt(provider: &Provider, browser: &Browser, flow: &Flow) -> Receipt {
    let code = browser.go_back(flow).parameter("code").expect("a code");
    Receipt(provider.exchange(&code).json()["authorization_details"][0].clone())
}

/// Buys パックサービス of A社.
pub fn subscribe(demo: &Demo, passport_id: &str) -> Receipt {
    let (provider, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
    let flow = browser.arrive(&provider.push(Some(&order(&unique(), "pack", 1, 525))));
    browser.log_in(&flow, passport_id, demo.password(passport_id));
    browser.buy(&flow);
    receipt(&provider, &browser, &flow)
}

/// Logs in to cancel; the confirmation page.
pub fn to_confirmation(
    demo: &Demo,
    provider: &Provider,
    browser: &Browser,
    passport_id: &str,
    contract: &str,
) -> (Flow, Answer) {
    let flow = browser.arrive(&provider.push(Some(&cancellation(contract))));
    let login = browser.log_in(&flow, passport_id, demo.password(passport_id));
    assert_eq!(login.status, 303, "{login:?}");
    let page = browser.confirmation(&flow);
    (flow, page)
}

/// Cancels.
pub fn cancel(demo: &Demo, passport_id: &str, contract: &str) -> Receipt {
    let (provider, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
    let (flow, page) = to_confirmation(demo, &provider, &browser, passport_id, contract);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains(r#"name="month""#), "{page:?}");
    let pressed = browser.post(&format!("{}/confirm", flow.path), &[("csrf", &page.csrf())]);
    assert!(pressed.location().ends_with("/complete"), "{pressed:?}");
    let slip = browser.open(pressed.location());
    assert_eq!(slip.status, 200, "{slip:?}");
    receipt(&provider, &browser, &flow)
}
