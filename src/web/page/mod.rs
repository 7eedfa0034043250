//! Every page as a struct of plain data.
//!
//! A handler decides first, then fills one of these and calls [`Template::render`]. The templates
//! stand beside their audience (`flow/`, `public/`), the layout and the pieces here. What a page
//! says stands in [`crate::text`]; what it shows of others' names goes through [`ShownName`].

use std::borrow::Borrow;

use askama::Template;

use crate::text::format::{self, Month};
use crate::text::{Language, Texts};
use crate::web::assets;

mod flow;
mod order;
mod overview;
mod portal;
mod problem;
mod public;
mod refusal;
mod statement;

pub mod samples;

pub use crate::text::ShownName;
pub use flow::{
    CancellationCompletePage, CancellationConfirmPage, CompletePage, ConfirmPage, LoginErrorPage,
    LoginPage, MissingFields, SuccessPage,
};
pub use order::{FlowKind, LimitUse, LoginCard, Order, PriceKind, Provider};
pub use overview::{ContractLine, IdUse, MonthBar, Overview, ProviderShare};
pub use portal::{
    Agreement, Change, ChoiceField, ContactsPage, Contents, DeletionPage, DetailsPage, EndingRow,
    Form, FormField, Household, IdRow, InputField, InputKind, MenuPage, PassportPage,
    PortalConfirm, PortalDone, PortalForm, PortalRefusalPage, PortalTerms, ProviderContactRow,
    RecentRow, Registrable, RestrictPreviewPage, Row, SessionRow, SessionsPage, SignInErrorPage,
    SignInPage, Status, Steps, Sum, TextField, WrongEntrancePage,
};
pub use problem::{MaintenancePage, Problem, ProblemPage, RestrictedPage, RestrictionCause};
pub use public::{Contacts, HelpPage, HelpTopic, LandingPage};
pub use refusal::{RefusalPage, RefusalReason};
pub use statement::{
    CorrectionRow, FoundMonth, PassportChoice, StatementForm, StatementPage, StatementRow,
    statement_query,
};

/// What every page has around its content.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// The language of the page.
    pub language: Language,
    /// The nonce of this response's `Content-Security-Policy`, as it stands in the header.
    pub nonce: String,
    /// The address of this page for the language switch, such as `/flow/3f9a/confirm`, without
    /// `lang`. `None` leaves the switch away.
    pub switch_path: Option<String>,
    /// The request ID, shown small at the foot. Set it on pages that tell of an error or refusal.
    pub request_id: Option<String>,
    /// The passport ID that is logged in, if any, as its holder wrote it.
    pub signed_in_as: Option<ShownName>,
    /// Whose own pages these are, after signing in there.
    pub household: Option<Household>,
}

impl Shell {
    /// The texts of the page's language.
    fn texts(&self) -> &'static Texts {
        self.language.texts()
    }

    /// A path of our own that carries the language on.
    fn own(&self, path: &str) -> String {
        format!("{path}?lang={}", self.language.code())
    }

    /// The same page in another language.
    fn switch(address: &str, language: impl Borrow<Language>) -> String {
        let joint = if address.contains('?') { '&' } else { '?' };
        format!("{address}{joint}lang={}", language.borrow().code())
    }

    fn languages() -> [Language; 2] {
        Language::ALL
    }

    fn icon_url() -> String {
        assets::MARK.url()
    }

    fn stylesheet_url() -> String {
        assets::STYLESHEET.url()
    }

    fn script_url() -> String {
        assets::SCRIPT.url()
    }

    // Askama hands over a field by reference and a call's result by value: these take either.

    fn yen(&self, amount_yen: impl Borrow<u64>) -> String {
        format::yen(self.language, *amount_yen.borrow())
    }

    fn month(&self, month: impl Borrow<Month>) -> String {
        format::month(self.language, *month.borrow())
    }

    fn instant(&self, unix_us: impl Borrow<i64>) -> String {
        format::instant(self.language, *unix_us.borrow())
    }
}

/// Renders a page. A template of ours fails only when memory or a formatter does, and then the
/// error is the caller's to turn into a plain 500.
pub fn render(page: &impl Template) -> Result<String, askama::Error> {
    page.render()
}
