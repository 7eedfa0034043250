//! The main menu, ご利用状況詳細 and お問合せ先一覧.

use super::{entrance::service_name, session::Signed, shown, statement};
use crate::{
    domain::{
        line::{
            Passport,
            portal::{ServiceStatus, may_register, status, status_of},
        },
        provider::Provider,
    },
    web::{
        answer,
        page::{
            Contacts, ContactsPage, DetailsPage, IdRow, MenuPage, ProviderContactRow, Registrable,
            ShownName, Status,
        },
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode};

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope
        .service(shown("/", menu))
        .service(shown("/details", details))
        .service(shown("/contacts", contacts))
}

/// A status as pages show it.
pub const fn shown_status(status: ServiceStatus) -> Status {
    match status {
        ServiceStatus::InUse => Status::InUse,
        ServiceStatus::Registering => Status::Registering,
        ServiceStatus::Unused => Status::Unused,
        ServiceStatus::Restricted => Status::Restricted,
    }
}

async fn menu(signed: Signed) -> HttpResponse {
    let news = &signed.state.portal.announcement;
    let service = signed.line.service;
    let page = MenuPage {
        shell: signed.shell(),
        status: shown_status(status(&signed.line, signed.now)),
        news: (!news.is_empty()).then(|| news.as_str().into()),
        ineligible: (!service.is_eligible()).then(|| service_name(service)),
    };
    signed.answer(StatusCode::OK, &page)
}

async fn details(signed: Signed) -> HttpResponse {
    let line = &signed.line;
    if !line.service.is_eligible() {
        return signed.go_to("");
    }
    let figures = statement::overview(signed.state.store.as_ref(), &signed.view, signed.now).await;
    let overview = match figures {
        Ok(overview) => overview,
        Err(error) => return answer::failed(&signed.context, signed.language, &error),
    };
    let row = |passport: &Passport| IdRow {
        number: passport.number.0,
        name: signed.name_of(passport.number),
        status: shown_status(status_of(line, passport, signed.now)),
        active_from_us: (passport.active_from > signed.now).then(|| passport.active_from.micros()),
    };
    let page = DetailsPage {
        shell: signed.shell(),
        status: shown_status(status(line, signed.now)),
        ids: line.live_passports().map(row).collect(),
        most_ids: signed.state.defaults.passports_per_line,
        registrable: registrable(&signed),
        barred: barred(&signed),
        restricted: line.barriers.restriction.is_some(),
        overview,
    };
    signed.answer(StatusCode::OK, &page)
}

/// Whether one more ID can be registered, as the page shows it.
fn registrable(signed: &Signed) -> Registrable {
    use crate::domain::line::Refusal::TooManyPassports;
    match may_register(&signed.line, signed.state.defaults.passports_per_line) {
        Ok(()) => Registrable::Yes,
        Err(TooManyPassports { .. }) => Registrable::Full,
        Err(_) => Registrable::Barred,
    }
}

/// A sentence for each bar; none of them tells that a bill is unpaid.
fn barred(signed: &Signed) -> Vec<&'static str> {
    let texts = &signed.language.texts().portal.details;
    let barriers = &signed.line.barriers;
    let sentences = [
        (barriers.restriction, texts.barred_by_customer),
        (barriers.company_stop, texts.barred_by_company),
        (barriers.unbillable, texts.unbillable),
    ];
    sentences.into_iter().filter_map(|(since, sentence)| since.map(|_| sentence)).collect()
}

async fn contacts(signed: Signed) -> HttpResponse {
    let contact = &signed.state.contact;
    let page = ContactsPage {
        shell: signed.shell(),
        providers: signed.state.providers.all().iter().map(|provider| row(provider)).collect(),
        contacts: Contacts {
            enquiry_url: contact.support_url.as_ref().map(ToString::to_string),
            access_key_phone: contact.access_key_desk_phone.clone(),
            payment_url: contact.payment_contacts_url.as_ref().map(ToString::to_string),
        },
        desk_hours: contact.access_key_desk_hours.as_str().into(),
    };
    signed.answer(StatusCode::OK, &page)
}

fn row(provider: &Provider) -> ProviderContactRow {
    let contact = &provider.contact;
    let shown = |text: &Option<String>| text.as_deref().map(ShownName::from);
    let offered = provider.services.values().filter(|service| service.offered);
    ProviderContactRow {
        name: provider.name.as_str().into(),
        services: offered.map(|service| service.name.as_str().into()).collect(),
        phone: shown(&contact.phone),
        // Only an address of the web becomes a link.
        url: contact.url.clone().filter(|url| url.starts_with("https://")),
        hours: shown(&contact.hours),
    }
}
