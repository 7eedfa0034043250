//! ID, password and mail address as a form asks for them, the last two typed twice:
//! for 新規登録 all of them, for 登録情報変更 what changes.

use super::{
    applicant::said,
    session::{Signed, overloaded},
};
use crate::{
    domain::field::{self, FieldFault, MailAddress, NewPassword, PassportName},
    security::{PoolError, Secret},
    store::{Reservation, StoreError},
    text::portal::FieldText,
    web::form::Form,
};
use actix_web::HttpResponse;

/// The fields as they were typed, to be shown again; passwords are not among them.
#[derive(Default)]
pub struct Typed {
    /// フレッツ・パスポートID.
    pub name: String,
    /// メールアドレス.
    pub mail: String,
    /// The same once more.
    pub mail_again: String,
}

impl Typed {
    /// What a form brought.
    pub fn of(form: &Form) -> Self {
        let get = |name: &str| form.get(name).unwrap_or_default().to_owned();
        Self { name: get("passport_id"), mail: get("mail"), mail_again: get("mail_again") }
    }

    /// What was taken before and may be typed over.
    pub fn again(name: &str, mail: &str) -> Self {
        Self { name: name.to_owned(), mail: mail.to_owned(), mail_again: mail.to_owned() }
    }
}

/// What is wrong, to be said beside each field.
#[derive(Default)]
pub struct Faults {
    /// Of the ID.
    pub name: Option<String>,
    /// Of the password.
    pub password: Option<String>,
    /// The password was typed otherwise the second time.
    pub password_again: Option<String>,
    /// Of the mail address.
    pub mail: Option<String>,
    /// The address was typed otherwise the second time.
    pub mail_again: Option<String>,
}

impl Faults {
    /// Whether anything is wrong.
    pub fn any(&self) -> bool {
        let all = [&self.name, &self.password, &self.password_again, &self.mail, &self.mail_again];
        all.into_iter().any(Option::is_some)
    }
}

/// How a form names the fields where it says what is wrong with them.
pub struct Labels<'a> {
    /// フレッツ・パスポートID.
    pub name: &'a FieldText,
    /// パスワード.
    pub password: &'a FieldText,
    /// メールアドレス.
    pub mail: &'a FieldText,
}

/// What a field left blank is.
#[derive(Clone, Copy)]
pub enum Blank<'a> {
    /// Missing: all is asked for.
    IsMissing,
    /// What stands stays; the ID is this one.
    Keeps(&'a str),
}

/// What was filled in; absent is what was left blank or is wrong.
pub struct Read {
    /// A valid ID.
    pub name: Option<PassportName>,
    /// A valid password.
    pub password: Option<Secret>,
    /// A valid address.
    pub mail: Option<MailAddress>,
}

/// Reads the fields by their rules, with each fault beside its field. Passwords are taken out of
/// the form.
pub fn read(
    signed: &Signed,
    form: &mut Form,
    labels: &Labels<'_>,
    blank: Blank<'_>,
) -> (Read, Faults) {
    let texts = &signed.language.texts().portal.fields;
    let typed = Typed::of(form);
    let password = form.take("password").unwrap_or_default();
    let password_again = form.take("password_again").unwrap_or_default();
    let (asked, kept) = match blank {
        Blank::IsMissing => (true, None),
        Blank::Keeps(name) => (false, PassportName::parse(name).ok()),
    };
    let is_read = |text: &str| asked || !text.trim().is_empty();
    let name = is_read(&typed.name).then(|| PassportName::parse(typed.name.trim()));
    let mail = is_read(&typed.mail).then(|| MailAddress::parse(&typed.mail));
    let for_name = name.as_ref().and_then(|name| name.as_ref().ok()).or(kept.as_ref());
    let hidden = (asked || !password.is_empty()).then(|| new_password(signed, for_name, &password));
    let (of_password, of_mail) = (fault(hidden.as_ref()), fault(mail.as_ref()));
    let differs = |fault: Option<FieldFault>, first: &str, again: &str, text: &'static str| {
        (fault.is_none() && !field::is_typed_twice(first, again)).then(|| text.to_owned())
    };
    let faults = Faults {
        name: said(signed, labels.name, fault(name.as_ref())),
        password: said(signed, labels.password, of_password),
        password_again: differs(of_password, &password, &password_again, texts.password_differs),
        mail: said(signed, labels.mail, of_mail),
        mail_again: differs(
            of_mail,
            typed.mail.trim(),
            typed.mail_again.trim(),
            texts.mail_differs,
        ),
    };
    let valid = Read {
        name: name.and_then(Result::ok),
        password: hidden.and_then(Result::ok),
        mail: mail.and_then(Result::ok),
    };
    (valid, faults)
}

fn fault<T>(parsed: Option<&Result<T, FieldFault>>) -> Option<FieldFault> {
    parsed.and_then(|parsed| parsed.as_ref().err().copied())
}

/// A password that may be set for an ID.
fn new_password(
    signed: &Signed,
    name: Option<&PassportName>,
    typed: &str,
) -> Result<Secret, FieldFault> {
    let least = signed.state.shortest_password;
    let password = NewPassword::parse(typed, least, name, signed.customer())?;
    Ok(Secret::new(password.into_inner()))
}

/// Whether a passport ID's string can be had.
pub enum Free {
    /// Nobody has or had it.
    Yes,
    /// Somebody has or had it.
    No,
    /// The line asks too often (security.md 72).
    AskedTooOften,
}

/// Looks before the household confirms; that it is still free is the commit's to say.
pub async fn is_free(signed: &Signed, name: &PassportName) -> Result<Free, StoreError> {
    let state = &signed.state;
    if state.name_checks.check_key(&signed.customer()).is_err() {
        return Ok(Free::AskedTooOften);
    }
    let reservation = Reservation::PassportName(state.keys.name_hash(name.as_str()));
    let holder = state.store.holder(&reservation).await?;
    Ok(if holder.is_none() { Free::Yes } else { Free::No })
}

/// A password's hash: from here on the password itself is nowhere.
pub async fn hash(signed: &Signed, password: Secret) -> Result<String, HttpResponse> {
    let hashed = signed.state.hash_password(password).await;
    hashed.map_err(|error| match error {
        PoolError::Overloaded | PoolError::Stopped => overloaded(&signed.context, signed.language),
    })
}
