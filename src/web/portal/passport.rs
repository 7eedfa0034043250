//! ④ 詳細 and ⑥ 廃止, which goes through the desk.

use super::{applicant, making, session::Signed, shown};
use crate::{
    domain::{
        ids::PassportNumber,
        line::{
            LineService, Passport,
            portal::{ServiceStatus, status_of},
        },
    },
    text::format,
    web::{
        answer,
        page::{DeletionPage, PassportPage, Row},
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode, web::Path};

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope.service(shown("/ids/{number}", details)).service(shown("/ids/{number}/delete", deletion))
}

/// The ID of this line that an address names by its number, or the page that there is none.
pub fn named<'a>(signed: &'a Signed, number: &str) -> Result<&'a Passport, HttpResponse> {
    // `01` and `+1` are no other addresses of ID 1.
    let number = number.parse::<u32>().ok().filter(|parsed| parsed.to_string() == number);
    let found = number.and_then(|number| signed.line.live_passport(PassportNumber(number)));
    found.ok_or_else(|| making::no_such_id(signed))
}

/// 回線認証機能 in words; a line without it says so.
pub fn line_authentication(signed: &Signed, service: LineService, on: bool) -> &'static str {
    let texts = &signed.language.texts().portal.passport;
    match (service.has_line_authentication(), on) {
        (false, _) => texts.absent,
        (true, true) => texts.on,
        (true, false) => texts.off,
    }
}

async fn details(signed: Signed, number: Path<String>) -> HttpResponse {
    let passport = match named(&signed, &number) {
        Ok(passport) => passport,
        Err(response) => return response,
    };
    let (applied, mail) = match applicant::registered(&signed, passport).await {
        Ok(registered) => registered,
        Err(error) => return answer::failed(&signed.context, signed.language, &error),
    };
    let texts = &signed.language.texts().portal;
    let service = signed.line.service;
    let on = line_authentication(&signed, service, passport.line_authentication);
    let status = word(&signed, status_of(&signed.line, passport, signed.now));
    let instant =
        |at: crate::domain::calendar::Instant| format::instant(signed.language, at.micros());
    let mut rows = vec![
        Row::new(texts.fields.new_passport_id.label, signed.name_of(passport.number)),
        Row::new(texts.passport.status, status),
        Row::new(texts.fields.password.label, texts.common.masked),
        Row::new(texts.fields.mail.label, mail.as_str()),
        Row::new(texts.fields.line_authentication.label, on),
        Row::new(texts.passport.limit, format::yen(signed.language, passport.limit.get())),
        Row::new(texts.passport.registered_at, instant(passport.registered_at)),
    ];
    if passport.active_from > signed.now {
        rows.push(Row::new(texts.passport.active_from, instant(passport.active_from)));
    }
    let page = PassportPage {
        shell: signed.shell(),
        number: passport.number.0,
        rows,
        applicant: applicant::rows(&signed, &applied),
    };
    signed.answer(StatusCode::OK, &page)
}

fn word(signed: &Signed, status: ServiceStatus) -> &'static str {
    let [in_use, registering, unused, restricted] = &signed.language.texts().portal.common.status;
    match status {
        ServiceStatus::InUse => in_use.word,
        ServiceStatus::Registering => registering.word,
        ServiceStatus::Unused => unused.word,
        ServiceStatus::Restricted => restricted.word,
    }
}

async fn deletion(signed: Signed, number: Path<String>) -> HttpResponse {
    let passport = match named(&signed, &number) {
        Ok(passport) => passport,
        Err(response) => return response,
    };
    let page = DeletionPage {
        shell: signed.shell(),
        number: passport.number.0,
        passport_id: signed.name_of(passport.number),
    };
    signed.answer(StatusCode::OK, &page)
}
