//! What operators do to a line: transfers, the billing number, the
//! access key, holds, and the company's stop.

use super::{
    command::{ChangeBilling, Facts, NewRecord, StopCause, UpdateLine},
    decide::{endings, raise},
    event::{Barrier, BillingRoute, EndReason, Event, LineEndCause, RowRef},
    refusal::Refusal,
    settings,
    state::Line,
};
use crate::domain::{
    ids::PassportNumber,
    provisioning::is_same_set,
    transfer::{BillingChange, Fate, Transfer},
};
use ipnetwork::IpNetwork;

/// A transfer by the guide's table: ○ keeps everything, × ends everything, — is refused.
pub(super) fn transfer(
    line: &Line,
    transfer: Transfer,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    match transfer.fate(line.service) {
        Fate::Continues => Ok(vec![Event::TransferContinued { transfer }]),
        Fate::Ends(cause) => Ok(end_line(line, cause, facts)),
        Fate::Impossible => Err(Refusal::ImpossibleTransfer),
    }
}

/// Everything ends: contracts, with the month still charged as for any ending,
/// passport IDs, sessions and logins; the prefixes are free for the line that comes after.
fn end_line(line: &Line, cause: LineEndCause, facts: &Facts) -> Vec<Event> {
    let contracts = endings(line, EndReason::LineEnded, facts, |_| true);
    let passports =
        line.live_passports().map(|passport| Event::PassportDeleted { passport: passport.number });
    let networks = (!line.networks.is_empty()).then(|| Event::NetworksSet { networks: Vec::new() });
    contracts.chain(passports).chain(networks).chain([Event::LineEnded { cause }]).collect()
}

/// A row of the table of billing numbers. Row 2 is for a number of the same name at the
/// place of use alone; where まとめて支払い cannot go on, contracts end and purchases stop, and the
/// passport IDs stay. Where it goes on again, the bar is lifted.
pub(super) fn change_billing(
    line: &Line,
    change: &ChangeBilling,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let is_row_2 = change.change == BillingChange::BilledNumberChanged;
    if is_row_2 && !change.same_name_and_place {
        return Err(Refusal::AnotherNameOrPlace);
    }
    let route = match change.change {
        BillingChange::PhoneNumberChanged | BillingChange::NoRingingService => line.billing,
        // おまとめ請求 stays with its representative.
        BillingChange::BilledNumberChanged if line.billing == BillingRoute::Combined => {
            BillingRoute::Combined
        }
        BillingChange::BilledNumberChanged => BillingRoute::Telephone,
        BillingChange::CustomerNumber00 => BillingRoute::CustomerNumber,
        BillingChange::BulkBilling => BillingRoute::Bulk,
    };
    let record = change.record.map(|record| replace_record(line, record)).transpose()?;
    let mut events: Vec<Event> = set_billing(line, route).into_iter().chain(record).collect();
    match (change.continues, line.barriers.unbillable) {
        (false, None) => events.extend(raise(line, Barrier::Unbillable, facts)?),
        (true, Some(_)) => events.push(Event::BarrierLifted { barrier: Barrier::Unbillable }),
        _ => {}
    }
    Ok(events)
}

/// Nothing that was recorded meanwhile is lost.
fn replace_record(line: &Line, record: NewRecord) -> Result<Event, Refusal> {
    let is_still = record.made_from == line.rows.record;
    is_still.then_some(Event::RecordReplaced { record: record.row }).ok_or(Refusal::RecordChanged)
}

pub(super) fn set_billing(line: &Line, billing: BillingRoute) -> Vec<Event> {
    let changed = line.billing != billing;
    changed.then_some(Event::BillingSet { billing }).into_iter().collect()
}

/// The line's own prefixes, all of them.
pub(super) fn set_networks(line: &Line, networks: &[IpNetwork]) -> Vec<Event> {
    let changed = !is_same_set(networks, &line.networks);
    let set = || Event::NetworksSet { networks: networks.to_vec() };
    changed.then(set).into_iter().collect()
}

/// What the carrier gives anew; what stands already is no event, so that the same row changes
/// nothing. Only a transfer makes another service of a line.
pub(super) fn update(line: &Line, update: &UpdateLine) -> Result<Vec<Event>, Refusal> {
    if update.service.is_some_and(|service| service != line.service) {
        return Err(Refusal::ServiceFixed);
    }
    let mut events = Vec::new();
    events.extend(update.record.map(|record| replace_record(line, record)).transpose()?);
    events.extend(update.billing.into_iter().flat_map(|billing| set_billing(line, billing)));
    if let Some(limit) = update.line_limit.filter(|limit| *limit != line.line_limit) {
        events.extend(settings::set_line_limit(line, limit)?);
    }
    let networks = update.networks.as_deref();
    events.extend(networks.into_iter().flat_map(|networks| set_networks(line, networks)));
    events.extend(update.access_key.into_iter().flat_map(reset_access_key));
    Ok(events)
}

/// Another access key: the old one opens nothing, and what it opened is over.
pub(super) fn reset_access_key(access_key: RowRef) -> Vec<Event> {
    vec![Event::AccessKeySet { access_key }, Event::SessionsEnded { passport: None }]
}

/// Waits that guessing was met with, of an ID or of the access key where absent.
pub(super) fn release_holds(
    line: &Line,
    passport: Option<PassportNumber>,
) -> Result<Vec<Event>, Refusal> {
    if passport.is_some_and(|number| line.live_passport(number).is_none()) {
        return Err(Refusal::UnknownPassport);
    }
    Ok(vec![Event::HoldReleased { passport }])
}

/// The company's stop: for misuse at any time, for a bill from the day after its due date on
/// . Contracts go on.
pub(super) fn stop_use(
    line: &Line,
    cause: StopCause,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    if let StopCause::Overdue(month) = cause {
        let bill = line.unpaid.get(&month).filter(|bill| bill.settled_at.is_none());
        let due = bill.and_then(|bill| bill.due).ok_or(Refusal::NotOverdue { month })?;
        if facts.now.day() <= due {
            return Err(Refusal::NotPastDue { due });
        }
    }
    raise(line, Barrier::CompanyStop, facts)
}
