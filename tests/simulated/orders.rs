//! Orders: bought, cancelled, pressed again, and asked for.

use super::{
    client::{Client, Way},
    ledger::{KnownContract, OrderKey, OrderState, Ordered},
};
use ipnetwork::IpNetwork;
use linepass::{
    actors::{LineError, change::What, orders},
    domain::{
        ids::CustomerId,
        line::{
            By,
            command::{Cancel, LoggedIn, Purchase},
        },
        order::{CancellationOrder, PurchaseOrder},
        provider::{Price, Service},
        receipt::Receipt,
        yen::Yen,
    },
    store::{Stream, key},
};
use std::{net::IpAddr, time::Duration};

/// So often an order is pressed again whose answer was that too much waits.
const MOST_PRESSES: u32 = 20;
const BETWEEN_PRESSES: Duration = Duration::from_millis(100);

const PROVIDERS: [&str; 2] = ["a-sha", "b-sha"];

impl Client {
    pub async fn buy(&self, line: CustomerId) {
        if self.world.fate.percent(20) {
            return self.press_an_order_again(line).await;
        }
        let Some((login, source)) = self.log_in(line).await else { return };
        let what = self.something();
        let order = self.order_to_buy(line, login, what);
        self.world.fate.wait_below(4).await;
        if self.world.fate.percent(15) {
            let twice = [self.press(&order, source), self.press(&order, source)];
            futures_util::future::join_all(twice).await;
        } else {
            self.press(&order, source).await;
        }
    }

    /// A service and its price; only that of a film differs from order to order.
    pub fn something(&self) -> (&'static str, u64) {
        match self.world.fate.below(4) {
            0 => ("pack", 500),
            1 => ("anime", 3_000),
            _ => ("film", self.world.fate.pick(&[100, 1_000, 2_500, 5_000, 9_999])),
        }
    }

    pub async fn buy_as(&self, line: CustomerId, login: LoggedIn, what: (&'static str, u64)) {
        let order = self.order_to_buy(line, login, what);
        self.press(&order, None).await;
    }

    pub fn order_to_buy(
        &self,
        line: CustomerId,
        login: LoggedIn,
        what: (&'static str, u64),
    ) -> OrderKey {
        let number = self.world.ledger.borrow().orders.len();
        let purchase = self.purchase(login, &format!("o-{number}"), what);
        self.note_order(line, Ordered::Purchase(purchase))
    }

    pub fn purchase(
        &self,
        login: LoggedIn,
        reference: &str,
        what: (&'static str, u64),
    ) -> Purchase {
        let (fate, (code, amount)) = (&self.world.fate, what);
        let unit_price = Yen::new(amount);
        let price = match code {
            "film" => Price::PerUse { unit_price: None },
            _ => Price::Monthly { unit_price },
        };
        let code: linepass::domain::ids::ServiceCode = code.parse().expect("a code");
        Purchase {
            login,
            provider: fate.pick(&PROVIDERS).parse().expect("an ID"),
            provider_name: "B社".into(),
            order: PurchaseOrder {
                reference: reference.parse().expect("a reference"),
                service: code.clone(),
                quantity: 1,
                amount: unit_price,
                description: None,
            },
            offer: Some(Service {
                code,
                name: "名作アニメ1".into(),
                price,
                usage_period: None,
                terms_url: None,
                offered: true,
            }),
            require_line: false,
            agreed_month: fate.percent(50).then(|| self.world.clock.now().month()),
        }
    }

    pub fn note_order(&self, line: CustomerId, ordered: Ordered) -> OrderKey {
        let (provider, reference) = match &ordered {
            Ordered::Purchase(buy) => (buy.provider.clone(), buy.order.reference.clone()),
            Ordered::Cancel(cancel) => (cancel.provider.clone(), cancel.order.reference.clone()),
        };
        let order = (provider, reference);
        let state = OrderState { customer: line, ordered, receipt: None, is_open: true };
        self.world.ledger.borrow_mut().orders.insert(order.clone(), state);
        order
    }

    /// The press on 購入 or 解約, by whoever ordered.
    pub async fn press(&self, order: &OrderKey, source: Option<IpAddr>) {
        let Some(state) = self.world.ledger.borrow().orders.get(order).cloned() else { return };
        let what = match &state.ordered {
            Ordered::Purchase(purchase) => What::Purchase(Box::new(purchase.clone())),
            Ordered::Cancel(cancel) => What::Cancel(Box::new(cancel.clone())),
        };
        self.press_as(state.customer, order, what, source).await;
    }

    pub async fn press_as(
        &self,
        line: CustomerId,
        order: &OrderKey,
        what: What,
        source: Option<IpAddr>,
    ) {
        let Some((_, _, passport)) = what.order() else { return };
        let asked = (what, By::Passport { passport }, source);
        let Some(answer) = self.submit("press", line, asked, Way::Actor).await else { return };
        let mut ledger = self.world.ledger.borrow_mut();
        if answer.as_ref().is_err_and(|error| matches!(**error, LineError::Refused(_))) {
            ledger.refused(order);
        }
        let completed = answer.ok().and_then(|done| done.completed);
        if let Some(completed) = &completed {
            ledger.told(order, completed.receipt.number());
        }
        if let Some(Receipt::Purchase(bought)) = completed.map(|done| done.receipt)
            && let Some(contract) = bought.contract
        {
            ledger.contracts.push((line, passport, order.0.clone(), contract));
        }
    }

    /// An order that was asked for before: again by the same ID, or by another with its reference.
    pub async fn press_an_order_again(&self, line: CustomerId) {
        let orders: Vec<OrderKey> = self.world.ledger.borrow().orders.keys().cloned().collect();
        if orders.is_empty() {
            return;
        }
        let order = orders[self.world.fate.index(orders.len())].clone();
        let by = self.world.ledger.borrow().orders[&order].customer;
        let by = if self.world.fate.percent(70) { by } else { line };
        let Some((login, source)) = self.log_in(by).await else { return };
        if by != line || self.world.fate.percent(70) {
            return self.press(&order, source).await;
        }
        let mut purchase = self.purchase(login, order.1.as_str(), self.something());
        purchase.provider = order.0.clone();
        self.press_as(by, &order, What::Purchase(Box::new(purchase)), source).await;
    }

    pub async fn cancel(&self) {
        let contracts = self.world.ledger.borrow().contracts.clone();
        if !contracts.is_empty() {
            let which = self.world.fate.index(contracts.len());
            self.cancel_of(contracts.get(which).cloned()).await;
        }
    }

    pub async fn cancel_of(&self, known: Option<KnownContract>) {
        let Some((line, passport, provider, contract)) = known else { return };
        let Some(view) = self.look(line).await else { return };
        let Some(stands) = view.line.as_deref() else { return };
        let Some(epoch) = stands.live_passport(passport).map(|id| id.epoch) else { return };
        let number = self.world.ledger.borrow().orders.len();
        let cancel = Cancel {
            login: LoggedIn { passport, epoch },
            provider,
            order: CancellationOrder {
                reference: format!("c-{number}").parse().expect("a reference"),
                contract,
            },
            require_line: false,
            agreed_last_month: None,
        };
        let source = stands.networks.first().map(IpNetwork::network);
        let order = self.note_order(line, Ordered::Cancel(cancel));
        self.press(&order, source).await;
    }

    /// A provider asks what became of an order.
    pub async fn ask_about_an_order(&self) {
        let orders: Vec<OrderKey> = self.world.ledger.borrow().orders.keys().cloned().collect();
        if orders.is_empty() {
            return;
        }
        let order = &orders[self.world.fate.index(orders.len())];
        let asked = orders::completed(self.process.store.as_ref(), &order.0, &order.1).await;
        if self.world.disk.is_gone() || self.process.has_failed() {
            return;
        }
        match asked {
            Ok(Some(completed)) => {
                let number = completed.receipt.number();
                let events = key::events_of(&Stream::Line(completed.customer));
                if !self.world.disk.keeps_row_with(&events, &number.to_string()) {
                    self.world.violation(format!("{order:?} told before it was durable"));
                }
                self.world.ledger.borrow_mut().told(order, number);
            }
            Ok(None) => {}
            Err(error) => self.world.violation(format!("{order:?} cannot be asked for: {error}")),
        }
    }

    /// Every order that nobody knows of is pressed again, by whoever asked for it: it is answered,
    /// whatever became of it before.
    pub async fn press_again(&self) {
        let open: Vec<OrderKey> = {
            let ledger = self.world.ledger.borrow();
            let open = ledger.orders.iter().filter(|(_, state)| state.is_open);
            open.map(|(order, _)| order.clone()).collect()
        };
        for order in open {
            let line = self.world.ledger.borrow().orders[&order].customer;
            let source = self
                .look(line)
                .await
                .and_then(|view| view.line.as_deref()?.networks.first().map(IpNetwork::network));
            // That too much waits is an answer for now: it is pressed again.
            for _ in 0..MOST_PRESSES {
                self.press(&order, source).await;
                if !self.world.ledger.borrow().orders[&order].is_open {
                    break;
                }
                tokio::time::sleep(BETWEEN_PRESSES).await;
            }
            if self.world.ledger.borrow().orders[&order].is_open {
                self.world.violation(format!("{order:?} is not answered"));
            }
        }
    }
}
