//! ⑨ 利用規制: 同意事項 → 同意する → content check → 実行 → completion. What the
//! check named is what the press agrees to; where that has changed, it is shown again.

use super::{
    asked,
    draft::{self, Procedure},
    making,
    session::Signed,
    shown,
};
use crate::{
    actors::{LineError, change::What},
    domain::{
        calendar::{Instant, Month},
        ids::ContractNumber,
        limit,
        line::{
            Command, Refusal,
            portal::{charged_after_restriction, restriction_ends},
        },
    },
    security::mac,
    text::format,
    web::{
        flow::shown::month,
        form::Body,
        page::{Agreement, Contents, EndingRow, PortalDone, PortalTerms, RestrictPreviewPage, Row},
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

const TERMS: &str = "restrict";
const CONFIRM: &str = "restrict/confirm";
/// The same, where what it showed has changed since.
const CHANGED: &str = "restrict/confirm?changed=1";
const DONE: &str = "restrict/done";

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope
        .service(asked("/restrict", terms, agree))
        .service(asked("/restrict/confirm", preview, press))
        .service(shown("/restrict/done", done))
}

/// How far the household has come.
#[derive(Serialize, Deserialize, Clone, Copy)]
struct Restricting {
    /// When it was accepted; before that, the household has agreed to the terms.
    #[serde(rename = "d", default)]
    accepted_at_us: Option<i64>,
}

impl Procedure for Restricting {
    const COOKIE: &'static str = "restrict";
}

async fn terms(signed: Signed) -> HttpResponse {
    match already(&signed) {
        Some(response) => response,
        None => signed.answer(StatusCode::OK, &terms_page(&signed, false)),
    }
}

/// The page of a line that is restricted already, or that may not have IDs at all.
fn already(signed: &Signed) -> Option<HttpResponse> {
    let texts = &signed.language.texts().portal.restrict;
    if !signed.line.service.is_eligible() {
        return Some(making::refused(signed, &Refusal::IneligibleLine, ""));
    }
    signed.line.barriers.restriction.map(|_| {
        let what = texts.already.to_owned();
        making::problem(signed, StatusCode::CONFLICT, texts.already_title, what, "details")
    })
}

fn terms_page(signed: &Signed, not_agreed: bool) -> PortalTerms {
    let texts = &signed.language.texts().portal;
    PortalTerms {
        shell: signed.shell(),
        title: texts.restrict.terms_title,
        lead: texts.restrict.heading,
        steps: None,
        agreement: Agreement {
            terms: texts.restrict.terms,
            label: texts.restrict.agree,
            missing: texts.restrict.agree_missing,
        },
        not_agreed,
        again: signed.is_asked("again=1"),
        form: signed.page_form(TERMS, texts.common.next, "details"),
    }
}

async fn agree(signed: Signed, body: Body) -> HttpResponse {
    let form = match signed.form(TERMS, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    if let Some(response) = already(&signed) {
        return response;
    }
    if form.get("agree") != Some("yes") {
        return signed.answer(StatusCode::UNPROCESSABLE_ENTITY, &terms_page(&signed, true));
    }
    draft::keep(&signed, signed.go_to(CONFIRM), Restricting { accepted_at_us: None })
}

/// Whether the household has agreed and not pressed yet.
fn has_agreed(signed: &Signed) -> bool {
    let draft = draft::read::<Restricting>(signed);
    draft.is_some_and(|draft| draft.content.accepted_at_us.is_none())
}

/// The completion, where this draft was pressed before: the button was pressed twice, or the
/// browser went back. A line that was open when the household agreed and is restricted now was
/// restricted by that press, whose answer this browser did not get, or by somebody else: what was
/// asked for stands either way, with the time since when.
fn pressed_before(signed: &Signed) -> Option<HttpResponse> {
    let draft = draft::read::<Restricting>(signed)?;
    match (draft.content.accepted_at_us, signed.line.barriers.restriction) {
        (Some(_), _) => Some(signed.go_to(DONE)),
        (None, Some(since)) => {
            let accepted_at_us = Some(since.micros());
            Some(draft::keep(signed, signed.go_to(DONE), Restricting { accepted_at_us }))
        }
        (None, None) => None,
    }
}

async fn preview(signed: Signed) -> HttpResponse {
    if let Some(response) = pressed_before(&signed).or_else(|| already(&signed)) {
        return response;
    }
    if !has_agreed(&signed) {
        return signed.go_to("restrict?again=1");
    }
    signed.answer(StatusCode::OK, &preview_page(&signed, signed.is_asked("changed=1")))
}

fn preview_page(signed: &Signed, changed: bool) -> RestrictPreviewPage {
    let line = &signed.line;
    let ends = restriction_ends(line, signed.now);
    let row = |(number, last): &(ContractNumber, Month)| {
        line.contracts.get(number).map(|contract| EndingRow {
            service: contract.service_name.as_str().into(),
            provider: contract.provider_name.as_str().into(),
            passport_id: signed.name_of(contract.passport),
            contract: contract.number.to_string(),
            price_yen: contract.unit_price.get(),
            last_charge_month: month(*last),
        })
    };
    let this_month = signed.now.month();
    RestrictPreviewPage {
        shell: signed.shell(),
        endings: ends.iter().filter_map(row).collect(),
        month: month(this_month),
        used_yen: charged_after_restriction(line, signed.now).get(),
        changed,
        action: signed.path(CONFIRM),
        csrf: signed.csrf(CONFIRM).as_str().to_owned(),
        agreed: digest(&ends),
    }
}

/// What was shown, short: a line may have many contracts.
fn digest(ends: &[(ContractNumber, Month)]) -> String {
    let text =
        ends.iter().fold(String::new(), |text, (number, last)| format!("{text}{number} {last}\n"));
    URL_SAFE_NO_PAD.encode(mac::sha256(text.as_bytes()))
}

async fn press(signed: Signed, body: Body) -> HttpResponse {
    let form = match signed.form(CONFIRM, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    if let Some(response) = pressed_before(&signed).or_else(|| already(&signed)) {
        return response;
    }
    if !has_agreed(&signed) {
        return signed.go_to("restrict?again=1");
    }
    let ends = restriction_ends(&signed.line, signed.now);
    if form.get("agreed") != Some(digest(&ends).as_str()) {
        return signed.answer(StatusCode::CONFLICT, &preview_page(&signed, true));
    }
    let what = What::Plain(Box::new(Command::Restrict(ends)));
    let made = making::try_to_make(&signed, "restrict", what).await;
    match made.as_ref().map_err(AsRef::as_ref) {
        Ok(done) => {
            let accepted_at_us = Some(done.entry.at.micros());
            draft::keep(&signed, signed.go_to(DONE), Restricting { accepted_at_us })
        }
        // Between the look and the press: what stands now is shown, and nothing was done.
        Err(LineError::Refused(Refusal::PreviewChanged)) => signed.go_to(CHANGED),
        Err(LineError::Refused(Refusal::BarredAlready)) => signed.go_to(CONFIRM),
        Err(LineError::Refused(refusal)) => making::refused(&signed, refusal, TERMS),
        Err(error) => signed.failed(error),
    }
}

async fn done(signed: Signed) -> HttpResponse {
    let draft = draft::read::<Restricting>(&signed);
    let Some(at_us) = draft.and_then(|draft| draft.content.accepted_at_us) else {
        return signed.go_to(TERMS);
    };
    let texts = &signed.language.texts().portal;
    // The month of the restriction, whenever its completion is looked at.
    let restricted_in = Instant::from_micros(at_us).month();
    let used = limit::used_by_line(&signed.line, restricted_in);
    let month = format::month(signed.language, month(restricted_in));
    let used = format::yen(signed.language, used.get());
    let page = PortalDone {
        shell: signed.shell(),
        title: texts.restrict.done_title,
        lead: texts.restrict.done_lead,
        steps: None,
        accepted_at_us: Some(at_us),
        contents: Contents::Rows(vec![Row::new(
            texts.restrict.title,
            (texts.restrict.still_charged)(&month, &used),
        )]),
        notes: vec![texts.restrict.done_lift],
    };
    signed.answer(StatusCode::OK, &page)
}
