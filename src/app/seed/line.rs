//! One line's decisions, from its opening to its last purchase, each made by the rules: what they
//! refuse is an error of the plan, never a row.

use super::{
    SeedError,
    draw::{Draw, Kind},
    plan::{LinePlan, LineState, PassportPlan, Plan},
    secrets::Secrets,
};
use crate::{
    actors::change::{self, Opening, Prepared, Registration, What},
    domain::{
        calendar::Instant,
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{PassportNumber, ProviderId, ReceiptNumber},
        language::Language,
        line::{
            By, Command, Entry, Facts, Line, LineDefaults, LineService,
            command::{LoggedIn, Purchase, StopCause},
            decide,
            event::{Barrier, BillingRoute},
            replay,
        },
        order::PurchaseOrder,
        provider::{Price, Service},
        yen::Yen,
    },
    security::KeyRing,
    store::Batch,
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// What a price that is set at each purchase is a multiple of.
const TICKET_STEP_YEN: u64 = 50;

/// Who sells what, as all lines meet it.
pub struct Shop {
    /// The seller.
    pub provider: ProviderId,
    /// Its name.
    pub name: String,
    /// The one service by the month, then those by use.
    pub services: Vec<Service>,
}

/// What all lines are made with.
pub struct Making {
    /// Which lines there are.
    pub plan: Arc<Plan>,
    /// Passwords and access keys.
    pub secrets: Arc<Secrets>,
    /// Who sells what.
    pub shops: Vec<Shop>,
    /// What a name is found by.
    pub ring: KeyRing,
}

/// A line in the making.
struct Made<'a> {
    plan: LinePlan,
    making: &'a Making,
    line: Option<Line>,
    seq: u64,
    salts: Draw,
    batches: Vec<Batch>,
}

impl Making {
    /// The commits that make a line, in their order; its purchases have the receipt numbers from
    /// this serial on.
    pub fn line(&self, index: u64, first_serial: u64) -> Result<Vec<Batch>, SeedError> {
        let seed = self.plan.data.seed;
        let plan = self.plan.line(index);
        let salts = Draw::of(seed, Kind::Salts, index);
        let mut made = Made { plan, making: self, line: None, seq: 0, salts, batches: Vec::new() };
        made.open()?;
        for number in 0..made.plan.passports.len() {
            made.register(number)?;
        }
        made.set_limits()?;
        let last = made.buy(first_serial)?;
        made.bar(last)?;
        Ok(made.batches)
    }
}

impl Made<'_> {
    /// Has the rules decide, and keeps the commit and the line after it.
    fn make(
        &mut self,
        what: &What,
        by: By,
        at: Instant,
        receipt: Option<ReceiptNumber>,
    ) -> Result<(), SeedError> {
        let customer = self.plan.customer;
        let source: IpAddr = self.plan.network.ip();
        let defaults = LineDefaults {
            passports_per_line: 3,
            passport_limit: self.plan.passport_limit,
            activation_delay_s: 0,
        };
        let facts = Facts { now: at, receipt, source: Some(source), defaults };
        let line = self.line.as_ref();
        let Prepared { command, rows } =
            change::prepare(customer, line, what, || self.salts.salt());
        let events = decide(line, &command, &facts)
            .map_err(|refusal| SeedError::Rule { customer, refusal })?;
        let entry = Entry { at, by, request_id: None, events };
        self.batches.push(change::batch(customer, line, self.seq, &entry, what, &rows));
        self.line = replay(self.line.take(), &entry);
        self.seq += 1;
        Ok(())
    }

    fn open(&mut self) -> Result<(), SeedError> {
        let LinePlan { service, line_limit, network, access_key, opened_at, .. } = self.plan;
        let opening = Opening {
            service,
            line_limit,
            billing: BillingRoute::Telephone,
            networks: vec![network],
            record: self.record(),
            access_key_hash: self.making.secrets.access_key(access_key).hash.clone(),
        };
        self.make(&What::Open(Box::new(opening)), By::System, opened_at, None)
    }

    /// The record of 開通のご案内, of nobody.
    fn record(&self) -> BTreeMap<String, String> {
        let order = match self.plan.service {
            LineService::HikariNext => "フレッツ 光ネクスト 新規",
            LineService::HikariLight => "フレッツ 光ライト 新規",
            LineService::HikariPremium => "フレッツ・光プレミアム 新規",
            _ => "Bフレッツ 新規",
        };
        let name = self.applicant_name();
        let day = self.plan.opened_at.day().to_string();
        let fields = [
            ("order", order.to_owned()),
            ("construction_date", day.clone()),
            ("start_date", day),
            ("contractor", name.to_owned()),
            ("applicant", name.to_owned()),
            ("phone", "0600000000".to_owned()),
            ("place", format!("架空県架空市架空町1-2-{}", self.plan.index % 9_999 + 1)),
            ("mail", format!("{}@example.jp", self.plan.customer.as_str().to_lowercase())),
            ("billing_number", "0600000000".to_owned()),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into()
    }

    const fn applicant_name(&self) -> &'static str {
        const NAMES: [&str; 4] = ["合成 太郎", "合成 花子", "架空 一郎", "架空 さくら"];
        NAMES[(self.plan.index % 4) as usize]
    }

    /// A passport ID, and its line authentication off where the household wanted that.
    fn register(&mut self, number: usize) -> Result<(), SeedError> {
        let PassportPlan { name, password, line_authentication, registered_at } =
            self.plan.passports[number].clone();
        let fault = |fault| SeedError::Field { what: "a made-up field", fault };
        let registration = Registration {
            name_hash: self.making.ring.name_hash(&name),
            password_hash: self.making.secrets.password(password).hash.clone(),
            applicant: PersonName::parse(self.applicant_name()).map_err(fault)?,
            phone: PhoneNumber::parse("06-0000-0000").map_err(fault)?,
            mail: MailAddress::parse(&format!("{name}@example.jp")).map_err(fault)?,
            is_contractor: true,
            language: if self.plan.index % 10 == 9 { Language::En } else { Language::Ja },
            name: PassportName::parse(&name).map_err(fault)?,
        };
        self.make(&What::Register(Box::new(registration)), By::Customer, registered_at, None)?;
        if self.plan.service.has_line_authentication() && !line_authentication {
            let off = Command::SetLineAuthentication { passport: id(number), on: false };
            self.make(&plain(off), By::Customer, registered_at.after_s(60), None)?;
        }
        Ok(())
    }

    fn set_limits(&mut self) -> Result<(), SeedError> {
        let Some(limit) = self.plan.changed_limit else { return Ok(()) };
        let Some(last) = self.plan.passports.last() else { return Ok(()) };
        let at = last.registered_at.after_s(3_600);
        self.make(&plain(Command::SetPassportLimits(vec![(id(0), limit)])), By::Customer, at, None)
    }

    /// Everything it buys, spread over the months; when the last of it was bought.
    fn buy(&mut self, first_serial: u64) -> Result<Instant, SeedError> {
        let Plan { data, buying_from: from, .. } = &*self.making.plan;
        let mut draw = Draw::of(data.seed, Kind::Purchases, self.plan.index);
        let count = u64::from(self.plan.purchases);
        let span_us = u64::try_from(data.until.micros() - from.micros()).unwrap_or_default();
        let mut last = *from;
        for number in 0..count {
            let step_us = span_us / count;
            let after_us = step_us * number + draw.below(step_us.max(1));
            let after_us = i64::try_from(after_us).unwrap_or_default();
            last = Instant::from_micros(from.micros().saturating_add(after_us));
            let purchase = self.purchase(&mut draw, first_serial + number);
            let by = By::Passport { passport: purchase.login.passport };
            let receipt = ReceiptNumber::from_serial(first_serial + number);
            self.make(&What::Purchase(Box::new(purchase)), by, last, receipt)?;
        }
        Ok(last)
    }

    /// One of its IDs buys something of the shop that it always goes to: by the month what it does
    /// not have yet, or by use.
    fn purchase(&self, draw: &mut Draw, serial: u64) -> Purchase {
        let ids = self.plan.passports.len() as u64;
        let number = usize::try_from(draw.below(ids.max(1))).unwrap_or_default();
        let shops = &self.making.shops;
        let place = (self.plan.index + number as u64) % shops.len() as u64;
        let place = usize::try_from(place).unwrap_or_default();
        let Shop { provider, name, services } = &shops[place];
        let has = |service: &Service| {
            let line = self.line.as_ref();
            line.is_some_and(|line| {
                line.live_contract((id(number), provider, &service.code)).is_some()
            })
        };
        let by_month = draw.percent(25) && !has(&services[0]);
        let by_use = 1 + usize::try_from(draw.below(services.len() as u64 - 1)).unwrap_or_default();
        let service = &services[if by_month { 0 } else { by_use }];
        let amount = match service.price {
            Price::Monthly { unit_price } | Price::PerUse { unit_price: Some(unit_price) } => {
                unit_price
            }
            Price::PerUse { unit_price: None } => Yen::new(TICKET_STEP_YEN * (1 + draw.below(6))),
        };
        Purchase {
            login: LoggedIn { passport: id(number), epoch: 0 },
            provider: provider.clone(),
            provider_name: name.clone(),
            order: PurchaseOrder {
                reference: reference(serial),
                service: service.code.clone(),
                quantity: 1,
                amount,
                description: None,
            },
            offer: Some(service.clone()),
            require_line: false,
            agreed_month: None,
        }
    }

    /// Its bar, at half of the time that is left after its last purchase.
    fn bar(&mut self, last: Instant) -> Result<(), SeedError> {
        let (command, by) = match self.plan.state {
            LineState::Open | LineState::Ineligible => return Ok(()),
            LineState::Restricted => {
                (Command::RaiseBarrier(Barrier::CustomerRestriction), By::Customer)
            }
            LineState::Stopped => {
                let (name, reason) = ("seed".to_owned(), "synthetic data".to_owned());
                (Command::StopUse(StopCause::Misuse), By::Operator { name, reason })
            }
        };
        let until = self.making.plan.data.until;
        let at = Instant::from_micros(last.micros().midpoint(until.micros()));
        self.make(&plain(command), by, at, None)
    }
}

fn plain(command: Command) -> What {
    What::Plain(Box::new(command))
}

/// The number of the n-th passport ID, from 0.
fn id(number: usize) -> PassportNumber {
    PassportNumber(u32::try_from(number + 1).unwrap_or(u32::MAX))
}

/// The provider's own number for a purchase.
///
/// # Panics
/// Never: it is of printable ASCII characters.
fn reference(serial: u64) -> crate::domain::ids::Reference {
    format!("seed-{serial}").parse().expect("printable ASCII")
}
