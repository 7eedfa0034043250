//! A household that has signed in to its own pages: what each of these pages begins with.
//!
//! The cookie carries the line, the session's number and a secret; whether the session stands is
//! the line's to say at each request, so a sign-out, a reset or a transfer ends it at once. The
//! cookie is sealed anew with every page: unused for the idle time, it no longer opens.

use super::entrance::Entrance;
use crate::{
    actors::{LineError, line::LineView},
    domain::{
        calendar::Instant,
        ids::{CustomerId, PassportNumber},
        line::Line,
    },
    security::{CsrfToken, Purpose},
    text::Language,
    web::{
        admission::refusal::retry_after_s,
        answer,
        context::{self, RequestContext},
        form::{Body, Form},
        page::{self, Household, Problem, Shell, ShownName},
        posted::Posted,
        state::WebState,
    },
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::StatusCode,
    web::Data,
};
use askama::Template;
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What stands in the cookie. Names are short, as a browser sends it with every request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SealedSession {
    /// The line.
    #[serde(rename = "u")]
    pub customer: CustomerId,
    /// The session's number in the line.
    #[serde(rename = "n")]
    pub number: u32,
    /// Drawn at the sign-in: the secret of its forms' tokens.
    #[serde(rename = "k")]
    pub secret: String,
    /// The language that was chosen with the switch.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The names of the portal's cookies after their prefix.
#[derive(Debug, Clone, Copy)]
pub enum CookieName {
    /// A browser at an entrance.
    Entrance,
    /// A session.
    Session,
    /// The draft of a procedure.
    Draft(&'static str),
}

impl CookieName {
    /// The whole name. Over TLS the browser itself holds a `__Host-` cookie to this host.
    pub fn full(self, https: bool) -> String {
        let prefix = if https { "__Host-lp_" } else { "lp_" };
        match self {
            Self::Entrance => format!("{prefix}entrance"),
            Self::Session => format!("{prefix}portal"),
            Self::Draft(procedure) => format!("{prefix}{procedure}"),
        }
    }
}

/// Whether a browser brings the cookie of a session or of an entrance, whatever stands in it: asked before
/// anything is done for it.
pub fn is_there(request: &HttpRequest, https: bool) -> bool {
    let names = [CookieName::Session, CookieName::Entrance].map(|name| name.full(https));
    names.iter().any(|name| answer::brings_cookie(request, &[name]))
}

/// Sets a cookie of the portal, or ends it where there is no value.
pub fn set_cookie(
    state: &WebState,
    response: &mut HttpResponse,
    name: CookieName,
    value: Option<(String, u64)>,
) {
    let https = state.is_https();
    let (value, lifetime_s) = value.unwrap_or_default();
    let lifetime = Duration::seconds(i64::try_from(lifetime_s).unwrap_or(i64::MAX));
    let cookie = Cookie::build(name.full(https), value)
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .max_age(lifetime)
        .finish();
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::error!(%error, "a cookie could not be set");
    }
}

/// A household on one of its own pages.
pub struct Signed {
    /// The request.
    pub request: HttpRequest,
    /// Its context.
    pub context: RequestContext,
    /// What handlers reach.
    pub state: Data<WebState>,
    /// By which entrance.
    pub entrance: Entrance,
    /// Its session.
    pub session: SealedSession,
    /// The line as it stands.
    pub view: LineView,
    /// The same line, which is there.
    pub line: Arc<Line>,
    /// The time at which questions are asked.
    pub now: Instant,
    /// The page's language.
    pub language: Language,
}

impl FromRequest for Signed {
    type Error = NotSigned;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let why = match begin(&request).await {
                Ok(signed) => return Ok(signed),
                Err(why) => why,
            };
            Err(NotSigned { request, why })
        })
    }
}

/// Why a page of the household's own is not shown.
#[derive(Debug)]
pub enum Why {
    /// It has not signed in.
    Stranger,
    /// Its session is over.
    Over,
    /// It belongs to the other entrance.
    OtherEntrance(Entrance),
    /// The line did not answer.
    Failed(Arc<LineError>),
}

/// Nobody has signed in, or no longer.
#[derive(thiserror::Error)]
#[error("not signed in")]
pub struct NotSigned {
    request: HttpRequest,
    why: Why,
}

impl std::fmt::Debug for NotSigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotSigned").field("why", &self.why).finish_non_exhaustive()
    }
}

impl ResponseError for NotSigned {
    fn status_code(&self) -> StatusCode {
        StatusCode::SEE_OTHER
    }

    fn error_response(&self) -> HttpResponse {
        let entrance = Entrance::of_request(&self.request);
        match &self.why {
            Why::Stranger => answer::see_other(&entrance.path("login")),
            Why::Over => answer::see_other(&entrance.path("login?over=1")),
            Why::OtherEntrance(right) => answer::see_other(&right.path("")),
            Why::Failed(error) => {
                let (context, language) =
                    (context::of(&self.request), context::language(&self.request, None));
                line_failed(&context, language, error)
            }
        }
    }
}

/// The page of a line that did not answer: nothing was changed.
pub fn line_failed(
    context: &RequestContext,
    language: Language,
    error: &LineError,
) -> HttpResponse {
    match error {
        LineError::Busy(_) | LineError::Stopping => overloaded(context, language),
        other => answer::failed(context, language, other),
    }
}

/// Too much waits.
pub fn overloaded(context: &RequestContext, language: Language) -> HttpResponse {
    let retry_path = context.page.clone();
    let retry_after_s = retry_after_s();
    answer::problem(context, language, Problem::Overloaded { retry_path, retry_after_s })
}

async fn begin(request: &HttpRequest) -> Result<Signed, Why> {
    let state = request.app_data::<Data<WebState>>().cloned().ok_or(Why::Stranger)?;
    let cookie = request.cookie(&CookieName::Session.full(state.is_https()));
    let cookie = cookie.ok_or(Why::Stranger)?;
    let opened = state.keys.sealer().open(Purpose::PortalSession, cookie.value(), state.now_s());
    let session: SealedSession = opened.map_err(|_| Why::Over)?;
    let view = state.lines.look(session.customer).await.map_err(Why::Failed)?;
    let now = view.time(state.decisions.now());
    let line = view.line.clone().ok_or(Why::Over)?;
    line.live_session(session.number, now).ok_or(Why::Over)?;
    let entrance = Entrance::of_request(request);
    let right = Entrance::of(line.service);
    if entrance != right {
        return Err(Why::OtherEntrance(right));
    }
    let language = context::language(request, session.language.as_deref());
    let context = context::of(request);
    let request = request.clone();
    Ok(Signed { request, context, state, entrance, session, view, line, now, language })
}

impl Signed {
    /// The line's customer ID.
    pub const fn customer(&self) -> CustomerId {
        self.session.customer
    }

    /// The string of one of its IDs, as its holder wrote it.
    pub fn name_of(&self, number: PassportNumber) -> ShownName {
        let private = self.view.private.get(&number);
        private.map(|private| private.name.as_str().into()).unwrap_or_default()
    }

    /// The token of one of its forms.
    pub fn csrf(&self, form: &str) -> CsrfToken {
        CsrfToken::new(self.session.secret.as_bytes(), form)
    }

    /// Reads a form of its own.
    pub fn form(&self, form_name: &str, body: &Body) -> Result<Form, HttpResponse> {
        let (request, context) = (&self.request, &self.context);
        let (state, language) = (self.state.as_ref(), self.language);
        Posted { request, context, state, language }.read(body, &self.csrf(form_name))
    }

    /// One of its pages.
    pub fn path(&self, page: &str) -> String {
        self.entrance.path(page)
    }

    /// Whether the address says this: `again=1`.
    pub fn is_asked(&self, what: &str) -> bool {
        self.request.query_string().split('&').any(|pair| pair == what)
    }

    /// The form of one of its pages: where it posts to, with its token; `back` is 前画面へ戻る.
    pub fn page_form(&self, page: &str, button: &'static str, back: &str) -> page::Form {
        page::Form {
            action: self.path(page),
            csrf: self.csrf(page).as_str().to_owned(),
            button,
            back: self.path(back),
            draft: None,
        }
    }

    /// What is around a page. The language switch leads to the page itself by GET.
    pub fn shell(&self) -> Shell {
        let household = Household {
            customer_id: self.customer().as_str().into(),
            base: self.entrance.base(),
            sign_out_csrf: self.csrf("logout").as_str().to_owned(),
        };
        let path = self.context.page.as_deref();
        Shell { household: Some(household), ..answer::shell(&self.context, self.language, path) }
    }

    /// The same with the request ID.
    pub fn shell_with_id(&self) -> Shell {
        Shell { request_id: Some(self.context.request_id.clone()), ..self.shell() }
    }

    /// A page with its status; the session goes on.
    pub fn answer(&self, status: StatusCode, page: &impl Template) -> HttpResponse {
        self.keep(answer::html(status, page))
    }

    /// Sends the browser to one of its pages by GET; the session goes on.
    pub fn go_to(&self, page: &str) -> HttpResponse {
        self.keep(answer::see_other(&self.path(page)))
    }

    /// Seals the session anew, so that its idle time begins anew, with the language that was
    /// chosen.
    pub fn keep(&self, mut response: HttpResponse) -> HttpResponse {
        let language = context::chosen_language(&self.request).or(self.session.language.clone());
        renew(&self.state, &mut response, &SealedSession { language, ..self.session.clone() });
        response
    }

    /// The page of a line that did not answer.
    pub fn failed(&self, error: &LineError) -> HttpResponse {
        line_failed(&self.context, self.language, error)
    }
}

/// Sets the session's cookie.
pub fn renew(state: &WebState, response: &mut HttpResponse, session: &SealedSession) {
    let idle_s = state.portal.idle_timeout_s;
    match answer::seal(&state.keys, Purpose::PortalSession, session, state.expiry(idle_s)) {
        Ok(sealed) => set_cookie(state, response, CookieName::Session, Some((sealed, idle_s))),
        Err(error) => tracing::error!(%error, "a session could not be sealed"),
    }
}
