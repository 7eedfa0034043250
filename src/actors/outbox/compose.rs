//! The letters of an entry: read from the journal and the personal rows at each try, so that nothing
//! personal stands anywhere else.

use super::{
    letter::{Changed, Content, Ended, Item, Letter, Purchased, Registered},
    rows::{self, Household},
};
use crate::{
    actors::providers::Providers,
    domain::{
        calendar::Instant,
        ids::PassportNumber,
        line::{Entry, Event, event::LineEndCause},
        notice::{self, Notice, NoticeKind, Recipient},
    },
    store::{
        MailId, StoreError,
        record::{Personal, SignIn},
    },
};

/// The mails of one entry, those to one address put together: an address that two IDs of a
/// household share gets one mail of a kind that tells of both.
pub async fn letters(
    household: &Household<'_>,
    entry: &Entry,
    notices: &[Notice],
) -> Result<Vec<Letter>, StoreError> {
    let mut together: Vec<(rows::Addressee, Vec<Notice>)> = Vec::new();
    for notice in notices {
        // Whoever was erased, or left no address, is told nothing.
        let Some(addressee) = household.addressee(notice.recipient).await? else { continue };
        let same = together.iter_mut().find(|(other, of)| {
            of.iter().all(|of| of.kind == notice.kind)
                && other.to.as_str().eq_ignore_ascii_case(addressee.to.as_str())
        });
        match same {
            Some((_, of)) => of.push(*notice),
            None => together.push((addressee, vec![*notice])),
        }
    }
    let mut letters = Vec::with_capacity(together.len());
    for (addressee, of) in together {
        let Some(first) = of.first() else { continue };
        let (kind, row) = (first.kind, first.recipient.row().row);
        let told = Told::of(&of);
        let id = MailId { customer: household.customer, seq: household.seq, kind, row };
        let Some(content) = content(household, entry, kind, &told).await? else { continue };
        let rows::Addressee { to, name, language } = addressee;
        let (accepted_at, request_id) = (entry.at, entry.request_id.clone());
        letters.push(Letter { id, to, name, language, accepted_at, request_id, content });
    }
    Ok(letters)
}

/// Whom a mail speaks of: some IDs, or all of the line.
struct Told {
    passports: Option<Vec<PassportNumber>>,
    is_former: bool,
}

impl Told {
    fn of(notices: &[Notice]) -> Self {
        let passport = |notice: &Notice| match notice.recipient {
            Recipient::Applicant { passport, .. } => Some(passport),
            Recipient::Record(_) | Recipient::Desk(_) => None,
        };
        let is_former = |notice: &Notice| {
            matches!(notice.recipient, Recipient::Applicant { is_former: true, .. })
        };
        Self {
            passports: notices.iter().map(passport).collect(),
            is_former: notices.iter().all(is_former),
        }
    }

    fn is(&self, passport: PassportNumber) -> bool {
        self.passports.as_ref().is_none_or(|told| told.contains(&passport))
    }
}

async fn content(
    household: &Household<'_>,
    entry: &Entry,
    kind: NoticeKind,
    told: &Told,
) -> Result<Option<Content>, StoreError> {
    let content = match kind {
        NoticeKind::Registered => return registered(household, entry, told).await,
        NoticeKind::Changed => Content::Changed(changed(household, entry, told).await?),
        NoticeKind::Purchased => return purchased(household, entry, told).await,
        NoticeKind::Cancelled => return cancelled(household, entry, told).await,
        NoticeKind::ContractsEnded => {
            Content::ContractsEnded { ended: ended(household, entry, told).await? }
        }
        NoticeKind::LimitsChanged => limits(household, entry, told).await?,
        NoticeKind::Restricted => {
            Content::Restricted { ended: ended(household, entry, told).await? }
        }
        NoticeKind::RestrictionLifted => Content::RestrictionLifted,
        NoticeKind::UseStopped => {
            Content::UseStopped { ended: ended(household, entry, told).await? }
        }
        NoticeKind::UseResumed => Content::UseResumed,
        NoticeKind::PassportDeleted => deleted(household, entry, told).await?,
        NoticeKind::LineEnded => Content::LineEnded {
            ended: ended(household, entry, told).await?,
            goes_on: entry.events.iter().any(goes_on),
        },
        NoticeKind::NewSignIn => return new_sign_in(household, entry).await,
        NoticeKind::Inquiry => return inquiry(household, entry).await,
    };
    Ok(Some(content))
}

fn goes_on(event: &Event) -> bool {
    let elsewhere = |cause: LineEndCause| notice::goes_on_elsewhere(cause);
    matches!(event, Event::LineEnded { cause } if elsewhere(*cause))
}

async fn registered(
    household: &Household<'_>,
    entry: &Entry,
    told: &Told,
) -> Result<Option<Content>, StoreError> {
    for event in &entry.events {
        let Event::PassportRegistered {
            passport,
            name,
            applicant,
            limit,
            line_authentication,
            active_from,
            ..
        } = event
        else {
            continue;
        };
        let Some(Personal::Applicant { name: person, phone, mail, .. }) =
            household.personal(*applicant).await?.filter(|_| told.is(*passport))
        else {
            continue;
        };
        return Ok(Some(Content::Registered(Registered {
            passport_id: household.string(*name).await?,
            name: person.as_str().to_owned(),
            phone: phone.as_str().to_owned(),
            mail: mail.as_str().to_owned(),
            limit: *limit,
            line_authentication: *line_authentication,
            active_from: *active_from,
        })));
    }
    Ok(None)
}

async fn changed(
    household: &Household<'_>,
    entry: &Entry,
    told: &Told,
) -> Result<Changed, StoreError> {
    let mut items = Vec::new();
    let mut passport_id = None;
    for event in &entry.events {
        match event {
            Event::PassportRenamed { passport, .. } if told.is(*passport) => {
                items.push(Item::PassportId);
            }
            Event::PasswordSet { passport, rehash: false, .. } if told.is(*passport) => {
                items.push(Item::Password);
            }
            Event::LineAuthenticationSet { passport, on } if told.is(*passport) => {
                items.push(Item::LineAuthentication(*on));
            }
            Event::ApplicantSet { passport, applicant } if told.is(*passport) => {
                let former = household.former_applicant(*passport).await?;
                let now = household.personal(*applicant).await?;
                items.extend(rows::differences(former.as_ref(), now.as_ref()));
            }
            _ => continue,
        }
        passport_id = event_passport(event);
    }
    if told.is_former {
        items.iter_mut().for_each(Item::veil);
    }
    let passport_id = match passport_id.filter(|_| !told.is_former) {
        Some(passport) => Some(household.passport_id(entry, passport).await?),
        None => None,
    };
    Ok(Changed { passport_id, items, is_former: told.is_former })
}

const fn event_passport(event: &Event) -> Option<PassportNumber> {
    match event {
        Event::PassportRenamed { passport, .. }
        | Event::PasswordSet { passport, .. }
        | Event::LineAuthenticationSet { passport, .. }
        | Event::ApplicantSet { passport, .. } => Some(*passport),
        _ => None,
    }
}

async fn purchased(
    household: &Household<'_>,
    entry: &Entry,
    told: &Told,
) -> Result<Option<Content>, StoreError> {
    for event in &entry.events {
        if let Event::Purchased {
            passport,
            provider_name,
            service_name,
            monthly,
            unit_price,
            quantity,
            amount,
            receipt,
            usage_period,
            ..
        } = event
            && told.is(*passport)
        {
            return Ok(Some(Content::Purchased(Purchased {
                passport_id: household.passport_id(entry, *passport).await?,
                provider: provider_name.clone(),
                service: service_name.clone(),
                monthly: *monthly,
                unit_price: *unit_price,
                quantity: *quantity,
                amount: *amount,
                receipt: *receipt,
                usage_period: usage_period.clone(),
            })));
        }
    }
    Ok(None)
}

async fn cancelled(
    household: &Household<'_>,
    entry: &Entry,
    told: &Told,
) -> Result<Option<Content>, StoreError> {
    let receipt = entry.events.iter().find_map(|event| match event {
        Event::ContractEnded { receipt, .. } => *receipt,
        _ => None,
    });
    let first = ended(household, entry, told).await?.into_iter().next();
    Ok(first.map(|ended| Content::Cancelled { ended, receipt }))
}

async fn ended(
    household: &Household<'_>,
    entry: &Entry,
    told: &Told,
) -> Result<Vec<Ended>, StoreError> {
    let mut all = Vec::new();
    for event in &entry.events {
        if let Event::ContractEnded {
            contract, passport, provider, service, last_charge_month, ..
        } = event
            && told.is(*passport)
        {
            let (provider, service) = names(household.providers, provider, service);
            all.push(Ended {
                passport_id: household.passport_id(entry, *passport).await?,
                provider,
                service,
                contract: *contract,
                last_charge_month: *last_charge_month,
            });
        }
    }
    Ok(all)
}

/// The names as the catalogue has them now; the codes where it has none.
fn names(
    providers: &Providers,
    provider: &crate::domain::ids::ProviderId,
    service: &crate::domain::ids::ServiceCode,
) -> (String, String) {
    let known = providers.get(provider);
    let service_name = known.as_ref().and_then(|known| known.services.get(service));
    (
        known.as_ref().map_or_else(|| provider.to_string(), |known| known.name.clone()),
        service_name.map_or_else(|| service.to_string(), |service| service.name.clone()),
    )
}

async fn limits(
    household: &Household<'_>,
    entry: &Entry,
    told: &Told,
) -> Result<Content, StoreError> {
    let (mut limits, mut line_limit) = (Vec::new(), None);
    for event in &entry.events {
        match event {
            Event::PassportLimitSet { passport, limit } if told.is(*passport) => {
                limits.push((household.passport_id(entry, *passport).await?, *limit));
            }
            Event::LineLimitSet { line_limit: limit } => line_limit = Some(*limit),
            _ => {}
        }
    }
    Ok(Content::LimitsChanged { limits, line_limit })
}

async fn deleted(
    household: &Household<'_>,
    entry: &Entry,
    told: &Told,
) -> Result<Content, StoreError> {
    let mut passport_ids = Vec::new();
    for event in &entry.events {
        if let Event::PassportDeleted { passport } = event
            && told.is(*passport)
        {
            passport_ids.push(household.passport_id(entry, *passport).await?);
        }
    }
    Ok(Content::PassportDeleted { passport_ids, ended: ended(household, entry, told).await? })
}

async fn inquiry(household: &Household<'_>, entry: &Entry) -> Result<Option<Content>, StoreError> {
    for event in &entry.events {
        let Event::InquiryReceived { inquiry } = event else { continue };
        let row = household.personal(*inquiry).await?;
        if let Some(Personal::Inquiry { service, contact, text }) = row {
            let customer = household.customer;
            return Ok(Some(Content::Inquiry { customer, service, contact, text }));
        }
    }
    Ok(None)
}

async fn new_sign_in(
    household: &Household<'_>,
    entry: &Entry,
) -> Result<Option<Content>, StoreError> {
    for event in &entry.events {
        let Event::SignedInFromNewPlace { passport, sign_in } = event else { continue };
        let row = household.personal(*sign_in).await?;
        let Some(Personal::SignIn { at, from, to }) = row else { continue };
        let passport_id = match passport {
            Some(passport) => Some(household.passport_id(entry, *passport).await?),
            None => None,
        };
        let provider = to.parse().ok().and_then(|id| household.providers.get(&id));
        let is_portal = passport.is_none() || to == SignIn::PORTAL;
        let to = provider.map_or(to, |provider| provider.name.clone());
        let (at, to) = (Instant::from_micros(at), (!is_portal).then_some(to));
        return Ok(Some(Content::NewSignIn { passport_id, at, from, to }));
    }
    Ok(None)
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
