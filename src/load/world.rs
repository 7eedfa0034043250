//! What all virtual clients share: who buys and who sells, the record, the ledger, and what was
//! prepared.

use super::{
    check::Receipts,
    credentials::{Credentials, Household, ServiceKind},
    ledger,
    random::Random,
    recorder::Recorder,
    scenario::{
        attack::AttackKind,
        flow::{Confirmable, Contract},
        portal::Session,
    },
    sessions::Sessions,
    target::Target,
    zipf::Zipf,
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

/// What a run does in one way or another.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whether 503 and 429 are tried again, as `Retry-After` asks.
    pub retry: bool,
    /// What attackers do.
    pub attacks: Vec<AttackKind>,
    /// Sessions of the household's own pages that the server keeps of a line at once.
    pub sessions_per_line: u64,
    /// Where everything that is drawn begins.
    pub seed: u64,
}

/// A service as it is ordered: one of it, for this amount.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Which provider, by its place.
    pub provider: usize,
    /// Its code.
    pub service: String,
    /// Yen.
    pub amount_yen: u64,
}

/// What was made ready before a phase, so that its requests alone are timed.
#[derive(Default)]
pub struct Stock {
    /// Flows at their confirmation, for the press.
    pub confirmable: VecDeque<Confirmable>,
    /// Contracts to cancel.
    pub contracts: VecDeque<Contract>,
    /// Households that are signed in.
    pub sessions: Sessions<Session>,
    /// How many flows and how many contracts a closed loop leaves for those after it.
    pub kept: u64,
}

/// What all clients share.
pub struct World {
    /// The server.
    pub target: Rc<Target>,
    /// Who buys and who sells.
    pub credentials: Credentials,
    /// Which household comes next.
    pub zipf: Zipf,
    /// What can be bought again and again: the cheapest of each provider, so that limits last.
    pub per_use: Vec<Offer>,
    /// What is bought once and cancelled.
    pub monthly: Vec<Offer>,
    /// How it is done.
    pub options: Options,
    /// What came of it.
    pub recorder: RefCell<Recorder>,
    /// What the server said of each order.
    pub ledger: ledger::Shared,
    /// What is ready.
    pub stock: RefCell<Stock>,
    /// Receipt numbers that were given.
    pub receipts: RefCell<Receipts>,
    /// Which line's contract is bought next; each is bought once.
    pub next_contract: Cell<u64>,
    /// What this run's references begin with.
    tag: String,
    next_reference: Cell<u64>,
}

impl World {
    /// A world; `tag` tells this run's references apart from every other run's, and `exponent` says
    /// how unevenly lines are asked for.
    pub fn new(
        target: Rc<Target>,
        credentials: Credentials,
        options: Options,
        ledger: ledger::Shared,
        (tag, exponent): (String, f64),
    ) -> Self {
        let zipf = Zipf::new(credentials.len(), exponent, options.seed);
        let (per_use, monthly) = offers(&credentials);
        Self {
            target,
            zipf,
            per_use,
            monthly,
            credentials,
            options,
            recorder: RefCell::default(),
            ledger,
            stock: RefCell::default(),
            receipts: RefCell::default(),
            next_contract: Cell::new(0),
            tag,
            next_reference: Cell::new(0),
        }
    }

    /// A reference that no order ever had.
    pub fn reference(&self) -> String {
        let number = self.next_reference.get();
        self.next_reference.set(number + 1);
        format!("{}-{number}", self.tag)
    }

    /// The household that comes next.
    pub fn household(&self, random: &mut Random) -> Option<Household> {
        self.credentials.household(self.zipf.draw(random), random.bits())
    }

    /// What is bought next.
    pub fn offer(&self, random: &mut Random) -> Option<&Offer> {
        self.per_use.get(random.place(self.per_use.len()))
    }
}

/// The cheapest service of each provider that can be bought again and again, and all monthly ones.
fn offers(credentials: &Credentials) -> (Vec<Offer>, Vec<Offer>) {
    let (mut per_use, mut monthly) = (Vec::new(), Vec::new());
    for (provider, seller) in credentials.providers.iter().enumerate() {
        // Where the household chooses the price, it chooses one yen.
        let offer = |service: &super::credentials::Service| Offer {
            provider,
            service: service.service.clone(),
            amount_yen: service.unit_price.unwrap_or(1),
        };
        let of_kind = |kind| seller.services.iter().filter(move |service| service.kind == kind);
        let cheapest = of_kind(ServiceKind::PerUse).map(offer).min_by_key(|offer| offer.amount_yen);
        per_use.extend(cheapest);
        monthly.extend(of_kind(ServiceKind::Monthly).map(offer));
    }
    (per_use, monthly)
}
