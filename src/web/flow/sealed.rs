//! A flow as it is sealed into its cookie. Names are short: a cookie has 4 KiB, three flows of a
//! browser together stay under the common 8 KiB for all headers.

use crate::{
    domain::{
        ids::{CustomerId, PassportNumber},
        line::{command::LoggedIn, login::Login},
    },
    security::{CsrfToken, random},
    web::{provider::request::PushedRequest, state::WebState},
};
use serde::{Deserialize, Serialize};

/// A household's way through one request of a provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flow {
    /// Its ID in addresses: the millisecond it began and drawn characters, so that IDs sort by age
    /// even where a browser opens several tabs at once.
    #[serde(rename = "i")]
    pub id: String,
    /// What the provider asked for.
    #[serde(rename = "q")]
    pub request: PushedRequest,
    /// Drawn anew at each step that changes what the flow may do: forms of the step before are
    /// refused (security.md 19, 24).
    #[serde(rename = "k")]
    pub secret: String,
    /// When it ends, seconds since the epoch.
    #[serde(rename = "x")]
    pub expires_at_s: i64,
    /// The language that was chosen with the switch.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How far it has come.
    #[serde(rename = "g")]
    pub stage: Stage,
}

/// How far a flow has come. What is bought is not among it: that is the journal's to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The browser has come.
    #[serde(rename = "a")]
    Arrived,
    /// A passport ID has logged in.
    #[serde(rename = "i")]
    LoggedIn(SealedLogin),
    /// The login cannot be what the provider requires, and that is what it is told on the way
    /// back (`unmet_authentication_requirements`).
    #[serde(rename = "u")]
    Unmet,
}

/// Who has logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedLogin {
    /// The line.
    #[serde(rename = "u")]
    pub customer: CustomerId,
    /// The passport ID.
    #[serde(rename = "p")]
    pub passport: PassportNumber,
    /// Its epoch then.
    #[serde(rename = "g")]
    pub epoch: u32,
    /// Whether the line itself was checked.
    #[serde(rename = "a")]
    pub line_checked: bool,
    /// When, seconds since the epoch.
    #[serde(rename = "t")]
    pub auth_time_s: i64,
}

impl SealedLogin {
    /// The login as the line's commands name it.
    pub const fn logged_in(&self) -> LoggedIn {
        LoggedIn { passport: self.passport, epoch: self.epoch }
    }
}

impl Flow {
    /// The language of its pages, as far as anybody chose one or asked for it.
    pub fn asked_language(&self) -> Option<&str> {
        self.language.as_deref().or(self.request.ui_locales.as_deref())
    }

    /// A flow for a browser that has just come.
    pub fn begin(request: PushedRequest, state: &WebState) -> Self {
        let began_ms = state.host.now().micros() / 1_000;
        Self {
            id: format!("{began_ms:011x}{}", random::token(6)),
            request,
            secret: random::token(16),
            expires_at_s: state.expiry(state.lifetimes.flow_lifetime_s),
            language: None,
            stage: Stage::Arrived,
        }
    }

    /// The flow after a login.
    #[must_use]
    pub fn logged_in(self, customer: CustomerId, login: Login, auth_time_s: i64) -> Self {
        let Login { passport, epoch, line_checked } = login;
        let login = SealedLogin { customer, passport, epoch, line_checked, auth_time_s };
        Self { secret: random::token(16), stage: Stage::LoggedIn(login), ..self }
    }

    /// The flow whose login cannot be what the provider requires.
    #[must_use]
    pub fn unmet(self) -> Self {
        Self { secret: random::token(16), stage: Stage::Unmet, ..self }
    }

    /// Who has logged in, if anybody.
    pub const fn login(&self) -> Option<&SealedLogin> {
        match &self.stage {
            Stage::LoggedIn(login) => Some(login),
            Stage::Arrived | Stage::Unmet => None,
        }
    }

    /// The address of one of its pages.
    pub fn path(&self, page: &str) -> String {
        format!("/flow/{}/{page}", self.id)
    }

    /// The hidden value of one of its forms.
    pub fn csrf(&self, form: &str) -> CsrfToken {
        CsrfToken::new(self.secret.as_bytes(), form)
    }
}
