//! ⑤ 登録情報変更: 申込者情報入力 → 変更情報入力 → 変更情報確認 →
//! 変更受付完了. What is left blank stays as it is.

mod items;

use super::{
    applicant::{self, Applicant, Typed as TypedApplicant, rows},
    asked,
    credentials::Typed,
    draft::{self, Draft, Procedure},
    making,
    passport::{line_authentication, named},
    session::Signed,
    shown,
};
use crate::{
    actors::{
        change::{Applicant as NewApplicant, Changes, Renaming, What},
        line::LineView,
    },
    domain::{
        calendar::Instant,
        field::{MailAddress, PassportName},
        ids::PassportNumber,
        line::Passport,
    },
    text::Language,
    web::{
        answer,
        form::Body,
        page::{self, Change, Contents, PortalConfirm, PortalDone, PortalForm, Row, Steps},
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode, web::Path};
use items::{ItemFaults, TypedItems, Unread, input_page, read_input, renaming_hash};
use serde::{Deserialize, Serialize};

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope
        .service(asked("/ids/{number}/change", applicant_step, take_applicant))
        .service(asked("/ids/{number}/change/items", input_step, take_input))
        .service(asked("/ids/{number}/change/confirm", confirm_step, press))
        .service(shown("/ids/{number}/change/done", done))
}

/// What was filled in so far, of one ID.
#[derive(Serialize, Deserialize)]
struct Changing {
    #[serde(rename = "p")]
    passport: PassportNumber,
    #[serde(rename = "a")]
    applicant: Applicant,
    #[serde(rename = "i", default)]
    input: Option<Input>,
    /// The settings as they stood when it was filled in: what a button pressed twice has changed
    /// already.
    #[serde(rename = "b", default)]
    before: Option<Before>,
    /// What was changed, and when: nothing is left to do.
    #[serde(rename = "d", default)]
    done: Option<Accepted>,
}

impl Procedure for Changing {
    const COOKIE: &'static str = "change";
}

/// The items that were filled in.
#[derive(Serialize, Deserialize, Clone, Default)]
struct Input {
    #[serde(rename = "n", default)]
    name: Option<PassportName>,
    #[serde(rename = "h", default)]
    password_hash: Option<String>,
    #[serde(rename = "m", default)]
    mail: Option<MailAddress>,
    #[serde(rename = "l", default)]
    line_authentication: Option<bool>,
}

/// A change that was accepted, as its completion shows it.
#[derive(Serialize, Deserialize, Clone)]
struct Accepted {
    #[serde(rename = "t")]
    at_us: i64,
    /// 現在の設定 of name, mail and line authentication, before it.
    #[serde(rename = "b")]
    before: Before,
}

/// The settings as they stood.
#[derive(Serialize, Deserialize, Clone)]
struct Before {
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "m")]
    mail: MailAddress,
    #[serde(rename = "l")]
    line_authentication: bool,
}

/// A household at one of the steps of one of its IDs.
struct Step {
    signed: Signed,
    passport: Passport,
}

impl Step {
    fn of(signed: Signed, number: &str) -> Result<Self, HttpResponse> {
        let passport = named(&signed, number)?.clone();
        Ok(Self { signed, passport })
    }

    fn page(&self, step: &str) -> String {
        let number = self.passport.number;
        let step = if step.is_empty() { String::new() } else { format!("/{step}") };
        format!("ids/{number}/change{step}")
    }

    fn steps(&self, now: usize) -> Steps {
        Steps { labels: &self.signed.language.texts().portal.change.steps, now }
    }

    fn form(&self, step: &str, button: &'static str, back: &str) -> page::Form {
        self.signed.page_form(&self.page(step), button, back)
    }

    /// The draft of this very ID, or the way to the first step.
    fn draft(&self) -> Result<Draft<Changing>, HttpResponse> {
        let draft = draft::read::<Changing>(&self.signed);
        let own = draft.filter(|draft| draft.content.passport == self.passport.number);
        own.ok_or_else(|| self.signed.go_to(&self.page("")))
    }

    async fn registered(&self) -> Result<(Applicant, Before), HttpResponse> {
        let registered = applicant::registered(&self.signed, &self.passport).await;
        let (applicant, mail) = registered
            .map_err(|error| answer::failed(&self.signed.context, self.signed.language, &error))?;
        let name = self.signed.name_of(self.passport.number).as_str().to_owned();
        let line_authentication = self.passport.line_authentication;
        Ok((applicant, Before { name, mail, line_authentication }))
    }

    fn current_name(&self) -> &str {
        let private = self.signed.view.private.get(&self.passport.number);
        private.map_or("", |private| private.name.as_str())
    }
}

async fn applicant_step(signed: Signed, number: Path<String>) -> HttpResponse {
    let step = match Step::of(signed, &number) {
        Ok(step) => step,
        Err(response) => return response,
    };
    // What was typed before, or who registered the ID.
    let typed = match step.draft() {
        Ok(Draft { content: Changing { applicant, done: None, .. }, .. }) => applicant,
        _ => match step.registered().await {
            Ok((applicant, _)) => applicant,
            Err(response) => return response,
        },
    };
    let page = applicant_page(&step, &TypedApplicant::from(&typed));
    step.signed.answer(StatusCode::OK, &page)
}

fn applicant_page(step: &Step, typed: &TypedApplicant) -> PortalForm {
    let signed = &step.signed;
    let texts = &signed.language.texts().portal;
    PortalForm {
        shell: signed.shell(),
        title: texts.change.applicant_title,
        lead: texts.register.applicant_lead,
        steps: Some(step.steps(1)),
        fixed: vec![Row::new(
            signed.language.texts().common.passport_id,
            signed.name_of(step.passport.number),
        )],
        fields: applicant::fields(signed, typed),
        fault: None,
        sum: None,
        personal: true,
        notice: None,
        form: step.form("", texts.common.next, &format!("ids/{}", step.passport.number)),
    }
}

async fn take_applicant(signed: Signed, number: Path<String>, body: Body) -> HttpResponse {
    let step = match Step::of(signed, &number) {
        Ok(step) => step,
        Err(response) => return response,
    };
    let form = match step.signed.form(&step.page(""), &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    match applicant::read(&form) {
        Ok(applicant) => {
            let before = step.draft().ok().map(|draft| draft.content);
            let input = before.filter(|draft| draft.done.is_none()).and_then(|draft| draft.input);
            let passport = step.passport.number;
            let draft = Changing { passport, applicant, input, before: None, done: None };
            draft::keep(&step.signed, step.signed.go_to(&step.page("items")), draft)
        }
        Err(typed) => {
            let page = applicant_page(&step, &typed);
            step.signed.answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn input_step(signed: Signed, number: Path<String>) -> HttpResponse {
    let step = match Step::of(signed, &number) {
        Ok(step) => step,
        Err(response) => return response,
    };
    let draft = match unfinished(&step) {
        Ok(draft) => draft.content,
        Err(response) => return response,
    };
    let input = draft.input.unwrap_or_default();
    let mail = input.mail.as_ref().map_or("", MailAddress::as_str);
    let name = input.name.as_ref().map_or("", PassportName::as_str);
    let typed = TypedItems {
        credentials: Typed::again(name, mail),
        line_authentication: input.line_authentication,
        faults: ItemFaults::default(),
    };
    input_answer(&step, StatusCode::OK, typed).await
}

/// A draft of this ID that is not done, or the way on: to the completion of one that is, to the
/// first step where there is none.
fn unfinished(step: &Step) -> Result<Draft<Changing>, HttpResponse> {
    let draft = step.draft()?;
    match draft.content.done {
        None => Ok(draft),
        Some(_) => Err(step.signed.go_to(&step.page("done"))),
    }
}

async fn input_answer(step: &Step, status: StatusCode, typed: TypedItems) -> HttpResponse {
    match step.registered().await {
        Ok((_, before)) => step.signed.answer(status, &input_page(step, typed, &before)),
        Err(response) => response,
    }
}

async fn take_input(signed: Signed, number: Path<String>, body: Body) -> HttpResponse {
    let step = match Step::of(signed, &number) {
        Ok(step) => step,
        Err(response) => return response,
    };
    let draft = match unfinished(&step) {
        Ok(draft) => draft.content,
        Err(response) => return response,
    };
    let form = match step.signed.form(&step.page("items"), &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    match read_input(&step, form, &draft.applicant).await {
        Ok(input) => {
            let before = match step.registered().await {
                Ok((_, before)) => Some(before),
                Err(response) => return response,
            };
            let draft = Changing { input: Some(input), before, ..draft };
            draft::keep(&step.signed, step.signed.go_to(&step.page("confirm")), draft)
        }
        Err(Unread::Wrong(typed)) => {
            input_answer(&step, StatusCode::UNPROCESSABLE_ENTITY, *typed).await
        }
        Err(Unread::Answered(response)) => response,
    }
}

async fn confirm_step(signed: Signed, number: Path<String>) -> HttpResponse {
    let step = match Step::of(signed, &number) {
        Ok(step) => step,
        Err(response) => return response,
    };
    let (draft, input) = match filled_in(&step) {
        Ok(filled_in) => filled_in,
        Err(response) => return response,
    };
    let before = match step.registered().await {
        Ok((_, before)) => before,
        Err(response) => return response,
    };
    let texts = &step.signed.language.texts().portal;
    let off = input.line_authentication == Some(false);
    let warnings = off.then_some(texts.change.off_warning.map(str::to_owned).to_vec());
    let password_note = input.password_hash.as_ref().map(|_| texts.change.password_note.to_owned());
    let form = step.form("confirm", texts.change.button, &step.page("items"));
    let page = PortalConfirm {
        shell: step.signed.shell(),
        title: texts.change.confirm_title,
        lead: texts.change.confirm_lead,
        steps: Some(step.steps(3)),
        contents: contents(&step, &input, &before),
        applicant: rows(&step.signed, &draft.content.applicant),
        notes: password_note.into_iter().collect(),
        warnings: warnings.unwrap_or_default(),
        form: page::Form { draft: Some(draft.mark), ..form },
    };
    step.signed.answer(StatusCode::OK, &page)
}

fn filled_in(step: &Step) -> Result<(Draft<Changing>, Input), HttpResponse> {
    let draft = unfinished(step)?;
    match draft.content.input.clone() {
        Some(input) => Ok((draft, input)),
        None => Err(step.signed.go_to(&step.page("items"))),
    }
}

/// 現在の設定 and 再設定 of each item; a password only as stars.
fn contents(step: &Step, input: &Input, before: &Before) -> Contents {
    let signed = &step.signed;
    let texts = &signed.language.texts().portal;
    let row = |label: &str, current: &str, wanted: Option<&str>| Change {
        label: label.into(),
        current: current.into(),
        wanted: wanted.map(Into::into),
        warning: None,
    };
    let authentication = |on| line_authentication(signed, signed.line.service, on);
    let masked = texts.common.masked;
    Contents::Changes(vec![
        row(
            texts.fields.new_passport_id.label,
            &before.name,
            input.name.as_ref().map(PassportName::as_str),
        ),
        row(texts.fields.new_password.label, masked, input.password_hash.as_ref().map(|_| masked)),
        row(
            texts.fields.new_mail.label,
            before.mail.as_str(),
            input.mail.as_ref().map(MailAddress::as_str),
        ),
        row(
            texts.fields.line_authentication.label,
            authentication(before.line_authentication),
            input.line_authentication.map(authentication),
        ),
    ])
}

async fn press(signed: Signed, number: Path<String>, body: Body) -> HttpResponse {
    let step = match Step::of(signed, &number) {
        Ok(step) => step,
        Err(response) => return response,
    };
    let form = match step.signed.form(&step.page("confirm"), &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let (draft, input) = match filled_in(&step) {
        Ok(filled_in) => filled_in,
        Err(response) => return response,
    };
    if !draft.is_shown_by(&form) {
        return step.signed.go_to(&step.page("confirm"));
    }
    let (registered, before) = match step.registered().await {
        Ok(registered) => registered,
        Err(response) => return response,
    };
    let Changing { passport, applicant, before: filled_in_before, .. } = draft.content;
    let is_new = applicant != registered || input.mail.as_ref().is_some_and(|m| *m != before.mail);
    let new_applicant =
        is_new.then(|| new_applicant(step.signed.language, &input, &applicant, &before));
    let made_at = match carry_out(&step, &input, new_applicant).await {
        Ok(made_at) => made_at,
        Err(response) => return response,
    };
    // Pressed twice: the press before changed what stood when the draft was filled in.
    let before = filled_in_before.filter(|_| made_at.is_none()).unwrap_or(before);
    let at_us = made_at.unwrap_or(step.signed.line.last_event_at).micros();
    let accepted = Accepted { at_us, before };
    let password_hash = input.password_hash.as_ref().map(|_| String::new());
    let input = Some(Input { password_hash, ..input });
    let done = Some(accepted);
    let draft = Changing { passport, applicant, input, before: None, done };
    draft::keep(&step.signed, step.signed.go_to(&step.page("done")), draft)
}

/// Makes the change; when it was made, or `None` where the press before has made it.
async fn carry_out(
    step: &Step,
    input: &Input,
    applicant: Option<NewApplicant>,
) -> Result<Option<Instant>, HttpResponse> {
    let signed = &step.signed;
    if applicant.is_none() && stands(&signed.view, &step.passport, input) {
        return Ok(None);
    }
    let what = What::ChangePassport(Box::new(changes(step, input, applicant)));
    let done = making::make(signed, "change_passport", what, &step.page("items")).await?;
    Ok((!done.entry.events.is_empty()).then_some(done.entry.at))
}

/// Whether the ID has all that this very draft gives it but for its applicant: the button was
/// pressed before. The draft's hash has a salt of its own, so no other change has it.
fn stands(view: &LineView, passport: &Passport, input: &Input) -> bool {
    view.private.get(&passport.number).is_some_and(|held| {
        input.name.as_ref().is_none_or(|name| *name == held.name)
            && input.password_hash.as_ref().is_none_or(|hash| *hash == held.password_hash)
            && input.line_authentication.is_none_or(|on| on == passport.line_authentication)
    })
}

/// The applicant's data as they will stand; only where one of them is another.
fn new_applicant(
    language: Language,
    input: &Input,
    applicant: &Applicant,
    before: &Before,
) -> NewApplicant {
    NewApplicant {
        name: applicant.name.clone(),
        phone: applicant.phone.clone(),
        mail: input.mail.clone().unwrap_or_else(|| before.mail.clone()),
        is_contractor: applicant.is_contractor,
        language,
    }
}

fn changes(step: &Step, input: &Input, applicant: Option<NewApplicant>) -> Changes {
    let renaming =
        |name: &PassportName| Renaming { name: name.clone(), name_hash: renaming_hash(step, name) };
    Changes {
        passport: step.passport.number,
        name: input.name.as_ref().map(renaming),
        password_hash: input.password_hash.clone(),
        applicant,
        line_authentication: input.line_authentication,
    }
}

async fn done(signed: Signed, number: Path<String>) -> HttpResponse {
    let step = match Step::of(signed, &number) {
        Ok(step) => step,
        Err(response) => return response,
    };
    let draft = match step.draft() {
        Ok(draft) => draft.content,
        Err(response) => return response,
    };
    let (Some(accepted), Some(input)) = (draft.done, draft.input) else {
        return step.signed.go_to(&step.page(""));
    };
    let texts = &step.signed.language.texts().portal;
    let mail = step.signed.state.sends_mail.then_some(texts.change.done_mail);
    let page = PortalDone {
        shell: step.signed.shell(),
        title: texts.change.done_title,
        lead: texts.change.done_lead,
        steps: Some(step.steps(4)),
        accepted_at_us: Some(accepted.at_us),
        contents: contents(&step, &input, &accepted.before),
        notes: mail.into_iter().collect(),
    };
    step.signed.answer(StatusCode::OK, &page)
}
