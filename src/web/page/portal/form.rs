//! The pages of every procedure: agree, fill in, check, done. Each procedure fills these with its
//! own words and fields, so that all of them look and behave alike.

use askama::Template;

use super::super::{Shell, ShownName};
use crate::text::portal::FieldText;

/// Where a procedure is: the names of its steps, and which one this is, from 1.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    /// All of them.
    pub labels: &'static [&'static str],
    /// This one, from 1.
    pub now: usize,
}

impl Steps {
    /// Askama hands over a field by reference and a call's result by value.
    pub(super) const fn number(&self) -> usize {
        self.now
    }
}

/// A label and what stands beside it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The label.
    pub label: String,
    /// The value.
    pub value: ShownName,
    /// Why it cannot be changed here, if it is said.
    pub note: Option<String>,
}

impl Row {
    /// The same with a note.
    #[must_use]
    pub fn noted(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// A row without a note.
    pub fn new(label: impl Into<String>, value: impl Into<ShownName>) -> Self {
        Self { label: label.into(), value: value.into(), note: None }
    }
}

/// 現在の設定 and 再設定 of one item.
#[derive(Debug, Clone)]
pub struct Change {
    /// The item, or the passport ID.
    pub label: ShownName,
    /// As it stands.
    pub current: ShownName,
    /// As it will be; 再設定なし where absent.
    pub wanted: Option<ShownName>,
    /// What the household is warned of.
    pub warning: Option<String>,
}

/// What a confirmation shows and a completion repeats.
#[derive(Debug, Clone)]
pub enum Contents {
    /// Rows of label and value.
    Rows(Vec<Row>),
    /// A table of 現在の設定 and 再設定.
    Changes(Vec<Change>),
}

/// How a field is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// お客さまID.
    CustomerId,
    /// アクセスキー.
    AccessKey,
    /// お名前.
    Name,
    /// A telephone number.
    Phone,
    /// A passport ID.
    PassportId,
    /// A password that is set; it is never shown again.
    NewPassword,
    /// A password that is checked; it is never shown again.
    CurrentPassword,
    /// A mail address.
    Mail,
    /// An amount in yen.
    Yen,
    /// Anything short.
    Text,
}

impl InputKind {
    /// Whether what is typed is secret.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::AccessKey | Self::NewPassword | Self::CurrentPassword)
    }

    pub(super) const fn html_type(self) -> &'static str {
        if self.is_secret() {
            return "password";
        }
        match self {
            Self::Phone => "tel",
            Self::Mail => "email",
            _ => "text",
        }
    }

    pub(super) const fn autocomplete(self) -> &'static str {
        match self {
            Self::CustomerId => "username",
            Self::AccessKey | Self::CurrentPassword => "current-password",
            Self::NewPassword => "new-password",
            Self::Name => "name",
            Self::Phone => "tel",
            Self::Mail => "email",
            Self::PassportId | Self::Yen | Self::Text => "off",
        }
    }

    pub(super) const fn inputmode(self) -> &'static str {
        match self {
            Self::Phone => "tel",
            Self::Mail => "email",
            Self::Yen | Self::AccessKey => "numeric",
            Self::CustomerId | Self::PassportId => "url",
            _ => "text",
        }
    }
}

/// A field of one line.
#[derive(Debug, Clone)]
pub struct InputField {
    /// Its name in the form, and its ID on the page.
    pub name: String,
    /// Its words.
    pub text: &'static FieldText,
    /// Its label, where it is not the one of its words.
    pub label: Option<ShownName>,
    /// How it is typed.
    pub kind: InputKind,
    /// Whether it must be filled in.
    pub required: bool,
    /// What was typed; never a secret.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// 現在の設定, where it changes something.
    pub current: Option<ShownName>,
    /// A note below the present setting.
    pub note: Option<String>,
}

impl InputField {
    /// An empty field that must be filled in.
    pub fn required(name: &str, text: &'static FieldText, kind: InputKind) -> Self {
        Self {
            name: name.to_owned(),
            text,
            label: None,
            kind,
            required: true,
            value: String::new(),
            error: None,
            current: None,
            note: None,
        }
    }

    /// An empty field that changes a setting where it is filled in.
    pub fn changing(
        name: &str,
        text: &'static FieldText,
        kind: InputKind,
        current: impl Into<ShownName>,
    ) -> Self {
        let current = Some(current.into());
        Self { required: false, current, ..Self::required(name, text, kind) }
    }

    /// The same with what was typed, unless it is secret.
    #[must_use]
    pub fn typed(mut self, value: &str) -> Self {
        if !self.kind.is_secret() {
            value.chars().take(200).collect::<String>().clone_into(&mut self.value);
        }
        self
    }

    /// The same with what is wrong with it.
    #[must_use]
    pub fn wrong(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }

    pub(super) fn label(&self) -> &str {
        self.label.as_ref().map_or(self.text.label, ShownName::as_str)
    }
}

/// A choice of one among a few.
#[derive(Debug, Clone)]
pub struct ChoiceField {
    /// Its name in the form.
    pub name: &'static str,
    /// Its words.
    pub text: &'static FieldText,
    /// Each choice: its value and its label.
    pub choices: Vec<(&'static str, &'static str)>,
    /// What is chosen.
    pub chosen: Option<&'static str>,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Whether one must be chosen.
    pub required: bool,
    /// 現在の設定, where it changes something.
    pub current: Option<ShownName>,
    /// What choosing it leads to, beside it (checks/experience.md 30).
    pub warning: &'static [&'static str],
}

/// A field of several lines.
#[derive(Debug, Clone)]
pub struct TextField {
    /// Its name in the form.
    pub name: &'static str,
    /// Its words.
    pub text: &'static FieldText,
    /// What was typed.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// A field.
#[derive(Debug, Clone)]
pub enum FormField {
    /// Of one line.
    Input(InputField),
    /// One of a few.
    Choice(ChoiceField),
    /// Of several lines.
    Text(TextField),
}

impl FormField {
    /// What is wrong with it.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Input(field) => field.error.as_deref(),
            Self::Choice(field) => field.error.as_deref(),
            Self::Text(field) => field.error.as_deref(),
        }
    }

    /// Its ID on the page, for the summary of errors.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Input(field) => field.name.clone(),
            // A group takes no focus; its first choice does.
            Self::Choice(field) => {
                let first = field.choices.first().map_or("", |(value, _)| value);
                format!("{}-{first}", field.name)
            }
            Self::Text(field) => field.name.to_owned(),
        }
    }
}

/// Where a form goes and what it carries.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it posts to.
    pub action: String,
    /// The value of the hidden field `csrf`.
    pub csrf: String,
    /// What its button says.
    pub button: &'static str,
    /// 前画面へ戻る leads there.
    pub back: String,
    /// Which draft its page showed: a press on another one is refused.
    pub draft: Option<String>,
}

/// What the limits come to, and what they may.
#[derive(Debug, Clone, Copy)]
pub struct Sum {
    /// The sum of the limits as they stand or were typed, in yen.
    pub sum_yen: u64,
    /// The line's limit, in yen.
    pub line_limit_yen: u64,
    /// What is wrong: the sum is more.
    pub over: bool,
}

/// A step that asks for fields. Answer 200, or 422 where one is wrong.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/form.html")]
pub struct PortalForm {
    /// What is around the content.
    pub shell: Shell,
    /// Its heading.
    pub title: &'static str,
    /// What to do.
    pub lead: &'static str,
    /// Where it stands, in a procedure of several steps.
    pub steps: Option<Steps>,
    /// What stands above the fields and cannot be changed.
    pub fixed: Vec<Row>,
    /// The fields.
    pub fields: Vec<FormField>,
    /// What is wrong with the form as a whole.
    pub fault: Option<String>,
    /// The sum of limits.
    pub sum: Option<Sum>,
    /// Whether personal data are asked for, so that their purpose is linked.
    pub personal: bool,
    /// A sentence that warns before anything is typed.
    pub notice: Option<&'static str>,
    /// The form.
    pub form: Form,
}

impl PortalForm {
    fn is_wrong(&self) -> bool {
        self.fault.is_some() || self.fields.iter().any(|field| field.error().is_some())
    }

    fn has_required(&self) -> bool {
        self.fields.iter().any(|field| match field {
            FormField::Input(field) => field.required,
            FormField::Choice(field) => field.required,
            FormField::Text(_) => true,
        })
    }
}

/// What is agreed to before a procedure begins.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// Each thing that is agreed to.
    pub terms: &'static [&'static str],
    /// 同意する.
    pub label: &'static str,
    /// What is said where the box is not ticked.
    pub missing: &'static str,
}

/// A step that asks for agreement. Answer 200, or 422 without it.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/terms.html")]
pub struct PortalTerms {
    /// What is around the content.
    pub shell: Shell,
    /// Its heading.
    pub title: &'static str,
    /// A sentence below it.
    pub lead: &'static str,
    /// Where it stands.
    pub steps: Option<Steps>,
    /// What is agreed to.
    pub agreement: Agreement,
    /// Whether the box was not ticked.
    pub not_agreed: bool,
    /// Whether a procedure begins anew because nothing was left of it.
    pub again: bool,
    /// The form.
    pub form: Form,
}

/// A step that shows what will be done. Answer 200.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/confirm.html")]
pub struct PortalConfirm {
    /// What is around the content.
    pub shell: Shell,
    /// Its heading.
    pub title: &'static str,
    /// What to do.
    pub lead: &'static str,
    /// Where it stands.
    pub steps: Option<Steps>,
    /// What will be done.
    pub contents: Contents,
    /// Who applies.
    pub applicant: Vec<Row>,
    /// What follows from it.
    pub notes: Vec<String>,
    /// What the household is warned of.
    pub warnings: Vec<String>,
    /// The form.
    pub form: Form,
}

/// What was done. Answer 200.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/done.html")]
pub struct PortalDone {
    /// What is around the content.
    pub shell: Shell,
    /// Its heading.
    pub title: &'static str,
    /// What happened.
    pub lead: &'static str,
    /// Where it stands.
    pub steps: Option<Steps>,
    /// When it was accepted, microseconds since the epoch.
    pub accepted_at_us: Option<i64>,
    /// What was done.
    pub contents: Contents,
    /// What happens next.
    pub notes: Vec<&'static str>,
}
