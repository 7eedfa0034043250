//! The rules: what a command does to a line, or why not.

use super::{
    accounting,
    command::{Cancel, Command, Facts, LoggedIn, OpenLine, Purchase, RegisterPassport},
    event::{Barrier, EndReason, Event},
    guard, operating, portal,
    refusal::Refusal,
    settings,
    state::{Contract, Line, Passport, is_own_address},
    uses::PerUseCharge,
};
use crate::domain::{
    charge,
    ids::{ContractNumber, PassportNumber, ReceiptNumber, Reference},
    limit::{self, Outlook},
    order::OrderFault,
    provider::Service,
};

/// The answer to a command: what happens, or why not. Pure.
pub fn decide(
    state: Option<&Line>,
    command: &Command,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    if let Command::Open(opening) = command {
        return open(state, opening);
    }
    let line = state.ok_or(Refusal::UnknownLine)?;
    if line.ended.is_some() && !accounting::concerns_the_past(command) {
        return Err(Refusal::LineEnded);
    }
    match command {
        Command::Open(_) => Err(Refusal::LineAlreadyOpen),
        Command::RegisterPassport(registration) => register(line, registration, facts),
        Command::Purchase(purchase) => buy(line, purchase, facts),
        Command::Cancel(cancel) => cancel_contract(line, cancel, facts),
        Command::RaiseBarrier(barrier) => raise(line, *barrier, facts),
        Command::LiftBarrier(barrier) => lift(line, *barrier),
        Command::DeletePassport(passport) => delete(line, *passport, facts),
        Command::EndContract(contract) => end_by_operator(line, *contract, facts),
        Command::SetLineAuthentication { passport, on } => {
            settings::set_line_authentication(line, *passport, *on)
        }
        Command::ChangePassport(change) => settings::change_passport(line, change),
        Command::SetPassportLimits(limits) => settings::set_limits(line, limits, facts),
        Command::SetLineLimit(limit) => settings::set_line_limit(line, *limit),
        Command::SetNetworks(networks) => Ok(operating::set_networks(line, networks)),
        Command::PlaceHold(hold) => Ok(guard::place(line, hold, facts)),
        Command::UpgradeHash(upgrade) => Ok(guard::upgrade(line, upgrade)),
        Command::OpenSession(opening) => portal::open_session(line, opening, facts),
        Command::EndSession(session) => Ok(portal::end_session(line, *session, facts)),
        Command::EndOtherSessions(kept) => Ok(portal::end_other_sessions(line, *kept, facts)),
        Command::Restrict(agreed) => portal::restrict(line, agreed, facts),
        Command::Inquire(inquiry) => portal::inquire(line, *inquiry, facts),
        Command::NoteNewPlace { passport, sign_in } => {
            Ok(portal::note_new_place(line, *passport, *sign_in))
        }
        Command::Transfer(transfer) => operating::transfer(line, *transfer, facts),
        Command::ChangeBilling(change) => operating::change_billing(line, change, facts),
        Command::ReplaceRecord(record) => Ok(vec![Event::RecordReplaced { record: *record }]),
        Command::SetBilling(billing) => Ok(operating::set_billing(line, *billing)),
        Command::UpdateLine(update) => operating::update(line, update),
        Command::ResetAccessKey(key) => Ok(operating::reset_access_key(*key)),
        Command::ReleaseHolds(passport) => operating::release_holds(line, *passport),
        Command::StopUse(cause) => operating::stop_use(line, *cause, facts),
        Command::CloseMonth(close) => accounting::close_month(line, *close, facts),
        Command::Correct(correction) => accounting::correct(line, correction),
        Command::ReportOverdue { month, due } => accounting::report_overdue(line, *month, *due),
        Command::SettleOverdue(month) => accounting::settle_overdue(line, *month),
        Command::StopCollection(month) => accounting::stop_collection(line, *month),
        Command::Disclose(disclosure) => accounting::disclose(line, disclosure, facts),
        Command::EraseRows(erase) => Ok(accounting::erase(line, erase)),
    }
}

/// A line of any kind can be opened; an ineligible one has no passport IDs.
fn open(state: Option<&Line>, opening: &OpenLine) -> Result<Vec<Event>, Refusal> {
    if state.is_some() {
        return Err(Refusal::LineAlreadyOpen);
    }
    let opened = Event::LineOpened {
        customer: opening.customer,
        service: opening.service,
        line_limit: opening.line_limit,
        billing: opening.billing,
        record: opening.record,
        access_key: opening.access_key,
    };
    Ok(vec![opened, Event::NetworksSet { networks: opening.networks.clone() }])
}

///
fn register(
    line: &Line,
    registration: &RegisterPassport,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    portal::may_register(line, facts.defaults.passports_per_line)?;
    let delay_s = facts.defaults.activation_delay_s;
    let numbers_used = line.passports.keys().next_back().map_or(0, |last| last.0);
    Ok(vec![Event::PassportRegistered {
        passport: PassportNumber(numbers_used + 1),
        name: registration.name,
        credential: registration.credential,
        applicant: registration.applicant,
        limit: limit::initial_limit(line, facts.defaults.passport_limit),
        line_authentication: line.service.has_line_authentication(),
        active_from: (delay_s > 0).then(|| facts.now.after_s(delay_s)),
    }])
}

///
fn buy(line: &Line, purchase: &Purchase, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Allowed { offer, line_checked } = may_buy(line, purchase, facts)?;
    Ok(vec![Event::Purchased {
        receipt: facts.receipt.ok_or(Refusal::NoReceiptNumber)?,
        passport: purchase.login.passport,
        provider: purchase.provider.clone(),
        provider_name: purchase.provider_name.clone(),
        reference: purchase.order.reference.clone(),
        service: purchase.order.service.clone(),
        service_name: offer.name.clone(),
        monthly: offer.price.is_monthly(),
        unit_price: purchase.order.unit_price(offer),
        quantity: purchase.order.quantity,
        amount: purchase.order.amount,
        usage_period: offer.usage_period.clone(),
        description: purchase.order.description.clone(),
        line_checked,
    }])
}

/// A purchase that every rule allows.
#[derive(Debug, Clone, Copy)]
pub struct Allowed<'a> {
    /// The catalogue's entry it is bought by.
    pub offer: &'a Service,
    /// Whether the line itself was checked.
    pub line_checked: bool,
}

/// Whether a purchase is allowed, in the order in which a household can do something about it:
/// asked before the household confirms, and again when it does.
pub fn may_buy<'a>(
    line: &Line,
    purchase: &'a Purchase,
    facts: &Facts,
) -> Result<Allowed<'a>, Refusal> {
    if line.ended.is_some() {
        return Err(Refusal::LineEnded);
    }
    eligible(line)?;
    let passport = logged_in(line, purchase.login, facts)?;
    let line_checked = line_checked(line, passport, purchase.require_line, facts)?;
    open_for_new_use(line)?;
    let changed = |fault: OrderFault| Refusal::OfferChanged { field: fault.field };
    purchase.order.check(purchase.offer.as_ref()).map_err(changed)?;
    let offer = purchase.offer.as_ref().ok_or(Refusal::OfferChanged { field: "service" })?;
    as_agreed(purchase, facts)?;
    if offer.price.is_monthly() {
        no_live_contract(line, purchase)?;
    }
    within_limits(line, passport, purchase, offer, facts)?;
    Ok(Allowed { offer, line_checked })
}

/// The household agreed to a charge in the month that the page named, and the moment
/// of the decision is the one that counts.
fn as_agreed(purchase: &Purchase, facts: &Facts) -> Result<(), Refusal> {
    let now = facts.now.month();
    match purchase.agreed_month {
        Some(agreed) if agreed != now => Err(Refusal::MonthTurned { now }),
        _ => Ok(()),
    }
}

/// One live monthly contract for each ID and service; another ID may buy it.
fn no_live_contract(line: &Line, purchase: &Purchase) -> Result<(), Refusal> {
    let key = (purchase.login.passport, &purchase.provider, &purchase.order.service);
    match line.live_contract(key) {
        Some(contract) => Err(Refusal::LiveContract { contract: contract.number }),
        None => Ok(()),
    }
}

/// exactly reaching a limit is allowed.
fn within_limits(
    line: &Line,
    passport: &Passport,
    purchase: &Purchase,
    offer: &Service,
    facts: &Facts,
) -> Result<(), Refusal> {
    let (provider, order) = (&purchase.provider, &purchase.order);
    let (monthly, month) = (offer.price.is_monthly(), facts.now.month());
    let outlook = Outlook::of(line, passport.number, provider, order, monthly, month);
    let Outlook { used, added, .. } = outlook;
    if !limit::fits(used.by_passport, added, passport.limit) {
        let (used, limit) = (used.by_passport, passport.limit);
        return Err(Refusal::OverLimit { used, added, limit });
    }
    if !limit::fits(used.by_line, added, line.line_limit) {
        let (used, limit) = (used.by_line, line.line_limit);
        return Err(Refusal::OverLineLimit { used, added, limit });
    }
    Ok(())
}

///
fn cancel_contract(line: &Line, cancel: &Cancel, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let contract = may_cancel(line, cancel, facts)?;
    let receipt = facts.receipt.ok_or(Refusal::NoReceiptNumber)?;
    let ordered = Some((receipt, cancel.order.reference.clone()));
    Ok(vec![ending(contract, EndReason::Customer, facts, ordered)])
}

/// Whether a cancellation is allowed, asked before the household confirms and again when it does.
/// Only the ID that bought may cancel; neither a restriction nor the company's stop keeps
/// a household from cancelling.
pub fn may_cancel<'a>(
    line: &'a Line,
    cancel: &Cancel,
    facts: &Facts,
) -> Result<&'a Contract, Refusal> {
    if line.ended.is_some() {
        return Err(Refusal::LineEnded);
    }
    let passport = logged_in(line, cancel.login, facts)?;
    line_checked(line, passport, cancel.require_line, facts)?;
    let contract = line.contracts.get(&cancel.order.contract);
    let contract = contract.filter(|contract| contract.provider == cancel.provider);
    let contract = contract.ok_or_else(|| {
        let is_it = |charged: &PerUseCharge| charged.receipt == cancel.order.contract.0;
        let is_per_use = line.uses.iter().any(is_it);
        if is_per_use { Refusal::PerUsePurchase } else { Refusal::UnknownContract }
    })?;
    if contract.passport != passport.number {
        return Err(Refusal::AnotherIdsContract);
    }
    still_live(contract)?;
    last_month_as_agreed(contract, cancel, facts)?;
    Ok(contract)
}

/// A day that turned between the page and the press may charge one month more than the page said
/// the moment of the decision is the one that counts.
fn last_month_as_agreed(
    contract: &Contract,
    cancel: &Cancel,
    facts: &Facts,
) -> Result<(), Refusal> {
    let last = charge::last_charged_month(contract.bought_at, facts.now);
    match cancel.agreed_last_month {
        Some(agreed) if agreed != last => Err(Refusal::MonthTurned { now: facts.now.month() }),
        _ => Ok(()),
    }
}

fn still_live(contract: &Contract) -> Result<(), Refusal> {
    match &contract.end {
        None => Ok(()),
        Some(end) => Err(Refusal::ContractEnded {
            last_charge_month: charge::last_charged_month(contract.bought_at, end.at),
        }),
    }
}

/// A contract's ending, with the receipt and the reference of the order, where one asked for it.
fn ending(
    contract: &Contract,
    reason: EndReason,
    facts: &Facts,
    ordered: Option<(ReceiptNumber, Reference)>,
) -> Event {
    let (receipt, reference) = ordered.unzip();
    Event::ContractEnded {
        contract: contract.number,
        passport: contract.passport,
        provider: contract.provider.clone(),
        service: contract.service.clone(),
        reason,
        last_charge_month: charge::last_charged_month(contract.bought_at, facts.now),
        receipt,
        reference,
    }
}

/// 利用規制 ends every contract, and so does a billing number that cannot be used
/// the company's stop ends none.
pub(super) fn raise(line: &Line, barrier: Barrier, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    if line.barriers.since(barrier).is_some() {
        return Err(Refusal::BarredAlready);
    }
    let ending = match barrier {
        Barrier::CustomerRestriction => Some(EndReason::Restriction),
        Barrier::Unbillable => Some(EndReason::Operator),
        Barrier::CompanyStop => None,
    };
    let mut events = vec![Event::BarrierRaised { barrier }];
    if let Some(reason) = ending {
        events.extend(endings(line, reason, facts, |_| true));
    }
    if barrier == Barrier::CustomerRestriction {
        let ids = line.live_passports().map(|passport| passport.number);
        events.extend(ids.map(|id| Event::SessionsEnded { passport: Some(id) }));
    }
    Ok(events)
}

/// Lifting makes the IDs usable again; what ended stays ended.
fn lift(line: &Line, barrier: Barrier) -> Result<Vec<Event>, Refusal> {
    match line.barriers.since(barrier) {
        Some(_) => Ok(vec![Event::BarrierLifted { barrier }]),
        None => Err(Refusal::NotBarred),
    }
}

/// Deleting an ID ends what was bought with it; its string stays taken.
fn delete(line: &Line, number: PassportNumber, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let passport = line.live_passport(number).ok_or(Refusal::UnknownPassport)?;
    let of_this_id = |contract: &Contract| contract.passport == passport.number;
    let mut events: Vec<Event> =
        endings(line, EndReason::PassportDeleted, facts, of_this_id).collect();
    events.push(Event::PassportDeleted { passport: passport.number });
    Ok(events)
}

fn end_by_operator(
    line: &Line,
    number: ContractNumber,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let contract = line.contracts.get(&number).ok_or(Refusal::UnknownContract)?;
    still_live(contract)?;
    Ok(endings(line, EndReason::Operator, facts, |other| other.number == number).collect())
}

/// Endings that nobody ordered with a provider: no receipt, no reference.
pub(super) fn endings(
    line: &Line,
    reason: EndReason,
    facts: &Facts,
    which: impl Fn(&Contract) -> bool,
) -> impl Iterator<Item = Event> {
    let live =
        line.contracts.values().filter(move |contract| contract.is_live() && which(contract));
    live.map(move |contract| ending(contract, reason, facts, None))
}

pub(super) fn eligible(line: &Line) -> Result<(), Refusal> {
    line.service.is_eligible().then_some(()).ok_or(Refusal::IneligibleLine)
}

/// Nothing may bar new use: no purchase and no new ID while restricted, stopped or unbillable
///
pub(super) fn open_for_new_use(line: &Line) -> Result<(), Refusal> {
    let barriers = &line.barriers;
    if let Some(since) = barriers.restriction {
        return Err(Refusal::Restricted { since });
    }
    if let Some(since) = barriers.company_stop {
        return Err(Refusal::Stopped { since });
    }
    match barriers.unbillable {
        Some(since) => Err(Refusal::Unbillable { since }),
        None => Ok(()),
    }
}

/// The login still stands: the ID is live and active, and its epoch has not moved on.
pub(super) fn logged_in<'a>(
    line: &'a Line,
    login: LoggedIn,
    facts: &Facts,
) -> Result<&'a Passport, Refusal> {
    let passport = line.live_passport(login.passport).ok_or(Refusal::UnknownPassport)?;
    if passport.active_from > facts.now {
        return Err(Refusal::NotYetActive);
    }
    if passport.epoch != login.epoch {
        return Err(Refusal::LoginOver);
    }
    Ok(passport)
}

/// Line authentication, asked again at the decision since the network may have changed since the
/// login (R-175, R-180, security.md 61). Whether the line was checked and found right.
pub(super) fn line_checked(
    line: &Line,
    passport: &Passport,
    require_line: bool,
    facts: &Facts,
) -> Result<bool, Refusal> {
    let own = facts.source.is_some_and(|source| is_own_address(&line.networks, source));
    if line.checks_line_of(passport) && !own {
        return Err(Refusal::ForeignLine);
    }
    let checked = line.service.has_line_authentication() && own;
    if require_line && !checked {
        return Err(Refusal::LineNotChecked);
    }
    Ok(checked)
}
