//! 変更情報入力: the second step of ⑤, its fields and what is wrong with them (R-097, R-098, R-100,
//!

use super::{Before, Input, Step};
use crate::{
    domain::{
        field::PassportName,
        line::{
            is_own_address,
            settings::{needs_password, switched},
        },
    },
    security::{Attempt, Secret},
    web::{
        afterwards::{self, After, Whose},
        answer,
        form::Form,
        page::{ChoiceField, FormField, InputField, InputKind, PortalForm},
        portal::{
            applicant::Applicant,
            credentials::{self, Blank, Faults, Free, Labels, Read, Typed, hash, is_free},
            making,
            passport::line_authentication,
            session::{Signed, overloaded},
        },
    },
};
use actix_web::HttpResponse;

/// The second step as it was typed; passwords are not among it.
#[derive(Default)]
pub struct TypedItems {
    /// ID and mail address.
    pub credentials: Typed,
    /// 回線認証機能, where another setting was chosen.
    pub line_authentication: Option<bool>,
    /// What is wrong with it.
    pub faults: ItemFaults,
}

/// What is wrong with the second step.
#[derive(Default)]
pub struct ItemFaults {
    /// With the form as a whole.
    pub whole: Option<String>,
    /// With ID, password and mail address.
    pub credentials: Faults,
    /// With the password that switching line authentication off asks for.
    pub current_password: Option<String>,
}

impl ItemFaults {
    fn any(&self) -> bool {
        self.whole.is_some() || self.credentials.any() || self.current_password.is_some()
    }
}

/// The form of the second step.
pub fn input_page(step: &Step, typed: TypedItems, before: &Before) -> PortalForm {
    let signed = &step.signed;
    let texts = &signed.language.texts().portal;
    let fields = &texts.fields;
    let TypedItems { credentials, line_authentication: chosen, faults } = typed;
    let Typed { name, mail, mail_again } = credentials;
    let ItemFaults { whole, credentials: wrong, current_password } = faults;
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
            wrong.name,
        ),
        changing(
            "password",
            &fields.new_password,
            InputKind::NewPassword,
            texts.common.masked,
            "",
            wrong.password,
        ),
        again(
            "password_again",
            &fields.password_again,
            InputKind::NewPassword,
            "",
            wrong.password_again,
        ),
        changing(
            "mail",
            &fields.new_mail,
            InputKind::Mail,
            before.mail.as_str(),
            &mail,
            wrong.mail,
        ),
        again("mail_again", &fields.mail_again, InputKind::Mail, &mail_again, wrong.mail_again),
    ];
    if signed.line.service.has_line_authentication() {
        all.push(authentication_field(step, before, chosen));
        all.push(again(
            "current_password",
            &fields.current_password,
            InputKind::CurrentPassword,
            "",
            current_password,
        ));
    }
    PortalForm {
        shell: signed.shell(),
        title: texts.change.input_title,
        lead: texts.change.input_lead,
        steps: Some(step.steps(2)),
        fixed: Vec::new(),
        fields: all,
        fault: whole,
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
    /// Something is wrong with it.
    Wrong(Box<TypedItems>),
    /// It was answered otherwise.
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
    let labels = Labels {
        name: &texts.new_passport_id,
        password: &texts.new_password,
        mail: &texts.new_mail,
    };
    let mut typed = typed(&form);
    let current_password = form.take("current_password").map(Secret::new);
    let (read, faults) =
        credentials::read(signed, &mut form, &labels, Blank::Keeps(step.current_name()));
    typed.faults.credentials = faults;
    let Read { name, password, mail } = read;
    let input = Input {
        name: name.filter(|name| name.as_str() != step.current_name()),
        password_hash: None,
        mail,
        line_authentication: switched(&signed.line, &step.passport, typed.line_authentication),
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
    match password {
        Some(password) => {
            let password_hash = Some(hash(signed, password).await.map_err(Unread::Answered)?);
            Ok(Input { password_hash, ..input })
        }
        None => Ok(input),
    }
}

fn typed(form: &Form) -> TypedItems {
    TypedItems {
        credentials: Typed::of(form),
        line_authentication: match form.get("line_authentication") {
            Some("on") => Some(true),
            Some("off") => Some(false),
            _ => None,
        },
        faults: ItemFaults::default(),
    }
}

/// What needs a look at what stands: something changes, the new ID is free, and whoever switches
/// line authentication off knows the password (R-178, security.md 59).
async fn check_against_what_stands(
    step: &Step,
    typed: &mut TypedItems,
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
    if needs_password(input.line_authentication) {
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
            Ok(Free::No) => {
                typed.faults.credentials.name = Some(texts.passport_id_taken.to_owned());
            }
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
    let verdict = state.verify_password(&permit, password, stored).await;
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
