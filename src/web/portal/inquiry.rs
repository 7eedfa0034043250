//! The inquiry form that reaches the desk.

use super::{applicant::said, asked, making, passport, session::Signed, shown};
use crate::{
    actors::{
        LineError,
        change::{Inquiry, What},
    },
    domain::{
        field::{FieldFault, text_as_typed},
        line::Refusal,
    },
    text::portal::FieldText,
    web::{
        form::{Body, Form},
        page::{
            Contents, FormField, InputField, InputKind, PortalDone, PortalForm, Row, TextField,
        },
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode};

const INPUT: &str = "inquiry";
const DONE: &str = "inquiry/done";
/// サービス名 and ご連絡先, in characters.
const LONGEST_LINE: usize = 100;
/// お問い合わせ内容, in characters.
const LONGEST_TEXT: usize = 2_000;

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope.service(asked("/inquiry", input_step, send)).service(shown("/inquiry/done", done))
}

/// The three fields as typed, and what is wrong with each.
#[derive(Default)]
struct Typed {
    values: [String; 3],
    faults: [Option<FieldFault>; 3],
    fault: Option<String>,
}

async fn input_step(signed: Signed) -> HttpResponse {
    let mut typed = Typed::default();
    if let Some(about) = about(&signed) {
        typed.values[0] = about;
    }
    signed.answer(StatusCode::OK, &input_page(&signed, typed))
}

/// From the page of ⑥: the deletion of one of this line's IDs, which the address names by its
/// number.
fn about(signed: &Signed) -> Option<String> {
    let query = Form::read(signed.request.query_string().as_bytes()).ok()?;
    let passport = passport::named(signed, query.get("id")?).ok()?;
    let prefilled = signed.language.texts().portal.deletion.prefilled;
    Some(prefilled(signed.name_of(passport.number).as_str()))
}

fn input_page(signed: &Signed, typed: Typed) -> PortalForm {
    let texts = &signed.language.texts().portal;
    let Typed { values: [service, contact, text], faults, fault } = typed;
    let input = |name, words: &'static FieldText, value: &str, fault| {
        let field = InputField::required(name, words, InputKind::Text).typed(value);
        FormField::Input(field.wrong(said(signed, words, fault)))
    };
    PortalForm {
        shell: signed.shell(),
        title: texts.inquiry.title,
        lead: texts.inquiry.lead,
        steps: None,
        fixed: vec![
            Row::new(texts.common.customer_id, signed.customer().as_str())
                .noted(texts.common.read_only),
        ],
        fields: vec![
            input("service", &texts.fields.service, &service, faults[0]),
            input("contact", &texts.fields.contact, &contact, faults[1]),
            FormField::Text(TextField {
                name: "text",
                text: &texts.fields.text,
                value: text,
                error: said(signed, &texts.fields.text, faults[2]),
            }),
        ],
        fault,
        sum: None,
        personal: true,
        notice: Some(texts.inquiry.no_secrets),
        form: signed.page_form(INPUT, texts.inquiry.button, "details"),
    }
}

async fn send(signed: Signed, body: Body) -> HttpResponse {
    let form = match signed.form(INPUT, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let typed = match read(&form) {
        Ok(inquiry) => match send_it(&signed, inquiry).await {
            Ok(()) => return signed.go_to(DONE),
            Err(Unsent::TooMany(fault)) => Typed { fault: Some(fault), ..as_typed(&form) },
            Err(Unsent::Answered(response)) => return response,
        },
        Err(typed) => typed,
    };
    signed.answer(StatusCode::UNPROCESSABLE_ENTITY, &input_page(&signed, typed))
}

fn as_typed(form: &Form) -> Typed {
    let get = |name: &str| form.get(name).unwrap_or_default().chars().take(4_000).collect();
    Typed { values: [get("service"), get("contact"), get("text")], ..Typed::default() }
}

fn read(form: &Form) -> Result<Inquiry, Typed> {
    let typed = as_typed(form);
    let [service, contact, text] = &typed.values;
    let read = (
        text_as_typed(service, LONGEST_LINE, false),
        text_as_typed(contact, LONGEST_LINE, false),
        text_as_typed(text, LONGEST_TEXT, true),
    );
    match read {
        (Ok(service), Ok(contact), Ok(text)) => Ok(Inquiry { service, contact, text }),
        (one, two, three) => Err(Typed { faults: [one.err(), two.err(), three.err()], ..typed }),
    }
}

/// Why an inquiry was not sent.
enum Unsent {
    TooMany(String),
    Answered(HttpResponse),
}

async fn send_it(signed: &Signed, inquiry: Inquiry) -> Result<(), Unsent> {
    let made = making::try_to_make(signed, "inquire", What::Inquire(Box::new(inquiry))).await;
    match made.as_ref().map_err(AsRef::as_ref) {
        Ok(_) => {
            signed.state.metrics.inquiry();
            Ok(())
        }
        Err(LineError::Refused(Refusal::TooManyInquiries { allowed })) => {
            let too_many = signed.language.texts().portal.inquiry.too_many;
            Err(Unsent::TooMany(too_many(&allowed.to_string())))
        }
        Err(LineError::Refused(refusal)) => {
            Err(Unsent::Answered(making::refused(signed, refusal, INPUT)))
        }
        Err(error) => Err(Unsent::Answered(signed.failed(error))),
    }
}

async fn done(signed: Signed) -> HttpResponse {
    let texts = &signed.language.texts().portal;
    let page = PortalDone {
        shell: signed.shell(),
        title: texts.inquiry.done_title,
        lead: texts.inquiry.done_lead,
        steps: None,
        accepted_at_us: None,
        contents: Contents::Rows(Vec::new()),
        notes: Vec::new(),
    };
    signed.answer(StatusCode::OK, &page)
}
