//! A form that a page of ours posted: from this origin, with the form's own token
//! (security.md 24, 25).

use super::{
    answer,
    context::RequestContext,
    form::{Body, Form},
    page::Problem,
    state::WebState,
};
use crate::{security::CsrfToken, text::Language};
use actix_web::{HttpRequest, HttpResponse, http::header};

/// Who posted, and in which language the answer is.
pub struct Posted<'a> {
    /// The request.
    pub request: &'a HttpRequest,
    /// Its context.
    pub context: &'a RequestContext,
    /// What handlers reach.
    pub state: &'a WebState,
    /// The page's language.
    pub language: Language,
}

impl Posted<'_> {
    /// Reads the form, or gives the page that says why it is not taken.
    pub fn read(&self, body: &Body, expected: &CsrfToken) -> Result<Form, HttpResponse> {
        let unread = |error| answer::unread_body(self.context, self.language, error);
        let body = body.as_ref().map_err(unread)?;
        let problem = |what| answer::problem(self.context, self.language, what);
        let form = Form::read(body).map_err(|_| problem(Problem::BadRequest))?;
        let token = form.get("csrf").unwrap_or_default();
        if !self.is_same_origin() || !expected.matches(token) {
            tracing::warn!(request_id = self.context.request_id, "a form was not ours");
            return Err(problem(Problem::CrossSite));
        }
        Ok(form)
    }

    /// What browsers say about where a POST comes from (security.md 25). A client that says
    /// nothing is held by the form's token.
    fn is_same_origin(&self) -> bool {
        let header = |name: &str| {
            let value = self.request.headers().get(name);
            value.map(|value| value.to_str().unwrap_or_default())
        };
        let origin = header(header::ORIGIN.as_str());
        let site = header("sec-fetch-site");
        origin.is_none_or(|origin| origin == self.state.issuer)
            && site.is_none_or(|site| matches!(site, "same-origin" | "none"))
    }
}
