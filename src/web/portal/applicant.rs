//! お名前, ご連絡先電話番号, 契約者確認: the step that registration and
//! change share.

use super::session::Signed;
use crate::{
    actors::personal,
    domain::{
        field::{FieldFault, MailAddress, PersonName, PhoneNumber},
        line::{Passport, RowRef},
    },
    store::{StoreError, record::Personal},
    text::{format, portal::FieldText},
    web::{
        form::Form,
        page::{ChoiceField, FormField, InputField, InputKind, Row},
    },
};
use serde::{Deserialize, Serialize};

/// Who applies, as a draft keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    /// お名前.
    #[serde(rename = "n")]
    pub name: PersonName,
    /// ご連絡先電話番号.
    #[serde(rename = "p")]
    pub phone: PhoneNumber,
    /// 契約者確認.
    #[serde(rename = "c")]
    pub is_contractor: bool,
}

/// What was typed, right or wrong.
#[derive(Default)]
pub struct Typed {
    name: String,
    phone: String,
    is_contractor: Option<bool>,
    faults: [Option<FieldFault>; 3],
}

impl From<&Applicant> for Typed {
    fn from(applicant: &Applicant) -> Self {
        Self {
            name: applicant.name.as_str().to_owned(),
            phone: applicant.phone.as_str().to_owned(),
            is_contractor: Some(applicant.is_contractor),
            faults: [None; 3],
        }
    }
}

/// What a form says, or what is wrong with it.
pub fn read(form: &Form) -> Result<Applicant, Typed> {
    let (name, phone) = (
        form.get("name").unwrap_or_default().to_owned(),
        form.get("phone").unwrap_or_default().to_owned(),
    );
    let is_contractor = match form.get("contractor") {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    };
    let parsed = (
        PersonName::parse(&name),
        PhoneNumber::parse(&phone),
        is_contractor.ok_or(FieldFault::Missing),
    );
    match parsed {
        (Ok(name), Ok(phone), Ok(is_contractor)) => Ok(Applicant { name, phone, is_contractor }),
        (one, two, three) => {
            let faults = [one.err(), two.err(), three.err()];
            Err(Typed { name, phone, is_contractor, faults })
        }
    }
}

/// The fields, with what was typed and what is wrong.
pub fn fields(signed: &Signed, typed: &Typed) -> Vec<FormField> {
    let texts = &signed.language.texts().portal.fields;
    let common = &signed.language.texts().portal.common;
    let [name_fault, phone_fault, contractor_fault] = typed.faults;
    let input = |name, text, kind, value: &str, fault| {
        let field = InputField::required(name, text, kind).typed(value);
        FormField::Input(field.wrong(said(signed, text, fault)))
    };
    vec![
        input("name", &texts.name, InputKind::Name, &typed.name, name_fault),
        input("phone", &texts.phone, InputKind::Phone, &typed.phone, phone_fault),
        FormField::Choice(ChoiceField {
            name: "contractor",
            text: &texts.contractor,
            choices: vec![("yes", common.yes), ("no", common.no)],
            chosen: typed.is_contractor.map(|yes| if yes { "yes" } else { "no" }),
            error: said(signed, &texts.contractor, contractor_fault),
            required: true,
            current: None,
            warning: &[],
        }),
    ]
}

/// What is wrong with a field, in the reader's language: what is missing, or what is allowed.
pub fn said(signed: &Signed, text: &FieldText, fault: Option<FieldFault>) -> Option<String> {
    let texts = &signed.language.texts().portal.fields;
    let floor = crate::domain::field::NewPassword::SHORTEST;
    fault.map(|fault| match fault {
        FieldFault::Missing => text.missing.to_owned(),
        FieldFault::Common => texts.password_common.to_owned(),
        FieldFault::SameAsId => texts.password_is_id.to_owned(),
        FieldFault::TooShort { shortest } if shortest > floor => {
            (texts.password_short)(&shortest.to_string())
        }
        _ => text.wrong.to_owned(),
    })
}

/// The applicant as pages show it.
pub fn rows(signed: &Signed, applicant: &Applicant) -> Vec<Row> {
    let texts = &signed.language.texts().portal;
    let contractor = if applicant.is_contractor { texts.common.yes } else { texts.common.no };
    vec![
        Row::new(texts.fields.name.label, applicant.name.as_str()),
        Row::new(texts.fields.phone.label, format::phone(applicant.phone.as_str())),
        Row::new(texts.fields.contractor.label, contractor),
    ]
}

/// The applicant of an ID as it is registered, with the mail address.
pub async fn registered(
    signed: &Signed,
    passport: &Passport,
) -> Result<(Applicant, MailAddress), StoreError> {
    let read = |row| personal::committed(signed.state.store.as_ref(), signed.customer(), row);
    let row = match read(passport.rows.applicant).await {
        Ok(row) => row,
        // A change that was committed since the look has replaced the row.
        Err(error) => match replaced(signed, passport).await {
            Some(row) => read(row).await?,
            None => return Err(error),
        },
    };
    match row.data {
        Personal::Applicant { name, phone, mail, is_contractor, .. } => {
            Ok((Applicant { name, phone, is_contractor }, mail))
        }
        _ => Err(StoreError::damaged(
            format!("the applicant's row of passport {}", passport.number),
            "it is of another kind",
        )),
    }
}

/// The row that has taken the place of the one that `passport` names.
async fn replaced(signed: &Signed, passport: &Passport) -> Option<RowRef> {
    let view = signed.state.lines.look(signed.customer()).await.ok()?;
    let row = view.line?.live_passport(passport.number)?.rows.applicant;
    (row != passport.rows.applicant).then_some(row)
}
