//! The pages for everybody: landing page and help.

use askama::Template;

use super::Shell;
use crate::text;

/// The landing page, `/`: the three steps.
#[derive(Debug, Clone, Template)]
#[template(path = "public/landing.html")]
pub struct LandingPage {
    /// What is around the content.
    pub shell: Shell,
    /// サービス申込受付ページ for 光ネクスト and 光ライト (`/wso/`); `None` while it is not built,
    /// and the link is left away.
    pub portal_path: Option<String>,
}

/// The help pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelpTopic {
    /// エラーについて.
    Errors,
    /// 利用規制/解除方法について.
    Restriction,
    /// ご利用上の注意.
    Notes,
    /// お問い合わせ.
    Contact,
    /// 個人情報の利用目的について.
    Privacy,
    /// 推奨環境.
    Environment,
}

impl HelpTopic {
    /// All topics, in the order of the footer.
    pub const ALL: [Self; 6] = [
        Self::Errors,
        Self::Restriction,
        Self::Notes,
        Self::Contact,
        Self::Privacy,
        Self::Environment,
    ];

    /// Where the page is served.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Errors => "/help/errors",
            Self::Restriction => "/help/restriction",
            Self::Notes => "/help/notes",
            Self::Contact => "/help/contact",
            Self::Privacy => "/help/privacy",
            Self::Environment => "/help/environment",
        }
    }
}

/// The operator's own contacts, from the configuration.
#[derive(Debug, Clone)]
pub struct Contacts {
    /// The enquiry form's address.
    pub enquiry_url: Option<String>,
    /// The desk for customer IDs and access keys.
    pub access_key_phone: String,
    /// The carrier's page of payment contacts, for a household without its bill at hand.
    pub payment_url: Option<String>,
}

impl Default for Contacts {
    /// The guide's own telephone number, no addresses.
    fn default() -> Self {
        Self { enquiry_url: None, access_key_phone: String::from("0120-116116"), payment_url: None }
    }
}

/// One page of running text.
#[derive(Debug, Clone, Template)]
#[template(path = "public/help.html")]
pub struct HelpPage {
    /// What is around the content.
    pub shell: Shell,
    /// Which page.
    pub topic: HelpTopic,
    /// Shown on [`HelpTopic::Contact`].
    pub contacts: Contacts,
}

impl HelpPage {
    fn text(&self) -> &'static text::HelpPage {
        let texts = self.shell.texts();
        match self.topic {
            HelpTopic::Errors => &texts.errors_help,
            HelpTopic::Restriction => &texts.restriction_help,
            HelpTopic::Notes => &texts.notes_help,
            HelpTopic::Contact => &texts.contact_help,
            HelpTopic::Privacy => &texts.privacy_help,
            HelpTopic::Environment => &texts.environment_help,
        }
    }

    fn is_contact(&self) -> bool {
        self.topic == HelpTopic::Contact
    }
}
