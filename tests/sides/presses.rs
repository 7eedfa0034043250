//! What a household presses at a provider: 購入 and 解約.

use super::{Sides, instant, month, provider, service};
use crate::naive::{Bought, Key, Visit, month_of, steps::Catalogue};
use linepass::domain::{
    ids::PassportNumber,
    limit,
    line::{
        Command,
        command::{Cancel, LoggedIn, Purchase},
    },
    order::{CancellationOrder, PurchaseOrder},
    provider::{Price, Service},
    yen::Yen,
};
use proptest::{prelude::*, test_runner::TestCaseResult};

impl Sides {
    fn login(&self, visit: Visit) -> LoggedIn {
        let endings = self.model.id(visit.id).map_or(0, |id| id.endings);
        LoggedIn {
            passport: PassportNumber(visit.id),
            epoch: if visit.stale { endings.wrapping_sub(1) } else { endings },
        }
    }

    pub(super) fn buy(
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

    pub(super) fn cancel(
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
