//! 変更情報入力: the second step of ⑤, its fields and what is wrong with them (R-097, R-098, R-100,
//!

use super::{Before, Input, Step};
use crate::{
    domain::{
        field::{MailAddress, PassportName},
        line::is_own_address,
    },
    security::{Attempt, Secret},
    web::{
        afterwards::{self, After, Whose},
        answer,
        form::Form,
        page::{ChoiceField, FormField, InputField, InputKind, PortalForm},
        portal::{
            applicant::{Applicant, said},
            making,
            passport::line_authentication,
            register::{Free, hash, is_free, new_password},
            session::{Signed, overloaded},
        },
    },
};
use actix_web::HttpResponse;

/// The second step as it was typed; passwords are not among it.
#[derive(Default)]
pub struct Typed {
    pub name: String,
    pub mail: String,
    pub mail_again: String,
    pub line_authentication: Option<bool>,
    pub faults: Faults,
}

#[derive(Default)]
pub struct Faults {
    pub whole: Option<String>,
    pub name: Option<String>,
    pub password: Option<String>,
    pub password_again: Option<String>,
    pub mail: Option<String>,
    pub mail_again: Option<String>,
    pub current_password: Option<String>,
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

pub fn input_page(step: &Step, typed: Typed, before: &Before) -> PortalForm {
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
        steps: Some(step.steps(2)),
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

/// Why the second step is not taken.
pub enum Unread {
    Wrong(Box<Typed>),
    Answered(HttpResponse),
}

/// The second step by its rules: what is filled in must be valid, and something must be.
pub async fn read_input(
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
    let password = password.map(|password| new_password(signed, for_name, &password));
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
        check_against_what_stands(
            step,
            &mut typed,
            &input,
            current_password,
            applicant,
            password.is_some(),
        )
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
    let same_applicant = registered == *applicant;
    let same_mail = input.mail.as_ref().is_none_or(|mail| *mail == before.mail);
    let nothing = input.name.is_none() && input.line_authentication.is_none() && !new_password;
    if nothing && same_mail && same_applicant {
        typed.faults.whole = Some(texts.nothing_changed.to_owned());
        return Ok(());
    }
    if input.line_authentication == Some(false) {
        let known = match current_password {
            None => Some(texts.current_password.missing),
            Some(password) => {
                (!knows_password(step, password).await?).then_some(texts.current_password_wrong)
            }
        };
        typed.faults.current_password = known.map(str::to_owned);
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
pub fn renaming_hash(step: &Step, name: &PassportName) -> Option<[u8; 32]> {
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
