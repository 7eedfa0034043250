//! The fold: what a line is after what happened. Nothing is refused here; what is stored is true.

use super::{
    event::{
        Barrier, ClosedCorrection, ClosedItem, EndReason, Entry, Event, LineEnding, LineService,
    },
    guard::{Holds, PlacedHold},
    portal::{Inquiry, PortalSession},
    state::{
        Barriers, ClosedMonth, Contract, ContractEnd, Disclosure, Line, LineRows, Passport,
        PassportRows, ProviderTotal,
    },
    uses::{PerUseCharge, Sold, Uses},
};
use crate::domain::{
    calendar::{Instant, Month},
    charge,
    ids::{ContractNumber, PassportNumber},
    yen::Yen,
};
use std::{collections::BTreeMap, sync::Arc};

/// The version of this fold and of the state's shape. Whatever changes what the same events come to
/// raises it: snapshots of another version are made anew.
pub const FOLD_VERSION: u32 = 4;

/// The line after a whole entry.
pub fn replay(state: Option<Line>, entry: &Entry) -> Option<Line> {
    entry.events.iter().fold(state, |state, event| evolve(state, event, entry.at))
}

/// The line after one event that happened at `at`. Events before the opening change nothing.
pub fn evolve(state: Option<Line>, event: &Event, at: Instant) -> Option<Line> {
    let mut line = match (state, event) {
        (None, Event::LineOpened { .. }) => opened(event, at)?,
        (None, _) => return None,
        (Some(line), _) => line,
    };
    line.last_event_at = line.last_event_at.max(at);
    line.note_rows(event);
    line.apply(event, at);
    Some(line)
}

fn opened(event: &Event, at: Instant) -> Option<Line> {
    let Event::LineOpened { customer, service, line_limit, billing, record, access_key } = event
    else {
        return None;
    };
    Some(Line {
        customer: *customer,
        service: *service,
        opened_at: at,
        last_event_at: at,
        line_limit: *line_limit,
        billing: *billing,
        networks: Vec::new(),
        barriers: Barriers::default(),
        ended: None,
        passports: BTreeMap::new(),
        contracts: BTreeMap::new(),
        uses: Uses::default(),
        closed_through: None,
        closed: BTreeMap::new(),
        corrections: Vec::new(),
        unpaid: BTreeMap::new(),
        portal_epoch: 0,
        sessions: BTreeMap::new(),
        sessions_opened: 0,
        inquiries: Vec::new(),
        holds: Holds::default(),
        rows: LineRows { record: *record, access_key: *access_key },
        next_row: 0,
    })
}

impl Barriers {
    /// Since when the line is barred by this, where it is.
    pub const fn since(&self, barrier: Barrier) -> Option<Instant> {
        match barrier {
            Barrier::CustomerRestriction => self.restriction,
            Barrier::CompanyStop => self.company_stop,
            Barrier::Unbillable => self.unbillable,
        }
    }

    const fn set(&mut self, barrier: Barrier, since: Option<Instant>) {
        match barrier {
            Barrier::CustomerRestriction => self.restriction = since,
            Barrier::CompanyStop => self.company_stop = since,
            Barrier::Unbillable => self.unbillable = since,
        }
    }
}

impl Line {
    fn apply(&mut self, event: &Event, at: Instant) {
        match event {
            Event::LineOpened { .. }
            | Event::SignedInFromNewPlace { .. }
            | Event::TransferContinued { .. } => {}
            Event::BillingSet { billing } => self.billing = *billing,
            Event::Corrected { month, difference_yen, item, .. } => {
                // One without its item was never written by a released version.
                self.corrections.extend(item.as_deref().map(|item| {
                    let (month, difference_yen) = (*month, *difference_yen);
                    ClosedCorrection { at, month, difference_yen, item: item.clone() }
                }));
            }
            Event::OverdueReported { .. }
            | Event::OverdueSettled { .. }
            | Event::CollectionStopped { .. }
            | Event::Disclosed { .. } => self.note_unpaid(event, at),
            Event::PersonalRowsErased { rows } => {
                self.inquiries.retain(|inquiry| !rows.contains(&inquiry.row.row));
            }
            Event::PortalSessionOpened { session, expires_at, origin } => {
                let (epoch, expires_at, origin) = (self.portal_epoch, *expires_at, *origin);
                let opened = PortalSession { opened_at: at, expires_at, epoch, origin };
                self.session_opened(*session, opened);
            }
            Event::PortalSessionEnded { session } => {
                self.sessions.remove(session);
            }
            Event::InquiryReceived { inquiry } => self.inquired(Inquiry { at, row: *inquiry }),
            Event::RecordReplaced { record } => self.rows.record = *record,
            Event::AccessKeySet { access_key } => {
                self.rows.access_key = *access_key;
                self.holds.release(None);
            }
            Event::HoldPlaced { passport, from, failures, until, until_uptime } => {
                let (passport, from, failures) = (*passport, *from, *failures);
                let (until, until_uptime) = (*until, *until_uptime);
                let hold = PlacedHold { passport, from, failures, until, until_uptime };
                self.holds.place(hold, at);
            }
            Event::HoldReleased { passport } => self.holds.release(*passport),
            Event::NetworksSet { networks } => self.networks.clone_from(networks),
            Event::LineLimitSet { line_limit } => self.line_limit = *line_limit,
            Event::PassportRegistered { .. } => self.register(event, at),
            Event::PassportRenamed { passport, name } => {
                self.change(*passport, |id| id.rows.name = *name);
            }
            Event::PasswordSet { passport, credential, rehash } => {
                self.change(*passport, |id| {
                    id.rows.credential = *credential;
                    id.credential_version += u32::from(!*rehash);
                    id.epoch += u32::from(!*rehash);
                });
                if !*rehash {
                    self.holds.release(Some(*passport));
                }
            }
            Event::ApplicantSet { passport, applicant } => {
                self.change(*passport, |id| id.rows.applicant = *applicant);
            }
            Event::LineAuthenticationSet { passport, on } => {
                self.change(*passport, |id| id.line_authentication = *on);
            }
            Event::PassportLimitSet { passport, limit } => {
                self.change(*passport, |id| id.limit = *limit);
            }
            Event::PassportDeleted { passport } => self.change(*passport, |id| {
                id.deleted_at = Some(at);
                id.epoch += 1;
            }),
            Event::Purchased { .. } => self.purchased(event, at),
            Event::ContractEnded { contract, reason, .. } => self.end(*contract, *reason, at),
            Event::BarrierRaised { barrier } => self.barriers.set(*barrier, Some(at)),
            Event::BarrierLifted { barrier } => self.barriers.set(*barrier, None),
            Event::SessionsEnded { passport: Some(passport) } => {
                self.change(*passport, |id| id.epoch += 1);
            }
            Event::SessionsEnded { passport: None } => self.portal_epoch += 1,
            // A long itemisation takes several rows; the last one closes the month.
            Event::MonthClosed { month, part, parts, items, .. } => {
                self.sum_up(*month, *part, items, at);
                if part == parts {
                    self.close(*month);
                }
            }
            Event::LineEnded { cause } => {
                self.ended = Some(LineEnding { at, cause: *cause });
                self.portal_epoch += 1;
                // Everything that was logged in is over.
                self.passports.values_mut().for_each(|passport| passport.epoch += 1);
            }
        }
    }

    fn change(&mut self, number: PassportNumber, change: impl FnOnce(&mut Passport)) {
        if let Some(passport) = self.passports.get_mut(&number) {
            change(passport);
        }
    }

    fn note_unpaid(&mut self, event: &Event, at: Instant) {
        let (Event::OverdueReported { month, .. }
        | Event::OverdueSettled { month }
        | Event::CollectionStopped { month }
        | Event::Disclosed { month, .. }) = event
        else {
            return;
        };
        let bill = self.unpaid.entry(*month).or_default();
        match event {
            Event::OverdueReported { due, .. } => {
                bill.due = Some(*due);
                bill.settled_at = None;
            }
            Event::OverdueSettled { .. } => {
                bill.settled_at = Some(at);
                // What is reported anew has to pass its 60 days again.
                bill.collection_stopped_at = None;
            }
            Event::CollectionStopped { .. } => bill.collection_stopped_at = Some(at),
            Event::Disclosed { provider, trigger, .. } => {
                let (provider, trigger) = (provider.clone(), *trigger);
                bill.disclosed.push(Disclosure { provider, at, trigger });
            }
            _ => {}
        }
    }

    fn register(&mut self, event: &Event, at: Instant) {
        let Event::PassportRegistered {
            passport,
            name,
            credential,
            applicant,
            limit,
            line_authentication,
            active_from,
        } = event
        else {
            return;
        };
        let rows = PassportRows { name: *name, credential: *credential, applicant: *applicant };
        self.passports.insert(
            *passport,
            Passport {
                number: *passport,
                registered_at: at,
                active_from: active_from.unwrap_or(at),
                deleted_at: None,
                limit: *limit,
                line_authentication: *line_authentication,
                credential_version: 1,
                epoch: 0,
                rows,
            },
        );
    }

    /// A monthly purchase opens a contract; a per-use purchase is charged at once.
    fn purchased(&mut self, event: &Event, at: Instant) {
        let Event::Purchased {
            receipt,
            passport,
            provider,
            provider_name,
            service,
            service_name,
            monthly,
            unit_price,
            quantity,
            amount,
            ..
        } = event
        else {
            return;
        };
        let (receipt, passport, unit_price) = (*receipt, *passport, *unit_price);
        let (provider, provider_name) = (provider.clone(), provider_name.clone());
        let (service, service_name) = (service.clone(), service_name.clone());
        if *monthly {
            let (number, bought_at, end) = (ContractNumber(receipt), at, None);
            self.contracts.insert(
                number,
                Contract {
                    number,
                    passport,
                    provider,
                    provider_name,
                    service,
                    service_name,
                    unit_price,
                    bought_at,
                    end,
                },
            );
        } else {
            self.uses.push(PerUseCharge {
                receipt,
                passport,
                sold: Arc::new(Sold { provider, provider_name, service, service_name, unit_price }),
                quantity: *quantity,
                amount: *amount,
                at,
            });
        }
    }

    fn end(&mut self, number: ContractNumber, reason: EndReason, at: Instant) {
        if let Some(contract) = self.contracts.get_mut(&number) {
            contract.end.get_or_insert(ContractEnd { at, reason });
        }
    }

    /// A part of a month's itemisation is added up; the first part begins anew, since a close that
    /// broke off is made again from there. A month that is closed already stays as it was billed.
    fn sum_up(&mut self, month: Month, part: u32, items: &[ClosedItem], at: Instant) {
        if self.closed_through >= Some(month) {
            return;
        }
        let empty = ClosedMonth { from: at, at, total: Yen::ZERO, providers: Vec::new() };
        if part == 1 {
            self.closed.insert(month, empty.clone());
        }
        let closed = self.closed.entry(month).or_insert(empty);
        closed.at = at;
        for item in items {
            closed.total = [closed.total, item.amount].into_iter().sum();
            let (provider, name) = (&item.provider, &item.provider_name);
            ProviderTotal::add(&mut closed.providers, provider, name, item.amount);
        }
        for old in self.closed.values_mut().rev().skip(ClosedMonth::SPLIT_MONTHS) {
            old.providers = Vec::new();
        }
    }

    /// What was last charged in a closed month no longer counts for anything ahead.
    fn close(&mut self, month: Month) {
        self.closed_through = self.closed_through.max(Some(month));
        self.uses.forget_through(month);
        self.contracts.retain(|_, contract| {
            contract
                .end
                .is_none_or(|end| charge::last_charged_month(contract.bought_at, end.at) > month)
        });
    }

    /// Rows are numbered in the order in which events first name them.
    fn note_rows(&mut self, event: &Event) {
        let named: &[u32] = match event {
            Event::LineOpened { record, access_key, .. } => &[record.row, access_key.row],
            Event::PortalSessionOpened { origin: Some(origin), .. } => &[origin.row],
            Event::RecordReplaced { record: row }
            | Event::AccessKeySet { access_key: row }
            | Event::PassportRenamed { name: row, .. }
            | Event::PasswordSet { credential: row, .. }
            | Event::ApplicantSet { applicant: row, .. }
            | Event::SignedInFromNewPlace { sign_in: row, .. }
            | Event::InquiryReceived { inquiry: row } => &[row.row],
            Event::PassportRegistered { name, credential, applicant, .. } => {
                &[name.row, credential.row, applicant.row]
            }
            _ => &[],
        };
        let beyond = named.iter().map(|row| row + 1).max();
        self.next_row = self.next_row.max(beyond.unwrap_or_default());
    }
}

impl LineService {
    /// All of them, for tables and samples.
    pub const ALL: [Self; 6] = [
        Self::HikariNext,
        Self::HikariLight,
        Self::HikariPremium,
        Self::BFlets,
        Self::FletsAdsl,
        Self::FletsIsdn,
    ];
}
