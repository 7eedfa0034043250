//! The line as it stands: the fold of its events.

use super::{
    event::{
        BillingRoute, ClosedCorrection, DisclosureTrigger, EndReason, LineEnding, LineService,
        RowRef,
    },
    guard::Holds,
    portal::{Inquiry, PortalSession},
    uses::Uses,
};
use crate::domain::{
    calendar::{Day, Instant, Month},
    charge::ChargeKey,
    ids::{ContractNumber, CustomerId, PassportNumber, ProviderId, ServiceCode},
    yen::Yen,
};
use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr};

/// An access line (フレッツ・アクセスサービス) with its passport IDs and what they bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// お客さまID, its name for good.
    pub customer: CustomerId,
    /// Which access service it is.
    pub service: LineService,
    /// When it was opened here.
    pub opened_at: Instant,
    /// No later decision is dated before this.
    pub last_event_at: Instant,
    /// What all its IDs together may be charged in a month.
    pub line_limit: Yen,
    /// How its bill is paid.
    pub billing: BillingRoute,
    /// The address prefixes that belong to it alone.
    pub networks: Vec<IpNetwork>,
    /// What bars new use; it is open when none is left.
    pub barriers: Barriers,
    /// How it ended, where it has.
    pub ended: Option<LineEnding>,
    /// Its passport IDs, deleted ones included.
    pub passports: BTreeMap<PassportNumber, Passport>,
    /// Its monthly contracts, ended ones of months not yet closed included.
    pub contracts: BTreeMap<ContractNumber, Contract>,
    /// Per-use purchases of months not yet closed, in the order in which they were made.
    pub uses: Uses,
    /// The last month that is closed: nothing is decided inside it any more.
    pub closed_through: Option<Month>,
    /// What closed months came to, and where in the journal their itemisations stand. One beyond
    /// `closed_through` is being closed: not all its parts are there yet.
    pub closed: BTreeMap<Month, ClosedMonth>,
    /// What corrects bills of closed months, in the order in which it was made.
    pub corrections: Vec<ClosedCorrection>,
    /// Bills that were reported unpaid, by the month of their charges.
    pub unpaid: BTreeMap<Month, UnpaidBill>,
    /// Portal sessions opened under an earlier epoch are over.
    pub portal_epoch: u32,
    /// Sessions of the household's own pages, by number; some may be over.
    #[serde(default)]
    pub sessions: BTreeMap<u32, PortalSession>,
    /// How many sessions there ever were: the number of the last one.
    #[serde(default)]
    pub sessions_opened: u32,
    /// The newest inquiries to the desk.
    #[serde(default)]
    pub inquiries: Vec<Inquiry>,
    /// Waits that guessing was met with.
    #[serde(default)]
    pub holds: Holds,
    /// Where the line's own personal rows stand.
    pub rows: LineRows,
    /// The number of the next personal row.
    pub next_row: u32,
}

/// The line's own personal rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRows {
    /// The record of 開通のご案内.
    pub record: RowRef,
    /// The hash of the access key.
    pub access_key: RowRef,
}

/// The three flags that bar new use, each with its own cause and its own lift (R-149,
/// details.md "Line states"). Each holds since when it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Barriers {
    /// 利用規制, applied for by the customer.
    pub restriction: Option<Instant>,
    /// The company's stop.
    pub company_stop: Option<Instant>,
    /// The billing number cannot carry the charges any more.
    pub unbillable: Option<Instant>,
}

impl Barriers {
    /// Whether nothing bars new use.
    pub const fn none(&self) -> bool {
        self.restriction.is_none() && self.company_stop.is_none() && self.unbillable.is_none()
    }
}

/// A passport ID (フレッツ・パスポートID) of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passport {
    /// Its number inside the line.
    pub number: PassportNumber,
    /// When it was registered.
    pub registered_at: Instant,
    /// From when it can be used; until then it is 登録中.
    pub active_from: Instant,
    /// When it was deleted, where it was.
    pub deleted_at: Option<Instant>,
    /// Its own limit a month.
    pub limit: Yen,
    /// 回線認証機能: whether it only authenticates from its own line.
    pub line_authentication: bool,
    /// Counts the passwords it has had: a verified password of an earlier version opens nothing.
    pub credential_version: u32,
    /// Flows logged in under an earlier epoch are over.
    pub epoch: u32,
    /// Where its personal rows stand.
    pub rows: PassportRows,
}

/// A passport ID's personal rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassportRows {
    /// Its own string, as entered.
    pub name: RowRef,
    /// Its password hash.
    pub credential: RowRef,
    /// Name, phone, mail address of the applicant.
    pub applicant: RowRef,
}

/// A monthly contract (月額定額): charged from 購入 to 解約.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// `K-` and the receipt number of its purchase.
    pub number: ContractNumber,
    /// Whose it is: only this ID may cancel it.
    pub passport: PassportNumber,
    /// Who sold it.
    pub provider: ProviderId,
    /// The seller's name at the purchase, as statements print it.
    pub provider_name: String,
    /// What was bought.
    pub service: ServiceCode,
    /// Its name at the purchase.
    pub service_name: String,
    /// The price it was bought at, for each month.
    pub unit_price: Yen,
    /// 購入.
    pub bought_at: Instant,
    /// 解約, where it has ended.
    pub end: Option<ContractEnd>,
}

/// How a contract ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractEnd {
    /// 解約.
    pub at: Instant,
    /// Why.
    pub reason: EndReason,
}

impl Contract {
    /// What it is charged as: once a month for each ID and service.
    pub fn charge_key(&self) -> ChargeKey<'_> {
        (self.passport, &self.provider, &self.service)
    }

    /// Whether it has not ended.
    pub const fn is_live(&self) -> bool {
        self.end.is_none()
    }
}

/// A closed month as the line remembers it; the itemisation itself stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedMonth {
    /// When the first part of its itemisation was written.
    pub from: Instant,
    /// When the last part was.
    pub at: Instant,
    /// What its charges come to; corrections of earlier months stand in `Line::corrections`.
    pub total: Yen,
    /// The same for each provider, for the last [`ClosedMonth::SPLIT_MONTHS`] closed
    /// months: a state that grew with each year would outgrow its snapshot's row.
    pub providers: Vec<ProviderTotal>,
}

impl ClosedMonth {
    /// So many closed months keep their split by provider: as many as the household's graph shows.
    pub const SPLIT_MONTHS: usize = 12;
}

/// A bill that was reported unpaid, or whose collection the operator stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UnpaidBill {
    /// When it was due, as it was reported last; absent where only its collection was stopped.
    pub due: Option<Day>,
    /// When it was settled, where it was.
    pub settled_at: Option<Instant>,
    /// When the operator stopped collecting, where it did.
    pub collection_stopped_at: Option<Instant>,
    /// To whom it was disclosed.
    pub disclosed: Vec<Disclosure>,
}

/// A disclosure of an unpaid bill, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// To whom.
    pub provider: ProviderId,
    /// When.
    pub at: Instant,
    /// What allowed it.
    pub trigger: DisclosureTrigger,
}

/// What one provider's sales of a month come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderTotal {
    /// Who sold.
    pub provider: ProviderId,
    /// Its name as the itemisation prints it.
    pub name: String,
    /// The sum.
    pub amount: Yen,
}

impl ProviderTotal {
    /// Adds a charge to its provider's sum; the name that came first stays.
    pub fn add(totals: &mut Vec<Self>, provider: &ProviderId, name: &str, amount: Yen) {
        match totals.iter_mut().find(|total| total.provider == *provider) {
            Some(total) => total.amount = [total.amount, amount].into_iter().sum(),
            None => totals.push(Self { provider: provider.clone(), name: name.into(), amount }),
        }
    }
}

impl Line {
    /// The IDs that are not deleted.
    pub fn live_passports(&self) -> impl Iterator<Item = &Passport> {
        self.passports.values().filter(|passport| passport.deleted_at.is_none())
    }

    /// An ID that is not deleted.
    pub fn live_passport(&self, number: PassportNumber) -> Option<&Passport> {
        self.passports.get(&number).filter(|passport| passport.deleted_at.is_none())
    }

    /// The live contract of an ID for a service, of which there is one at most.
    pub fn live_contract(&self, key: ChargeKey<'_>) -> Option<&Contract> {
        self.contracts.values().find(|contract| contract.is_live() && contract.charge_key() == key)
    }

    /// Whether line authentication would be checked for this ID: switched on, on a line that has
    /// it.
    pub fn checks_line_of(&self, passport: &Passport) -> bool {
        self.service.has_line_authentication() && passport.line_authentication
    }
}

/// Whether an address is one of the line's own. An IPv4 address mapped into IPv6 is the
/// IPv4 address (security.md 55). No network, no own address: it fails closed.
pub fn is_own_address(networks: &[IpNetwork], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(address))
}
