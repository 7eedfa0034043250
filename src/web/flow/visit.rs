//! What each page of a flow begins with: the flow from its cookie, the language, the provider.

use super::{cookie, sealed::Flow};
use crate::{
    domain::provider::Provider,
    text::Language,
    web::{
        admission::refusal::retry_after_s,
        answer,
        context::{self, RequestContext},
        form::{Body, Form},
        page::{self, Problem, Shell},
        posted::Posted,
        state::WebState,
    },
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError, dev::Payload, http::StatusCode,
    web::Data,
};
use std::{
    future::{Ready, ready},
    sync::Arc,
};

/// A browser on a page of its flow.
pub struct Visit {
    /// The request.
    pub request: HttpRequest,
    /// Its context.
    pub context: RequestContext,
    /// What handlers reach.
    pub state: Data<WebState>,
    /// The flow.
    pub flow: Flow,
    /// The page's language.
    pub language: Language,
    /// Who sent the browser here.
    pub provider: Arc<Provider>,
}

/// A page of a flow takes its visit as an argument; where no flow stands, the framework answers with
/// the page that says so, and the handler is not run.
impl FromRequest for Visit {
    type Error = NoFlow;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::begin(request).ok_or_else(|| NoFlow(request.clone())))
    }
}

/// The address names no flow of this browser: it must begin again at the provider.
#[derive(thiserror::Error)]
#[error("no flow of this browser")]
pub struct NoFlow(HttpRequest);

impl std::fmt::Debug for NoFlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NoFlow")
    }
}

impl ResponseError for NoFlow {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        let language = context::language(&self.0, None);
        answer::problem(&context::of(&self.0), language, Problem::FlowUnknown)
    }
}

impl Visit {
    /// Opens the flow named in the address.
    fn begin(request: &HttpRequest) -> Option<Self> {
        let state = Data::clone(request.app_data::<Data<WebState>>()?);
        let id = request.match_info().get("id").unwrap_or_default();
        let flow = cookie::read(request, &state, id)?;
        let provider = state.providers.get(&flow.request.client)?;
        if !provider.may_redirect_to(&flow.request.redirect_uri) {
            return None;
        }
        let language = context::language(request, flow.asked_language());
        let (request, context) = (request.clone(), context::of(request));
        Some(Self { request, context, state, flow, language, provider })
    }

    /// Reads a form that this flow's own page posted: from this origin, with the form's token.
    pub fn form(&self, form_name: &str, body: &Body) -> Result<Form, HttpResponse> {
        let (request, context) = (&self.request, &self.context);
        let (state, language) = (self.state.as_ref(), self.language);
        let posted = Posted { request, context, state, language };
        posted.read(body, &self.flow.csrf(form_name))
    }

    /// What is around the page; `page` is its own address, if it has one.
    pub fn shell(&self, page: Option<&str>) -> Shell {
        let path = page.map(|page| self.flow.path(page));
        answer::shell(&self.context, self.language, path.as_deref())
    }

    /// The same with the request ID.
    pub fn shell_with_id(&self) -> Shell {
        answer::shell_with_id(&self.context, self.language)
    }

    /// The provider as pages show it.
    pub fn shown_provider(&self) -> page::Provider {
        page::Provider {
            name: self.provider.name.as_str().into(),
            domain: self.flow.request.domain().into(),
        }
    }

    /// Keeps the language that was chosen with the switch.
    pub fn keep_language(&self, response: HttpResponse) -> HttpResponse {
        let chosen = context::chosen_language(&self.request);
        if chosen.is_none() || chosen == self.flow.language {
            return response;
        }
        let language = Some(self.language.code().to_owned());
        let flow = Flow { language, ..self.flow.clone() };
        cookie::set(&self.request, &self.state, response, &flow, false)
    }

    /// Sends the browser to another page of the flow.
    pub fn go_to(&self, page: &str) -> HttpResponse {
        answer::see_other(&self.flow.path(page))
    }

    /// Too much is under way: try again.
    pub fn overloaded(&self, retry_page: &str) -> HttpResponse {
        let retry_path = Some(self.flow.path(retry_page));
        let retry_after_s = retry_after_s();
        let problem = Problem::Overloaded { retry_path, retry_after_s };
        answer::problem(&self.context, self.language, problem)
    }

    /// Something of ours failed.
    pub fn failed(&self, error: &dyn std::error::Error) -> HttpResponse {
        answer::failed(&self.context, self.language, error)
    }
}
