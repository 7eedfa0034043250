//! ⑤ 登録情報変更: 申込者情報入力 → 変更情報入力 → 変更情報確認 →
//! 変更受付完了. What is left blank stays as it is.

use super::{
    applicant::{self, Applicant, Typed as TypedApplicant, rows, said},
    asked,
    draft::{self, Draft, Procedure},
    making,
    passport::{line_authentication, named},
    register::{Free, hash, is_free, new_password},
    session::{Signed, overloaded},
    shown,
};
use crate::{
    actors::change::{Applicant as NewApplicant, Changes, Renaming, What},
    domain::{
        field::{MailAddress, PassportName},
        ids::PassportNumber,
        line::{Passport, is_own_address},
    },
    security::{Attempt, Secret},
    web::{
        afterwards::{self, After, Whose},
        answer,
        form::{Body, Form},
        page::{
            self, Change, ChoiceField, Contents, FormField, InputField, InputKind, PortalConfirm,
            PortalDone, PortalForm, Row, Steps,
        },
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode, web::Path};
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

    fn steps(&self, now: usize) -> Option<Steps> {
        Some(Steps { labels: &self.signed.language.texts().portal.change.steps, now })
    }

    fn form(&self, step: &str, button: &'static str, back: &str) -> page::Form {
        let step = self.page(step);
        page::Form {
            action: self.signed.path(&step),
            csrf: self.signed.csrf(&step).as_str().to_owned(),
            button,
            back: self.signed.path(back),
            draft: None,
        }
    }

    /// The draft of this very ID, or the way to the first step.
    fn draft(&self) -> Result<Draft<Changing>, HttpResponse> {
        let draft = draft::read::<Changing>(&self.signed);
        let own = draft.filter(|draft| draft.content.passport == self.passport.number);
        own.ok_or_else(|| self.signed.go_to(&self.page("")))
    }

    async fn registered(&self) -> Result<(Applicant, Before), HttpResponse> {
        let registered = applicant::registered(&self.signed, &self.passport).await;
        let (applicant, mail) = registered.map_err(|error| {
            answer::failed(&self.signed.context, self.signed.language, &error)
        })?;
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
        steps: step.steps(1),
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
            let draft = Changing { passport, applicant, input, done: None };
            draft::keep(&step.signed, step.signed.go_to(&step.page("items")), draft)
        }
        Err(typed) => {
            let page = applicant_page(&step, &typed);
            step.signed.answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// The second step as it was typed; passwords are not among it.
#[derive(Default)]
struct Typed {
    name: String,
    mail: String,
    mail_again: String,
    line_authentication: Option<bool>,
    faults: Faults,
}

#[derive(Default)]
struct Faults {
    whole: Option<String>,
    name: Option<String>,
    password: Option<String>,
    password_again: Option<String>,
    mail: Option<String>,
    mail_again: Option<String>,
    current_password: Option<String>,
}

impl Faults {
    fn any(&self) -> bool {
        let all = [
            &self.whole,
            &self.name,
            &self.password,
            &self.password_again,
            &self.mail,
            &self.mail_again,
            &self.current_password,
        ];
        all.into_iter().any(Option::is_some)
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
    let mail = input.mail.as_ref().map_or("", MailAddress::as_str).to_owned();
    let typed = Typed {
        name: input.name.as_ref().map_or("", PassportName::as_str).to_owned(),
        mail_again: mail.clone(),
        mail,
        line_authentication: input.line_authentication,
        faults: Faults::default(),
    };
    input_answer(&step, StatusCode::OK, typed).await
}

/// A draft of this ID that is not done, or the way to the first step.
fn unfinished(step: &Step) -> Result<Draft<Changing>, HttpResponse> {
    let draft = step.draft()?;
    match draft.content.done {
        None => Ok(draft),
        Some(_) => Err(step.signed.go_to(&step.page(""))),
    }
}

async fn input_answer(step: &Step, status: StatusCode, typed: Typed) -> HttpResponse {
    match step.registered().await {
        Ok((_, before)) => step.signed.answer(status, &input_page(step, typed, &before)),
        Err(response) => response,
    }
}

fn input_page(step: &Step, typed: Typed, before: &Before) -> PortalForm {
    let signed = &step.signed;
    let texts = &signed.language.texts().portal;
    let fields = &texts.fields;
    let Typed { name, mail, mail_again, line_authentication: chosen, faults } = typed;
    let changing = |name, text, kind, current: &str, value: &str, error| {
        FormField::Input(InputField::changing(name, text, kind, current).typed(value).wrong(error))
    };
    let again = |name, text, kind, value: &str, error| {
        let field = InputField::required(name, text, kind).typed(value).wrong(error);
        FormField::Input(InputField { required: false, ..field })
    };
    let mut all = vec![
        changing(
            "passport_id",
            &fields.new_passport_id,
            InputKind::PassportId,
            &before.name,
            &name,
            faults.name,
        ),
        changing(
            "password",
            &fields.new_password,
            InputKind::NewPassword,
            texts.common.masked,
            "",
            faults.password,
        ),
        again(
            "password_again",
            &fields.password_again,
            InputKind::NewPassword,
            "",
            faults.password_again,
        ),
        changing(
            "mail",
            &fields.new_mail,
            InputKind::Mail,
            before.mail.as_str(),
            &mail,
            faults.mail,
        ),
        again("mail_again", &fields.mail_again, InputKind::Mail, &mail_again, faults.mail_again),
    ];
    if signed.line.service.has_line_authentication() {
        all.push(authentication_field(step, before, chosen));
        all.push(again(
            "current_password",
            &fields.current_password,
            InputKind::CurrentPassword,
            "",
            faults.current_password,
        ));
    }
    PortalForm {
        shell: signed.shell(),
        title: texts.change.input_title,
        lead: texts.change.input_lead,
        steps: step.steps(2),
        fixed: Vec::new(),
        fields: all,
        fault: faults.whole,
        sum: None,
        personal: true,
        notice: None,
        form: step.form("items", texts.common.next, &step.page("")),
    }
}

/// 回線認証機能 with its consequence beside the switch.
fn authentication_field(step: &Step, before: &Before, chosen: Option<bool>) -> FormField {
    let signed = &step.signed;
    let texts = &signed.language.texts().portal;
    let current = line_authentication(signed, signed.line.service, before.line_authentication);
    FormField::Choice(ChoiceField {
        name: "line_authentication",
        text: &texts.fields.line_authentication,
        choices: vec![
            ("keep", texts.change.keep),
            ("on", texts.passport.on),
            ("off", texts.passport.off),
        ],
        chosen: Some(match chosen {
            None => "keep",
            Some(true) => "on",
            Some(false) => "off",
        }),
        error: None,
        required: false,
        current: Some(current.into()),
        warning: &texts.change.off_warning,
    })
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
            let draft = Changing { input: Some(input), ..draft };
            draft::keep(&step.signed, step.signed.go_to(&step.page("confirm")), draft)
        }
        Err(Unread::Wrong(typed)) => {
            input_answer(&step, StatusCode::UNPROCESSABLE_ENTITY, *typed).await
        }
        Err(Unread::Answered(response)) => response,
    }
}

/// Why the second step is not taken.
enum Unread {
    Wrong(Box<Typed>),
    Answered(HttpResponse),
}

/// The second step by its rules: what is filled in must be valid, and something must be.
async fn read_input(
    step: &Step,
    mut form: Form,
    applicant: &Applicant,
) -> Result<Input, Unread> {
    let signed = &step.signed;
    let texts = &signed.language.texts().portal.fields;
    let mut typed = typed(&form);
    let password = form.take("password");
    let password_again = form.take("password_again");
    let current_password = form.take("current_password").map(Secret::new);
    let filled = |text: &str| !text.trim().is_empty();
    let name = filled(&typed.name).then(|| PassportName::parse(typed.name.trim()));
    let mail = filled(&typed.mail).then(|| MailAddress::parse(&typed.mail));
    let kept = PassportName::parse(step.current_name()).ok();
    let for_name = name.as_ref().and_then(|name| name.as_ref().ok()).or(kept.as_ref());
    let same = password == password_again;
    let password = password.map(|password| new_password(signed, for_name, password));
    typed.faults = Faults {
        name: said(signed, &texts.new_passport_id, fault(name.as_ref())),
        password: said(signed, &texts.new_password, fault(password.as_ref())),
        password_again: (fault(password.as_ref()).is_none() && !same)
            .then(|| texts.password_differs.to_owned()),
        mail: said(signed, &texts.new_mail, fault(mail.as_ref())),
        mail_again: (fault(mail.as_ref()).is_none()
            && typed.mail.trim() != typed.mail_again.trim())
        .then(|| texts.mail_differs.to_owned()),
        ..Faults::default()
    };
    let input = Input {
        name: name.and_then(Result::ok).filter(|name| name.as_str() != step.current_name()),
        password_hash: None,
        mail: mail.and_then(Result::ok),
        line_authentication: switched(step, typed.line_authentication),
    };
    if !typed.faults.any() {
        check_against_what_stands(step, &mut typed, &input, current_password, applicant, password.is_some())
            .await
            .map_err(Unread::Answered)?;
    }
    if typed.faults.any() {
        return Err(Unread::Wrong(Box::new(typed)));
    }
    match password.and_then(Result::ok) {
        Some(password) => {
            let password_hash = Some(hash(signed, password).await.map_err(Unread::Answered)?);
            Ok(Input { password_hash, ..input })
        }
        None => Ok(input),
    }
}

fn fault<T, E: Copy>(parsed: Option<&Result<T, E>>) -> Option<E> {
    parsed.and_then(|parsed| parsed.as_ref().err().copied())
}

/// Another setting than the one that stands.
fn switched(step: &Step, chosen: Option<bool>) -> Option<bool> {
    let has_it = step.signed.line.service.has_line_authentication();
    chosen.filter(|on| has_it && *on != step.passport.line_authentication)
}

fn typed(form: &Form) -> Typed {
    let get = |name: &str| form.get(name).unwrap_or_default().to_owned();
    Typed {
        name: get("passport_id"),
        mail: get("mail"),
        mail_again: get("mail_again"),
        line_authentication: match form.get("line_authentication") {
            Some("on") => Some(true),
            Some("off") => Some(false),
            _ => None,
        },
        faults: Faults::default(),
    }
}

/// What needs a look at what stands: something changes, the new ID is free, and whoever switches
/// line authentication off knows the password (R-178, security.md 59).
async fn check_against_what_stands(
    step: &Step,
    typed: &mut Typed,
    input: &Input,
    current_password: Option<Secret>,
    applicant: &Applicant,
    new_password: bool,
) -> Result<(), HttpResponse> {
    let signed = &step.signed;
    let texts = &signed.language.texts().portal.fields;
    let (registered, before) = step.registered().await?;
    let same_applicant = (registered.name == applicant.name)
        && registered.phone == applicant.phone
        && registered.is_contractor == applicant.is_contractor;
    let same_mail = input.mail.as_ref().is_none_or(|mail| *mail == before.mail);
    let nothing = input.name.is_none() && input.line_authentication.is_none() && !new_password;
    if nothing && same_mail && same_applicant {
        typed.faults.whole = Some(texts.nothing_changed.to_owned());
        return Ok(());
    }
    if input.line_authentication == Some(false) {
        typed.faults.current_password = match current_password {
            None => Some(texts.current_password.missing.to_owned()),
            Some(password) if knows_password(step, password).await? => None,
            Some(_) => Some(texts.current_password_wrong.to_owned()),
        };
    }
    if let Some(name) = input.name.as_ref().filter(|name| renaming_hash(step, name).is_some()) {
        match is_free(signed, name).await {
            Ok(Free::Yes) => {}
            Ok(Free::No) => typed.faults.name = Some(texts.passport_id_taken.to_owned()),
            Ok(Free::AskedTooOften) => {
                return Err(making::too_often(signed, &step.page("items")));
            }
            Err(error) => return Err(answer::failed(&signed.context, signed.language, &error)),
        }
    }
    Ok(())
}

/// The hash that a new string reserves; none where only the case of letters changes, since the ID
/// holds that reservation already.
fn renaming_hash(step: &Step, name: &PassportName) -> Option<[u8; 32]> {
    let keys = &step.signed.state.keys;
    let hash = keys.name_hash(name.as_str());
    (hash != keys.name_hash(step.current_name())).then_some(hash)
}

/// Whether the ID's own password was typed; guesses count as at a login.
async fn knows_password(step: &Step, password: Secret) -> Result<bool, HttpResponse> {
    let Signed { state, context, line, .. } = &step.signed;
    let own = context.line_source.is_some_and(|source| is_own_address(&line.networks, source));
    let attempt = Attempt {
        id_key: state.keys.name_hash(step.current_name()),
        source: context.source,
        own_line: own,
        password_fingerprint: None,
    };
    let too_often = || making::too_often(&step.signed, &step.page("items"));
    let permit = state.throttle.permit_attempt(attempt).await.map_err(|_| too_often())?;
    let stored = step.signed.view.private.get(&step.passport.number);
    let stored = stored.map(|private| private.password_hash.clone());
    let verdict = state.passwords.verify(password, stored).await;
    let verdict = verdict.map_err(|_| overloaded(context, step.signed.language))?;
    if verdict.matches {
        permit.succeeded();
    } else {
        let (customer, passport) = (step.signed.customer(), Some(step.passport.number));
        let after = After { state, context };
        let whose = Some(Whose { customer, passport });
        afterwards::note_holds(after, whose, context.source, permit.failed());
    }
    Ok(verdict.matches)
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
        steps: step.steps(3),
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
        row(
            texts.fields.new_password.label,
            masked,
            input.password_hash.as_ref().map(|_| masked),
        ),
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
    let before = match step.registered().await {
        Ok((_, before)) => before,
        Err(response) => return response,
    };
    let applicant = draft.content.applicant;
    let what = What::ChangePassport(Box::new(changes(&step, &input, &applicant, &before)));
    let done = match making::make(&step.signed, "change_passport", what, &step.page("items")).await
    {
        Ok(done) => done,
        Err(response) => return response,
    };
    let accepted = Accepted { at_us: done.entry.at.micros(), before };
    let password_hash = input.password_hash.as_ref().map(|_| String::new());
    let input = Some(Input { password_hash, ..input });
    let passport = step.passport.number;
    let draft = Changing { passport, applicant, input, done: Some(accepted) };
    draft::keep(&step.signed, step.signed.go_to(&step.page("done")), draft)
}

fn changes(step: &Step, input: &Input, applicant: &Applicant, before: &Before) -> Changes {
    let renaming = |name: &PassportName| Renaming {
        name: name.clone(),
        name_hash: renaming_hash(step, name),
    };
    Changes {
        passport: step.passport.number,
        name: input.name.as_ref().map(renaming),
        password_hash: input.password_hash.clone(),
        applicant: Some(NewApplicant {
            name: applicant.name.clone(),
            phone: applicant.phone.clone(),
            mail: input.mail.clone().unwrap_or_else(|| before.mail.clone()),
            is_contractor: applicant.is_contractor,
        }),
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
        steps: step.steps(4),
        accepted_at_us: Some(accepted.at_us),
        contents: contents(&step, &input, &accepted.before),
        notes: mail.into_iter().collect(),
    };
    step.signed.answer(StatusCode::OK, &page)
}
