//! The household's own pages, サービス申込受付ページ: what each of them shows, as plain data.
//!
//! | file | pages |
//! |---|---|
//! | [`form`] | the steps that ask: terms, fields, what is confirmed, what was done |
//! | this one | all others |

use askama::Template;

use super::{Contacts, Overview, Shell, ShownName};
use crate::text::format;
use crate::text::portal::{Portal, PortalCommon, StatusText};

mod form;

pub use form::{
    Agreement, Change, ChoiceField, Contents, Form, FormField, InputField, InputKind,
    PortalConfirm, PortalDone, PortalForm, PortalTerms, Row, Steps, Sum, TextField,
};

/// Whose pages these are: stands in the header of every page after signing in.
#[derive(Debug, Clone)]
pub struct Household {
    /// お客さまID.
    pub customer_id: ShownName,
    /// Where its entrance is, `/wso` or `/wso_v6`.
    pub base: &'static str,
    /// The token of the form that signs out.
    pub sign_out_csrf: String,
}

impl Shell {
    pub(super) fn portal(&self) -> &'static Portal {
        &self.texts().portal
    }

    pub(super) fn portal_common(&self) -> &'static PortalCommon {
        &self.texts().portal.common
    }

    /// One of the household's own pages, `/wso/limits`.
    pub(super) fn at(&self, page: &str) -> String {
        let base = self.household.as_ref().map_or("/wso", |household| household.base);
        format!("{base}/{page}")
    }

    /// An instant to the second, as completions show it.
    pub(super) fn moment(&self, unix_us: impl std::borrow::Borrow<i64>) -> String {
        format::moment(self.language, *unix_us.borrow())
    }

    pub(super) fn instant_rfc3339(unix_us: impl std::borrow::Borrow<i64>) -> String {
        format::instant_rfc3339(*unix_us.borrow())
    }
}

/// Signing in. Answer 200, or 422 with missing fields.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/sign_in.html")]
pub struct SignInPage {
    /// What is around the content.
    pub shell: Shell,
    /// Whether this is the entrance for 光プレミアム.
    pub premium: bool,
    /// Where the form posts to.
    pub action: String,
    /// The value of the hidden field `csrf`.
    pub csrf: String,
    /// The other entrance, and whose it is.
    pub other_entrance: (String, &'static str),
    /// お客さまID and アクセスキー.
    pub fields: Vec<FormField>,
    /// That the sign-in was over, or that the household signed out.
    pub notice: Option<&'static str>,
}

impl SignInPage {
    fn is_wrong(&self) -> bool {
        self.fields.iter().any(|field| field.error().is_some())
    }
}

/// One page for every sign-in that fails. Answer 403.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/sign_in_error.html")]
pub struct SignInErrorPage {
    /// What is around the content.
    pub shell: Shell,
    /// The form again.
    pub login_path: String,
}

/// The key was right and the entrance is the other one's. Answer 403.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/wrong_entrance.html")]
pub struct WrongEntrancePage {
    /// What is around the content.
    pub shell: Shell,
    /// The access service by its name.
    pub line: &'static str,
    /// The form of its entrance.
    pub login_path: String,
}

/// A status of the line or of an ID, with its place among the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 利用中.
    InUse,
    /// 登録中.
    Registering,
    /// 未利用.
    Unused,
    /// 規制中.
    Restricted,
}

impl Status {
    fn text(self, shell: &Shell) -> &'static StatusText {
        let [in_use, registering, unused, restricted] = &shell.portal_common().status;
        match self {
            Self::InUse => in_use,
            Self::Registering => registering,
            Self::Unused => unused,
            Self::Restricted => restricted,
        }
    }

    /// The word in its style sheet's class.
    const fn class(self) -> &'static str {
        match self {
            Self::InUse => "is-in-use",
            Self::Registering => "is-registering",
            Self::Unused => "is-unused",
            Self::Restricted => "is-restricted",
        }
    }

    /// The sign beside the word: colour is never the only signal.
    const fn sign(self) -> &'static str {
        match self {
            Self::InUse => "done",
            Self::Registering | Self::Unused => "none",
            Self::Restricted => "attention",
        }
    }
}

/// The main menu.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/menu.html")]
pub struct MenuPage {
    /// What is around the content.
    pub shell: Shell,
    /// ご利用状況.
    pub status: Status,
    /// NTT西日本からのお知らせ, from the configuration.
    pub news: Option<ShownName>,
    /// The access service, where it may not have passport IDs.
    pub ineligible: Option<&'static str>,
}

/// One passport ID in a list.
#[derive(Debug, Clone)]
pub struct IdRow {
    /// Its number: what stands in addresses.
    pub number: u32,
    /// Its string, as its holder wrote it.
    pub name: ShownName,
    /// Where it stands.
    pub status: Status,
    /// From when it can be used, where it is being registered.
    pub active_from_us: Option<i64>,
}

/// Whether one more ID can be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registrable {
    /// Yes.
    Yes,
    /// The line has as many as it may.
    Full,
    /// Not while anything bars new use.
    Barred,
}

/// ご利用状況詳細.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/details.html")]
pub struct DetailsPage {
    /// What is around the content.
    pub shell: Shell,
    /// ご利用状況.
    pub status: Status,
    /// Its IDs.
    pub ids: Vec<IdRow>,
    /// How many it may have.
    pub most_ids: u32,
    /// Whether one more can be registered.
    pub registrable: Registrable,
    /// What bars new use, in the sentences of each bar.
    pub barred: Vec<&'static str>,
    /// Whether the customer's restriction stands.
    pub restricted: bool,
    /// The account's figures.
    pub overview: Option<Overview>,
}

/// ④ 詳細 of one ID.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/passport.html")]
pub struct PassportPage {
    /// What is around the content.
    pub shell: Shell,
    /// Its number.
    pub number: u32,
    /// What is registered.
    pub rows: Vec<Row>,
    /// Who applied.
    pub applicant: Vec<Row>,
}

/// What a restriction would end.
#[derive(Debug, Clone)]
pub struct EndingRow {
    /// The service.
    pub service: ShownName,
    /// Who sells it.
    pub provider: ShownName,
    /// The ID that bought it.
    pub passport_id: ShownName,
    /// The contract's number.
    pub contract: String,
    /// Its price a month, in yen.
    pub price_yen: u64,
    /// The last month that is charged.
    pub last_charge_month: format::Month,
}

/// ⑨ 利用規制: what it will do, before 実行. Answer 200, or 409 where it has changed.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/restrict_preview.html")]
pub struct RestrictPreviewPage {
    /// What is around the content.
    pub shell: Shell,
    /// Each contract that will end.
    pub endings: Vec<EndingRow>,
    /// The month whose charges stay.
    pub month: format::Month,
    /// What the line is charged in it once the contracts have ended, in yen.
    pub used_yen: u64,
    /// What it showed before is no longer so.
    pub changed: bool,
    /// Where the form posts to.
    pub action: String,
    /// The value of the hidden field `csrf`.
    pub csrf: String,
    /// What was shown, as the press sends it back.
    pub agreed: String,
}

/// ⑥ 廃止: it goes through the desk.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/deletion.html")]
pub struct DeletionPage {
    /// What is around the content.
    pub shell: Shell,
    /// Whose number.
    pub number: u32,
    /// Its string.
    pub passport_id: ShownName,
}

/// A provider with its contact.
#[derive(Debug, Clone)]
pub struct ProviderContactRow {
    /// Its name.
    pub name: ShownName,
    /// The names of what it sells.
    pub services: Vec<ShownName>,
    /// Its telephone.
    pub phone: Option<ShownName>,
    /// Its page, an https address.
    pub url: Option<String>,
    /// When it answers.
    pub hours: Option<ShownName>,
}

/// ⑧ お問合せ先一覧.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/contacts.html")]
pub struct ContactsPage {
    /// What is around the content.
    pub shell: Shell,
    /// The providers of the catalogue, by name.
    pub providers: Vec<ProviderContactRow>,
    /// Ours.
    pub contacts: Contacts,
    /// When the desk for access keys answers.
    pub desk_hours: ShownName,
}

/// A session of these pages.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its number.
    pub number: u32,
    /// Whether it is the one that looks.
    pub this_one: bool,
    /// When it was opened.
    pub opened_at_us: i64,
    /// When it ends at the latest.
    pub expires_at_us: i64,
    /// The browser and the address it came from.
    pub origin: Option<(ShownName, ShownName)>,
}

/// A sign-in of the line, to these pages or at a provider.
#[derive(Debug, Clone)]
pub struct RecentRow {
    /// When.
    pub at_us: i64,
    /// From where.
    pub from: ShownName,
    /// To what; these pages where empty.
    pub to: ShownName,
}

impl RecentRow {
    /// What it was to, in words.
    fn to_words(&self, shell: &Shell) -> &str {
        if self.to.is_empty() { shell.portal().sessions.to_portal } else { self.to.as_str() }
    }
}

/// Sessions and recent sign-ins.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/sessions.html")]
pub struct SessionsPage {
    /// What is around the content.
    pub shell: Shell,
    /// The sessions, newest first.
    pub sessions: Vec<SessionRow>,
    /// The last sign-ins, newest first.
    pub recent: Vec<RecentRow>,
    /// Whether one was just ended.
    pub ended: bool,
    /// Where the forms post to.
    pub action: String,
    /// The value of the hidden field `csrf`.
    pub csrf: String,
}

/// A refusal by a rule, or an ID that is not there: a sentence and the way back.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/refusal.html")]
pub struct PortalRefusalPage {
    /// What is around the content.
    pub shell: Shell,
    /// Its heading.
    pub title: &'static str,
    /// What is the matter.
    pub what: String,
    /// Where to go on.
    pub way_on: (String, &'static str),
}
