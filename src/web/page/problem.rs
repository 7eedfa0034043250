//! Restriction, maintenance, and the faults that are nobody's refusal.

use askama::Template;

use super::{Provider, Shell, ShownName};
use crate::text::{ProblemText, format};

/// Who asked for the restriction; decides the sentence alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestrictionCause {
    /// The customer did.
    Customer,
    /// The company did: neutral words, and cancelling stays possible.
    Company,
}

/// 利用規制中, only after a correct password. Answer 403.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/restricted.html")]
pub struct RestrictedPage {
    /// What is around the content.
    pub shell: Shell,
    /// Who asked for it. Where both stand, the customer's sentence is the true one.
    pub cause: RestrictionCause,
    /// Whose site to go back to.
    pub provider: Provider,
    /// 「戻る」, `/flow/{id}/back`.
    pub back_path: String,
}

/// システムメンテナンス中. Answer 503 with `Retry-After`.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/maintenance.html")]
pub struct MaintenancePage {
    /// What is around the content.
    pub shell: Shell,
    /// What the operator adds to the guide's words.
    pub message: Option<ShownName>,
    /// When it is expected to end, microseconds since 1970.
    pub until_us: Option<i64>,
    /// 「閉じる」: in a flow its way back, which tells the provider `temporarily_unavailable`;
    /// `None` where there is no flow, and the button is left away.
    pub close_path: Option<String>,
}

impl MaintenancePage {
    fn until_rfc3339(&self) -> String {
        self.until_us.map(format::instant_rfc3339).unwrap_or_default()
    }
}

/// A fault that is told on a page of our own.
#[derive(Debug, Clone)]
pub enum Problem {
    /// A queue is full. Answer 503 with the same `Retry-After`.
    Overloaded {
        /// What to open again by GET, if that helps.
        retry_path: Option<String>,
        /// How long to wait, in seconds.
        retry_after_s: u64,
    },
    /// The flow ended, or its cookie is missing. Answer 400 or 410.
    FlowUnknown,
    /// CSRF protection refused a POST. Answer 403.
    CrossSite,
    /// Client, order or redirect address are wrong; never redirects. Answer 400.
    BadProviderRequest {
        /// The parameter, for the provider's developer.
        field: ShownName,
        /// What is wrong with it, in English, without any secret.
        detail: ShownName,
    },
    /// A form or query that cannot be read. Answer 400.
    BadRequest,
    /// Answer 404.
    NotFound,
    /// Answer 405 with `Allow`.
    MethodNotAllowed,
    /// Answer 500; shows the request ID and nothing else of what happened.
    Internal,
}

/// The page of a [`Problem`].
#[derive(Debug, Clone, Template)]
#[template(path = "page/problem.html")]
pub struct ProblemPage {
    /// What is around the content.
    pub shell: Shell,
    /// What is the matter.
    pub problem: Problem,
}

impl ProblemPage {
    fn text(&self) -> &'static ProblemText {
        let texts = &self.shell.texts().problem;
        match self.problem {
            Problem::Overloaded { .. } => &texts.overloaded,
            Problem::FlowUnknown => &texts.flow_unknown,
            Problem::CrossSite => &texts.cross_site,
            Problem::BadProviderRequest { .. } => &texts.bad_provider_request,
            Problem::BadRequest => &texts.bad_request,
            Problem::NotFound => &texts.not_found,
            Problem::MethodNotAllowed => &texts.method_not_allowed,
            Problem::Internal => &texts.internal,
        }
    }
}
