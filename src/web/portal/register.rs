//! ① 新規登録: 規約同意 → 申込者情報入力 → 登録情報入力 → 登録内容確認 →
//! 登録受付完了. No step can be skipped: each asks its draft for what came before.

use super::{
    applicant::{self, Applicant, Typed as TypedApplicant, rows},
    asked,
    credentials::{self, Blank, Faults, Free, Labels, Read, Typed, hash, is_free},
    draft::{self, Draft, Procedure},
    making,
    session::Signed,
    shown,
};
use crate::{
    actors::change::{Registration, What},
    domain::{
        calendar::Instant,
        field::{MailAddress, PassportName},
        ids::PassportNumber,
        limit,
        line::{Refusal, portal::may_register},
    },
    text::format,
    web::{
        answer,
        form::Body,
        page::{
            self, Agreement, Contents, FormField, InputField, InputKind, PortalConfirm, PortalDone,
            PortalForm, PortalTerms, Row, Steps,
        },
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode};
use serde::{Deserialize, Serialize};

const TERMS: &str = "register";
const APPLICANT: &str = "register/applicant";
const INPUT: &str = "register/id";
const CONFIRM: &str = "register/confirm";
const DONE: &str = "register/done";
/// A step was opened whose earlier ones are missing.
const AGAIN: &str = "register?again=1";

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope
        .service(asked("/register", terms, agree))
        .service(asked("/register/applicant", applicant_step, take_applicant))
        .service(asked("/register/id", input_step, take_input))
        .service(asked("/register/confirm", confirm_step, press))
        .service(shown("/register/done", done))
}

/// What was filled in so far.
#[derive(Serialize, Deserialize, Default)]
struct Registering {
    #[serde(rename = "t", default)]
    agreed: bool,
    #[serde(rename = "a", default)]
    applicant: Option<Applicant>,
    #[serde(rename = "i", default)]
    input: Option<Input>,
    /// When it was accepted: nothing is left to do.
    #[serde(rename = "d", default)]
    accepted_at_us: Option<i64>,
}

impl Procedure for Registering {
    const COOKIE: &'static str = "register";
}

/// The ID as it was filled in, with the password's hash.
#[derive(Serialize, Deserialize, Clone)]
struct Input {
    #[serde(rename = "n")]
    name: PassportName,
    #[serde(rename = "m")]
    mail: MailAddress,
    /// Gone once the ID is registered.
    #[serde(rename = "h", default)]
    password_hash: Option<String>,
}

fn steps(signed: &Signed, now: usize) -> Steps {
    Steps { labels: &signed.language.texts().portal.register.steps, now }
}

/// A draft under way that has come far enough, or the way on: to the completion where nothing is
/// left to do, so that one consent registers one ID, to the beginning otherwise.
fn draft_with(
    signed: &Signed,
    is_far_enough: impl Fn(&Registering) -> bool,
) -> Result<Draft<Registering>, HttpResponse> {
    match draft::read::<Registering>(signed) {
        Some(draft) if draft.content.accepted_at_us.is_some() => Err(signed.go_to(DONE)),
        Some(draft) if is_far_enough(&draft.content) => Ok(draft),
        _ => Err(signed.go_to(AGAIN)),
    }
}

async fn terms(signed: Signed) -> HttpResponse {
    match may_register(&signed.line, signed.state.defaults.passports_per_line) {
        Ok(()) => signed.answer(StatusCode::OK, &terms_page(&signed, false)),
        Err(refusal) => making::refused(&signed, &refusal, TERMS),
    }
}

fn terms_page(signed: &Signed, not_agreed: bool) -> PortalTerms {
    let texts = &signed.language.texts().portal;
    PortalTerms {
        shell: signed.shell(),
        title: texts.register.terms_title,
        lead: texts.register.terms_lead,
        steps: Some(steps(signed, 1)),
        agreement: Agreement {
            terms: texts.register.terms,
            label: texts.register.agree,
            missing: texts.register.agree_missing,
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
    if form.get("agree") != Some("yes") {
        return signed.answer(StatusCode::UNPROCESSABLE_ENTITY, &terms_page(&signed, true));
    }
    let before = draft::read::<Registering>(&signed).map(|draft| draft.content);
    let before = before.filter(|draft| draft.accepted_at_us.is_none()).unwrap_or_default();
    draft::keep(&signed, signed.go_to(APPLICANT), Registering { agreed: true, ..before })
}

async fn applicant_step(signed: Signed) -> HttpResponse {
    match draft_with(&signed, |draft| draft.agreed) {
        Ok(draft) => {
            let typed = draft.content.applicant.as_ref().map(TypedApplicant::from);
            let page = applicant_page(&signed, &typed.unwrap_or_default());
            signed.answer(StatusCode::OK, &page)
        }
        Err(response) => response,
    }
}

fn applicant_page(signed: &Signed, typed: &TypedApplicant) -> PortalForm {
    let texts = &signed.language.texts().portal;
    PortalForm {
        shell: signed.shell(),
        title: texts.register.applicant_title,
        lead: texts.register.applicant_lead,
        steps: Some(steps(signed, 2)),
        fixed: vec![
            Row::new(texts.common.customer_id, signed.customer().as_str())
                .noted(texts.common.read_only),
        ],
        fields: applicant::fields(signed, typed),
        fault: None,
        sum: None,
        personal: true,
        notice: None,
        form: signed.page_form(APPLICANT, texts.common.next, TERMS),
    }
}

async fn take_applicant(signed: Signed, body: Body) -> HttpResponse {
    let draft = match draft_with(&signed, |draft| draft.agreed) {
        Ok(draft) => draft.content,
        Err(response) => return response,
    };
    let form = match signed.form(APPLICANT, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    match applicant::read(&form) {
        Ok(applicant) => {
            let draft = Registering { applicant: Some(applicant), ..draft };
            draft::keep(&signed, signed.go_to(INPUT), draft)
        }
        Err(typed) => {
            let page = applicant_page(&signed, &typed);
            signed.answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn input_step(signed: Signed) -> HttpResponse {
    match draft_with(&signed, |draft| draft.applicant.is_some()) {
        Ok(draft) => {
            let typed = draft.content.input.as_ref();
            let typed = typed.map(|input| Typed::again(input.name.as_str(), input.mail.as_str()));
            signed.answer(
                StatusCode::OK,
                &input_page(&signed, &typed.unwrap_or_default(), Faults::default()),
            )
        }
        Err(response) => response,
    }
}

fn input_page(signed: &Signed, typed: &Typed, faults: Faults) -> PortalForm {
    let texts = &signed.language.texts().portal;
    let fields = &texts.fields;
    let input = |name, text, kind, value: &str, error| {
        FormField::Input(InputField::required(name, text, kind).typed(value).wrong(error))
    };
    let Typed { name, mail, mail_again } = typed;
    PortalForm {
        shell: signed.shell(),
        title: texts.register.input_title,
        lead: texts.register.applicant_lead,
        steps: Some(steps(signed, 3)),
        fixed: Vec::new(),
        fields: vec![
            input("passport_id", &fields.passport_id, InputKind::PassportId, name, faults.name),
            input("password", &fields.password, InputKind::NewPassword, "", faults.password),
            input(
                "password_again",
                &fields.password_again,
                InputKind::NewPassword,
                "",
                faults.password_again,
            ),
            input("mail", &fields.mail, InputKind::Mail, mail, faults.mail),
            input("mail_again", &fields.mail_again, InputKind::Mail, mail_again, faults.mail_again),
        ],
        fault: None,
        sum: None,
        personal: true,
        notice: None,
        form: signed.page_form(INPUT, texts.common.next, APPLICANT),
    }
}

async fn take_input(signed: Signed, body: Body) -> HttpResponse {
    let draft = match draft_with(&signed, |draft| draft.applicant.is_some()) {
        Ok(draft) => draft.content,
        Err(response) => return response,
    };
    let mut form = match signed.form(INPUT, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let typed = Typed::of(&form);
    let fields = &signed.language.texts().portal.fields;
    let labels =
        Labels { name: &fields.passport_id, password: &fields.password, mail: &fields.mail };
    let read = credentials::read(&signed, &mut form, &labels, Blank::IsMissing);
    let (name, mail, password) = match read {
        (Read { name: Some(name), password: Some(password), mail: Some(mail) }, faults)
            if !faults.any() =>
        {
            (name, mail, password)
        }
        (_, faults) => return unprocessable(&signed, &typed, faults),
    };
    match is_free(&signed, &name).await {
        Ok(Free::Yes) => {}
        Ok(Free::No) => {
            let name = Some(fields.passport_id_taken.to_owned());
            return unprocessable(&signed, &typed, Faults { name, ..Faults::default() });
        }
        Ok(Free::AskedTooOften) => return making::too_often(&signed, INPUT),
        Err(error) => return answer::failed(&signed.context, signed.language, &error),
    }
    let password_hash = match hash(&signed, password).await {
        Ok(hash) => Some(hash),
        Err(response) => return response,
    };
    let input = Some(Input { name, mail, password_hash });
    draft::keep(&signed, signed.go_to(CONFIRM), Registering { input, ..draft })
}

fn unprocessable(signed: &Signed, typed: &Typed, faults: Faults) -> HttpResponse {
    signed.answer(StatusCode::UNPROCESSABLE_ENTITY, &input_page(signed, typed, faults))
}

async fn confirm_step(signed: Signed) -> HttpResponse {
    let draft = match complete(&signed) {
        Ok(draft) => draft,
        Err(response) => return response,
    };
    let texts = &signed.language.texts().portal;
    let limit = limit::initial_limit(&signed.line, signed.state.defaults.passport_limit);
    let mut notes = vec![(texts.register.limit_note)(&format::yen(signed.language, limit.get()))];
    if signed.line.service.has_line_authentication() {
        notes.push(texts.register.line_authentication_note.to_owned());
    }
    let form = signed.page_form(CONFIRM, texts.register.button, INPUT);
    let page = PortalConfirm {
        shell: signed.shell(),
        title: texts.register.confirm_title,
        lead: texts.register.confirm_lead,
        steps: Some(steps(&signed, 4)),
        contents: contents(&signed, &draft.content.input),
        applicant: rows(&signed, &draft.content.applicant),
        notes,
        warnings: Vec::new(),
        form: page::Form { draft: Some(draft.mark), ..form },
    };
    signed.answer(StatusCode::OK, &page)
}

/// A draft that lacks nothing.
struct Complete {
    applicant: Applicant,
    input: Input,
    password_hash: String,
}

/// The draft, if it lacks nothing; the step that is missing otherwise.
fn complete(signed: &Signed) -> Result<Draft<Complete>, HttpResponse> {
    let Draft { content, mark } = draft_with(signed, |draft| draft.applicant.is_some())?;
    let input = content.input.ok_or_else(|| signed.go_to(INPUT))?;
    let password_hash = input.password_hash.clone().ok_or_else(|| signed.go_to(INPUT))?;
    let applicant = content.applicant.ok_or_else(|| signed.go_to(AGAIN))?;
    Ok(Draft { content: Complete { applicant, input, password_hash }, mark })
}

fn contents(signed: &Signed, input: &Input) -> Contents {
    let texts = &signed.language.texts().portal;
    Contents::Rows(vec![
        Row::new(texts.fields.new_passport_id.label, input.name.as_str()),
        Row::new(texts.fields.password.label, texts.common.masked),
        Row::new(texts.fields.mail.label, input.mail.as_str()),
    ])
}

async fn press(signed: Signed, body: Body) -> HttpResponse {
    let form = match signed.form(CONFIRM, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let draft = match complete(&signed) {
        Ok(draft) => draft,
        Err(response) => return response,
    };
    // Another tab went on meanwhile: what this page showed is not what would be registered.
    if !draft.is_shown_by(&form) {
        return signed.go_to(CONFIRM);
    }
    let Complete { applicant, input, password_hash } = draft.content;
    let registration = Registration {
        name_hash: signed.state.keys.name_hash(input.name.as_str()),
        name: input.name.clone(),
        password_hash: password_hash.clone(),
        applicant: applicant.name.clone(),
        phone: applicant.phone.clone(),
        mail: input.mail.clone(),
        is_contractor: applicant.is_contractor,
        language: signed.language,
    };
    let what = What::Register(Box::new(registration));
    let made = making::try_to_make(&signed, "register_passport", what).await;
    let accepted_at = match made.as_ref().map_err(AsRef::as_ref) {
        Ok(done) => done.entry.at,
        Err(crate::actors::LineError::Refused(refusal)) => {
            match registered_before(&signed, &input, &password_hash).await {
                Some(accepted_at) => accepted_at,
                None => return refused(&signed, refusal),
            }
        }
        Err(error) => return signed.failed(error),
    };
    let accepted_at_us = Some(accepted_at.micros());
    let input = Some(Input { password_hash: None, ..input });
    let draft = Registering { agreed: false, applicant: Some(applicant), input, accepted_at_us };
    draft::keep(&signed, signed.go_to(DONE), draft)
}

fn refused(signed: &Signed, refusal: &Refusal) -> HttpResponse {
    let again = if *refusal == Refusal::PassportIdTaken { INPUT } else { TERMS };
    making::refused(signed, refusal, again)
}

/// When this very draft was registered by the press before, where the button was pressed twice:
/// the draft's hash has a salt of its own, so no other registration has it.
async fn registered_before(signed: &Signed, input: &Input, password_hash: &str) -> Option<Instant> {
    let view = signed.state.lines.look(signed.customer()).await.ok()?;
    let is_same = |number: &PassportNumber| {
        let private = view.private.get(number);
        private.is_some_and(|held| held.name == input.name && held.password_hash == password_hash)
    };
    let line = view.line.as_ref()?;
    let found = line.live_passports().find(|passport| is_same(&passport.number));
    found.map(|passport| passport.registered_at)
}

async fn done(signed: Signed) -> HttpResponse {
    let draft = draft::read::<Registering>(&signed).map(|draft| draft.content);
    let Some(draft) = draft.filter(|draft| draft.accepted_at_us.is_some()) else {
        return signed.go_to(AGAIN);
    };
    let texts = &signed.language.texts().portal;
    let contents = draft.input.as_ref().map(|input| contents(&signed, input));
    let mut notes = Vec::new();
    if signed.state.sends_mail {
        notes.push(texts.register.done_mail);
    }
    let page = PortalDone {
        shell: signed.shell(),
        title: texts.register.done_title,
        lead: texts.register.done_lead,
        steps: Some(steps(&signed, 5)),
        accepted_at_us: draft.accepted_at_us,
        contents: contents.unwrap_or(Contents::Rows(Vec::new())),
        notes,
    };
    signed.answer(StatusCode::OK, &page)
}
